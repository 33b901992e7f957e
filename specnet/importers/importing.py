"""From another tool's file to the text of a spec: read, fold, check, and prove that the graph is the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from specnet.compiler import Checked, check_source
from specnet.importers.formats import read_model
from specnet.importers.imported import Imported
from specnet.importers.request import Request
from specnet.printer.networks import format_network
from specnet.source import Source


@dataclass(frozen=True)
class Result:
    """A model as a spec, with the names that the nodes of the source have in it."""

    imported: Imported
    text: str
    checked: Checked
    names: Mapping[str, str]


def import_model(request: Request) -> Result:
    """Return a model of another tool as the text of a spec; raises UnreadableModel, OSError."""
    imported = read_model(request)
    text = format_network(imported.network)
    checked = check_source(Source(f"{request.stem}.net", text))
    if not checked.ok:
        raise RuntimeError(f"the imported network has errors: {checked.errors[0].message}")
    pairs = zip(imported.network.nodes, checked.network.nodes, strict=True)
    return Result(imported, text, checked, {theirs.name: ours.name for theirs, ours in pairs})
