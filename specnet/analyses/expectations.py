"""`expect parameters 62_378_344`: claims about the whole network."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping

from specnet.analyses.cost import Cost
from specnet.diagnostics import Code, Diagnostic, Label, report
from specnet.elaborate.build import Expectation

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "!=": operator.ne,
}

QUANTITIES: Mapping[str, Callable[[Cost], int]] = {
    "parameters": lambda total: total.parameters,
    "macs": lambda total: total.macs,
}


def unknown_quantities(expectations: Iterable[Expectation]) -> Iterator[Diagnostic]:
    """Expectations of what is not measured."""
    for expectation in expectations:
        if expectation.quantity not in QUANTITIES:
            message = f"`expect` does not know `{expectation.quantity}`; it knows {', '.join(QUANTITIES)}"
            yield report(Code.E102, message, expectation.quantity_span)


def unmet(expectations: Iterable[Expectation], total: Cost) -> Iterator[Diagnostic]:
    """Expectations that the network does not meet."""
    for expectation in expectations:
        if expectation.quantity not in QUANTITIES:
            continue
        actual = QUANTITIES[expectation.quantity](total)
        if not COMPARISONS[expectation.comparison](actual, expectation.value):
            yield _unmet(expectation, actual)


def _unmet(expectation: Expectation, actual: int) -> Diagnostic:
    wanted = f"{expectation.value:,}"
    if expectation.comparison != "==":
        wanted = f"{expectation.comparison} {wanted}"
    message = f"the network has {actual:,} {expectation.quantity}; expected {wanted}"
    gap = actual - expectation.value
    label = Label(expectation.value_span, f"{abs(gap):,} too {'many' if gap > 0 else 'few'}")
    return report(Code.E402, message, label)
