"""Convert operations to the calls of Flax NNX: one row a torch target."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any

from specnet.backends.channels_last.network import KEEPDIMS
from specnet.backends.channels_last.operations import CUT, FLATTEN, PERMUTE, RESHAPE, Operation
from specnet.backends.channels_last.places import spread, spread_padding
from specnet.backends.channels_last.rows import NoCounterpart, Row, Rows, make_call
from specnet.backends.channels_last.windows import COUNTED, find_inexact_scale
from specnet.backends.source.calls import Calls, Signature
from specnet.backends.source.embedding import EmbeddedModules

FLAX_MODULES = EmbeddedModules(("backends/flax_modules.py",))
"""The modules and functions that Flax lacks."""

SPELLING = {
    "stride": "strides",
    "dilation": "kernel_dilation",
    "groups": "feature_group_count",
    "bias": "use_bias",
    "eps": "epsilon",
}
NORM = "use_bias=True, use_scale=True"
POOL = "kernel_size, stride=1, padding=0"
POOL_FORMS: Mapping[str, Any] = {"kernel_size": "pair", "stride": "pair", "padding": "sides"}


def _module(target: str, arguments: str, **row: Any) -> Row:
    return Row(target, arguments, spelling=SPELLING, is_module=True, **row)


def _scale_shift(operation: Operation) -> dict[str, Any]:
    """Return whether a normalisation learns a scale and a shift, and the momentum as the weight of the old value."""
    arguments = operation.arguments
    learns = arguments.get("affine", arguments.get("elementwise_affine", True))
    momentum = arguments.get("momentum")
    kept = {} if momentum is None else {"momentum": round(1 - momentum, 12)}
    return {"use_bias": learns, "use_scale": learns, **kept}


def _convert_deconvolution(operation: Operation) -> Calls:
    """Return a transposed convolution; Flax pads the spread map by what torch does not cut from a whole window."""
    arguments = operation.arguments
    if arguments["groups"] > 1:
        raise NoCounterpart("nnx.ConvTranspose has no groups")
    kernel, stride, dilation, added = (
        spread(arguments[name]) for name in ("kernel_size", "stride", "dilation", "output_padding")
    )
    cut = spread_padding(arguments["padding"])
    sides = tuple(
        (dilation[i] * (kernel[i] - 1) - cut[i][0], dilation[i] * (kernel[i] - 1) - cut[i][1] + added[i])
        for i in (0, 1)
    )
    is_whole = not any((*cut[0], *cut[1], *added)) and all(kernel[i] >= stride[i] for i in (0, 1))
    padding: Any = "VALID" if is_whole else sides
    row = _module(
        "nnx.ConvTranspose",
        "in_channels, out_channels, kernel_size, stride=1, padding='SAME', dilation=1, bias=True, "
        "transpose_kernel=False",
        change=lambda _: {"padding": padding, "transpose_kernel": True},
        forms={"kernel_size": "pair", "stride": "pair"},
    )
    return row.convert(operation)


def _convert_pool(operation: Operation) -> Calls:
    """Return a pool, or the mean or maximum of the whole map."""
    arguments = operation.arguments
    is_average = "Avg" in operation.target
    if KEEPDIMS in arguments:
        keepdims = ", keepdims=True" if arguments[KEEPDIMS] else ""
        target = f"{{x}}.{'mean' if is_average else 'max'}(axis=(1, 2){keepdims})"
        return Row(target).convert(operation)
    if operation.target.startswith("nn.Adaptive"):
        return _convert_adaptive_pool(operation)
    if arguments.get("dilation", 1) not in (1, (1, 1)):
        raise NoCounterpart("nnx.max_pool has no dilation")
    if not is_average:
        return Row("nnx.max_pool", POOL, spelling=SPELLING, forms=POOL_FORMS).convert(operation)
    if arguments[COUNTED] is None:
        raise NoCounterpart("nnx.avg_pool counts all of its padding, or none")
    pads = any(side for axis in spread_padding(arguments["padding"]) for side in axis)
    row = Row(
        "nnx.avg_pool",
        f"{POOL}, count_include_pad=True",
        change=lambda _: {COUNTED: arguments[COUNTED] or not pads},
        spelling=SPELLING,
        forms=POOL_FORMS,
    )
    return row.convert(operation)


def _convert_adaptive_pool(operation: Operation) -> Calls:
    """Return nothing for a map that has the size already, a plain pool where it divides the map, else our own."""
    (height, width, _), (rows, columns, _) = operation.inputs[0], operation.output
    if (height, width) == (rows, columns):
        return ()
    is_average = "Avg" in operation.target
    name = "adaptive_avg_pool" if is_average else "adaptive_max_pool"
    if height % rows or width % columns:
        signature = FLAX_MODULES.find_signature(name, receives=1)
        return (make_call(f"modules.{name}", signature, {"size": (rows, columns)}, operation),)
    window = (height // rows, width // columns)
    size: Any = window[0] if window[0] == window[1] else window
    target = "nnx.avg_pool" if is_average else "nnx.max_pool"
    change = {"kernel_size": size, "stride": size, "padding": 0}
    return Row(target, POOL, change=lambda _: change, spelling=SPELLING, forms=POOL_FORMS).convert(operation)


def _convert_resize(operation: Operation) -> Calls:
    """Return an interpolation to a size, which is that of a second value or written out."""
    mode, arguments = operation.arguments["mode"], operation.arguments
    if mode not in ("nearest", "nearest-exact", "bilinear"):
        raise NoCounterpart(f"the source has no interpolation {mode}")
    signature = FLAX_MODULES.find_signature("resize", receives=1)
    given = {"mode": mode, "align_corners": bool(arguments["align_corners"]), "scale": find_inexact_scale(operation)}
    given |= {} if operation.joins == "size" else {"size": operation.output[:2]}
    return (make_call("modules.resize", signature, given, operation),)


def _convert_slice(operation: Operation) -> Calls:
    start, axis = operation.arguments["start"], operation.arguments["axis"]
    before = "..., " if axis == -1 else ":, " * axis
    row = Row(
        f"{{x}}[{before}{{0}}:{{1}}]", "start, stop", change=lambda _: {"stop": start + operation.arguments["length"]}
    )
    return row.convert(operation)


def _convert_cut(operation: Operation) -> Calls:
    """Return the part of a map at its rows and columns."""
    (top, height), (left, width) = operation.arguments["ranges"]
    found = {"top": top, "bottom": top + height, "left": left, "right": left + width}
    row = Row("{x}[:, {0}:{1}, {2}:{3}]", "top, bottom, left, right", change=lambda _: found)
    return row.convert(operation)


def _convert_reshape(operation: Operation) -> Calls:
    """Return a reshaping, without sizes where a map becomes a sequence of its positions."""
    inputs, output = operation.inputs[0], operation.output
    if len(inputs) == 3 and output == (prod(inputs[:2]), inputs[2]):
        return Row("{x}.reshape(len({x}), -1, {x}.shape[-1])").convert(operation)
    names = [f"size{place}" for place in range(len(output))]
    places = ", ".join(f"{{{place}}}" for place in range(len(output)))
    row = Row(f"{{x}}.reshape(-1, {places})", ", ".join(names), change=lambda _: dict(zip(names, output, strict=True)))
    return row.convert(operation)


def _convert_permute(operation: Operation) -> Calls:
    axes = ", ".join(map(str, operation.arguments["axes"]))
    return Row(f"{{x}}.transpose({axes})").convert(operation)


def _convert_padding(operation: Operation) -> Calls:
    """Return a padding of its own, which has no window behind it."""
    left, right, top, bottom = operation.arguments["pad"]
    mode = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
    name, value = mode[operation.arguments["mode"]], operation.arguments["value"]
    more = f", constant_values={value}" if value else "" if name == "constant" else f', mode="{name}"'
    row = Row(
        f"jnp.pad({{x}}, ((0, 0), {{0}}, {{1}}, (0, 0)){more})",
        "height, width",
        change=lambda _: {"height": (top, bottom), "width": (left, right)},
    )
    return row.convert(operation)


def _convert_positions(operation: Operation) -> Calls:
    """Return learned positions with the shape of the map in the order of its axes."""
    signature = FLAX_MODULES.find_signature("LearnedPositions")
    given = {"shape": operation.inputs[0], "std": operation.arguments["std"]}
    return (make_call("modules.LearnedPositions", signature, given, operation, is_module=True),)


def _embedded(name: str, **renamed: str) -> Any:
    """Return the converter to a class or function of the embedded modules; `renamed` are arguments of other names."""

    def convert(operation: Operation) -> Calls:
        signature = _find_signature(name)
        arguments = {renamed.get(key, key): value for key, value in operation.arguments.items()}
        return (make_call(f"modules.{name}", signature, arguments, operation, is_module=name[0].isupper()),)

    return convert


@cache
def _find_signature(name: str) -> Signature:
    return FLAX_MODULES.find_signature(name, receives=1)


def _convert_filter(operation: Operation) -> Calls:
    stride, padding = spread(operation.arguments["stride"]), spread_padding(operation.arguments["padding"])
    given = {"kernel": operation.arguments["kernel"], "stride": stride, "padding": padding}
    return (make_call("modules.filter_channels", _find_signature("filter_channels"), given, operation),)


def _convert_drop_path(operation: Operation) -> Calls:
    axes = tuple(range(1, len(operation.inputs[0]) + 1))
    return _module("nnx.Dropout", "p, broadcast_dims=()", change=lambda _: {"broadcast_dims": axes}).convert(operation)


def _activation(target: str, arguments: str = "") -> Row:
    return Row(target, arguments)


LAYER_NORM = _module("nnx.LayerNorm", f"normalized_shape, eps=1e-6, {NORM}", change=_scale_shift)
RMS_NORM = _module(
    "nnx.RMSNorm",
    "normalized_shape, eps=1e-6, use_scale=True",
    change=lambda each: {**_scale_shift(each), "eps": each.arguments["eps"] or 1.1920929e-7},
)
BATCH_NORM = _module("nnx.BatchNorm", f"num_features, momentum=0.99, eps=1e-5, {NORM}", change=_scale_shift)

FLAX_ROWS: Rows = {
    "nn.Conv2d": _module(
        "nnx.Conv",
        "in_channels, out_channels, kernel_size, stride=1, padding='SAME', dilation=1, groups=1, bias=True",
        forms={"kernel_size": "pair"},
    ),
    "nn.ConvTranspose2d": _convert_deconvolution,
    "nn.Linear": _module("nnx.Linear", "in_features, out_features, bias=True"),
    "nn.BatchNorm1d": BATCH_NORM,
    "nn.BatchNorm2d": BATCH_NORM,
    "nn.LayerNorm": LAYER_NORM,
    "modules.ChannelLayerNorm": LAYER_NORM,
    "modules.RMSNorm": RMS_NORM,
    "modules.ChannelRMSNorm": RMS_NORM,
    "nn.GroupNorm": _module("nnx.GroupNorm", f"num_channels, num_groups=32, eps=1e-6, {NORM}", change=_scale_shift),
    "nn.InstanceNorm2d": _module(
        "nnx.GroupNorm",
        f"num_channels, num_groups=32, eps=1e-6, {NORM}",
        change=lambda each: {
            **_scale_shift(each),
            "num_channels": each.arguments["num_features"],
            "num_groups": each.arguments["num_features"],
        },
    ),
    "nn.Dropout": _module("nnx.Dropout", "p"),
    "modules.DropPath": _convert_drop_path,
    "nn.MaxPool2d": _convert_pool,
    "nn.AvgPool2d": _convert_pool,
    "nn.AdaptiveAvgPool2d": _convert_pool,
    "nn.AdaptiveMaxPool2d": _convert_pool,
    "nn.ReLU": _activation("nnx.relu"),
    "nn.ReLU6": _activation("nnx.relu6"),
    "nn.LeakyReLU": _activation("nnx.leaky_relu", "negative_slope=0.01"),
    "nn.PReLU": _embedded("PReLU", num_parameters="channels"),
    "nn.ELU": _activation("nnx.elu", "alpha=1.0"),
    "nn.SELU": _activation("nnx.selu"),
    "nn.GELU": Row(
        "nnx.gelu", "approximate=True", change=lambda each: {"approximate": each.arguments["approximate"] == "tanh"}
    ),
    "nn.SiLU": _activation("nnx.silu"),
    "nn.Mish": _activation("jax.nn.mish"),
    "nn.Sigmoid": _activation("nnx.sigmoid"),
    "nn.Tanh": _activation("nnx.tanh"),
    "nn.Hardsigmoid": _activation("nnx.hard_sigmoid"),
    "nn.Hardswish": _activation("nnx.hard_swish"),
    "nn.Softmax": Row("nnx.softmax", "axis=-1"),
    "nn.LocalResponseNorm": _embedded("local_response_norm"),
    "nn.PixelShuffle": _embedded("depth_to_space", upscale_factor="factor"),
    "nn.PixelUnshuffle": _embedded("space_to_depth", downscale_factor="factor"),
    "modules.DepthToSpace": _embedded("depth_to_space"),
    "modules.SpaceToDepth": _embedded("space_to_depth"),
    "nn.ChannelShuffle": _embedded("channel_shuffle"),
    "nn.Upsample": _convert_resize,
    "F.interpolate": _convert_resize,
    "F.pad": _convert_padding,
    "torch.add": Row("torch.add"),
    "torch.sub": Row("torch.sub"),
    "torch.mul": Row("torch.mul", "other"),
    "torch.maximum": Row("jnp.maximum"),
    "torch.cat": Row("jnp.concatenate", "axis=0"),
    "torch.narrow": _convert_slice,
    "torch.select": Row("{x}[:, {0}]", "index"),
    "torch.mean": Row("{x}.mean(axis={0})", "axis"),
    "torch.amax": Row("{x}.max(axis={0})", "axis"),
    PERMUTE: _convert_permute,
    RESHAPE: _convert_reshape,
    FLATTEN: Row("{x}.reshape(len({x}), -1)"),
    CUT: _convert_cut,
    "modules.CenterCrop": _embedded("center_crop"),
    "modules.CenterCropConcat": _embedded("center_crop_concat"),
    "modules.TokensToMap": _embedded("tokens_to_map"),
    "modules.ClassToken": _embedded("ClassToken"),
    "modules.LearnedPositions": _convert_positions,
    "modules.SinePositions": _embedded("sine_positions"),
    "modules.Scale": _embedded("Scale"),
    "modules.GlobalResponseNorm": _embedded("GlobalResponseNorm"),
    "modules.Filter": _convert_filter,
    "modules.Attention": _embedded("Attention"),
    "modules.MapAttention": _embedded("MapAttention"),
    "modules.PatchAttention": _embedded("PatchAttention"),
    "modules.WindowAttention": _embedded("WindowAttention"),
    "modules.GridAttention": _embedded("GridAttention"),
    "modules.ReducedAttention": _embedded("ReducedAttention"),
    "modules.CrossAttention": _embedded("CrossAttention"),
}
"""How each call of torch is written in Flax."""
