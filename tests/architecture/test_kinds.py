"""Everything that is true of a kind of layer is said in its file: no module outside specnet/layers/ names a kind.

A string that is a kind's name is one wherever it stands: compared, looked up, in a set, a table, a `match`, handed to
a function. So are a kind's name within a regular expression, the import of a kind's module, and `getattr` of a field
that only some kinds have.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from paths import ROOT

from specnet.layers import get_layer_class, list_kinds

PACKAGE = ROOT / "specnet"
KINDS = frozenset(list_kinds())
FIELDS = frozenset(field for kind in KINDS if (found := get_layer_class(kind)) for field in found.model_fields)
"""Fields that only some kinds have."""

ALLOWED: dict[str, tuple[frozenset[str], str]] = {
    "foreign/": (KINDS, "tables of other tools' words for layers"),
    "importers/": (KINDS, "operators and layers of other tools, and the layers that they are here"),
    "fixes/translations.py": (frozenset({"map"}), "a quantity of an input"),
    "page/server.py": (frozenset({"token"}), "a key of a request"),
    "run_report/report.py": (frozenset({"attention"}), "a class of a paragraph"),
    "settings/tasks/multilabel.py": (frozenset({"map"}), "a metric, the mean average precision"),
    "training/tasks/multilabel.py": (frozenset({"map"}), "a metric, the mean average precision"),
    "backends/channels_last/operations.py": (frozenset({"pad"}), "an argument of torch's F.pad"),
    "backends/flax_source/calls.py": (
        frozenset({"depth_to_space", "pad", "scale", "space_to_depth", "tanh"}),
        "arguments of torch, and functions that the source embeds",
    ),
    "backends/keras_source/calls.py": (
        frozenset({"relu", "relu6", "selu", "silu", "mish", "sigmoid", "tanh", "hard_sigmoid", "gelu", "scale", "pad"})
        | {"attention", "depth_to_space", "space_to_depth"},
        "Keras's words for activations, arguments, and functions that the source embeds",
    ),
    "backends/diagram/palette.py": (frozenset({"pad"}), "an attribute of Graphviz"),
    "cli/commands.py": (frozenset({"filter"}), "a command"),
    "insight/views/filters.py": (frozenset({"maximum"}), "a key of the view's numbers"),
    "insight/views/occlusion.py": (frozenset({"maximum"}), "a key of the view's numbers"),
    "settings/augment.py": (frozenset({"crop"}), "an augmentation of images"),
    "settings/normalize.py": (frozenset({"scale"}), "a way of normalising images"),
    "training/data/streams/fetching.py": (frozenset({"identity"}), "a way of sending files over HTTP"),
    "weights/arrangement.py": (frozenset({"pool"}), "a word in the names of torch's classes and of layers in files"),
    "training/transforms/normalization.py": (frozenset({"scale"}), "a buffer, and a key of a run's record"),
}
"""Of files, or of a folder, the words that they may have, and why."""


def files() -> list[Path]:
    """All sources but those of the layers."""
    return [file for file in sorted(PACKAGE.rglob("*.py")) if PACKAGE / "layers" not in file.parents]


def names_of_kinds(source: str) -> Iterator[tuple[int, str]]:
    """The kinds and fields of kinds that a source names, with their lines."""
    tree = ast.parse(source)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in prose and text.rpartition(".")[2] in KINDS:
                if text in KINDS or text.startswith("specnet.layers."):
                    yield node.lineno, text.rpartition(".")[2]
            case ast.ImportFrom(module="specnet.layers", names=names):
                yield from ((node.lineno, alias.name) for alias in names if alias.name in KINDS)
            case ast.ImportFrom(module=str(module)):
                yield from _kind_of_module(module, node.lineno)
            case ast.Import(names=names):
                for alias in names:
                    yield from _kind_of_module(alias.name, node.lineno)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re")), args=[ast.Constant(value=str(pattern)), *_]):
                yield from ((node.lineno, word) for word in re.findall(r"\w+", _plain(pattern)) if word in KINDS)
            case ast.Call(func=ast.Name(id="getattr" | "hasattr"), args=[_, ast.Constant(value=str(field)), *_]):
                yield from [(node.lineno, field)] if field in FIELDS - KINDS else []


def _kind_of_module(module: str, line: int) -> Iterator[tuple[int, str]]:
    name = module.removeprefix("specnet.layers.").partition(".")[0]
    if module.startswith("specnet.layers.") and name in KINDS:
        yield line, name


def _plain(pattern: str) -> str:
    """A regular expression without its escapes, so that \\bconv\\b is conv."""
    return re.sub(r"\\[A-Za-z]", " ", pattern)


def test_no_module_outside_layers_names_a_kind() -> None:
    found = []
    for file in files():
        path = file.relative_to(PACKAGE).as_posix()
        allowed = next((words for place, (words, _) in ALLOWED.items() if path.startswith(place)), frozenset[str]())
        for line, word in names_of_kinds(file.read_text(encoding="utf-8")):
            if word not in allowed:
                found.append(f"specnet/{path}:{line}: {word}")
    assert not found, "ask a trait, or let the kind say it:\n" + "\n".join(found)


def test_what_is_allowed_is_there() -> None:
    for path, (words, reason) in ALLOWED.items():
        assert reason
        if words != KINDS:
            assert words <= {word for _, word in names_of_kinds((PACKAGE / path).read_text(encoding="utf-8"))}, path


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ('node.kind == "fc"', "fc"),
        ('node.kind != "fc"', "fc"),
        ('"conv" in kinds', "conv"),
        ('node.kind in ("fc", "flatten")', "flatten"),
        ('LINEAR = frozenset({"conv", "dense"})', "conv"),
        ('MACS = {"conv": 1}', "conv"),
        ('match kind:\n    case "pool" | "other":\n        pass', "pool"),
        ('view.find_windows("pool")', "pool"),
        ('kind.startswith("conv")', "conv"),
        ('getattr(layer, "out_channels", 1)', "out_channels"),
        ('hasattr(layer, "groups")', "groups"),
        ("from specnet.layers.conv import Conv", "conv"),
        ("from specnet.layers import conv", "conv"),
        ("import specnet.layers.conv", "conv"),
        ('import_module("specnet.layers.conv")', "conv"),
        (r're.search(r"\bidentity\b(?!\s+or\b)", text)', "identity"),
    ],
)
def test_a_name_is_found(source: str, word: str) -> None:
    assert word in {found for _, found in names_of_kinds(source)}


@pytest.mark.parametrize(
    "source",
    [
        '"""Docstrings may name conv."""',
        'help = "write `default conv bias=no` above"',
        'getattr(module, "training")',
        "from specnet.layers.base import Layer",
        'Trait.POOLS in layer.traits and "pools"',
    ],
)
def test_prose_is_left_alone(source: str) -> None:
    assert not list(names_of_kinds(source))
