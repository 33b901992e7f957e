"""Write the function that loads torch's weights into the model."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.backends.source.pretty_printer import Bracketed, format_flat, format_lines, format_literal
from specnet.layers.base import Shape

NAMES = 'NAMES = {"kernel": "weight", "scale": "weight", "mean": "running_mean", "var": "running_var"}'

LOAD = '''def load_weights(model, path):
    """Load a safetensors file of `specnet export`, whose tensors are named and laid out as torch's."""
    tensors = load_file(path)
    state = nnx.state(model, (nnx.Param, nnx.BatchStat))
    for keys, variable in nnx.to_flat_state(state):
        *parents, name = [str(key) for key in keys if key != "layers"]
        layer = ".".join(parents)
        value = tensors[f"{layer}.{NAMES.get(name, name)}"]
{flattened}        if value.ndim == 4:  # out×in×H×W or 1×C×H×W
            value = value.transpose(2, 3, 1, 0)
        elif name == "kernel":
            value = value.T
        variable[...] = value.reshape(variable.shape)
    nnx.update(model, state)'''

SORT_FLATTENED = """        if name == "kernel" and layer in FLATTENED:
            value = value.reshape(-1, *FLATTENED[layer]).transpose(0, 2, 3, 1).reshape(value.shape)
"""


def write_loading(flattened: Mapping[str, Shape]) -> str:
    """Return the function and its tables; `flattened` are the shapes C×H×W of the maps that linear layers read."""
    tables = [NAMES]
    if flattened:
        items = tuple(f"{format_literal(name)}: {format_flat(format_literal(s))}" for name, s in flattened.items())
        comment = "C×H×W of the maps that these layers read: torch flattens them channels first"
        tables.append(f"\n# {comment}\n" + "\n".join(format_lines(Bracketed("{", items, "}"), 0, "FLATTENED = ")))
    function = LOAD.replace("{flattened}", SORT_FLATTENED if flattened else "")
    return "\n".join(tables) + f"\n\n\n{function}"
