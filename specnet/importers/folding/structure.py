"""Flat network → sequences with arms and named values, along the tree of dominators."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import zip_longest

import networkx as nx

from specnet.graph import Head, Network, Node
from specnet.importers.folding.items import (
    Join,
    Leaf,
    Mark,
    Resume,
    Sequence,
    Side,
    find_read,
    get_result,
    is_join,
    rewrite_inner,
)

ROOT = ""
"""The value above all inputs."""

DEEPEST = 20
"""The largest depth of arms within arms."""

MOST_IN_ARM = 150
"""The largest number of layers in an arm; a longer one is a chain of its own."""

MOST_IN_HOURGLASS = 12
"""The largest number of layers in an arm that shrinks the map and enlarges it again, if no other is the identity."""


MOST_NAMED_ARMS = 4
"""The largest number of arms that are mere names; more names stand behind the join, in one line."""


class TooDeep(Exception):
    """The arms of a network are nested too deep to be written."""


def structure(network: Network) -> Sequence:
    """Return the network as one sequence; raises TooDeep."""
    return _Structure(network).build()


class _Structure:
    """Writes values in an order in which each is named before it is read; `_written` are those that are."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._index = {node.name: place for place, node in enumerate(network.nodes)}
        self._parents = _find_dominators(network)
        self._children = _invert(self._parents)
        self._readers = defaultdict[str, list[Node]](list)
        for node in network.nodes:
            for value in node.inputs:
                self._readers[value].append(node)
        self._written = {ROOT, *(i.name for i in network.inputs)}
        self._active = set[str]()
        self._depth = 0

    def build(self) -> Sequence:
        """Return the output's layers, then heads in their places, then layers that lead to no output."""
        network, (output,) = self._network, self._network.outputs
        self._activate([output])
        items = self._chain(ROOT, output)
        for head in network.heads:
            self._insert_head(items, head)
        items += self._write_unread()
        if get_result(items) != output:
            items.append(Resume(output))
        return insert_marks(_drop_needless_resumes(items, network.inputs[-1].name))

    def _activate(self, values: Iterable[str]) -> set[str]:
        """Take the layers that lead to values, and are not yet written, as those to write next; return them."""
        found, open_values = set[str](), list(values)
        while open_values:
            value = open_values.pop()
            if value not in found and value not in self._written:
                found.add(value)
                open_values += self._network.by_name[value].inputs
        self._active = found
        return found

    def _insert_head(self, items: Sequence, head: Head) -> None:
        """Insert a head behind the last value of the main chain that it reads, or at the end if there is none."""
        layers = self._activate([head.value])
        read = {v for name in layers for v in self._inputs(name) if v not in layers} or {head.value}
        body = self._chain(ROOT, head.value)
        read -= {i.name for i in self._network.inputs}
        ends = [get_result([item]) for item in items]
        (start,) = read if len(read) == 1 else ("",)
        place = ends.index(start) + 1 if start in ends else len(items)
        others = {other.value for other in self._network.heads if other is not head}
        readers = {reader.name for value in layers for reader in self._readers[value]}
        if readers - layers or others & layers:
            items += [*body, Side(head, [])]  # others read what is within, and braces would hide it
            return
        while place < len(items) and isinstance(items[place], Side):
            place += 1
        items.insert(place, Side(head, body))

    def _write_unread(self) -> Sequence:
        """Return chains of the layers that lead to no output."""
        items = Sequence()
        for node in self._network.nodes:
            if node.name not in self._written and not any(
                r.name not in self._written for r in self._readers[node.name]
            ):
                self._activate([node.name])
                items += self._chain(ROOT, node.name)
        return items

    def _chain(self, start: str, end: str) -> Sequence:
        """Return the parts from one value to another that it dominates, from the last one on that is written."""
        path = [end]
        while path[-1] != start and path[-1] not in self._written:
            path.append(self._parents[path[-1]])
        items = Sequence() if path[-1] == start and start != ROOT else self._resume(path[-1])
        for before, after in zip(path[:0:-1], path[-2::-1], strict=True):
            items += self._step(before, after)
        return items

    def _resume(self, value: str) -> Sequence:
        return [] if value == ROOT else [Resume(value)]

    def _step(self, before: str, after: str) -> Sequence:
        """Return the parts from a value to the next one that it dominates."""
        node = self._network.by_name[after]
        if set(node.inputs) == {before} and len(node.inputs) == 1:
            self._written.add(after)
            return [Leaf(node, before)]
        if before != ROOT and is_join(node) and self._has_clean_arms(node, before):
            arms = [[] if value == before else self._write_arm(before, value) for value in node.inputs]
            self._written.add(after)
            return [Join(node, before, arms)]
        return self._write_region(before, after)

    def _write_arm(self, start: str, end: str) -> Sequence:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooDeep("arms are nested too deep")
        items = self._chain(start, end)
        self._depth -= 1
        return items

    def _subtree(self, child: str) -> set[str]:
        """Return the layers that a value dominates, itself included, of those to write now."""
        found, open_values = set[str](), [child]
        while open_values:
            value = open_values.pop()
            open_values += self._children[value]
            if value in self._active:
                found.add(value)
        return found

    def _has_clean_arms(self, node: Node, before: str) -> bool:
        """Whether each input has layers of its own between a value and a join, and a person would write arms."""
        inner = [value for value in node.inputs if value != before]
        if any(value in self._written for value in inner):
            return False
        arms = [self._find_layers(before, value) for value in inner]
        has_identity = len(inner) < len(node.inputs)
        is_disjoint = len(set[str]().union(*arms)) == sum(map(len, arms))
        return is_disjoint and all(
            self._is_arm(before, value, layers, has_identity) for value, layers in zip(inner, arms, strict=True)
        )

    def _find_layers(self, before: str, value: str) -> set[str]:
        """Return the layers that lead from a value to another."""
        found, open_values = set[str](), [value]
        while open_values:
            value = open_values.pop()
            if value not in found and value != before and value not in self._written:
                found.add(value)
                open_values += self._inputs(value)
        return found

    def _is_arm(self, before: str, value: str, layers: set[str], has_identity: bool) -> bool:
        """Whether layers are read only at their end, and only once."""
        outside = [each for each in layers for r in self._active_readers(each) if r.name not in layers]
        return outside == [value] and not self._is_long(before, value, layers, has_identity)

    def _active_readers(self, value: str) -> Iterable[Node]:
        return (node for node in self._readers[value] if node.name in self._active)

    def _is_long(self, before: str, end: str, layers: set[str], has_identity: bool) -> bool:
        """Whether a branch is better written as a chain of its own, as that from one side of a U-Net to the other."""
        if len(layers) > MOST_IN_ARM:
            return True
        heights = [self._height(value) for value in [*self._path(before, end), before]]
        least = min(heights)
        is_hourglass = least < heights[-1] and heights[0] > least
        return is_hourglass and (has_identity or len(layers) > MOST_IN_HOURGLASS)

    def _path(self, start: str, end: str) -> list[str]:
        path = [end]
        while self._parents[path[-1]] != start:
            path.append(self._parents[path[-1]])
        return path

    def _height(self, value: str) -> int:
        shape = self._network.shapes.get(value) or ()
        return shape[0] if len(shape) == len("HWC") else 1

    def _write_region(self, before: str, after: str) -> Sequence:
        """Return the layers between two values whose branches read each other, as chains with named values."""
        children = self._find_needed(before, after)
        inlined = {child: end for child in children if (end := self._find_inlined(before, child, {*children}))}
        items, current = Sequence(), before
        for child in children:
            if child in inlined:
                continue
            part, current = self._write_child(before, child, current, {*inlined.values()}, has_ends=child != after)
            items += part
        return items

    def _write_child(
        self, before: str, child: str, current: str, inlined: set[str], has_ends: bool
    ) -> tuple[Sequence, str]:
        """Return a branch, up to all of its values that others read if it `has_ends`, and the value at its end."""
        items = Sequence()
        if child not in self._written:
            items += self._place(self._network.by_name[child], before, current, inlined)
            current = child
            self._written.add(child)
        layers = self._subtree(child) if has_ends else set[str]()
        ends = {v for v in layers for r in self._active_readers(v) if r.name not in layers} - {child}
        for end in sorted(ends, key=self._index.__getitem__):
            if end not in self._written:
                items += self._chain(current, end)
                current = end
        return items, current

    def _find_needed(self, before: str, after: str) -> list[str]:
        """Return the children of a value whose branches lead to another, in an order in which they can be written."""
        found, open_children = {after}, [after]
        while open_children:
            child = open_children.pop()
            inputs = {v for name in ({child} if child == after else self._subtree(child)) for v in self._inputs(name)}
            for value in inputs - {before} - self._written:
                branch = self._branch_or_none(before, value)
                if branch and branch not in found:
                    found.add(branch)
                    open_children.append(branch)
        return sorted(found, key=lambda name: self._index.get(name, -1))

    def _inputs(self, name: str) -> tuple[str, ...]:
        return self._network.by_name[name].inputs

    def _branch_or_none(self, root: str, value: str) -> str | None:
        while value != ROOT and self._parents[value] != root:
            value = self._parents[value]
        return value or None

    def _find_inlined(self, before: str, child: str, children: set[str]) -> str | None:
        """Return the end of a branch that can be an arm of the join that alone reads it."""
        if child in self._written or before == ROOT or {*self._inputs(child)} != {before}:
            return None
        layers = self._subtree(child)
        outside = [(r, v) for v in layers for r in self._active_readers(v) if r.name not in layers]
        if len(outside) != 1 or outside[0][0].name not in children or not is_join(outside[0][0]):
            return None
        reader, end = outside[0]
        is_long = self._is_long(before, end, layers, has_identity=True)
        first = min(children, key=lambda name: self._index.get(name, -1))
        return None if is_long or (child == first and before not in reader.inputs) else end

    def _place(self, node: Node, before: str, current: str, inlined: set[str]) -> Sequence:
        """Return a layer whose inputs are known, the first of a branch."""
        inputs = node.inputs
        is_short = len(inputs) <= MOST_NAMED_ARMS
        if is_join(node) and len(inputs) > 1 and (inlined.intersection(inputs) or (is_short and current in inputs[1:])):
            return [Join(node, current, [self._make_arm(value, before, current, inlined) for value in inputs])]
        resume = [] if inputs[0] == current else [Resume(inputs[0])]
        is_like = bool(node.layer and node.layer.is_like)
        taps, like = (inputs[1:-1], inputs[-1]) if is_like else (inputs[1:], "")
        return [*resume, Leaf(node, inputs[0], taps, like)]

    def _make_arm(self, value: str, before: str, current: str, inlined: set[str]) -> Sequence:
        if value not in inlined:
            return [] if value == current else [Resume(value)]
        return [*([] if before == current else [Resume(before)]), *self._write_arm(before, value)]


def _find_dominators(network: Network) -> dict[str, str]:
    """Return the immediate dominator of each value; that of an input is ROOT."""
    graph = nx.DiGraph()
    graph.add_edges_from((ROOT, i.name) for i in network.inputs)
    graph.add_edges_from((value, node.name) for node in network.nodes for value in node.inputs)
    found = nx.immediate_dominators(graph, ROOT)
    return {value: parent for value, parent in found.items() if value != ROOT and parent is not None}


def _invert(parents: dict[str, str]) -> dict[str, list[str]]:
    children = defaultdict[str, list[str]](list)
    for value, parent in parents.items():
        children[parent].append(value)
    return children


def insert_marks(items: Sequence) -> Sequence:
    """Name each value that is read by its name, where it is made."""
    read = {*find_read(items)}

    def mark(part: Sequence) -> Sequence:
        found = Sequence()
        for item in part:
            found.append(rewrite_inner(item, mark))
            if isinstance(item, Leaf | Join) and item.node.name in read:
                found.append(Mark(item.node.name))
        return found

    return mark(items)


def _drop_needless_resumes(items: Sequence, current: str) -> Sequence:
    """Leave out the names of values that the next part does not read, or would read anyway."""
    found = Sequence()
    for item, following in zip_longest(items, items[1:]):
        if isinstance(item, Side):
            found.append(Side(item.head, _drop_needless_resumes(item.body, current)))
            continue
        if not (isinstance(item, Resume) and (isinstance(following, Resume) or item.value == current)):
            found.append(item)
            current = get_result([item])
    return found
