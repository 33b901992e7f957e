"""Volumes as a U: down on the left where maps shrink, up on the right where they grow, skips from left to right."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from specnet.backends.volumes.cell import LINE, Cell
from specnet.backends.volumes.grid import nest_spans
from specnet.backends.volumes.placement import Layout, Seat, measure_distance, measure_headroom
from specnet.backends.volumes.volume import FoldedVolumes, Link, Volume

LEVEL_GAP = 8.0

CLEAR = 6.0
"""The space between a caption and an arrow."""

TURN = 14.0
"""The space beside a caption for an arrow that turns there."""


def place_as_u(folded: FoldedVolumes, cells: Mapping[str, Cell]) -> Layout | None:
    """Return the places on levels, one for each nested skip and the bottom; None if the network is not a U."""
    trunk = _find_trunk(folded)
    skips = _find_nested_skips(folded, trunk)
    if not skips:
        return None
    levels = _assign_levels(folded, trunk, skips)
    for name in (name for name in folded.volumes if name not in levels):
        levels[name] = max(levels[source] for source in folded.before[name])
    ranks = {name: at for at, name in enumerate(levels)}
    if not _joins_neighbours(folded, levels, ranks):
        return None
    xs = _find_xs(cells, trunk, levels)
    arcs = _find_arcs(folded, levels, ranks)
    ceilings, centres, captions = _find_heights(cells, levels, arcs)
    seats = {
        name: Seat(xs[name], centres[level], captions[level], ceilings[level], level, rank=ranks[name])
        for name, level in levels.items()
    }
    return Layout(seats, arcs, is_u=True)


def _find_trunk(folded: FoldedVolumes) -> list[str]:
    """Return the volumes that lead to an output, without those of heads."""
    leading = set(folded.outputs)
    for name in reversed([*folded.volumes]):
        if leading.intersection(folded.behind[name]):
            leading.add(name)
    return [name for name in folded.volumes if name in leading]


def _find_nested_skips(folded: FoldedVolumes, trunk: list[str]) -> list[tuple[int, int]]:
    """Return the skips over smaller maps, the outermost first, each to the first reader of its value.

    There are none unless they are nested around ever smaller maps.
    """
    places = {name: at for at, name in enumerate(trunk)}
    links = {(places[link.source], places[link.target]) for link in folded.links if link.target in places}
    chain = {(at, at + 1) for at in range(len(trunk) - 1)}
    sizes = [_measure(folded.volumes[name]) for name in trunk]
    over = sorted(each for each in links - chain if min(sizes[each[0] : each[1]]) < sizes[each[0]])
    skips = [skip for at, skip in enumerate(over) if not at or over[at - 1][0] != skip[0]]
    if len(skips) < 2 or not chain <= links:
        return []
    is_nested = all(one[0] < two[0] and two[1] < one[1] for one, two in pairwise(skips))
    is_shrinking = all(sizes[one] > sizes[two] for (one, _), (two, _) in pairwise(skips))
    return skips if is_nested and is_shrinking else []


def _joins_neighbours(folded: FoldedVolumes, levels: Mapping[str, int], ranks: Mapping[str, int]) -> bool:
    """Whether each link stays on its level but for those from one volume of the trunk to the next."""
    return all(
        levels[link.source] == levels[link.target] or ranks[link.target] == ranks[link.source] + 1
        for link in folded.links
    )


def _find_arcs(folded: FoldedVolumes, levels: Mapping[str, int], ranks: Mapping[str, int]) -> dict[Link, int]:
    """Return the links that pass over others or the target's layer on their level, with the height of each above it."""
    arcs = dict[Link, int]()
    for level in range(max(levels.values()) + 1):
        inside = [ranks[name] for name in levels if levels[name] == level]
        links = [link for link in folded.links if levels[link.source] == levels[link.target] == level]
        over = [
            link
            for link in links
            if link.is_residual or any(ranks[link.source] < rank < ranks[link.target] for rank in inside)
        ]
        heights = nest_spans((link.source, ranks[link.source], ranks[link.target]) for link in over)
        arcs |= {link: heights[link.source] for link in over}
    return arcs


def _measure(volume: Volume) -> int:
    return volume.shape[0] if volume.shape and volume.is_map else 0


def _assign_levels(folded: FoldedVolumes, order: list[str], skips: list[tuple[int, int]]) -> dict[str, int]:
    """Return the level of each volume: 0 at the top. A layer that enlarges the map belongs to the level above."""
    starts = [start for start, _ in skips]
    ends = [_find_growth(folded, order, end) for _, end in skips]
    return {name: sum(start < at for start in starts) - sum(end <= at for end in ends) for at, name in enumerate(order)}


def _find_growth(folded: FoldedVolumes, order: list[str], end: int) -> int:
    """Return the place where the map has grown to the size that a skip joins."""
    before, join = (folded.volumes[order[at]] for at in (end - 1, end))
    return end - 1 if _measure(before) == _measure(join) else end


def _find_xs(cells: Mapping[str, Cell], trunk: list[str], levels: Mapping[str, int]) -> dict[str, float]:
    """Return where the front of each volume begins; heads stand at the end of their level."""
    xs = _find_trunk_xs(cells, trunk, levels)
    for name in (name for name in levels if name not in xs):
        mates = [other for other in xs if levels[other] == levels[name]]
        xs[name] = max(xs[other] + measure_distance(cells[other], cells[name]) for other in mates)
    return xs


def _find_trunk_xs(cells: Mapping[str, Cell], order: list[str], levels: Mapping[str, int]) -> dict[str, float]:
    first = cells[order[0]]
    xs = {order[0]: max(first.left, (first.caption_width - first.box.thickness) / 2)}
    for before, name in pairwise(order):
        step = levels[name] - levels[before]
        distance = measure_distance(cells[before], cells[name])
        if step:
            distance = _measure_turn(cells[before], cells[name], is_down=step > 0)
        same_level = [
            xs[other] + measure_distance(cells[other], cells[name]) for other in xs if levels[other] == levels[name]
        ]
        xs[name] = max(xs[before] + distance, *same_level, 0.0)
    return xs


def _measure_turn(before: Cell, after: Cell, is_down: bool) -> float:
    """Return the distance of two volumes on different levels: the arrow enters the lower one at its top."""
    upper, lower = (before, after) if is_down else (after, before)
    beside = max(upper.box.width + TURN, (upper.box.thickness + upper.caption_width) / 2 + CLEAR)
    if is_down:
        return beside - find_top(lower)
    reach = max(upper.left + TURN, (upper.caption_width - upper.box.thickness) / 2 + CLEAR)
    return find_top(lower) + reach


def find_top(cell: Cell) -> float:
    """Return where the middle of the top of a box is, from the left of its front."""
    return cell.box.width / 2


def _find_heights(
    cells: Mapping[str, Cell], levels: Mapping[str, int], arcs: Mapping[Link, int]
) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    """Return the height above each level, that of its middle, and that of its captions."""
    ceilings, centres, captions, top = dict[int, float](), dict[int, float](), dict[int, float](), 0.0
    for level in range(max(levels.values()) + 1):
        inside = [cells[name] for name in cells if levels[name] == level]
        reach = max(cell.height for cell in inside) / 2
        heights = [height for link, height in arcs.items() if levels[link.target] == level]
        ceilings[level] = top + measure_headroom(1 + max(heights, default=-1)) + LINE / 2
        centres[level] = ceilings[level] + max(cell.rise + cell.height / 2 for cell in inside)
        captions[level] = centres[level] + reach + LINE
        top = captions[level] + max(cell.caption_height for cell in inside) + LEVEL_GAP
    return ceilings, centres, captions
