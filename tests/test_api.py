"""The public names, and the tree of exceptions."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest

import specnet
from specnet import errors


def test_public_names_are_listed_and_resolved() -> None:
    assert set(specnet.__all__) <= set(dir(specnet))
    assert sorted(specnet.__all__) == sorted(name for names in specnet._MODULES.values() for name in names)
    assert "__version__" in dir(specnet)
    assert specnet.check("input 8x8x1\nconv 4 F=3\n").ok
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        specnet.chekc  # type: ignore[attr-defined]  # noqa: B018 # such a name is what the test is about


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, specnet; print(sorted(name for name in sys.modules if name.startswith('specnet')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['specnet', 'specnet.errors', 'specnet.package']"


@pytest.mark.torch
def test_the_tree_of_exceptions_is_complete() -> None:
    for name in specnet.__all__:
        getattr(specnet, name)

    def names(kind: type[BaseException]) -> list[str]:
        return [kind.__name__, *(name for child in kind.__subclasses__() for name in names(child))]

    tree = inspect.getdoc(errors) or ""
    drawn = re.findall(r"[├└]── (\w+)", tree)
    drawn_below_training = re.findall(r"^ +[├└]── (\w+)", tree, re.MULTILINE)
    assert sorted(names(specnet.SpecNetError)) == sorted(["SpecNetError", *drawn])
    assert sorted(names(specnet.TrainingError)) == sorted(["TrainingError", *drawn_below_training])


def test_a_bad_override_is_an_error_of_specnet() -> None:
    with pytest.raises(specnet.OverrideError, match="has no `let width`"):
        specnet.check("input 8x8x1\nconv 4 F=3\n", {"width": "2"})
