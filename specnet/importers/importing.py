"""From another tool's file to the text of a spec: read, fold, check, and prove that the graph is the same."""

from __future__ import annotations

from pathlib import Path

from specnet.argument_types import require_type
from specnet.compiler import check_source
from specnet.importers.formats import read_model
from specnet.importers.request import Request
from specnet.importers.result import ImportResult
from specnet.layers.base import Shape
from specnet.printer.networks import format_network
from specnet.source import Source


def import_model(
    source: str | Path, input_shape: Shape | None = None, weights: str | Path | None = None
) -> ImportResult:
    """Return a model of another tool as a spec, with what became of each of its layers.

    `source` is a file, or `package.module:function`, which is imported and called. `input_shape` is H×W×C, for models
    that leave it open; `weights` is a file of weights beside the model. Raises UnreadableModel, OSError.
    """
    require_type("source", source, (str, Path), "a path, or `package.module:function`")
    request = Request(str(source), tuple(input_shape) if input_shape else None, Path(weights) if weights else None)
    imported = read_model(request)
    text = format_network(imported.network)
    checked = check_source(Source(f"{request.stem}.net", text))
    if not checked.ok:
        raise RuntimeError(f"the imported network has errors: {checked.errors[0].message}")
    pairs = zip(imported.network.nodes, checked.network.nodes, strict=True)
    return ImportResult(imported, text, checked, {theirs.name: ours.name for theirs, ours in pairs})
