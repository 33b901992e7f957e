"""Report the largest value within budgets, with the quantities there and at the next one, as text and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specnet.analyses.budgets import BudgetSearch, Trial
from specnet.analyses.value_grid import ValueGrid
from specnet.printable import format_amount
from specnet.reporters.table import align_rows

OVER = " (over)"
"""The mark behind a quantity that exceeds its budget."""


def format_solution(search: BudgetSearch, name: str, grid: ValueGrid, budgets: Mapping[str, str], command: str) -> str:
    """Return the value, a table of the quantities, what lies above it, and the command that uses it."""
    assert search.best
    best, above = search.best, search.next_over
    value = f"{name}={grid.write(best.value)}"
    trials = [(value, best), *([(f"{name}={grid.write(above.value)}", above)] if above else [])]
    rows = [("", "budget", *(title for title, _ in trials))]
    for quantity in best.quantities:
        cells = [_format_quantity(search, trial, quantity) for _, trial in trials]
        rows.append((quantity, budgets.get(quantity, ""), *cells))
    lines = [f"{value} is the largest value found within {'the budget' if len(budgets) == 1 else 'all budgets'}", ""]
    lines += [*align_rows(rows, range(1, len(rows[0]))), "", *describe_search(search, name, grid)]
    return "\n".join([*lines, command])


def _format_quantity(search: BudgetSearch, trial: Trial, quantity: str) -> str:
    over = OVER if quantity in search.list_exceeded(trial) else " " * len(OVER)
    return f"{trial.quantities[quantity]:,}{'' if trial is search.best else over}"


def describe_search(search: BudgetSearch, name: str, grid: ValueGrid) -> list[str]:
    """Return sentences on the values that were tried."""
    tried = sorted(search.tried)
    lines = [f"{format_amount(len(tried), 'value')} tried, from {grid.write(tried[0])} to {grid.write(tried[-1])}"]
    unsound = _find_unsound(search)
    if search.step > 1:
        lines[0] += f", most of them {grid.write(search.step)} apart, as those between are no networks"
    if unsound:
        lines.append(f"{name}={grid.write(unsound.value)} is no network: {unsound.error}")
    if not search.is_complete:
        lines.append("the search ended early, and larger values may fit")
    return lines


def _find_unsound(search: BudgetSearch) -> Trial | None:
    """Return the first value tried that is no network; above the result if nothing there is one."""
    least = search.best.value if search.best and not search.next_over else -1
    unsound = (trial for trial in search.tried.values() if trial.error and trial.value > least)
    return min(unsound, key=lambda trial: trial.value, default=None)


def describe_solution(
    search: BudgetSearch, name: str, grid: ValueGrid, file: str, command: Sequence[str]
) -> dict[str, Any]:
    """Return the JSON values of a search; `value` is null if nothing fits."""
    best, above = search.best, search.next_over
    smallest = {quantity: search.find_smallest(quantity) for quantity in search.budgets}
    return {
        "schema": 1,
        "file": file,
        "let": name,
        "value": grid.read(best.value) if best else None,
        "quantities": best.quantities if best else None,
        "budgets": search.budgets,
        "next": {"value": grid.read(above.value), "quantities": above.quantities} if above else None,
        "smallest": {
            quantity: {"value": grid.read(trial.value), "quantity": trial.quantities[quantity]} if trial else None
            for quantity, trial in smallest.items()
        },
        "step": grid.read(search.step),
        "tried": len(search.tried),
        "complete": search.is_complete,
        "command": list(command) if best else None,
    }
