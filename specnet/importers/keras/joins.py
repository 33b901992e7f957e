"""Layers that join several values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.importers.imported import Fate
from specnet.importers.keras.meanings import Handler, Meaning, NoMeaning, Situation, format_number
from specnet.importers.keras.steps import Step, Value


def make_join(kind: str) -> Handler:
    """Return what joins values element by element."""

    def join(step: Step, situation: Situation) -> Meaning:
        return join_values(kind, list_operands(step))

    return join


def list_operands(step: Step) -> tuple[Value, ...]:
    """Return the values that a call reads, one of them perhaps twice."""
    found = list[Value]()
    waiting: list[object] = [step.arguments, *step.keywords.values()]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, Value):
            found.append(value)
        elif isinstance(value, tuple):
            waiting[:0] = value
    return tuple(found)


def join_values(kind: str, values: Sequence[Value]) -> Meaning:
    """Return a join, or nothing for a single value."""
    if len(values) < 2:
        return Meaning("", "it joins a single value") if values else _refuse_nothing()
    if len(set(values)) < len(values):
        return _join_with_itself(kind, values)
    return Meaning(kind, reads=tuple(values))


def _join_with_itself(kind: str, values: Sequence[Value]) -> Meaning:
    """Return x + x as 2·x; raises NoMeaning for others, as a join reads different values."""
    if kind == "add" and len(set(values)) == 1:
        return Meaning(f"times by={len(values)}", "a value is added to itself", Fate.EQUAL, tuple(values[:1]))
    raise NoMeaning("it joins a value with itself")


def _refuse_nothing() -> Meaning:
    raise NoMeaning("it reads nothing")


def average(step: Step, situation: Situation) -> Meaning:
    """Return the sum of values divided by their number."""
    values = list_operands(step)
    found = join_values("add", values)
    if len(values) < 2:
        return found
    return Meaning(
        f"{found.layers} -> times by=1/{len(values)}", "an average is a sum and a factor", Fate.EQUAL, found.reads
    )


def concatenate(step: Step, situation: Situation) -> Meaning:
    axis = step.layer.config.get("axis", step.layer.config.get("concat_axis", -1))
    return concatenate_along(axis, list_operands(step), situation)


def concatenate_along(axis: object, values: Sequence[Value], situation: Situation) -> Meaning:
    """Return a concat along an axis as Keras numbers it."""
    letter = situation.layout.name_axis(axis, len(situation.shape(values[0]))) if values else "C"
    if not letter:
        raise NoMeaning(f"it joins along axis {axis!r}")
    return join_values("concat" if letter == "C" else f"concat axis={letter}", values)


def add_scaled(step: Step, situation: Situation) -> Meaning:
    """Translate InceptionResNetV2's own layer, x + scale·y."""
    values, scale = list_operands(step), step.layer.config.get("scale")
    if len(values) != 2 or values[0] == values[1] or not isinstance(scale, int | float):
        raise NoMeaning("it joins something else than two values")
    factor = f"times by={format_number(scale)}"
    return Meaning("add", "its factor is a layer of its own", Fate.EQUAL, values, (values[1], factor))


MODES = {"sum": "add", "mul": "mul", "max": "maximum"}


def merge(step: Step, situation: Situation) -> Meaning:
    """Translate Keras 1's Merge, which has a mode."""
    mode = step.layer.config.get("mode", "sum")
    if mode == "concat":
        return concatenate(step, situation)
    if mode == "ave":
        return average(step, situation)
    if mode not in MODES:
        raise NoMeaning(f"its mode {mode!r} has no counterpart here"[:80])
    return join_values(MODES[str(mode)], list_operands(step))


HANDLERS: Mapping[str, Handler] = {
    "Add": make_join("add"),
    "Average": average,
    "Concatenate": concatenate,
    "CustomScaleLayer": add_scaled,
    "Maximum": make_join("maximum"),
    "Merge": merge,
    "Multiply": make_join("mul"),
    "Subtract": make_join("sub"),
}
