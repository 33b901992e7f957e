"""Write the tensors of a source under the names of its spec, and run both on the same input."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from specnet.backends.torch_module import build_module
from specnet.importers.errors import SourceNotRun, UnreadableModel
from specnet.importers.imported import Fate
from specnet.importers.result import ImportResult
from specnet.layers.base import order_as_torch
from specnet.option_names import name_option
from specnet.printable import format_amount

COUNTER = "num_batches_tracked"
"""The buffer of bn that no other tool has."""

LARGEST_DIFFERENCE = 1e-4
"""Of the outputs of both sides, as a share of the largest output."""

LARGEST_APPROXIMATED = 0.1
"""The same where a layer is approximated, as those of a file that rounds to 8 bits."""


@dataclass(frozen=True)
class Comparison:
    """The largest difference of the outputs of both sides, and the largest output; or why they were not compared."""

    difference: float | None = None
    largest_output: float | None = None
    reason: str | None = None

    def __str__(self) -> str:
        if self.difference is None:
            return f"the outputs were not compared: {self.reason}"
        return f"outputs differ by at most {self.difference:.2g} of up to {self.largest_output:.2g}"


@dataclass(frozen=True)
class Carried:
    """The content of a safetensors file, and what was compared."""

    content: bytes
    tensors: int
    comparison: Comparison

    @property
    def summary(self) -> str:
        return f"{format_amount(self.tensors, 'tensor')}; {self.comparison}"

    def describe(self, file: str) -> dict[str, Any]:
        """Return what the report as JSON has; see docs/schemas/import.json."""
        return {"file": file, "tensors": self.tensors, **asdict(self.comparison)}


def carry_weights(result: ImportResult) -> Carried:
    """Return the weights of an imported model; raises UnreadableModel if it has none, or others than its layers."""
    if not result.imported.arrays:
        what = f"the file has no weights ({result.imported.format})"
        raise UnreadableModel(f"{what}; {name_option('weights')} names the file that has them")
    module = build_module(result.checked.network).eval()
    module.load_state_dict(_collect_tensors(result, module), strict=True)
    metadata = {
        "spec": result.text,
        "used": json.dumps({}),
        "overrides": json.dumps({}),
        "digest": result.checked.digest,
    }
    content = save(module.state_dict(), metadata)
    return Carried(content, len(module.state_dict()), _compare(result, module))


def _collect_tensors(result: ImportResult, module: nn.Module) -> Mapping[str, Tensor]:
    """Return the tensors by the names of the spec; raises UnreadableModel where one is missing or of another shape."""
    found = dict[str, Tensor]()
    for name, array in result.imported.arrays.items():
        ends = [dot.start() for dot in re.finditer(r"\.", name) if name[: dot.start()] in result.names]
        if ends:  # the role may have dots itself, `qkv.weight`
            own = f"{result.names[name[: ends[-1]]]}{name[ends[-1] :]}"
            found[own] = torch.from_numpy(array.read().copy()).float()
    for name, tensor in module.state_dict().items():
        if name.endswith(COUNTER):
            found.setdefault(name, tensor)
        elif name not in found:
            raise UnreadableModel(f"the file has no tensor for `{name}`")
        elif found[name].shape != tensor.shape:
            shapes = " and ".join("×".join(map(str, each.shape)) for each in (found[name], tensor))
            raise UnreadableModel(f"`{name}` has other shapes in the file and in the spec: {shapes}")
    return {name: found[name] for name in module.state_dict()}


def _compare(result: ImportResult, module: nn.Module) -> Comparison:
    """Run both sides on the same random input; raises UnreadableModel if their outputs differ."""
    if result.imported.run is None:
        return Comparison(reason="the source cannot be run here")
    generator = torch.Generator().manual_seed(0)
    shapes = [order_as_torch(each.shape) for each in result.checked.network.inputs]
    inputs = [torch.rand(1, *shape, generator=generator) for shape in shapes]
    with torch.no_grad():
        ours = module(*inputs)
    try:
        theirs = result.imported.run([each.numpy() for each in inputs])
    except SourceNotRun as error:
        return Comparison(reason=str(error))
    mine = [each.numpy() for each in (ours if isinstance(ours, (tuple, list)) else (ours,))]
    for a, b in zip(mine, theirs, strict=False):
        if a.size != b.size:
            raise UnreadableModel(f"the outputs have {a.size:,} and, in the source, {b.size:,} numbers")
    largest = max(float(abs(a.reshape(-1) - b.reshape(-1)).max()) for a, b in zip(mine, theirs, strict=False))
    scale = max(float(abs(each).max()) for each in mine) or 1.0
    differs = any(entry.fate is Fate.APPROXIMATED and entry.computes for entry in result.imported.entries)
    if not largest <= (LARGEST_APPROXIMATED if differs else LARGEST_DIFFERENCE) * scale:
        cause = "the layers that are approximated compute something else" if differs else "the weights do not fit"
        raise UnreadableModel(f"the outputs differ by {largest:.2g} of up to {scale:.2g}: {cause}")
    return Comparison(largest, scale)
