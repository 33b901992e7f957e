"""Fold what differs nowhere: scopes of which all boxes have one state, and chains of boxes that are alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State
from specnet.printable import format_amount

SIGNS = {State.ADDED: "+ ", State.REMOVED: "− ", State.CHANGED: "~ "}
"""What stands before the names of layers, so that nothing rests on colours alone."""

MOST_PARTS, MOST_CALLS = 8, 2
"""The largest number of boxes that a folded scope lists, and that it lists with their calls."""

SHORTEST_CHAIN = 3
"""The smallest number of boxes that become one."""


def fold_uniform_scopes(diagram: Diagram) -> Diagram:
    """Fold each scope of which all boxes have one state: all the same, all added, or all removed."""
    for name in reversed([*_list_scopes(diagram, diagram.contents)]):
        scope = diagram.scopes[name]
        inside = [diagram.boxes.get(each) for each in scope.contents]
        states = {box.state for box in inside if box}
        if all(inside) and len(states) == 1 and State.CHANGED not in states:
            boxes = [diagram.boxes[each] for each in scope.contents]
            diagram = _merge_boxes(diagram, _fold(scope, boxes))
    return diagram


def list_depths(diagram: Diagram) -> Iterator[Diagram]:
    """Yield a diagram with the scopes that differ open, then with more and more of the innermost folded."""
    yield diagram
    while diagram.scopes:
        depths = {name: depth for depth, name in _list_depths(diagram, diagram.contents)}
        deepest = max(depths.values())
        for name in (name for name, depth in depths.items() if depth == deepest):
            scope = diagram.scopes[name]
            diagram = _merge_boxes(diagram, _summarise(scope, [diagram.boxes[each] for each in scope.contents]))
        diagram = contract_chains(diagram)
        yield diagram


def _list_depths(diagram: Diagram, names: Sequence[str], depth: int = 0) -> Iterator[tuple[int, str]]:
    for name in names:
        if name in diagram.scopes:
            yield depth, name
            yield from _list_depths(diagram, diagram.scopes[name].contents, depth + 1)


def _summarise(scope: Scope, boxes: Sequence[Box]) -> Box:
    """Return the box of a scope in which something differs, with what differs."""
    changed = [box for box in boxes if box.state is not State.SAME]
    if not changed:
        return replace(_fold(scope, boxes), state=State.SAME, title=scope.title)
    has_calls = len(changed) <= MOST_CALLS
    parts = [Part(f"{box.title}  {box.call}" if has_calls else box.title, box.family, box.state) for box in changed]
    more = [Part(f"{len(parts) - MOST_PARTS} more", None, State.SAME)] if len(parts) > MOST_PARTS else []
    title = SIGNS[State.CHANGED] + scope.title
    return replace(_fold(scope, boxes), title=title, state=State.CHANGED, parts=(*parts[:MOST_PARTS], *more))


def _list_scopes(diagram: Diagram, names: Sequence[str]) -> Iterator[str]:
    """Yield the scopes, outer ones first."""
    for name in names:
        if name in diagram.scopes:
            yield name
            yield from _list_scopes(diagram, diagram.scopes[name].contents)


def _fold(scope: Scope, boxes: Sequence[Box]) -> Box:
    layers = tuple(layer for box in boxes for layer in box.layers)
    state = boxes[0].state
    return Box(
        scope.name, SIGNS.get(state, "") + scope.title, scope.call, None, state, (), (), (), (), layers, is_folded=True
    )


def contract_chains(diagram: Diagram) -> Diagram:
    """Contract neighbours that are the same, or added or removed with equal calls, and read nothing but each other."""
    for scope in ("", *diagram.scopes):
        for chain in [*_find_chains(diagram, scope)]:
            diagram = _merge_boxes(diagram, _join(chain), tuple(box.name for box in chain))
    return diagram


def _find_chains(diagram: Diagram, scope: str) -> Iterator[list[Box]]:
    links = _Links(diagram)
    names = diagram.scopes[scope].contents if scope else diagram.contents
    chain = list[Box]()
    for box in [*map(diagram.boxes.get, names), None]:
        if box and chain and _are_alike(chain[-1], box) and links.connect(chain[-1].name, box.name):
            chain.append(box)
            continue
        if len(chain) >= SHORTEST_CHAIN:
            yield chain
        chain = [box] if box else []


class _Links:
    """The neighbours of each box."""

    def __init__(self, diagram: Diagram) -> None:
        self.sources: Mapping[str, set[str]] = defaultdict(set)
        self.targets: Mapping[str, set[str]] = defaultdict(set)
        for edge in diagram.edges:
            self.sources[edge.target].add(edge.source)
            self.targets[edge.source].add(edge.target)

    def connect(self, before: str, after: str) -> bool:
        """Whether the first is read by the second alone, which reads nothing else."""
        return self.targets[before] == {after} and self.sources[after] == {before}


def _are_alike(before: Box, after: Box) -> bool:
    if before.state is not after.state:
        return False
    return before.state is State.SAME or _list_contents(before) == _list_contents(after)


def _list_contents(box: Box) -> tuple[object, ...]:
    """Return what a box says besides its name; of one that is not folded, the name as well, so that it has no equal."""
    return box.call, box.parts, box.facts, "" if box.is_folded else box.name


def _join(chain: Sequence[Box]) -> Box:
    """Return the box of a chain: `layer3.6 … layer3.22  17 × bottleneck K=256`."""
    layers = tuple(layer for box in chain for layer in box.layers)
    is_repeated = len({box.call for box in chain}) == 1
    call = f"{len(chain)} × {chain[0].call}" if is_repeated else format_amount(len(layers), "layer")
    title = f"{chain[0].title} … {chain[-1].title.removeprefix(SIGNS.get(chain[0].state, ''))}"
    parts = chain[0].parts if is_repeated and chain[0].is_folded else ()
    return replace(
        chain[0], title=title, call=call, family=None, facts=(), parts=parts, tooltip=(), layers=layers, is_folded=True
    )


def _merge_boxes(diagram: Diagram, box: Box, names: Sequence[str] | None = None) -> Diagram:
    """Return a diagram with one box in place of several, or of the scope of the same name."""
    merged = set(names if names is not None else diagram.scopes[box.name].contents)
    ends = dict.fromkeys(merged, box.name)
    edges = dict[tuple[str, str, str], Edge]()
    for edge in diagram.edges:
        source, target = ends.get(edge.source, edge.source), ends.get(edge.target, edge.target)
        if not {edge.source, edge.target} <= merged:
            edges.setdefault((edge.value, source, target), replace(edge, source=source, target=target))

    def rename(inside: Sequence[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ends.get(name, name) for name in inside))

    scopes = {name: replace(scope, contents=rename(scope.contents)) for name, scope in diagram.scopes.items()}
    if names is None:
        del scopes[box.name]
    boxes = {name: other for name, other in diagram.boxes.items() if name not in merged} | {box.name: box}
    return replace(diagram, boxes=boxes, scopes=scopes, contents=rename(diagram.contents), edges=tuple(edges.values()))
