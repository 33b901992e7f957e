"""Rows → text: align labels, values, arrows, claims and comments in columns within a run of adjacent rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from specnet.printer.lines import ARROW, WIDTH, Cell, Cells, join_segments
from specnet.printer.rows import TextRow

MARGIN = " " * 4
"""The blanks before a claim and before a comment."""

COMMENT_COLUMN = WIDTH // 3
"""The first column of a comment, at least."""

NEAR = 2
"""Rows with the same first word are aligned with each other if their distance is at most this."""

WIDEST_CELL = 20
"""A wider cell does not widen its column."""

Segments = tuple[Cells, ...]
Keys = tuple[str, ...]


def align_columns(rows: Iterable[TextRow]) -> str:
    """Return the text of the rows."""
    return "".join(f"{line}\n" for run in _split_into_runs(rows) for line in _align_run(run))


def _split_into_runs(rows: Iterable[TextRow]) -> Iterator[list[TextRow]]:
    """Yield rows that are aligned together; a run ends with an opening brace and begins with a closing one."""
    run = list[TextRow]()
    for row in rows:
        if row.closes_brace or row.is_blank:
            yield run
            run = []
        run.append(row)
        if row.opens_brace or row.is_blank:
            yield run
            run = []
    yield run


def _align_run(rows: list[TextRow]) -> Iterator[str]:
    """Yield the lines of a run; a row that is too wide by itself widens no column."""
    beginnings = _align_labels(rows)
    chains = _align_chains(beginnings, [row.segments for row in rows])
    lines = [f"{beginning}{chain}" for beginning, chain in zip(beginnings, chains, strict=True)]
    lines = _append_column(lines, [row.claim for row in rows])
    return map(str.rstrip, _append_column(lines, [row.comment for row in rows], COMMENT_COLUMN))


def _align_labels(rows: list[TextRow]) -> list[str]:
    """Return indentations and labels; labels that begin in the same column have the same width."""
    widths: dict[int, int] = defaultdict(int)
    for row in rows:
        if row.width <= WIDTH:
            widths[len(row.start)] = max(widths[len(row.start)], len(row.label))
    return [row.start + (row.label and row.label.ljust(widths[len(row.start)])) for row in rows]


def _append_column(lines: list[str], notes: list[str], column: int = 0) -> list[str]:
    """Append a note to each line that has one, in a column right of the widest of these lines."""
    noted = [len(line) + len(MARGIN) for line, note in zip(lines, notes, strict=True) if note and len(line) <= WIDTH]
    column = max([column, *noted])
    return [(line + MARGIN).ljust(column) + note if note else line for line, note in zip(lines, notes, strict=True)]


def _align_chains(beginnings: list[str], chains: list[Segments]) -> list[str]:
    """Return the chains as text; near ones with the same first word are aligned unless that makes them too wide."""
    result = [join_segments(chain) for chain in chains]
    for begin, members in _group_near(beginnings, chains):
        texts = _align([chains[i] for i in members])
        if begin + max(map(len, texts)) <= WIDTH:
            for i, text in zip(members, texts, strict=True):
                result[i] = text
    return result


def _group_near(beginnings: list[str], chains: list[Segments]) -> list[tuple[int, list[int]]]:
    """Return groups of chains with the same first word and column, at most one row apart: the column, the indices."""
    groups: list[tuple[int, list[int]]] = []
    latest: dict[tuple[int, str], list[int]] = {}
    for i, (beginning, chain) in enumerate(zip(beginnings, chains, strict=True)):
        if not chain or len(beginning) + len(join_segments(chain)) > WIDTH:
            continue
        key = len(beginning), chain[0][0].key
        if key not in latest or i - latest[key][-1] > NEAR:
            latest[key] = []
            groups.append((key[0], latest[key]))
        latest[key].append(i)
    return groups


def _align(chains: list[Segments]) -> list[str]:
    """Return chains with the same first word as text: the first segment's values and its arrow in columns."""
    firsts = _align_cells([chain[0] for chain in chains])
    column = max((len(first) for first, chain in zip(firsts, chains, strict=True) if len(chain) > 1), default=0)
    return [
        f"{first.ljust(column)} {ARROW}{join_segments(chain[1:])}" if len(chain) > 1 else first
        for first, chain in zip(firsts, chains, strict=True)
    ]


def _align_cells(segments: list[Cells]) -> list[str]:
    """Return segments as text, each cell as wide as the others in its place.

    Within braces, only those of rows without another between them count, as what is there is hardly a table.
    """
    widths: dict[tuple[Keys, int], int] = defaultdict(int)
    runs = _number_runs(segments)
    for cells, run in zip(segments, runs, strict=True):
        for place, cell in _places(cells):
            column = place, run[place]
            widths[column] = max(widths[column], len(cell.text) if len(cell.text) <= WIDEST_CELL else 0)
    return [
        " ".join([*(cell.text.ljust(widths[place, run[place]]) for place, cell in _places(cells)), cells[-1].text])
        for cells, run in zip(segments, runs, strict=True)
    ]


def _number_runs(segments: list[Cells]) -> list[dict[Keys, int]]:
    """Return for each segment the runs of segments that its places belong to; outside braces, all are one run."""
    runs = list[dict[Keys, int]]()
    for number, cells in enumerate(segments):
        before = runs[-1] if runs else {}
        runs.append({place: before.get(place, number) if "{" in place else 0 for place, _ in _places(cells)})
    return runs


def _places(cells: Cells) -> Iterator[tuple[Keys, Cell]]:
    """Yield each cell but the last with its place: the keys of the cells before it, its own and the next one's."""
    keys = tuple(cell.key for cell in cells)
    return ((keys[: j + 2], cell) for j, cell in enumerate(cells[:-1]))
