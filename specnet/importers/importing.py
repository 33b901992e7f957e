"""From another tool's file to the text of a spec: read, fold, check, and prove that the graph is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specnet.analyses.cost import Totals, measure_costs
from specnet.argument_types import require_type
from specnet.importers.folding import Hints, fold
from specnet.importers.formats import read_model
from specnet.importers.imported import Imported
from specnet.importers.recorder import describe_source
from specnet.importers.request import Request
from specnet.importers.result import ImportResult
from specnet.layers.base import Shape

MOST_LOST = 20
"""The layers that were left out that the spec names."""


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
    remarks = (*imported.remarks, *_list_lost(imported))
    expected = Totals(imported.network, measure_costs(imported.network)).parameters
    hints = Hints(imported.scopes, imported.comments, remarks, expected)
    folded = fold(imported.network, hints)
    return ImportResult(imported, folded.text, folded.checked, folded.names)


def _list_lost(imported: Imported) -> Iterator[str]:
    """Yield the comments on layers that compute something and are not in the spec."""
    for entry in imported.lost[:MOST_LOST]:
        yield f"left out: {describe_source(entry.source)}: {'; '.join(entry.reasons)}"
    if (rest := len(imported.lost) - MOST_LOST) > 0:
        yield f"left out: {rest:,} more"
