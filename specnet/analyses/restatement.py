"""Claims of the inputs as written, restated at the inputs that overrides such as `--input` give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from specnet.analyses.cost import Totals, measure_costs
from specnet.analyses.expectations import COMPARISONS, QUANTITIES, RestatedExpectation
from specnet.analyses.propagation import resize
from specnet.elaborate import Elaborated


def restate_expectations(elaborated: Elaborated, totals: Totals) -> tuple[Elaborated, tuple[RestatedExpectation, ...]]:
    """Return the network with the expectations that are left to compare, and those that are restated.

    An expectation that is not met is restated if its quantity is another one at the written inputs, as that of
    parameters is only where a fully connected layer reads a map.
    """
    unmet = [*_find_unmet(elaborated, totals)]
    if not unmet:
        return elaborated, ()
    network = resize(elaborated.network, elaborated.written_inputs)
    written = Totals(network, measure_costs(network))
    restated = tuple(each for each in unmet if QUANTITIES[each.expectation.quantity](written) != each.actual)
    moved = {id(each.expectation) for each in restated}
    kept = tuple(expectation for expectation in elaborated.expectations if id(expectation) not in moved)
    return replace(elaborated, expectations=kept), restated


def _find_unmet(elaborated: Elaborated, totals: Totals) -> Iterator[RestatedExpectation]:
    for expectation in elaborated.expectations:
        actual = QUANTITIES[expectation.quantity](totals) if expectation.quantity in QUANTITIES else None
        if actual is not None and not COMPARISONS[expectation.comparison](actual, expectation.value):
            yield RestatedExpectation(expectation, actual)
