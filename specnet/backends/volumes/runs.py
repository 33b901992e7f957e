"""Runs of equal volumes, one behind the other, as one volume."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from specnet.backends.volumes.volume import FoldedVolumes, Link, Volume


def fold_runs(folded: FoldedVolumes) -> FoldedVolumes:
    """Return a network with each run of equal layers as one volume, under the name of its first."""
    heads: dict[str, str] = {}
    for name, volume in folded.volumes.items():
        before = folded.before[name]
        follows = len(before) == 1 and len(folded.behind[before[0]]) == 1
        is_equal = follows and _is_equal(folded.volumes[before[0]], volume)
        heads[name] = heads[before[0]] if is_equal else name
    volumes = {head: _join(folded, names) for head, names in _list_runs(heads)}
    moved = (Link(heads[link.source], heads[link.target], link.value) for link in folded.links)
    links = tuple(link for link in moved if link.source != link.target)
    return FoldedVolumes(volumes, links, frozenset(heads[name] for name in folded.outputs))


def _is_equal(one: Volume, two: Volume) -> bool:
    """Whether two volumes are of one shape, and made by equal layers."""
    if one.is_input or one.shape is None or one.shape != two.shape or one.is_folded != two.is_folded:
        return False
    return [node.layer for node in one.nodes] == [node.layer for node in two.nodes]


def _list_runs(heads: dict[str, str]) -> Iterable[tuple[str, list[str]]]:
    runs: dict[str, list[str]] = {}
    for name, head in heads.items():
        runs.setdefault(head, []).append(name)
    return runs.items()


def _join(folded: FoldedVolumes, names: list[str]) -> Volume:
    nodes = tuple(node for name in names for node in folded.volumes[name].nodes)
    return replace(folded.volumes[names[0]], nodes=nodes, count=len(names))
