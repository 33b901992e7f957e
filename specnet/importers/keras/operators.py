"""Functions that a model calls between layers: operations of Keras 3, and those of TensorFlow in Keras 2."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from specnet.foreign.keras_layers import ACTIVATIONS
from specnet.importers.imported import Fate
from specnet.importers.keras.configs import KerasLayer
from specnet.importers.keras.joins import concatenate_along, join_values, list_operands
from specnet.importers.keras.meanings import Meaning, NoMeaning, Situation, format_number, freeze_scale, read_one
from specnet.importers.keras.steps import Step, Value

JOINS = {
    "add": "add", "addv2": "add", "multiply": "mul", "mul": "mul", "subtract": "sub", "sub": "sub",
    "maximum": "maximum",
}  # fmt: skip
"""Functions of two values, by their names in small letters."""

DIVISIONS = frozenset({"truediv", "realdiv", "divide", "true_divide", "truedivide"})
MEANS = frozenset({"mean", "reduce_mean"})
SLICES = frozenset({"getitem", "slice", "__getitem__", "slicingoplambda"})
CONCATS = frozenset({"concat", "concatenate", "concatv2"})
GATE = "x + 3, cut to 0..6, times 1/6 is hard_sigmoid"
NAMES: Mapping[str, str] = {**ACTIVATIONS, "hard_silu": "hard_swish", "softmax": "softmax", "sigmoid": "sigmoid"}


def is_operator(layer: KerasLayer) -> bool:
    """Whether a layer is a function, and no layer of Keras."""
    return ".ops." in layer.module or layer.cls in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")


def name_function(layer: KerasLayer) -> str:
    """Return the function's own name in small letters: `add` for `math.add`, `__operators__.add` and Add."""
    if layer.cls == "TensorFlowOpLayer":
        node = layer.config.get("node_def")
        try:
            node = json.loads(node) if isinstance(node, str) else node
        except (ValueError, RecursionError):
            node = None
        name = node.get("op", "") if isinstance(node, dict) else ""
    else:
        name = layer.config.get("function") if layer.cls in ("TFOpLambda", "SlicingOpLambda") else layer.cls
    own = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", str(name).rpartition(".")[2]).lower()
    return own.strip("_") if own.startswith("__") else own


def read_constants(step: Step) -> list[float]:
    """Return the numbers among the arguments of a function."""
    constants = step.layer.config.get("constants")
    own = list(constants.values()) if isinstance(constants, dict) else []
    given = [*step.arguments, *(step.keywords.get(name) for name in ("x1", "x2", "x", "y")), *own]
    return [float(each) for each in given if isinstance(each, int | float) and not isinstance(each, bool)]


def translate_operator(step: Step, situation: Situation) -> Meaning:
    """Return what a function means; raises NoMeaning where nothing here does the same."""
    name = name_function(step.layer)
    plain = name.replace("_", "")
    values = list_operands(step)
    if name in JOINS and len(values) > 1:
        return join_values(JOINS[name], values)
    if name in JOINS or plain in DIVISIONS:
        return _apply_constant(name if name in JOINS else "divide", step, situation)
    if plain in CONCATS:
        return concatenate_along(step.keywords.get("axis", step.layer.config.get("axis", -1)), values, situation)
    if plain in MEANS or name in MEANS:
        return _average(step, situation)
    if plain in SLICES:
        return _slice(step, situation)
    if plain in ("identity", "copy", "stopgradient"):
        read_one(step)
        return Meaning("", "it returns its input")
    for each in (name, plain):
        if each in NAMES:
            return _activate(each, step, situation)
    raise NoMeaning(f"the function `{name}` has no counterpart here")


def _apply_constant(name: str, step: Step, situation: Situation) -> Meaning:
    """Return x·c and x/c as a factor, and x + c as a factor of 1 with a summand that is not learned."""
    value = read_one(step)
    kind, (factor, summand) = JOINS.get(name, name), read_line(step)
    if value in situation.gates and kind in ("mul", "divide"):
        return Meaning("hard_sigmoid", GATE, Fate.EQUAL)
    if kind in ("mul", "divide"):
        return Meaning(f"times by={format_number(factor)}")
    if (factor, summand) == (1, 0):
        return Meaning("", "it adds 0")
    if (factor, summand) == (1, 3) and _is_hard_sigmoid(step, situation):
        situation.gates.add(step.output)
        return Meaning("", GATE, Fate.EQUAL)
    return freeze_scale(situation, f" init={format_number(factor)}" if factor != 1 else "")


def read_line(step: Step) -> tuple[float, float]:
    """Return the factor and the summand of a function of a value and a number; raises NoMeaning for others."""
    name = name_function(step.layer)
    kind, constants = JOINS.get(name, "divide"), read_constants(step)
    if len(constants) != 1 or kind == "maximum":
        raise NoMeaning("its second operand is no number")
    (number,) = constants
    is_first = bool(step.arguments) and not isinstance(step.arguments[0], Value)
    if kind == "divide" and (is_first or not number):
        raise NoMeaning("it divides a number")
    if kind in ("mul", "divide"):
        return (number if kind == "mul" else 1 / number), 0.0
    return (1.0, number) if kind == "add" else (-1.0, number) if is_first else (1.0, -number)


def _is_hard_sigmoid(step: Step, situation: Situation) -> bool:
    """Whether x + 3 is cut to 0..6 and divided by 6, with nothing else that reads the values between."""
    cut = situation.find_only_reader(step.output)
    divided = situation.find_only_reader(cut.output) if cut else None
    if not cut or not divided or not is_operator(divided.layer):
        return False
    is_six = cut.layer.cls == "ReLU" and cut.layer.config.get("max_value") == 6
    if not (is_six or (is_operator(cut.layer) and name_function(cut.layer).replace("_", "") == "relu6")):
        return False
    try:
        factor, summand = read_line(divided)
    except NoMeaning:
        return False
    return abs(factor - 1 / 6) < 1e-6 and not summand


def _activate(name: str, step: Step, situation: Situation) -> Meaning:
    if read_one(step) in situation.gates:
        situation.gates.add(step.output)
        return Meaning("", GATE, Fate.EQUAL)
    words = NAMES[name]
    if words == "gelu" and (step.keywords.get("approximate") or step.layer.config.get("approximate")):
        words = "gelu approximate=tanh"
    return Meaning(words) if words else Meaning("", "it returns its input")


def _average(step: Step, situation: Situation) -> Meaning:
    """Return a mean over the positions of a map or a sequence as a global pool."""
    shape = situation.shape(read_one(step))
    given = step.keywords.get("axis", step.layer.config.get("axis"))
    axes = given if isinstance(given, tuple | list) else (given,)
    letters = {situation.layout.name_axis(axis, len(shape)) for axis in axes}
    keeps = bool(step.keywords.get("keepdims", step.layer.config.get("keepdims")))
    if letters != {"H", "W"} and letters != {"L"}:
        raise NoMeaning(f"it averages over the axes {axes!r}"[:80])
    if letters == {"L"}:
        return Meaning("pool avg global") if not keeps else _refuse_sequence()
    return Meaning("pool avg global" if keeps else "pool avg global -> flatten")


def _refuse_sequence() -> Meaning:
    raise NoMeaning("it gives a sequence of one token")


def _slice(step: Step, situation: Situation) -> Meaning:
    """Return a part of the channels, rows or columns; raises NoMeaning for steps and single places."""
    shape = situation.shape(read_one(step))
    keys = step.arguments[1] if len(step.arguments) > 1 else step.keywords.get("key", step.keywords.get("slice_spec"))
    parts = [_read_slice(each) for each in _fill_ellipsis(keys if isinstance(keys, tuple) else (keys,), len(shape))]
    letters = situation.layout.letters(len(shape))
    chain = list[str]()
    for letter, part in zip(letters, parts[1:], strict=False):
        size = dict(zip(LETTERS[len(shape)], shape, strict=True))[letter]
        low, high, _ = part.indices(size)
        if part.step not in (None, 1) or low >= high:
            raise NoMeaning("it takes places with a step between them")
        if (low, high) != (0, size):
            chain.append(f"slice {low}..{high}" + (f" axis={letter}" if letter != "C" else ""))
    if len(parts) > len(letters) + 1 or parts[0] != slice(None):
        raise NoMeaning("its places have no counterpart here")
    return Meaning(" -> ".join(chain), "" if chain else "it takes everything")


LETTERS = {1: "C", 2: "LC", 3: "HWC"}


def _fill_ellipsis(keys: tuple[Any, ...], rank: int) -> tuple[Any, ...]:
    """Return slices for all axes and the batch, where `...` stands for some of them."""
    for place, key in enumerate(keys):
        if isinstance(key, dict) and key.get("class_name") == "__ellipsis__":
            whole = (slice(None),) * max(rank + 2 - len(keys), 0)
            return (*keys[:place], *whole, *keys[place + 1 :])
    return keys


def _read_slice(value: Any) -> slice:
    """Return a slice as Keras 2 or 3 writes it; raises NoMeaning for a single place."""
    if isinstance(value, slice):
        return value
    if isinstance(value, dict) and {"start", "stop"} <= value.keys():
        bounds = [each if each is None or type(each) is int else None for each in
                  (value["start"], value["stop"], value.get("step"))]  # fmt: skip
        return slice(*bounds)
    raise NoMeaning("it takes a single place")
