"""From another tool's file to the text of a spec: read, fold, check, and prove that the graph is the same."""

from __future__ import annotations

from pathlib import Path

from specnet.argument_types import require_type
from specnet.importers.folding import Hints, fold
from specnet.importers.formats import read_model
from specnet.importers.request import Request
from specnet.importers.result import ImportResult
from specnet.layers.base import Shape


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
    totals = imported.totals
    hints = Hints(imported.scopes, imported.comments, imported.remarks, None if totals.rule else totals.parameters)
    folded = fold(imported.network, hints)
    return ImportResult(imported, folded.text, folded.checked, folded.names)
