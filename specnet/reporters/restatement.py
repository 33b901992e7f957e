"""Report the claims of the spec as written that are not compared under overrides, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from specnet.analyses.expectations import write_like
from specnet.compiler import Checked
from specnet.elaborate import Expectation
from specnet.elaborate.scope import UNSET
from specnet.layers.base import Shape, format_shape
from specnet.printable import format_amount
from specnet.printer.values import format_value

if TYPE_CHECKING:
    from specnet.analyses.restatement import Restatement


def format_restatement(checked: Checked) -> str:
    """Return a line on what is claimed of the spec as written only; "" if there is nothing."""
    found = checked.restatement
    claims = [format_amount(len(checked.elaborated.restated), "shape")] if checked.elaborated.restated else []
    claims += [_format_expectation(*restated) for restated in found.expectations] if found else []
    if not found or not claims:
        return ""
    here = _join([checked.network.shapes[name] or () for name in found.inputs], _get_values(checked, found))
    there = _join(found.inputs.values(), found.settings)
    return f"note: at {here}, claims of the written {there} are not compared: {'; '.join(claims)}"


def _join(inputs: Iterable[Shape], settings: Mapping[str, Any]) -> str:
    """Return the shapes of inputs, and values of settings: `12×12×3 and width=16`."""
    return " and ".join((*map(format_shape, inputs), *(f"{name}={_format(settings[name])}" for name in settings)))


def _format(value: Any) -> str:
    return "?" if value is UNSET else format_value(value)


def _get_values(checked: Checked, restatement: Restatement) -> dict[str, Any]:
    """Return the values here of the settings that are not as written."""
    return {name: checked.elaborated.variables.get(name, UNSET) for name in restatement.settings}


def _format_expectation(expectation: Expectation, actual: int) -> str:
    """Return an expectation with the quantity as it is: `macs 4,089,184,256, here 8,345,274,368`."""
    write = write_like(expectation)
    sign = "" if expectation.comparison == "==" else f"{expectation.comparison} "
    return f"{expectation.quantity} {sign}{write(expectation.value)}, here {write(actual)}"


def describe_restatement(checked: Checked) -> dict[str, Any] | None:
    """Return the JSON values of what is not compared; None where inputs and settings are the written ones."""
    elaborated, found = checked.elaborated, checked.restatement
    if not found:
        return None
    return {
        "inputs": [{"name": name, "written": list(shape)} for name, shape in found.inputs.items()],
        "settings": [
            {"name": name, "written": _format(found.settings[name]), "value": _format(value)}
            for name, value in _get_values(checked, found).items()
        ],
        "claims": [
            {
                "name": name,
                "line": claim.span.line,
                "written": list(claim.shape),
                "shape": list(checked.network.shapes[name] or ()) or None,
            }
            for name, claim in elaborated.restated.items()
        ],
        "expectations": [
            {
                "line": expectation.value_span.line,
                "quantity": expectation.quantity,
                "comparison": expectation.comparison,
                "written": expectation.value,
                "value": actual,
            }
            for expectation, actual in found.expectations
        ],
    }
