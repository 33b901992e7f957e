"""Layers of plugins: what a class must have to be one, and the check of what it returns for each input.

A registered layer's `output` also asks for everything else that the layer says of these inputs, so that a mistake in it
is an error of the spec at the layer's line, and nothing further on meets it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from functools import wraps
from typing import Any

from specnet.attributes import LARGEST
from specnet.diagnostics import Code
from specnet.errors import PluginError
from specnet.layers.base.layer import Layer, TorchCall
from specnet.layers.base.shapes import LayerError, Shape, Shapes, check_bounds
from specnet.layers.base.traits import Family, Kept
from specnet.package import list_modules
from specnet.plugin_loading.importing import explain_failure, find_home
from specnet.registry import Registry, build_fields, find_place, require_members

STATEMENTS = frozenset({"net", "input", "default", "round", "use", "same", "head", "train"})
"""The words that begin a line of their own."""

KEYWORDS = frozenset({"let", "block", "expect", "repeat", "for", "if", "else", "in", "or", "and", "not"})
"""The words of the grammar."""


def _find_taken(word: str) -> str:
    if word in list_modules("specnet.layers"):
        return "a layer of SpecNet"
    return "a word of the language" if word in STATEMENTS | KEYWORDS else ""


def _complete(cls: type[Layer], word: str) -> None:
    """Check that a class has what every layer has, give it its word, and guard its `output`; raises PluginError."""
    needed = ["output", "torch", *(["module"] if "module" in cls.__class_vars__ else [])]
    require_members(cls, [Layer], needed, f"the layer `{word}`")
    if not isinstance(getattr(cls, "family", None), Family):
        choices = ", ".join(f"Family.{family.name}" for family in Family)
        raise PluginError(f"{find_place(cls)}: the layer `{word}` has no `family`, which is one of {choices}")
    build_fields(cls, word)
    cls.own_kind = word
    cls.output = _guard(cls.output)  # type: ignore[method-assign, assignment]


LAYERS = Registry("layer", Layer, _find_taken, _complete)


# What a layer returns


def _guard(output: Callable[[Any, Shapes], Shape]) -> Callable[[Any, Shapes], Shape]:
    """Return a method that checks everything that a layer says of its inputs; it raises LayerError alone."""

    @wraps(output)
    def compute(layer: Layer, inputs: Shapes) -> Shape:
        with redirect_stdout(sys.stderr):  # what a layer prints is no result
            shape = _require_shape(layer, _call("output", lambda: output(layer, inputs), layer))
            for name, (is_valid, meaning) in ANSWERS.items():
                answer = _call(name, lambda name=name: getattr(layer, name)(inputs), layer)  # type: ignore[misc]
                if not is_valid(answer):
                    raise _refuse(layer, name, answer, meaning)
        return shape

    return compute


def _call(name: str, compute: Callable[[], Any], layer: Layer) -> Any:
    try:
        return compute()
    except LayerError:
        raise
    except PluginError as error:
        raise LayerError(Code.E308, f"cannot be computed: {error}") from None
    except (Exception, SystemExit) as error:
        what = f"cannot be computed: its `{name}`"
        raise LayerError(Code.E308, explain_failure(error, what, [find_home(type(layer))])) from None


def _require_shape(layer: Layer, shape: Any) -> Shape:
    if isinstance(shape, tuple) and len(shape) in (1, 3) and all(map(_is_size, shape)):
        return check_bounds(tuple(map(int, shape)))
    raise _refuse(
        layer, "output", shape, f"(height, width, channels) or (length,), whole numbers from 1 to {LARGEST:,}"
    )


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _are_tensors(value: Any) -> bool:
    shapes = value.values() if isinstance(value, Mapping) else ["no mapping"]
    return all(isinstance(shape, tuple) and all(map(_is_size, shape)) for shape in shapes)


def _are_calls(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(call, TorchCall) for call in value)


def _is_count(value: Any) -> bool:
    return value is None or value == 0 or _is_size(value)


ANSWERS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "parameters": (_are_tensors, 'shapes by name, such as {"weight": (64, 3, 3, 3)}'),
    "buffers": (_are_tensors, 'shapes by name, such as {"running_mean": (64,)}'),
    "macs": (_is_count, "a whole number from 0, or None where it is unknown"),
    "torch": (_are_calls, "a tuple of TorchCall"),
    "receptive_field": (lambda value: value is None or isinstance(value, tuple), "a tuple, a reading of each input"),
    "kept": (lambda value: value is None or isinstance(value, Kept), "a Kept, or None where it is unknown"),
    "notes": (lambda value: isinstance(value, tuple), "a tuple of LayerNote"),
}
"""What a layer says of its inputs: whether an answer is valid, and what it should be."""


def _refuse(layer: Layer, name: str, answer: Any, meaning: str) -> LayerError:
    shown = repr(answer)
    cut = f"{shown[:60]} …" if len(shown) > 60 else shown
    fact = f"cannot be computed: its `{name}` returns {cut}, and not {meaning}"
    return LayerError(Code.E308, fact, notes=(f"its class is at {find_place(type(layer))}",))
