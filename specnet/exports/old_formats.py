"""What the formats of Caffe and Darknet have in common: they hold the network alone, and not every layer."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.exports.errors import Inexpressible
from specnet.exports.exportable import Exportable
from specnet.foreign.inverse import Refused
from specnet.package import __version__
from specnet.printable import format_amount, shorten_text

SHOWN = 3
"""Lines of the spec that a message names of each sort of layer."""


def refuse(tool: str, exportable: Exportable, refused: Sequence[Refused]) -> None:
    """Raise Inexpressible if there are layers without a counterpart, with a line for each sort of them."""
    if not refused:
        return
    sorts = dict[str, dict[str, None]]()
    for each in refused:
        node = exportable.graph.by_name.get(each.node)
        kind = node.kind if node else "input"
        place = exportable.places.get(each.node, each.node)
        sorts.setdefault(f"{kind}: {each.reason}" if each.reason else kind, {})[place] = None
    count = format_amount(len(refused), "layer")
    raise Inexpressible(
        f"{tool} has no words for {count} of the network, which {'is' if len(refused) == 1 else 'are'} written as:",
        *(f"  {sort} at {_list_places(list(places))}" for sort, places in sorts.items()),
        "write others in the spec, or export it to onnx",
    )


def _list_places(places: Sequence[str]) -> str:
    more = len(places) - SHOWN
    return ", ".join(places[:SHOWN]) + (f" and {format_amount(more, 'other line')}" if more > 0 else "")


def remark_on(exportable: Exportable) -> list[str]:
    """Return comments for the head of a file: where it comes from, and what its input has to be."""
    remarks = [f"written by SpecNet {__version__}"]
    if exportable.graph.description:
        remarks.append(shorten_text(exportable.graph.description, 100))
    if exportable.run:
        record = exportable.metadata["normalize"]
        remarks += ["it reads images that are normalised so, (pixel - shift) * scale of each channel:", record]
        if exportable.run.fitted:
            remarks.append(f"people read its outputs by what was fitted to the data: {exportable.metadata['fitted']}")
        remarks.append(f"classes: {shorten_text(exportable.metadata['classes'], 100)}")
    return remarks


def describe_bare(exportable: Exportable, batch: int | None) -> str:
    """Return a sentence about the content of the files."""
    shapes = ", ".join("×".join(map(str, (batch or 1, *shape))) for shape in exportable.shapes)
    if exportable.run is None:
        return f"the network takes {shapes}, and its weights are not trained"
    return f"the network takes {shapes}, normalised as the first lines of the file say"
