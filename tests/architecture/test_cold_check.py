"""What a check of a sound spec imports, as its time is mostly that of importing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import is_dataclass
from functools import cache
from importlib import import_module

from paths import ROOT

CODE = """
import json, sys
from specnet.cli import main
assert main(["check", "specs/alexnet.net"]) == 0
print(json.dumps([*sys.modules]))
"""

UNUSED = (
    "specnet.api",
    "specnet.backends",
    "specnet.builder",
    "specnet.fixes",
    "specnet.foreign.",
    "specnet.page",
    "specnet.run_report",
    "specnet.reporters.json",
    "specnet.settings",
    "specnet.syntax.recovery",
    "specnet.validation",
    "asyncio",
    "multiprocessing",
    "networkx",
    "numpy",
    "rich",
    "tomllib",
    "torch",
)
"""The beginnings of the names of modules that are for errors, other commands or other specs."""


@cache
def imported() -> tuple[str, ...]:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, cwd=ROOT)
    return tuple(json.loads(done.stdout.splitlines()[-1]))


def test_a_sound_check_imports_nothing_for_errors_and_other_commands() -> None:
    assert [name for name in imported() if name.startswith(UNUSED)] == []


def test_a_check_imports_the_kinds_of_its_layers_alone() -> None:
    layers = {name.removeprefix("specnet.layers.") for name in imported() if name.startswith("specnet.layers.")}
    assert {name for name in layers if name.partition(".")[0] != "base"} == {"conv", "dropout", "fc", "pool", "relu"}


def test_the_values_of_a_check_share_their_methods() -> None:
    """A frozen dataclass compiles six methods; a record takes a quarter of that time."""
    modules = [import_module(name) for name in imported() if name.startswith("specnet")]
    classes = {item for module in modules for item in vars(module).values() if isinstance(item, type)}
    classes = {each for each in classes if each.__module__.startswith("specnet.")}
    own = [each for each in classes if is_dataclass(each) and {"__eq__", "__setattr__"} <= vars(each).keys()]
    assert [each.__qualname__ for each in own] == []
