"""Write the function that loads torch's weights into the model."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.backends.source.pretty_printer import Bracketed, format_flat, format_lines, format_literal
from specnet.layers.base import Shape

LOAD = '''def load_weights(model, path):
    """Load a safetensors file of `specnet export`, whose tensors are named and laid out as torch's."""
    tensors = {name.replace(".", "_"): tensor for name, tensor in load_file(path).items()}
    for layer in {layers}:
        values = list_tensors(tensors, layer)
        shapes = [weight.shape for weight in layer.weights]
        layer.set_weights([value.reshape(shape) for value, shape in zip(values, shapes, strict=True)])


def list_tensors(tensors, layer):
    """Return the weights of a layer in its order, channels last."""
{attention}    names = [f"{layer.name}_{part}" for part in ({parts})]
    values = [tensors[name] for name in names if name in tensors]
    return [convert_tensor(value, layer) for value in values]


def convert_tensor(value, layer):
    """Return a kernel as H×W×in×out or in×out, other tensors as they are."""
{flattened}{depthwise}    if value.ndim == 4:
        return value.transpose(2, 3, 1, 0)
    return value.T if isinstance(layer, layers.Dense) else value'''

FLATTENED = """    if value.ndim == 2 and layer.name in FLATTENED:
        value = value.reshape(-1, *FLATTENED[layer.name]).transpose(0, 2, 3, 1).reshape(value.shape)
"""

DEPTHWISE = """    if value.ndim == 4 and isinstance(layer, layers.DepthwiseConv2D):
        value = value.reshape(-1, layer.depth_multiplier, *value.shape[2:])
        return value.transpose(2, 3, 0, 1)
"""

ATTENTION = """    if isinstance(layer, layers.MultiHeadAttention):
        of_three, last = f"{layer.name}_qkv", f"{layer.name}_proj"
        kernels = [*np.split(tensors[f"{of_three}_weight"], 3), tensors[f"{last}_weight"]]
        biases = [*np.split(tensors[f"{of_three}_bias"], 3), tensors[f"{last}_bias"]]
        return [value for kernel, bias in zip(kernels, biases) for value in (kernel.T, bias)]
"""


def write_loading(flattened: Mapping[str, Shape], text: str) -> str:
    """Return the functions that load weights into the layers that a text names.

    `flattened` are the shapes C×H×W of the maps that linear layers read.
    """
    parts = ["weight", "bias", "running_mean", "running_var"]
    parts += ["bias_table"] if "WindowBias(" in text else []
    has_models = "keras.Model(" in text.partition("def build_model")[2].rpartition("keras.Model(")[0]
    function = LOAD.replace("{layers}", "list_layers(model)" if has_models else "model.layers")
    for place, piece, is_needed in (
        ("{flattened}", FLATTENED, bool(flattened)),
        ("{depthwise}", DEPTHWISE, "layers.DepthwiseConv2D(" in text),
        ("{attention}", ATTENTION, "layers.MultiHeadAttention(" in text),
        ("{parts}", ", ".join(f'"{part}"' for part in parts), True),
    ):
        function = function.replace(place, piece if is_needed else "")
    table = f"{_write_table(flattened)}\n\n\n" if flattened else ""
    return table + function + (LIST_LAYERS if has_models else "")


LIST_LAYERS = '''


def list_layers(model):
    """Return the layers of a model and those of the models in it."""
    inner = [list_layers(layer) if isinstance(layer, keras.Model) else [layer] for layer in model.layers]
    return [layer for each in inner for layer in each]'''


def _write_table(flattened: Mapping[str, Shape]) -> str:
    items = tuple(
        f"{format_literal(name.replace('.', '_'))}: {format_flat(format_literal(shape))}"
        for name, shape in flattened.items()
    )
    lines = format_lines(Bracketed("{", items, "}"), 0, "FLATTENED = ")
    return "\n".join(["# C×H×W of the maps that these layers read: torch flattens them channels first", *lines])
