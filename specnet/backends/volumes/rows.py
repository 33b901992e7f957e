"""Volumes in rows: the trunk from left to right, branches in lanes beside it, skips as arcs above it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from specnet.backends.volumes.cell import LINE, Cell
from specnet.backends.volumes.grid import Grid, Skips, find_skips
from specnet.backends.volumes.lanes import assign_lanes, rank_volumes
from specnet.backends.volumes.placement import (
    GAP,
    ROW_GAP,
    STEP,
    Layout,
    Seat,
    measure_distance,
    measure_headroom,
)
from specnet.backends.volumes.volume import FoldedVolumes, Link

WIDEST = 1100.0
"""The width of a row in points: on a page of A4 across, text of this figure is still larger than 6 points."""

LANE_GAP = 12.0

MOST_BALANCED = 6
"""The most rows that are made equally long; more are on no page together."""

TURN = 20.0
"""The space between captions where links change lanes."""


def place_in_rows(folded: FoldedVolumes, cells: Mapping[str, Cell]) -> Layout:
    """Return the places of volumes in as few rows as the width allows, all about equally long."""
    if not cells:
        return Layout({}, {})
    ranks = rank_volumes(folded)
    grid = Grid(folded, cells, ranks, assign_lanes(folded, ranks))
    rows = _break_rows(grid, WIDEST)
    for share in (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5):
        narrower = _break_rows(grid, WIDEST * share) if 1 < len(rows) <= MOST_BALANCED else rows
        if len(narrower) > len(rows):
            break
        rows = narrower
    seats, arcs, exits = dict[str, Seat](), dict[Link, int](), dict[str, int]()
    turns, bottom = dict[int, float](), 0.0
    for number, row in enumerate(rows):
        top = bottom + ROW_GAP + STEP * (_count_entering(grid, row) - 1) if number else 0.0
        skips = _find_row_skips(grid, row)
        placed, bottom = _seat_row(grid, row, number, top, skips)
        seats |= placed
        for each in skips.values():
            arcs.update(each.arcs)
            exits.update(each.exits)
        xs = {name: seat.x for name, seat in placed.items()}
        turns |= {rank: _find_turn(grid, rank, xs) for rank in row[1:] if rank in grid.turns}
    return Layout(seats, arcs, exits, turns)


def _count_entering(grid: Grid, row: list[int]) -> int:
    """Return the number of values that a row reads from those before it."""
    readers = [name for rank in row for name in grid.by_rank[rank]]
    sources = {source for name in readers for source in grid.folded.before[name]}
    return sum(grid.ranks[source] < row[0] for source in sources)


# Along a row


def _break_rows(grid: Grid, width: float) -> list[list[int]]:
    """Return the ranks of each row; a row ends where the fewest values are read across, in its second half."""
    rows: list[list[int]] = [[]]
    for rank in range(max(grid.ranks.values(), default=0) + 1):
        rows[-1].append(rank)
        if len(rows[-1]) > 1 and _measure_row(grid, rows[-1]) > width:
            row = rows.pop()
            cuts = range(len(row) - 1, len(row) // 2, -1)
            cut = min(cuts, key=lambda at: grid.crossings.get(row[at], 0), default=len(row) - 1)
            rows += [row[:cut], row[cut:]]
    return rows


def _measure_row(grid: Grid, row: Iterable[int]) -> float:
    xs = _find_xs(grid, row)
    return max(x + grid.cells[name].reach_right for name, x in xs.items())


def _find_xs(grid: Grid, row: Iterable[int]) -> dict[str, float]:
    """Return where the front of each volume begins; those of one rank stand one below the other."""
    xs: dict[str, float] = {}
    for rank in row:
        names = grid.by_rank.get(rank, [])
        x = max((_find_least_x(grid, name, xs) for name in names), default=0)
        if rank in grid.turns and xs:
            x = max(x, _find_turn(grid, rank, xs) + TURN / 2 + max(grid.cells[name].reach_left for name in names))
        xs |= dict.fromkeys(names, x)
    return xs


def _find_turn(grid: Grid, rank: int, xs: Mapping[str, float]) -> float:
    """Return where links may change lanes before a rank: behind all that is drawn of the ranks before it."""
    return TURN / 2 + max(x + grid.cells[name].reach_right for name, x in xs.items() if grid.ranks[name] < rank)


def _find_least_x(grid: Grid, name: str, xs: Mapping[str, float]) -> float:
    cell = grid.cells[name]
    least = cell.reach_left
    for other, x in xs.items():
        if other in grid.folded.before[name]:
            least = max(least, x + grid.cells[other].box.width + GAP + cell.left)
        if grid.lanes[other] == grid.lanes[name]:
            least = max(least, x + measure_distance(grid.cells[other], cell))
    return least


# Across a row


def _find_row_skips(grid: Grid, row: list[int]) -> dict[int, Skips]:
    """Return the skips above each lane of a row."""
    inside = dict[int, list[str]]()
    for name in (name for rank in row for name in grid.by_rank[rank]):
        inside.setdefault(grid.lanes[name], []).append(name)
    return {lane: find_skips(grid, names, row[0], row[-1]) for lane, names in inside.items()}


def _seat_row(
    grid: Grid, row: list[int], number: int, top: float, skips: Mapping[int, Skips]
) -> tuple[dict[str, Seat], float]:
    """Return the places of the volumes in a row that begins at a height, and where it ends."""
    xs, seats = _find_xs(grid, row), dict[str, Seat]()
    for lane in sorted({grid.lanes[name] for name in xs}):
        names = [name for name in xs if grid.lanes[name] == lane]
        reach = max(grid.cells[name].height for name in names) / 2
        ceiling = top + measure_headroom(skips[lane].height) + LINE / 2
        centre = ceiling + max(grid.cells[name].rise + grid.cells[name].height / 2 for name in names)
        caption = centre + reach + LINE
        for name in names:
            seats[name] = Seat(xs[name], centre, caption, ceiling, number, lane, grid.ranks[name])
        top = caption + max(grid.cells[name].caption_height for name in names) + LANE_GAP
    first = grid.by_rank[row[0]]
    if len(first) > 1 and all(grid.folded.volumes[name].is_input for name in first):
        seats |= _centre_rest(grid, row, seats)
    return seats, top - LANE_GAP


def _centre_rest(grid: Grid, row: list[int], seats: Mapping[str, Seat]) -> Iterator[tuple[str, Seat]]:
    """Yield the places of volumes behind several branches that begin the row: between these."""
    centres = [seat.centre for seat in seats.values()]
    middle = (min(centres) + max(centres)) / 2
    names = {name for rank in row for name in grid.by_rank[rank]}
    joins = [grid.ranks[name] for name in names for link in grid.incoming.get(name, []) if grid.changes_lane(link)]
    behind = [grid.by_rank[rank] for rank in row if joins and rank >= max(joins)]
    rest = [at[0] for at in behind if all(len(each) == 1 for each in behind)]
    reach = max((grid.cells[name].height for name in rest), default=0) / 2
    for name in rest:
        yield name, replace(seats[name], centre=middle, caption=middle + reach + LINE)
