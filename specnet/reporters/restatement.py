"""Report the claims of the written inputs that are not compared at other ones, as text and as JSON."""

from __future__ import annotations

from typing import Any

from specnet.analyses.expectations import write_like
from specnet.compiler import Checked
from specnet.elaborate import Expectation
from specnet.layers.base import format_shape
from specnet.printable import format_amount


def format_restatement(checked: Checked) -> str:
    """Return a line on what the spec claims of its written inputs only; "" if there is nothing."""
    claims = [format_amount(len(checked.elaborated.restated), "shape")] if checked.elaborated.restated else []
    claims += [_format_expectation(*restated) for restated in checked.restated]
    if not claims:
        return ""
    written = checked.elaborated.written_inputs
    here = " and ".join(format_shape(checked.network.shapes[name] or ()) for name in written)
    there = " and ".join(map(format_shape, written.values()))
    return f"note: at {here}, claims of the written {there} are not compared: {'; '.join(claims)}"


def _format_expectation(expectation: Expectation, actual: int) -> str:
    """Return an expectation with the quantity as it is: `macs 4,089,184,256, here 8,345,274,368`."""
    write = write_like(expectation)
    sign = "" if expectation.comparison == "==" else f"{expectation.comparison} "
    return f"{expectation.quantity} {sign}{write(expectation.value)}, here {write(actual)}"


def describe_restatement(checked: Checked) -> dict[str, Any] | None:
    """Return the JSON values of what is not compared; None where all inputs are the written ones."""
    elaborated = checked.elaborated
    if not elaborated.written_inputs:
        return None
    return {
        "inputs": [{"name": name, "written": list(shape)} for name, shape in elaborated.written_inputs.items()],
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
            for expectation, actual in checked.restated
        ],
    }
