"""specnet solve: the largest value of a `let` at which a network stays within budgets."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from specnet.analyses.budgets import BUDGETS, BudgetSearch, SearchEnded, Trial
from specnet.analyses.cost import Totals, measure_costs
from specnet.analyses.value_grid import ValueGrid, make_grid
from specnet.cli.budget_options import find_number, parse_budgets
from specnet.cli.options import FILE, add_format_argument, add_spec_arguments
from specnet.cli.output import CommandError, print_diagnostics, print_json, print_message, print_text
from specnet.cli.specs import check_text, make_elaborate, read_spec
from specnet.diagnostics import find_errors
from specnet.reporters.solution import describe_search, describe_solution, format_solution
from specnet.source import Source

if TYPE_CHECKING:
    from specnet.elaborate import Elaborated

    Elaborate = Callable[[Mapping[str, str]], Elaborated]

HELP = "the largest value of a `let` at which a network stays within budgets, as --let width --budget macs=600M"

ALWAYS_SHOWN = ("parameters", "macs")
"""The quantities that are shown beside those with a budget."""

MAX_STEPS = 500_000
"""The lines and elements that are walked in one search, which takes some ten seconds."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=FILE)
    parser.add_argument("--let", dest="variable", metavar="NAME", required=True, help="the `let` to find a value of")
    parser.add_argument(
        "--budget",
        dest="budgets",
        metavar="QUANTITY=VALUE",
        action="append",
        required=True,
        help=f"the most that there may be of {', '.join(BUDGETS)} (can be repeated)",
    )
    add_format_argument(parser)
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0 if a value fits, 1 if none does or the spec has errors."""
    from specnet.compiler import collect_garbage_later

    budgets = parse_budgets(options.budgets)
    source = read_spec(options.file)
    elaborate_with = make_elaborate(source, options)
    elaborated = elaborate_with({}) if elaborate_with else None
    if not elaborate_with or not elaborated or not elaborated.network.nodes:
        return _report_errors(source, options)
    start = find_number(elaborated.variables, options.variable)
    grid = make_grid(start)
    search = BudgetSearch(_Measure(elaborate_with, options.variable, grid, tuple(budgets)), budgets)
    with collect_garbage_later():
        search.run(grid.place(start))
    if all(trial.error for trial in search.tried.values()):
        if find_errors(elaborated.diagnostics):
            return _report_errors(source, options)
        raise CommandError(f"{options.file}: {next(iter(search.tried.values())).error}", exit_code=1)
    return _report(search, grid, source, options)


class _Measure:
    """Measures the network with another value of a `let`; raises SearchEnded after many steps."""

    def __init__(self, elaborate_with: Elaborate, name: str, grid: ValueGrid, budgets: tuple[str, ...]) -> None:
        self.elaborate_with, self.name, self.grid, self.steps = elaborate_with, name, grid, 0
        self.budgets = budgets
        self.quantities = {name: BUDGETS[name] for name in dict.fromkeys((*budgets, *ALWAYS_SHOWN))}

    def __call__(self, number: int) -> Trial:
        if self.steps > MAX_STEPS:
            raise SearchEnded
        elaborated = self.elaborate_with({self.name: self.grid.write(number)})
        self.steps += elaborated.steps
        if errors := find_errors(elaborated.diagnostics):
            return Trial(number, {}, errors[0].message)
        totals = Totals(elaborated.network, measure_costs(elaborated.network))
        found = {name: count(totals) for name, count in self.quantities.items()}
        known = {name: quantity for name, quantity in found.items() if quantity is not None}
        unknown = next((name for name in self.budgets if name not in known), "")
        return Trial(number, known, f"its {unknown} is unknown" if unknown else "")


def _report_errors(source: Source, options: argparse.Namespace) -> int:
    """Print what is wrong with a spec; raises CommandError for one without a network."""
    checked = check_text(source, options)
    if checked.ok:
        raise CommandError(f"{options.file} holds blocks alone, and no network", exit_code=1)
    print_diagnostics(checked.shown, checked.omitted)
    return 1


def _report(search: BudgetSearch, grid: ValueGrid, source: Source, options: argparse.Namespace) -> int:
    """Print the result of a search; raises CommandError for one that cannot have any."""
    name, written = options.variable, dict(text.split("=", 1) for text in options.budgets)
    if search.changes_nothing:
        values = sorted(search.tried)
        span = f"at {len(values)} values from {grid.write(values[0])} to {grid.write(values[-1])}"
        raise CommandError(f"--let {name}: `{name}` changes none of {', '.join(search.budgets)}, tried {span}")
    command = ["specnet", "check", options.file, *(["--input", options.input] if options.input else [])]
    command += [word for each in options.settings for word in ("--set", each)]
    command += ["--set", f"{name}={grid.write(search.best.value)}"] if search.best else []
    if options.format == "json":
        print_json(describe_solution(search, name, grid, source.name, command))
    elif search.best:
        print_text(format_solution(search, name, grid, written, shlex.join(command)))
    else:
        print_message(*_explain_failure(search, grid, name, written))
    return 0 if search.best else 1


def _explain_failure(search: BudgetSearch, grid: ValueGrid, name: str, written: Mapping[str, str]) -> list[str]:
    """Return the lines on a budget that no value meets: the least of each quantity, and where that is."""
    lines = [f"no value of `{name}` is within {'the budget' if len(written) == 1 else 'all budgets'}"]
    for quantity, most in written.items():
        trial = search.find_smallest(quantity.strip())
        if trial:
            least = f"{trial.quantities[quantity.strip()]:,}, at {name}={grid.write(trial.value)}"
            lines.append(f"  {quantity.strip()}: the least is {least}; the budget is {most.strip()}")
    return [*lines, *(f"  {line}" for line in describe_search(search, name, grid))]
