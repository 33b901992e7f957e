"""What the layer of a plugin returns for its inputs: whether each answer is what the rest of SpecNet can read."""

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
from specnet.layers.base.shapes import LayerError, LayerNote, Shape, Shapes, check_bounds
from specnet.layers.base.traits import Elements, Kept, Reach, Trait, Workload
from specnet.plugin_loading.importing import explain_failure, find_home
from specnet.registry import find_place

LIBRARIES = ("nn", "F", "torch", "modules")
"""The first parts of the targets of a `TorchCall` that are no import path."""

Compute = Callable[[Any, Shapes], Shape]
"""A method `output`."""


def guard_output(output: Compute) -> Compute:
    """Return a method that checks everything that a layer says of its inputs; it raises LayerError alone."""

    @wraps(output)
    def compute(layer: Layer, inputs: Shapes) -> Shape:
        with redirect_stdout(sys.stderr):  # what a layer prints is no result
            shape = _require_shape(layer, _call("output", lambda: output(layer, inputs), layer))
            answers = {name: _require_answer(layer, name, inputs) for name in ANSWERS}
        for name in ("receptive_field", "passes_gradient"):
            if answers[name] is not None and len(answers[name]) != len(inputs):
                raise _refuse(layer, name, answers[name], f"one for each of {len(inputs)} inputs")
        kept = answers["kept"]
        if kept and any(position >= len(inputs) for each in (kept, kept.on_cpu) if each for position in each.inputs):
            raise _refuse(layer, "kept", kept, f"positions among {len(inputs)} inputs, from 0")
        _require_one_module(layer, answers["torch"])
        return shape

    return compute


def _require_answer(layer: Layer, name: str, inputs: Shapes) -> Any:
    answer = _call(name, lambda: _ask(layer, name, inputs), layer)
    is_valid, meaning = ANSWERS[name]
    if not is_valid(answer):
        raise _refuse(layer, name, answer, meaning)
    return answer


def _ask(layer: Layer, name: str, inputs: Shapes) -> Any:
    """Return the value of a property, or what a method returns."""
    member = getattr(layer, name)
    if not callable(member):
        return member
    return member() if name == "notation" else member(inputs)


def _call(name: str, compute: Callable[[], Any], layer: Layer) -> Any:
    try:
        return compute()
    except (LayerError, KeyboardInterrupt):
        raise
    except PluginError as error:
        raise LayerError(Code.E308, f"cannot be computed: {error}") from None
    except BaseException as error:
        what = f"cannot be computed: its `{name}`"
        raise LayerError(Code.E308, explain_failure(error, what, [find_home(type(layer))])) from None


def _require_shape(layer: Layer, shape: Any) -> Shape:
    if isinstance(shape, tuple) and 1 <= len(shape) <= 3 and all(map(_is_size, shape)):
        return check_bounds(tuple(map(int, shape)))
    meaning = f"(height, width, channels), (length, channels) or (length,), whole numbers from 1 to {LARGEST:,}"
    raise _refuse(layer, "output", shape, meaning)


def _require_one_module(layer: Layer, calls: tuple[TorchCall, ...]) -> None:
    """Refuse several modules, which would take each other's place, as each has the name of the layer."""
    modules = [call.target for call in calls if call.is_module]
    if len(modules) > 1:
        advice = "call functions, such as `F.relu`, or write a module that holds them"
        fact = f"cannot be computed: its `torch` returns the modules {' and '.join(modules)}, and a layer has one"
        raise LayerError(Code.E308, f"{fact}: {advice}", notes=(_tell_place(layer),))


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_amount(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are(is_valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and all(map(is_valid, value))


def _are_two(is_valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, tuple) and len(value) == 2 and all(map(is_valid, value))


def _are_tensors(value: Any) -> bool:
    shapes = value.items() if isinstance(value, Mapping) else [("no mapping", None)]
    return all(_is_text(name) and _are(_is_size)(shape) for name, shape in shapes)


def _is_call(value: Any) -> bool:
    """Whether a value is a TorchCall of an import path or of a library whose names are torch's."""
    if not isinstance(value, TorchCall) or not isinstance(value.target, str):
        return False
    library, dot, name = value.target.partition(".")
    return ":" in value.target or (library in LIBRARIES and bool(dot and name))


def _is_reach(value: Any) -> bool:
    return isinstance(value, Reach)


def _is_reading(value: Any) -> bool:
    return isinstance(value, Elements) or _are_two(_is_reach)(value)


def _is_kept(value: Any) -> bool:
    if not isinstance(value, Kept):
        return False
    inputs, output, *amounts, on_cpu = value
    is_fine = _are(_is_amount)(inputs) and _is_flag(output) and all(map(_is_amount, amounts))
    return is_fine and _or_none(_is_kept)(on_cpu)


def _or_none(is_valid: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or is_valid(value)


AMOUNT = "a whole number from 0"

ANSWERS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "parameters": (_are_tensors, 'shapes by name, such as {"weight": (64, 3, 3, 3)}'),
    "buffers": (_are_tensors, 'shapes by name, such as {"running_mean": (64,)}'),
    "macs": (_or_none(_is_amount), f"{AMOUNT}, or None where it is unknown"),
    "torch": (
        lambda value: bool(value) and _are(_is_call)(value),
        "a tuple of TorchCall, each of a target such as `nn.Linear`, `F.relu`, `torch.sin` or `mypkg.modules:Swish`",
    ),
    "receptive_field": (
        _or_none(_are(_is_reading)),
        "a tuple with a reading of each input, such as (Reach(-1, 1), Reach(-1, 1)) or Elements.ALL",
    ),
    "kept": (_or_none(_is_kept), "a Kept of input positions and whole numbers, or None where it is unknown"),
    "notes": (_are(lambda value: isinstance(value, LayerNote)), "a tuple of LayerNote"),
    "rounds": (_are_two(_is_flag), "two of True and False, for height and width"),
    "formula": (_is_text, "a text"),
    "notation": (_is_text, "a text"),
    "scratch": (_is_amount, AMOUNT),
    "backward_scratch": (_is_amount, AMOUNT),
    "operations": (_is_amount, AMOUNT),
    "passes_gradient": (_are(_is_flag), "a tuple of True and False, one of each input"),
    "slides": (_is_flag, "True or False"),
    "period": (_are_two(_is_size), "two whole numbers from 1"),
    "traits": (
        lambda value: isinstance(value, frozenset) and all(isinstance(each, Trait) for each in value),
        "a frozenset of Trait",
    ),
    "workload": (lambda value: isinstance(value, Workload), "a Workload"),
    "batch_weight": (
        _or_none(lambda value: isinstance(value, int | float) and 0 <= value <= 1),
        "a number from 0 to 1, or None",
    ),
}
"""What a layer says of its inputs: whether an answer is valid, and what it should be."""


def _refuse(layer: Layer, name: str, answer: Any, meaning: str) -> LayerError:
    shown = repr(answer)
    cut = f"{shown[:60]} …" if len(shown) > 60 else shown
    fact = f"cannot be computed: its `{name}` returns {cut}, and not {meaning}"
    return LayerError(Code.E308, fact, notes=(_tell_place(layer),))


def _tell_place(layer: Layer) -> str:
    return f"its class is at {find_place(type(layer))}"
