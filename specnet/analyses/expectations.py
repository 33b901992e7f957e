"""`expect parameters 62_378_344`: claims about the whole network."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping

from specnet.analyses.totals import Totals
from specnet.diagnostics import Code, Diagnostic, Label, make_diagnostic
from specnet.elaborate import Expectation

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "!=": operator.ne,
}

QUANTITIES: Mapping[str, Callable[[Totals], int]] = {
    "parameters": lambda totals: totals.parameters,
    "macs": lambda totals: totals.macs,
    "memory": lambda totals: totals.memory,
    "receptive_field": lambda totals: totals.receptive_field,
}

UNITS = {"memory": "bytes of memory", "receptive_field": "pixels of receptive field"}
"""Of quantities that do not count what they are called."""


def unknown_quantities(expectations: Iterable[Expectation]) -> Iterator[Diagnostic]:
    """Expectations of what is not measured."""
    for expectation in expectations:
        if expectation.quantity not in QUANTITIES:
            message = f"`expect` does not know `{expectation.quantity}`; it knows {', '.join(QUANTITIES)}"
            yield make_diagnostic(Code.E102, message, expectation.quantity_span)


def unmet(expectations: Iterable[Expectation], totals: Totals) -> Iterator[Diagnostic]:
    """Expectations that the network does not meet."""
    for expectation in expectations:
        if expectation.quantity not in QUANTITIES:
            continue
        actual = QUANTITIES[expectation.quantity](totals)
        if not COMPARISONS[expectation.comparison](actual, expectation.value):
            yield _unmet(expectation, actual)


def _unmet(expectation: Expectation, actual: int) -> Diagnostic:
    wanted = f"{expectation.value:,}"
    if expectation.comparison != "==":
        wanted = f"{expectation.comparison} {wanted}"
    unit = UNITS.get(expectation.quantity, expectation.quantity)
    message = f"the network has {actual:,} {unit}; expected {wanted}"
    gap = actual - expectation.value
    label = Label(expectation.value_span, f"{abs(gap):,} too {'many' if gap > 0 else 'few'}")
    return make_diagnostic(Code.E402, message, label)
