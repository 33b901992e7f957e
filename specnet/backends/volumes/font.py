"""Widths of text in Helvetica, by which texts are placed before a font is at hand."""

from __future__ import annotations

from unicodedata import combining

from specnet.printable import replace_unprintable

ASCII = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip
"""The advance widths of the printable ASCII characters from the space on, in thousandths of the size."""

OTHERS = {"×": 584, "−": 584, "·": 278, "…": 1000, "–": 556}

BOLD = 1.1
"""How much wider bold text is; more than it is on average, as it is less than it is for narrow letters."""

ELLIPSIS = "…"

LONGEST = 400
"""The largest number of characters of a text of the spec that is looked at."""


def measure_text(text: str, size: float, is_bold: bool = False) -> float:
    """Return the width of one line of text; characters beyond Latin ones count as square."""
    return sum(map(_measure_character, text)) * size / 1000 * (BOLD if is_bold else 1)


def _measure_character(character: str) -> int:
    if " " <= character <= "~":
        return ASCII[ord(character) - ord(" ")]
    if combining(character):
        return 0
    return OTHERS.get(character, 1000 if character > "\u024f" else 722)


def make_printable(text: str) -> str:
    """Replace unprintable characters by spaces, and cut off what nobody would read."""
    return " ".join(replace_unprintable(text[:LONGEST]).split())


def shorten_text(text: str, width: float, size: float, is_bold: bool = False) -> str:
    """Return a text that fits a width, cut in its middle if it must be: its end tells it from others."""
    plain = make_printable(text)
    if measure_text(plain, size, is_bold) <= width:
        return plain
    kept = len(plain) - 1
    while kept > 1 and measure_text(_cut_middle(plain, kept), size, is_bold) > width:
        kept -= 1
    return _cut_middle(plain, kept)


def _cut_middle(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    return f"{text[:head]}{ELLIPSIS}{text[len(text) - (kept - head) :]}"


def wrap_text(text: str, width: float, size: float, most: int = 3) -> list[str]:
    """Return a text as at most `most` lines that fit a width; what is cut off ends in an ellipsis."""
    lines: list[str] = []
    for word in make_printable(text).split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and measure_text(joined, size) <= width:
            lines[-1] = joined
        elif len(lines) == most:
            lines[-1] = shorten_text(f"{lines[-1]} {ELLIPSIS}", width, size)
            break
        else:
            lines.append(shorten_text(word, width, size))
    return lines
