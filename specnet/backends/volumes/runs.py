"""Runs of equal volumes, one behind the other, as one volume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    moved = (replace(link, source=heads[link.source], target=heads[link.target]) for link in folded.links)
    links = tuple(link for link in moved if link.source != link.target and not _is_inside(link, volumes))
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


def _is_inside(link: Link, volumes: Mapping[str, Volume]) -> bool:
    """Whether a link is a residual of each layer of a run, for which the small arc over its box stands."""
    return link.is_residual and volumes[link.target].count > 1


def _join(folded: FoldedVolumes, names: list[str]) -> Volume:
    nodes = tuple(node for name in names for node in folded.volumes[name].nodes)
    first = folded.volumes[names[0]]
    has_skip = first.has_skip or any(link.is_residual and link.target in names[1:] for link in folded.links)
    return replace(first, nodes=nodes, count=len(names), has_skip=has_skip)
