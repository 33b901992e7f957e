"""Sets of positive integers that repeat from some number on: n ≡ 3 (mod 32) from 67 on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple


class SizeSet(NamedTuple):
    """The numbers from `start` on whose remainders by `modulus` are `residues`, and the smaller numbers `others`.

    A set without residues is finite.
    """

    start: int
    modulus: int
    residues: tuple[int, ...]
    others: tuple[int, ...] = ()

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        return number % self.modulus in self.residues if number >= self.start else number in self.others

    def list_from(self, first: int) -> Iterator[int]:
        """Yield the members from a number on, the smallest first; endlessly, unless the set is finite."""
        yield from (number for number in self.others if number >= first)
        base = max(first, self.start)
        base -= base % self.modulus
        while self.residues:
            yield from (number for residue in self.residues if (number := base + residue) >= max(first, self.start))
            base += self.modulus

    @property
    def smallest(self) -> int | None:
        """The smallest member; None if there is none."""
        return next(self.list_from(1), None)

    def find_nearest(self, number: int) -> int | None:
        """Return the member nearest to a number, of two the larger; None if there is none."""
        above = next(self.list_from(number), None)
        lowest = max(self.start, number - self.modulus + 1)
        below = next((each for each in range(number, lowest - 1, -1) if each in self), None)
        found = [each for each in (above, below, *self.others) if each is not None]
        return min(found, key=lambda each: (abs(each - number), -each), default=None)


def find_period_start(members: Sequence[bool], period: int) -> int | None:
    """Return the number from which membership repeats; None unless it does so for two periods.

    `members` says of 1, 2, 3, … whether they are members.
    """
    start = max(1, len(members) - period + 1)
    while start > 1 and members[start - 2] == members[start - 2 + period]:
        start -= 1
    return start if start + 2 * period <= len(members) + 1 else None


def make_size_set(members: Sequence[bool], period: int, start: int) -> SizeSet:
    """Return the set of the numbers 1, 2, 3, … that are `members`, which repeat from `start` on.

    The modulus and the start are the smallest that describe it.
    """
    modulus, residues = find_residues(members[start - 1 : start - 1 + period], start)
    while start > 1 and members[start - 2] == ((start - 1) % modulus in residues):
        start -= 1
    return SizeSet(start, modulus, residues, tuple(number for number in range(1, start) if members[number - 1]))


def find_residues(members: Sequence[bool], first: int) -> tuple[int, tuple[int, ...]]:
    """Return the smallest modulus and the remainders of the numbers from `first` on of which a period are `members`."""
    period = len(members)
    is_member = {number % period: holds for number, holds in enumerate(members, first)}
    modulus = next(each for each in range(1, period + 1) if period % each == 0 and _repeats(is_member, each))
    return modulus, tuple(residue for residue in range(modulus) if is_member[residue])


def _repeats(is_member: Mapping[int, bool], modulus: int) -> bool:
    return all(holds == is_member[(residue + modulus) % len(is_member)] for residue, holds in is_member.items())
