"""`expect parameters 62_378_344`: claims about the whole network."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping

from specnet.analyses.cost import Totals
from specnet.diagnostics import Code, Diagnostic, Label, make_diagnostic
from specnet.elaborate import Elaborated, Expectation

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "!=": operator.ne,
}

QUANTITIES: Mapping[str, Callable[[Totals], int | None]] = {
    "parameters": lambda totals: totals.parameters,
    "macs": lambda totals: totals.macs,
    "memory": lambda totals: totals.memory,
    "receptive_field": lambda totals: totals.receptive_field,
}

UNITS = {"memory": "bytes of memory", "receptive_field": "pixels of receptive field"}
"""The units of quantities whose names are not units."""

UNKNOWN = {
    "macs": ("MACs of the network are", "how many it takes"),
    "memory": ("memory of the network is", "how its output is stored"),
    "receptive_field": ("receptive field of the network is", "which pixels each position reads"),
}
"""Phrases for the message about an unknown quantity: the quantity, and the fact that a layer does not declare."""


def find_unknown_quantities(expectations: Iterable[Expectation]) -> Iterator[Diagnostic]:
    """Report expectations of quantities that do not exist."""
    for expectation in expectations:
        if expectation.quantity not in QUANTITIES:
            message = f"`expect` does not know `{expectation.quantity}`; it knows {', '.join(QUANTITIES)}"
            yield make_diagnostic(Code.E102, message, expectation.quantity_span)


def check_expectations(elaborated: Elaborated, totals: Totals) -> Iterator[Diagnostic]:
    """Report the expectations that the network does not meet, and those that depend on an unknown quantity."""
    for expectation in elaborated.expectations:
        if expectation.quantity not in QUANTITIES:
            continue
        actual = QUANTITIES[expectation.quantity](totals)
        if actual is None:
            yield _report_unknown(expectation, elaborated, totals)
        elif not COMPARISONS[expectation.comparison](actual, expectation.value):
            yield _report_unmet(expectation, actual, _explain_gap(expectation, elaborated, actual))


def _report_unknown(expectation: Expectation, elaborated: Elaborated, totals: Totals) -> Diagnostic:
    layer = totals.unknown_layer(expectation.quantity)
    quantity, missing = UNKNOWN[expectation.quantity]
    place = elaborated.places[layer]
    label = Label(place.word, f"does not say {missing}", primary=False)
    message = f"the {quantity} unknown: `{layer}` does not say {missing}"
    return make_diagnostic(Code.E402, message, expectation.value_span, label)


def _report_unmet(expectation: Expectation, actual: int, notes: Iterable[str]) -> Diagnostic:
    wanted = f"{expectation.value:,}"
    if expectation.comparison != "==":
        wanted = f"{expectation.comparison} {wanted}"
    unit = UNITS.get(expectation.quantity, expectation.quantity)
    message = f"the network has {actual:,} {unit}; expected {wanted}"
    gap = actual - expectation.value
    label = Label(expectation.value_span, f"{abs(gap):,} too {'many' if gap > 0 else 'few'}")
    return make_diagnostic(Code.E402, message, label, notes=notes)


def _explain_gap(expectation: Expectation, elaborated: Elaborated, actual: int) -> Iterator[str]:
    """Yield the other ways of counting, or close variants of the network, by which a number of parameters is right."""
    if expectation.quantity == "parameters" and expectation.comparison == "==":
        from specnet.analyses.parameter_gaps import explain_gap  # few networks have a gap, and all would wait for it

        output = elaborated.find_output_layer()
        yield from explain_gap(elaborated.network, output[0] if output else "", actual, int(expectation.value))
