"""Suggest the word that an unknown one probably means. Standard library only, so that `specnet --help` stays fast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

SYNONYM_CUTOFF = 0.8
"""The similarity from which a word is taken for a misspelt synonym: difflib's ratio, from 0 to 1."""

CUTOFF = 0.6
"""The similarity from which a word is taken for a misspelt possible word."""

SHORT, SHORT_CUTOFF = 2, 0.75
"""Short words need more: `in` is half of `init`."""

LONGEST = 60
"""Longer words are not compared: the time that this takes grows with the square of their length."""

CERTAIN = 0.75
"""The similarity from which a word is certainly a misspelt one."""

NO_SYNONYMS: Mapping[str, str] = MappingProxyType({})


def find_closest_word(word: str, possible: Iterable[str], synonyms: Mapping[str, str] = NO_SYNONYMS) -> str:
    """Return the possible word that `word` probably means; "" unless one is close.

    `synonyms` maps other names to possible words. Case does not count; an exact match comes before a close one.
    """
    from difflib import get_close_matches

    words = [candidate for candidate in possible if len(candidate) <= LONGEST] if len(word) <= LONGEST else []
    same = next((candidate for candidate in words if candidate.lower() == word.lower()), "")
    if exact := same or synonyms.get(word, ""):
        return exact
    named = {**synonyms, **{each: each for each in words}}
    if misspelt := get_close_matches(word, named, n=1, cutoff=SYNONYM_CUTOFF):
        return named[misspelt[0]]
    similar = get_close_matches(word, words, n=1, cutoff=CUTOFF if len(word) > SHORT else SHORT_CUTOFF)
    similar += _find_single_changes(word, words) if len(word) == SHORT else []
    return similar[0] if len(similar) == 1 else ""


def _find_single_changes(word: str, possible: Iterable[str]) -> list[str]:
    """Return the possible words that differ from a word in a single letter or their order: `bn` for `bt` and `nb`."""
    likely = [other for other in possible if len(other) == len(word)]
    return [other for other in likely if _count_changes(word, other) == 1 or other == word[::-1]]


def _count_changes(word: str, other: str) -> int:
    return sum(letter != changed for letter, changed in zip(word, other, strict=True))


def is_misspelling(word: str, meant: str) -> bool:
    """Whether a word can only be a misspelt `meant`; one that contains it, as `hardtanh` does `tanh`, says more."""
    from difflib import SequenceMatcher

    if meant in word and meant != word:
        return word.replace(meant, "", 1) in (meant[0], meant[-1])  # a letter that is doubled
    return SequenceMatcher(None, word, meant).ratio() >= CERTAIN


def did_you_mean(word: str) -> str:
    """Return "; did you mean `word`?" to end a message with; "" for no word."""
    return f"; did you mean `{word}`?" if word else ""
