"""Rows → text: labels, values, arrows, claims and comments stand in columns within a run of adjacent rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from specnet.syntax.formatter.phrases import ARROW, WIDTH, Cell, Cells, plain
from specnet.syntax.formatter.rows import Row

MARGIN = " " * 4
"""What is between a line and its claim, and before a comment."""

COMMENTS = WIDTH // 3
"""The first column of a comment, at least."""

NEAR = 2
"""Rows of the same word are aligned with each other when they are that close."""

WIDEST = 20
"""A value that is wider pushes no other to the right."""

Chain = tuple[Cells, ...]
Keys = tuple[str, ...]


def aligned(rows: Iterable[Row]) -> str:
    """The text of the rows."""
    return "".join(f"{line}\n" for run in _runs(rows) for line in _run(run))


def _runs(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows that are aligned with each other; one that opens a brace is their last, one that closes it their first."""
    run = list[Row]()
    for row in rows:
        if row.closes or row.is_blank:
            yield run
            run = []
        run.append(row)
        if row.opens or row.is_blank:
            yield run
            run = []
    yield run


def _run(rows: list[Row]) -> Iterator[str]:
    """The lines of a run; a row that is too wide as it is pushes no other."""
    beginnings = _beginnings(rows)
    chains = _together(beginnings, [row.phrases for row in rows])
    lines = [f"{beginning}{chain}" for beginning, chain in zip(beginnings, chains, strict=True)]
    lines = _beside(lines, [row.claim for row in rows])
    return map(str.rstrip, _beside(lines, [row.comment for row in rows], COMMENTS))


def _beginnings(rows: list[Row]) -> list[str]:
    """Indentations and labels; the labels that begin in the same column are made equally wide."""
    widths: dict[int, int] = defaultdict(int)
    for row in rows:
        if row.width <= WIDTH:
            widths[len(row.start)] = max(widths[len(row.start)], len(row.label))
    return [row.start + (row.label and row.label.ljust(widths[len(row.start)])) for row in rows]


def _beside(lines: list[str], notes: list[str], column: int = 0) -> list[str]:
    """The lines with what stands beside them, in a column behind the widest line that has something there."""
    noted = [len(line) + len(MARGIN) for line, note in zip(lines, notes, strict=True) if note and len(line) <= WIDTH]
    column = max([column, *noted])
    return [(line + MARGIN).ljust(column) + note if note else line for line, note in zip(lines, notes, strict=True)]


def _together(beginnings: list[str], chains: list[Chain]) -> list[str]:
    """The chains as text, those that are near each other and begin alike aligned, unless they are too wide then."""
    result = [plain(chain) for chain in chains]
    for begin, members in _near(beginnings, chains):
        texts = _aligned([chains[i] for i in members])
        if begin + max(map(len, texts)) <= WIDTH:
            for i, text in zip(members, texts, strict=True):
                result[i] = text
    return result


def _near(beginnings: list[str], chains: list[Chain]) -> list[tuple[int, list[int]]]:
    """The numbers of chains that begin in one column with one word, with at most one other row between them."""
    groups: list[tuple[int, list[int]]] = []
    latest: dict[tuple[int, str], list[int]] = {}
    for i, (beginning, chain) in enumerate(zip(beginnings, chains, strict=True)):
        if not chain or len(beginning) + len(plain(chain)) > WIDTH:
            continue
        key = len(beginning), chain[0][0].key
        if key not in latest or i - latest[key][-1] > NEAR:
            latest[key] = []
            groups.append((key[0], latest[key]))
        latest[key].append(i)
    return groups


def _aligned(chains: list[Chain]) -> list[str]:
    """Chains whose first words are the same as text: the values of the first phrase and its arrow in columns."""
    firsts = _cells([chain[0] for chain in chains])
    column = max((len(first) for first, chain in zip(firsts, chains, strict=True) if len(chain) > 1), default=0)
    return [
        f"{first.ljust(column)} {ARROW}{plain(chain[1:])}" if len(chain) > 1 else first
        for first, chain in zip(firsts, chains, strict=True)
    ]


def _cells(phrases: list[Cells]) -> list[str]:
    """Phrases as text: a cell is as wide as those in the same place."""
    widths: dict[Keys, int] = defaultdict(int)
    for cells in phrases:
        for place, cell in _places(cells):
            widths[place] = max(widths[place], len(cell.text) if len(cell.text) <= WIDEST else 0)
    return [
        " ".join([*(cell.text.ljust(widths[place]) for place, cell in _places(cells)), cells[-1].text])
        for cells in phrases
    ]


def _places(cells: Cells) -> Iterator[tuple[Keys, Cell]]:
    """Each cell that another one follows, and its place: the keys of those before it, its own and the next one's."""
    keys = tuple(cell.key for cell in cells)
    return ((keys[: j + 2], cell) for j, cell in enumerate(cells[:-1]))
