"""Write names of any script in plots: with the installed fonts that have their letters, or else with numbers."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from matplotlib import ft2font, rc_context
from matplotlib.font_manager import FontProperties, fontManager, get_font

IS_SHAPING = hasattr(ft2font, "__libraqm_version__")
"""Whether matplotlib joins letters and writes from right to left where a script does so, as it does from 3.11 on."""

MOST_FONTS = 8
"""The number of fonts that are taken beside the usual one."""

WITHOUT_LETTERS = ("Last Resort", "STIXNon", "STIXSize", "cm")
"""The beginnings of names of matplotlib's fonts that have signs in the places of letters."""

LONGEST_NAME = 28
"""The longest shown name, in characters."""

SHOWN = 3
"""Names in one message."""


@dataclass(frozen=True)
class Fonts:
    """The usual font, further ones by name, and the letters of all."""

    families: tuple[str, ...]
    letters: frozenset[str]

    def can_write(self, text: str) -> bool:
        """Whether the fonts have all letters of a text, and matplotlib can put them together."""
        return set(_compose(text)) <= self.letters and (IS_SHAPING or not _needs_shaping(text))

    @contextmanager
    def use(self) -> Iterator[None]:
        """Draw with these fonts within the context."""
        with rc_context({"font.family": list(self.families)}):
            yield


def choose_fonts(texts: Iterable[str]) -> Fonts:
    """Return the usual font, and the installed ones that have further letters of the texts."""
    wanted = {letter for text in texts for letter in _compose(text)}
    usual = FontProperties()
    families, letters = [*usual.get_family()], wanted & _read_letters(fontManager.findfont(usual))
    for name, path in _list_fonts():
        if letters == wanted or len(families) > MOST_FONTS:
            break
        if more := (wanted - letters) & _read_letters(path):
            families, letters = [*families, name], letters | more
    return Fonts(tuple(families), frozenset(letters))


def _list_fonts() -> list[tuple[str, str]]:
    """Return the names and paths of installed regular fonts of letters."""
    regular = {font.name for font in fontManager.ttflist if font.style == "normal" and font.weight == 400}
    names = sorted(name for name in regular if not name.startswith(WITHOUT_LETTERS))
    return [(name, fontManager.findfont(FontProperties(family=name))) for name in names]


def write_names(
    names: Mapping[int, str], fonts: Fonts, what: str, note: Callable[[str], None], longest: int = LONGEST_NAME
) -> dict[int, str]:
    """Return the labels of names in a plot; where the fonts lack letters, `note` says so and all labels are numbers.

    `what` has these names: "classes".
    """
    if unknown := [name for name in names.values() if not fonts.can_write(name)]:
        shown = ", ".join(unknown[:SHOWN]) + (" …" if len(unknown) > SHOWN else "")
        note(f"in the plot, {what} are numbered from 0 in their order: no font here has the letters of {shown}")
        return {number: str(number) for number in names}
    return {number: shorten_name(name, longest) for number, name in names.items()}


def shorten_name(name: str, longest: int = LONGEST_NAME) -> str:
    """Shorten a name in its middle, as many differ at the end, and escape dollar signs, which would be mathematics."""
    composed = _compose(name)
    end = (longest - 1) // 2
    cut = composed if len(composed) <= longest else f"{composed[: longest - 1 - end]}…{composed[-end:]}"
    return cut.replace("$", r"\$")


def _compose(text: str) -> str:
    """Return a text with as few combining signs as it can be written with, and line ends and the like as `\\n`."""
    letters = unicodedata.normalize("NFC", text)
    return "".join(repr(each)[1:-1] if unicodedata.category(each) == "Cc" else each for each in letters)


def _needs_shaping(text: str) -> bool:
    """Whether a text is written from right to left, or has signs that combine with the letters beside them."""
    return any(
        unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.category(letter) in ("Mn", "Mc")
        for letter in _compose(text)
    )


def _read_letters(path: str) -> set[str]:
    """Return the letters of a font; none of one that cannot be read."""
    try:
        return {chr(code) for code in get_font(path).get_charmap()}
    except (OSError, RuntimeError, ValueError):
        return set()
