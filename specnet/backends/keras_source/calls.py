"""Convert operations to the layers and operations of Keras: one row a torch target."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import Any

from specnet.backends.channels_last.network import KEEPDIMS
from specnet.backends.channels_last.operations import CUT, FLATTEN, PERMUTE, RESHAPE, Operation
from specnet.backends.channels_last.places import spread, spread_padding
from specnet.backends.channels_last.rows import NoCounterpart, Row, Rows, make_call
from specnet.backends.channels_last.windows import COUNTED, find_inexact_scale
from specnet.backends.keras_source.padding import FILL, PAD
from specnet.backends.source.calls import Calls, Signature
from specnet.backends.source.embedding import EmbeddedModules
from specnet.backends.source.pretty_printer import Verbatim

KERAS_MODULES = EmbeddedModules(("backends/keras_modules.py",))
"""The layers and functions that Keras lacks."""

SPELLING = {
    "stride": "strides",
    "dilation": "dilation_rate",
    "groups": "groups",
    "bias": "use_bias",
    "eps": "epsilon",
}
SMALLEST_STEP = 1.1920929e-7
"""What torch adds to a mean of squares where no `eps` is given: the step above 1 in float32."""

NORM = "eps=1e-3, center=True, scale=True"
WINDOW = "kernel_size, stride=1, padding='valid'"
POOL = "kernel_size, stride=None, padding='valid'"


def _layer(target: str, arguments: str = "", learns: bool = False, **row: Any) -> Row:
    return Row(f"layers.{target}", arguments, spelling=SPELLING, is_module=learns, **row)


def _scale_shift(operation: Operation) -> dict[str, Any]:
    """Return whether a normalisation learns a scale and a shift, and the momentum as the weight of the old value."""
    arguments = operation.arguments
    learns = arguments.get("affine", arguments.get("elementwise_affine", True))
    momentum = arguments.get("momentum")
    kept = {} if momentum is None else {"momentum": round(1 - momentum, 12)}
    return {"center": learns, "scale": learns, **kept}


def _convert_convolution(operation: Operation) -> Calls:
    """Return a convolution, or a depthwise one where each channel is a group."""
    arguments = operation.arguments
    if max(spread(arguments["stride"])) > 1 and max(spread(arguments["dilation"])) > 1:
        raise NoCounterpart("Conv2D has no stride together with a dilation")
    channels, groups = arguments["in_channels"], arguments["groups"]
    if groups == channels > 1:
        multiplier = arguments["out_channels"] // channels
        row = _layer(
            "DepthwiseConv2D",
            f"{WINDOW}, depth_multiplier=1, dilation=1, bias=True",
            learns=True,
            change=lambda _: {"depth_multiplier": multiplier},
        )
        return row.convert(operation)
    return _layer("Conv2D", f"out_channels, {WINDOW}, dilation=1, groups=1, bias=True", learns=True).convert(operation)


def _convert_deconvolution(operation: Operation) -> Calls:
    """Return a transposed convolution, and a cut where `same` does not mean the same."""
    arguments = operation.arguments
    if arguments["groups"] > 1:
        raise NoCounterpart("Conv2DTranspose has no groups")
    sides, same = [], []
    for axis, (before, after) in enumerate(spread_padding(arguments["padding"])):
        kernel, stride, dilation, added = (
            spread(arguments[name])[axis] for name in ("kernel_size", "stride", "dilation", "output_padding")
        )
        extent = dilation * (kernel - 1) + 1
        rest = after - added + max(stride - extent, 0)
        if rest < 0:
            raise NoCounterpart("Conv2DTranspose adds no rows at the end")
        sides.append((before, rest))
        same.append((max(extent - stride, 0) // 2, max(extent - stride, 0) - max(extent - stride, 0) // 2))
    is_whole, is_same = not any(map(any, sides)), sides == same
    row = _layer(
        "Conv2DTranspose",
        f"out_channels, {WINDOW}, dilation=1, bias=True",
        learns=True,
        change=lambda _: {"padding": "same" if is_same and not is_whole else "valid"},
    )
    return row.convert(operation) if is_whole or is_same else (*row.convert(operation), *_cut(operation, sides))


def _cut(operation: Operation, sides: Any) -> Calls:
    both = {side for axis in sides for side in axis}
    cropping = next(iter(both)) if len(both) == 1 else tuple(sides)
    return _layer("Cropping2D", "cropping", change=lambda _: {"cropping": cropping}).convert(operation)


def _convert_pool(operation: Operation) -> Calls:
    """Return a pool, or one of the whole map."""
    arguments, is_average = operation.arguments, "Avg" in operation.target
    name = "Average" if is_average else "Max"
    if KEEPDIMS in arguments:
        return _layer(f"Global{name}Pooling2D", "keepdims=False").convert(operation)
    if operation.target.startswith("nn.Adaptive"):
        return _convert_adaptive_pool(operation, name)
    if arguments.get("dilation", 1) not in (1, (1, 1)):
        raise NoCounterpart("MaxPooling2D has no dilation")
    if is_average and arguments[COUNTED] is None:
        raise NoCounterpart("an average of a window counts all of its padding, or none")
    if not isinstance(arguments["padding"], str):
        given = {"size": arguments["kernel_size"], "strides": arguments["stride"]}
        padding = spread_padding(arguments["padding"])
        return (_call("avg_pool_inside", operation, {**given, "padding": padding}),)
    return _layer(f"{name}Pooling2D", POOL).convert(operation)


def _convert_adaptive_pool(operation: Operation, name: str) -> Calls:
    """Return nothing for a map that has the size already, a plain pool where it divides the map."""
    (height, width, _), (rows, columns, _) = operation.inputs[0], operation.output
    if (height, width) == (rows, columns):
        return ()
    if height % rows or width % columns:
        size = rows if rows == columns else (rows, columns)
        row = _layer(f"Adaptive{name}Pooling2D", "output_size", change=lambda _: {"output_size": size})
        return row.convert(operation)
    window = height // rows if height // rows == width // columns else (height // rows, width // columns)
    return _layer(f"{name}Pooling2D", "kernel_size", change=lambda _: {"kernel_size": window}).convert(operation)


def _convert_pad(operation: Operation) -> Calls:
    """Return the padding of a window that has no padding of its own: with zeros, or with −∞ before a maximum."""
    if operation.arguments[FILL]:
        return Row(
            'ops.pad({x}, ((0, 0), *{0}, (0, 0)), constant_values=-float("inf"))',
            "padding",
            change=lambda _: {"padding": spread_padding(operation.arguments["padding"])},
        ).convert(operation)
    return _layer("ZeroPadding2D", "padding").convert(operation)


def _convert_padding(operation: Operation) -> Calls:
    """Return a padding of its own, which has no window behind it."""
    left, right, top, bottom = operation.arguments["pad"]
    mode, value = operation.arguments["mode"], operation.arguments["value"]
    if mode not in ("constant", "reflect"):
        raise NoCounterpart(f"keras.ops.pad has no mode for `{mode}`")
    sides = {"padding": ((top, bottom), (left, right))}
    if mode == "constant" and not value:
        return _layer("ZeroPadding2D", "padding", change=lambda _: sides).convert(operation)
    more = f", constant_values={value}" if mode == "constant" else f', mode="{mode}"'
    return Row(f"ops.pad({{x}}, ((0, 0), *{{0}}, (0, 0)){more})", "padding", change=lambda _: sides).convert(operation)


def _convert_resize(operation: Operation) -> Calls:
    """Return an upsampling by a whole number, a resizing between pixels, or our own function for other ways."""
    mode, corners = operation.arguments["mode"], bool(operation.arguments["align_corners"])
    if mode not in ("nearest", "nearest-exact", "bilinear"):
        raise NoCounterpart(f"the source has no interpolation `{mode}`")
    (height, width, _), (rows, columns, _) = operation.inputs[0], operation.output
    scale = find_inexact_scale(operation)
    if not (scale or corners or rows % height or columns % width) and mode != "nearest-exact":
        factor = rows // height if rows // height == columns // width else (rows // height, columns // width)
        row = _layer(
            "UpSampling2D", "scale_factor, mode='nearest'", change=lambda _: {"scale_factor": factor, "mode": mode}
        )
        return _spell(row, mode="interpolation").convert(_without_size(operation))
    if mode == "bilinear" and not (corners or scale) and rows >= height and columns >= width:
        row = _layer("Resizing", "height, width", change=lambda _: {"height": rows, "width": columns})
        return row.convert(_without_size(operation))
    given = {"mode": mode, "align_corners": corners, "size": (rows, columns), "scale": scale}
    return (_call("resize", _without_size(operation), given),)


def _spell(row: Row, **spelling: str) -> Row:
    return Row(row.target, row.arguments, row.change, {**row.spelling, **spelling}, is_module=row.is_module)


def _without_size(operation: Operation) -> Operation:
    """Return an operation that comes to a size written out rather than that of a second value."""
    return Operation(operation.target, operation.arguments, operation.inputs[:1], operation.output)


def _convert_slice(operation: Operation) -> Calls:
    start, axis = operation.arguments["start"], operation.arguments["axis"]
    before = "..., " if axis == -1 else ":, " * axis
    stop = start + operation.arguments["length"]
    return Row(f"{{x}}[{before}{{0}}:{{1}}]", "start, stop", change=lambda _: {"stop": stop}).convert(operation)


def _convert_cut(operation: Operation) -> Calls:
    """Return the part of a map at its rows and columns."""
    ranges = zip(operation.arguments["ranges"], operation.inputs[0], strict=False)
    return _cut(operation, [(start, size - start - length) for (start, length), size in ranges])


def _convert_crop(operation: Operation) -> Calls:
    """Return the centre of a map; an odd pixel is cut off at the end."""
    rest = [size - wanted for size, wanted in zip(operation.inputs[0][:2], operation.output, strict=False)]
    return _cut(_without_size(operation), [(each // 2, each - each // 2) for each in rest])


def _convert_mean(operation: Operation) -> Calls:
    is_average = operation.target == "torch.mean"
    if operation.arguments["axis"] == 1 and len(operation.inputs[0]) == 2:
        return _layer(f"Global{'Average' if is_average else 'Max'}Pooling1D").convert(operation)
    return Row(f"ops.{'mean' if is_average else 'max'}({{x}}, axis={{0}})", "axis").convert(operation)


def _convert_reshape(operation: Operation) -> Calls:
    """Return a reshaping, without sizes where a map becomes a sequence of its positions."""
    inputs, output = operation.inputs[0], operation.output
    shape = (-1, inputs[2]) if len(inputs) == 3 and output == (prod(inputs[:2]), inputs[2]) else output
    return _layer("Reshape", "shape", change=lambda _: {"shape": shape}).convert(_without_size(operation))


def _convert_attention(operation: Operation) -> Calls:
    """Return Keras's own attention; without biases of the projections it would have none behind them either."""
    arguments, is_map = operation.arguments, len(operation.inputs[0]) == 3
    if not arguments["qkv_bias"]:
        return (_call("attention", operation, arguments, learns=True),)
    axes = {"attention_axes": (1, 2)} if is_map else {}
    given = {"num_heads": arguments["heads"], "key_dim": arguments["channels"] // arguments["heads"], **axes}
    row = _layer("MultiHeadAttention", "num_heads, key_dim, attention_axes=None", learns=True, change=lambda _: given)
    return row.convert(operation)


def _convert_patch_attention(operation: Operation) -> Calls:
    if not operation.arguments["qkv_bias"]:
        raise NoCounterpart("MultiHeadAttention has biases everywhere or nowhere; write it with qkv_bias=yes")
    return (_call("patch_attention", operation, operation.arguments, learns=True),)


def _convert_slopes(operation: Operation) -> Calls:
    """Return a rectifier with learned slopes, which start as the layer says."""
    axes = tuple(range(1, len(operation.inputs[0]) + (operation.arguments["num_parameters"] == 1)))
    initial = Verbatim(f"keras.initializers.Constant({operation.arguments['init']})")
    given = {"alpha_initializer": initial, "shared_axes": list(axes) or None}
    return _layer("PReLU", "alpha_initializer='zeros', shared_axes=None", learns=True, change=lambda _: given).convert(
        operation
    )


def _convert_drop_path(operation: Operation) -> Calls:
    shape = (None, *(1 for _ in operation.inputs[0]))
    return _layer("Dropout", "p, noise_shape=None", change=lambda _: {"noise_shape": shape}).convert(operation)


def _convert_gelu(operation: Operation) -> Calls:
    if operation.arguments["approximate"] == "tanh":
        return Row("ops.gelu({x}, approximate=True)").convert(operation)
    return _activation("gelu").convert(operation)


def _convert_softmax(operation: Operation) -> Calls:
    return _layer("Softmax", "axis=-1").convert(operation)


def _convert_filter(operation: Operation) -> Calls:
    stride, padding = operation.arguments["stride"], spread_padding(operation.arguments["padding"])
    given = {"kernel": operation.arguments["kernel"], "strides": stride, "padding": padding}
    return (_call("filter_channels", operation, given),)


def _embedded(name: str, learns: bool = False, **renamed: str) -> Any:
    """Return the converter to a layer or function of the embedded modules; `renamed` are arguments of other names."""

    def convert(operation: Operation) -> Calls:
        arguments = {renamed.get(key, key): value for key, value in operation.arguments.items()}
        return (_call(name, operation, arguments, learns),)

    return convert


def _call(name: str, operation: Operation, arguments: Any, learns: bool = False) -> Any:
    receives = len(operation.inputs) if operation.joins is None else 1
    return make_call(f"modules.{name}", _find_signature(name, receives), arguments, operation, is_module=learns)


@cache
def _find_signature(name: str, receives: int) -> Signature:
    return KERAS_MODULES.find_signature(name, receives)


def _activation(name: str) -> Row:
    """Return the row of a function that a layer `Activation` knows by this name."""
    return Row(f'"{name}"')


LAYER_NORM = _layer("LayerNormalization", NORM, learns=True, change=_scale_shift)
BATCH_NORM = _layer("BatchNormalization", f"momentum=0.99, {NORM}", learns=True, change=_scale_shift)


def _convert_rms_norm(operation: Operation) -> Calls:
    """Return a layer, or an operation where nothing is learned."""
    eps = {"eps": operation.arguments["eps"] or SMALLEST_STEP}
    if operation.arguments["elementwise_affine"]:
        return _layer("RMSNormalization", "eps=1e-6", learns=True, change=lambda _: eps).convert(operation)
    return Row("ops.rms_normalization({x}, epsilon={0})", "eps", change=lambda _: eps).convert(operation)


KERAS_ROWS: Rows = {
    "nn.Conv2d": _convert_convolution,
    "nn.ConvTranspose2d": _convert_deconvolution,
    "nn.Linear": _layer("Dense", "out_features, bias=True", learns=True),
    "nn.BatchNorm1d": BATCH_NORM,
    "nn.BatchNorm2d": BATCH_NORM,
    "nn.LayerNorm": LAYER_NORM,
    "modules.ChannelLayerNorm": LAYER_NORM,
    "modules.RMSNorm": _convert_rms_norm,
    "modules.ChannelRMSNorm": _convert_rms_norm,
    "nn.GroupNorm": _layer("GroupNormalization", f"num_groups, {NORM}", learns=True, change=_scale_shift),
    "nn.InstanceNorm2d": _layer(
        "GroupNormalization",
        f"num_groups, {NORM}",
        learns=True,
        change=lambda each: {**_scale_shift(each), "num_groups": -1},
    ),
    "nn.Dropout": _layer("Dropout", "p"),
    "modules.DropPath": _convert_drop_path,
    PAD: _convert_pad,
    "nn.MaxPool2d": _convert_pool,
    "nn.AvgPool2d": _convert_pool,
    "nn.AdaptiveAvgPool2d": _convert_pool,
    "nn.AdaptiveMaxPool2d": _convert_pool,
    "nn.ReLU": _activation("relu"),
    "nn.ReLU6": _activation("relu6"),
    "nn.LeakyReLU": _layer("LeakyReLU", "negative_slope=0.3"),
    "nn.PReLU": _convert_slopes,
    "nn.ELU": _layer("ELU", "alpha=1.0"),
    "nn.SELU": _activation("selu"),
    "nn.GELU": _convert_gelu,
    "nn.SiLU": _activation("silu"),
    "nn.Mish": _activation("mish"),
    "nn.Sigmoid": _activation("sigmoid"),
    "nn.Tanh": _activation("tanh"),
    "nn.Hardsigmoid": _activation("hard_sigmoid"),
    "nn.Hardswish": _activation("hard_silu"),
    "nn.Softmax": _convert_softmax,
    "nn.LocalResponseNorm": _embedded("local_response_norm"),
    "nn.PixelShuffle": _embedded("depth_to_space", upscale_factor="factor"),
    "nn.PixelUnshuffle": _embedded("space_to_depth", downscale_factor="factor"),
    "modules.DepthToSpace": _embedded("depth_to_space"),
    "modules.SpaceToDepth": _embedded("space_to_depth"),
    "nn.ChannelShuffle": _embedded("channel_shuffle"),
    "nn.Upsample": _convert_resize,
    "F.interpolate": _convert_resize,
    "F.pad": _convert_padding,
    "torch.add": _layer("Add"),
    "torch.sub": _layer("Subtract"),
    "torch.mul": lambda operation: _layer("Rescaling" if operation.joins is None else "Multiply", "other").convert(
        operation
    ),
    "torch.maximum": _layer("Maximum"),
    "torch.cat": _layer("Concatenate", "axis=-1"),
    "torch.narrow": _convert_slice,
    "torch.select": Row("{x}[:, {0}]", "index"),
    "torch.mean": _convert_mean,
    "torch.amax": _convert_mean,
    PERMUTE: _layer("Permute", "dims", change=lambda each: {"dims": each.arguments["axes"][1:]}),
    RESHAPE: _convert_reshape,
    FLATTEN: _layer("Flatten"),
    CUT: _convert_cut,
    "modules.CenterCrop": _convert_crop,
    "modules.CenterCropConcat": _embedded("center_crop_concat"),
    "modules.TokensToMap": _convert_reshape,
    "modules.ClassToken": _embedded("ClassToken", learns=True),
    "modules.LearnedPositions": _embedded("LearnedPositions", learns=True),
    "modules.SinePositions": _embedded("sine_positions"),
    "modules.Scale": _embedded("Scale", learns=True),
    "modules.GlobalResponseNorm": _embedded("GlobalResponseNorm", learns=True, eps="epsilon"),
    "modules.Filter": _convert_filter,
    "modules.Attention": _convert_attention,
    "modules.MapAttention": _convert_attention,
    "modules.PatchAttention": _convert_patch_attention,
    "modules.WindowAttention": _embedded("window_attention", learns=True),
    "modules.GridAttention": _embedded("grid_attention", learns=True),
    "modules.ReducedAttention": _embedded("reduced_attention", learns=True),
    "modules.CrossAttention": _embedded("cross_attention", learns=True),
}
"""How each call of torch is written in Keras."""
