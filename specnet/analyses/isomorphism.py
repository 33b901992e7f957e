"""Whether two networks are the same graph, names apart: a walk in lockstep from what they return back to the inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from specnet.graph import Head, Network, Node


def match_networks(one: Network, other: Network) -> Mapping[str, str] | None:
    """Return the name in `other` of each input, layer and head of `one`; None if they are not the same graph.

    They are if their inputs and outputs correspond in order, their heads by name or in order, and all layers, with
    equal attributes, whether written or in force by default, read corresponding values in the same order. Layers that
    nothing reads are matched in the order of both networks.
    """
    walk = _Lockstep(one, other)
    return walk.pairs if walk.match_all() else None


class _Lockstep:
    """The pairs found so far, and their reverse, which tells whether a value is matched twice."""

    def __init__(self, one: Network, other: Network) -> None:
        self._one, self._other = one, other
        self.pairs: dict[str, str] = {}
        self._reverse: dict[str, str] = {}

    def match_all(self) -> bool:
        one, other = self._one, self._other
        if [i.shape for i in one.inputs] != [i.shape for i in other.inputs] or len(one.nodes) != len(other.nodes):
            return False
        for left, right in zip(one.inputs, other.inputs, strict=True):
            self._pair(left.name, right.name)
        return self._match_outputs() and self._match_unread() and self._shared_weights_agree()

    def _match_outputs(self) -> bool:
        one, other = self._one, self._other
        if len(one.outputs) != len(other.outputs) or len(one.heads) != len(other.heads):
            return False
        ends = zip(one.outputs, other.outputs, strict=True)
        heads = _pair_heads(one.heads, other.heads)
        if any(left.weight != right.weight for left, right in heads):
            return False
        found = self._match([*ends, *((left.value, right.value) for left, right in heads)])
        self.pairs.update((left.name, right.name) for left, right in heads)
        return found

    def _match_unread(self) -> bool:
        """Match the layers that lead to no output, from those that nothing reads on."""
        left, right = _list_unread(self._one, self.pairs), _list_unread(self._other, self._reverse)
        return len(left) == len(right) and self._match(zip(left, right, strict=True))

    def _match(self, values: Iterable[tuple[str, str]]) -> bool:
        """Match pairs of values, and what they are computed from; return whether all agree."""
        open_pairs = list(values)
        while open_pairs:
            left, right = open_pairs.pop()
            if left in self.pairs or right in self._reverse:
                if self.pairs.get(left) != right:
                    return False
                continue
            first, second = self._one.by_name.get(left), self._other.by_name.get(right)
            if not (first and second and _are_alike(first, second)):
                return False
            self._pair(left, right)
            open_pairs += zip(first.inputs, second.inputs, strict=True)
        return True

    def _pair(self, left: str, right: str) -> None:
        self.pairs[left], self._reverse[right] = right, left

    def _shared_weights_agree(self) -> bool:
        """Whether layers share weights with corresponding layers."""
        pairs = ((node, self._other.by_name[self.pairs[node.name]]) for node in self._one.nodes)
        return all((self.pairs[left.shares] if left.shares else None) == right.shares for left, right in pairs)


def _pair_heads(one: Sequence[Head], other: Sequence[Head]) -> list[tuple[Head, Head]]:
    """Return the heads in pairs: of the same names if these are the same on both sides, or else in order."""
    by_name = {head.name: head for head in other}
    if {head.name for head in one} == {*by_name}:
        return [(head, by_name[head.name]) for head in one]
    return [*zip(one, other, strict=True)]


def _are_alike(one: Node, other: Node) -> bool:
    """Whether two layers have the same kind, attributes in force and number of inputs."""
    if one.kind != other.kind or len(one.inputs) != len(other.inputs):
        return False
    if one.layer is None or other.layer is None:
        return one.layer == other.layer
    return one.layer == other.layer or one.layer.spell_out() == other.layer.spell_out()


def _list_unread(network: Network, matched: Mapping[str, str]) -> list[str]:
    """Return the layers that are not matched and that no layer reads."""
    read = {value for node in network.nodes for value in node.inputs}
    return [node.name for node in network.nodes if node.name not in matched and node.name not in read]
