"""The digests of the zoo, by which runs and checkpoints know their networks, change with the networks alone."""

from __future__ import annotations

from collections.abc import Callable

from paths import SPECS

from specnet import check


def test_digests_are_those_of_the_past(golden: Callable[[str, str], None]) -> None:
    """A line may be added, with a new spec; one that changes makes the runs of its users unknown."""
    files = sorted(SPECS.rglob("*.net"))
    golden("digests.txt", "".join(f"{check(file).digest} {file.relative_to(SPECS).as_posix()}\n" for file in files))
