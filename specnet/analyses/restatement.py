"""Claims of the spec as written, restated where overrides such as `--input` or `--set` make another network of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from specnet.analyses.cost import Totals, measure_costs
from specnet.analyses.expectations import COMPARISONS, QUANTITIES, RestatedExpectation
from specnet.elaborate import Elaborated
from specnet.layers.base import Shape
from specnet.records import Record
from specnet.syntax import tree

Elaborate = Callable[..., Elaborated]
"""The function `elaborate` for one spec: it takes overrides and `restates`."""


class Restatement(Record):
    """How the spec as written differs from the one with overrides, and the expectations that are not compared."""

    written: Elaborated
    inputs: Mapping[str, Shape]
    """The written shapes of the inputs that have others."""
    settings: Mapping[str, Any]
    """The written values of the `let` lines that are overridden with others."""
    expectations: tuple[RestatedExpectation, ...] = ()

    def add_expectations(self, elaborated: Elaborated, totals: Totals) -> tuple[Elaborated, Restatement]:
        """Return the network with the expectations that are left to compare, and the restatement with the others.

        An expectation that is not met is restated if its quantity is another one in the spec as written, as that of
        parameters may be the same at every input.
        """
        unmet = [*_find_unmet(elaborated, totals)]
        if not unmet:
            return elaborated, self
        network = self.written.network
        written = Totals(network, measure_costs(network))
        restated = tuple(each for each in unmet if QUANTITIES[each.expectation.quantity](written) != each.actual)
        moved = {id(each.expectation) for each in restated}
        kept = tuple(expectation for expectation in elaborated.expectations if id(expectation) not in moved)
        return replace(elaborated, expectations=kept), replace(self, expectations=restated)


def restate_claims(
    elaborate_with: Elaborate, lines: tree.Lines, overrides: Mapping[str, str]
) -> tuple[Elaborated, Restatement | None]:
    """Return the network with overrides, whose claims are restated if they hold in the spec as written.

    Settings of the `train` section, which change no shape, leave all claims to be compared. Raises OverrideError.
    """
    variables = {line.name.text for line in lines if isinstance(line, tree.Let)}
    if not any(name in variables or name.partition(".")[0] == "input" for name in overrides):
        return elaborate_with(overrides), None
    written = elaborate_with({})
    claimed = {claim.span for claim in written.claims.values()} - {*_find_wrong_claims(written)}
    elaborated = elaborate_with(overrides, restates=claimed.__contains__)
    inputs, settings = _find_other_inputs(written, elaborated), _find_other_settings(written, elaborated, overrides)
    return elaborated, Restatement(written, inputs, settings) if inputs or settings else None


def _find_wrong_claims(written: Elaborated) -> Iterator[object]:
    """Yield the places of the claims that do not hold in the spec as written, as far as the shape is known."""
    for name, claim in written.claims.items():
        if written.network.shapes[name] not in (None, (), claim.shape):
            yield claim.span


def _find_other_inputs(written: Elaborated, elaborated: Elaborated) -> dict[str, Shape]:
    shapes = {given.name: given.shape for given in elaborated.network.inputs if given.shape}
    pairs = {given.name: given.shape for given in written.network.inputs if given.shape}
    return {name: shape for name, shape in pairs.items() if shapes.get(name, shape) != shape}


def _find_other_settings(written: Elaborated, elaborated: Elaborated, overrides: Mapping[str, str]) -> dict[str, Any]:
    values = {name: written.variables[name] for name in overrides if name in written.variables}
    return {name: value for name, value in values.items() if elaborated.variables.get(name) != value}


def _find_unmet(elaborated: Elaborated, totals: Totals) -> Iterator[RestatedExpectation]:
    for expectation in elaborated.expectations:
        actual = QUANTITIES[expectation.quantity](totals) if expectation.quantity in QUANTITIES else None
        if actual is not None and not COMPARISONS[expectation.comparison](actual, expectation.value):
            yield RestatedExpectation(expectation, actual)
