"""tests/ mirrors specnet/: the tests of a room or module stand where its name says."""

from __future__ import annotations

from pathlib import Path

import pytest
from paths import ROOT

TESTS = ROOT / "tests"
PACKAGE = ROOT / "specnet"

NO_ROOM = {
    "architecture": "rules that hold across rooms",
    "end_to_end": "the README's programs, the hooks, the GitHub Action",
    "errors": "broken specs, each beside its expected messages",
    "golden": "expected outputs that several rooms share",
    "property": "random inputs, answered by torch",
    "tools": "the programs in tools/",
    "truth": "reference data beside the checkout",
    "zoo": "the networks in specs/",
}
"""Folders of tests/ that mirror no room, and what they hold."""


def folders(parent: Path) -> set[str]:
    """Return the names of the folders in a folder; those that hold only bytecode are left over from another commit."""
    files = (file.relative_to(parent) for file in parent.rglob("*.*") if file.is_file() and file.suffix != ".pyc")
    return {file.parts[0] for file in files if len(file.parts) > 1}


def rooms(parent: Path) -> set[str]:
    """Return the names of the packages in a package."""
    return {file.parent.name for file in parent.glob("*/__init__.py")}


ROOMS = sorted(rooms(PACKAGE))


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_tests_of_its_own(room: str) -> None:
    assert list((TESTS / room).rglob("test_*.py")), f"specnet/{room} has no tests in tests/{room}"


@pytest.mark.parametrize("room", ROOMS)
def test_the_tests_of_a_room_have_its_inner_rooms(room: str) -> None:
    unknown = folders(TESTS / room) - rooms(PACKAGE / room)
    assert not unknown, f"specnet/{room} has no room of these names"


def test_every_folder_is_a_room_or_has_a_reason() -> None:
    assert folders(TESTS) - set(ROOMS) == set(NO_ROOM)


def test_tests_outside_of_folders_are_those_of_a_module() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    unknown = {path.name for path in TESTS.glob("test_*.py") if path.stem.removeprefix("test_") not in modules}
    assert not unknown, "name a test file for its module of specnet/, or put it into the folder of its room"
