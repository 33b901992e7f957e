"""The table of a network's layers, with a row for each block and repetition, that a page can fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from specnet.backends.diagram.folding import shorten_name
from specnet.compiler import Checked
from specnet.graph import Node
from specnet.page.markup import Html, element
from specnet.page.source_lines import find_lines, find_scope_lines
from specnet.page.unfolding import Parts
from specnet.printer.scopes import Scopes
from specnet.reporters.network_table import Table, format_cell, list_layers, make_table
from specnet.reporters.table_columns import Row


@dataclass(frozen=True)
class TableRow:
    """A row: what it says, its name and title, how many scopes are around it, and the lines that it comes from."""

    row: Row
    name: str
    title: str
    depth: int
    lines: Sequence[int]
    is_scope: bool = False
    has_steps: bool = False
    """Whether it is a layer that the diagram can open."""


def make_layer_table(checked: Checked, parts: Parts) -> Html:
    """Return the table; rows are named by `data-name`, and `data-lines` are their lines, the innermost last."""
    rows = list(_list_rows(checked, parts))
    table = make_table(checked, rows=[each.row for each in rows])
    followers = {run["scopes"][0]: len(run["scopes"]) for run in parts["runs"]}
    texts = zip(rows, table.texts, strict=False)
    body = [_make_row(each, cells, table.numbers, followers.get(each.name, 0)) for each, cells in texts]
    head = element("tr", *_make_cells("th", table.headings, table.numbers, scope="col"))
    return element(
        "table",
        element("caption", f"Layers; sizes are {_name_axes(checked)}"),
        element("thead", head),
        element("tbody", *body),
        *_make_foot(table),
        role="treegrid",
    )


def _name_axes(checked: Checked) -> str:
    """Return the words for the axes of maps, of sequences, or of both, as far as the network has them."""
    ranks = {len(shape) for shape in checked.network.shapes.values() if shape}
    words = {3: "height × width × channels", 2: "tokens × channels"}
    return " or ".join(text for rank, text in words.items() if rank in ranks) or words[3]


def _list_rows(checked: Checked, parts: Parts) -> Iterator[TableRow]:
    """Yield inputs and layers, each scope of the diagram before the first of its layers.

    The layers of a head that no scope holds have their full names, which say what they are for.
    """
    scopes, shown = Scopes(checked.network), parts["scopes"]
    inside = _group_nodes(checked, scopes, shown)
    heads = {head.name for head in checked.network.heads}
    seen = set[str]()
    for row in list_layers(checked):
        around = [scope for scope in scopes.list_enclosing(row.name) if scope in shown]
        for depth, scope in enumerate(around):
            if scope not in seen:
                seen.add(scope)
                nodes = inside[scope]
                call = Row(scope, scopes.format_call(scope), nodes[-1].output, _keep_known(checked, nodes))
                lines = find_scope_lines(checked, nodes)
                yield TableRow(call, scope, _shorten(scope, scopes), depth, lines, is_scope=True)
        lines = find_lines(checked, row.name)
        is_of_head = not around and row.name.partition(".")[0] in heads
        title = row.name if is_of_head else _shorten(row.name, scopes)
        yield TableRow(row, row.name, title, len(around), lines, has_steps=row.name in shown)


def _shorten(name: str, scopes: Scopes) -> str:
    """Return the name of a layer or scope within the innermost scope around it, as the diagram has it."""
    return shorten_name(name, next(reversed(scopes.list_enclosing(name)), ""))


def _group_nodes(checked: Checked, scopes: Scopes, shown: Mapping[str, Any]) -> Mapping[str, list[Node]]:
    inside: dict[str, list[Node]] = {scope: [] for scope in shown}
    for node in checked.network.nodes:
        for scope in scopes.list_enclosing(node.name):
            if scope in inside:
                inside[scope].append(node)
    return inside


def _keep_known(checked: Checked, nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Return the layers of a scope if all of their costs are known, none otherwise."""
    return tuple(nodes) if all(node.name in checked.costs for node in nodes) else ()


def _make_row(each: TableRow, cells: Sequence[str], numbers: Sequence[int], count: int) -> Html:
    heading = element("th", *_make_heading(each, count), scope="row", role="rowheader")
    return element(
        "tr",
        heading,
        *_make_cells("td", cells[1:], [place - 1 for place in numbers]),
        data_name=each.name,
        data_lines=" ".join(map(str, each.lines)) or False,
        aria_level=each.depth + 1,
        aria_expanded="true" if each.is_scope or each.has_steps else False,
        class_=f"depth-{min(each.depth, 6)}" + " scope" * each.is_scope,
    )


def _make_heading(each: TableRow, count: int) -> Iterator[Html]:
    """Yield a row's name, and the buttons that fold a scope and show all those of its run."""
    if each.is_scope or each.has_steps:
        yield element("button", class_="fold", type="button", tabindex="-1", aria_label="Fold or unfold")
    yield element("bdi", each.title, title=each.name)
    if count:
        label = f"Show one or all of {count} alike"
        yield element("button", f"×{count}", class_="run", type="button", tabindex="-1", aria_label=label)


def _make_cells(tag: str, texts: Sequence[str], numbers: Sequence[int], **attributes: str) -> Iterator[Html]:
    for place, text in enumerate(texts):
        yield element(tag, text, **attributes, **({"class_": "number"} if place in numbers else {}))


def _make_foot(table: Table) -> Iterator[Html]:
    if table.total:
        cells = _make_cells("td", [format_cell(cell) for cell in table.total], table.numbers)
        yield element("tfoot", element("tr", *cells))
