"""What the spec says where an override says something else: values of `let`, and the shapes of inputs."""

from __future__ import annotations

from typing import Any

from specnet.elaborate.context import Context
from specnet.elaborate.scope import UNSET
from specnet.layers.base import Shape
from specnet.syntax import tree
from specnet.syntax.expressions import EvaluationError, UnknownShape, evaluate


def evaluate_as_written(expression: tree.Expression, context: Context) -> Any:
    """Return the value that an expression has without overrides; UNSET if it has none."""
    look_up, written = context.lookup(None), context.graph.written_values

    def look_up_written(name: tree.Name | tree.Tap) -> Any:
        if not isinstance(name, tree.Name) or name.text not in written:
            return look_up(name)
        if written[name.text] is UNSET:
            raise UnknownShape
        return written[name.text]

    try:
        return evaluate(expression, look_up_written)
    except (EvaluationError, UnknownShape):
        return UNSET


def record_written_input(name: str, size: tree.Expression, shape: Shape | None, context: Context) -> None:
    """Record the shape that the spec gives to an input, if it differs from the one in force."""
    value = evaluate_as_written(size, context)
    written = value if isinstance(value, tuple) else (value,)
    if shape and written != shape and all(isinstance(size, int) for size in written):
        context.graph.written_inputs[name] = written
