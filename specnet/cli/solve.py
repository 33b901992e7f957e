"""specnet solve: the largest value of a `let` at which a network stays within budgets."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING, Any

from specnet.analyses.budgets import BUDGETS, BudgetSearch, SearchEnded, Trial
from specnet.analyses.cost import Totals, measure_costs
from specnet.analyses.expectations import IN_BYTES, NAMES
from specnet.analyses.value_grid import ValueGrid, make_grid
from specnet.byte_sizes import ByteSize
from specnet.cli.options import FILE, add_format_argument, add_spec_arguments
from specnet.cli.output import CommandError, print_diagnostics, print_json, print_message, print_text
from specnet.cli.specs import check_text, make_elaborate, read_spec
from specnet.diagnostics import find_errors
from specnet.reporters.solution import describe_search, describe_solution, format_solution
from specnet.source import Source
from specnet.suggest import did_you_mean, find_closest_word

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
    if not any(not trial.error for trial in search.tried.values()):
        return _report_errors(source, options)
    return _report(search, grid, source, options)


class _Measure:
    """Measures the network with another value of a `let`; raises SearchEnded after many steps."""

    def __init__(self, elaborate_with: Elaborate, name: str, grid: ValueGrid, budgets: tuple[str, ...]) -> None:
        self.elaborate_with, self.name, self.grid, self.steps = elaborate_with, name, grid, 0
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
        unknown = next((name for name in found if name not in known), "")
        return Trial(number, known, f"its {unknown} is unknown" if unknown else "")


def parse_budgets(given: Sequence[str]) -> dict[str, float]:
    """Return the budgets by quantity; raises CommandError."""
    budgets = dict[str, float]()
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise CommandError(f"--budget {text}: write QUANTITY=VALUE, such as macs=600M")
        if name not in BUDGETS:
            hint = did_you_mean(find_closest_word(name, BUDGETS, NAMES)) or f"; there are {', '.join(BUDGETS)}"
            raise CommandError(f"--budget {text}: there is no quantity `{name}`{hint}")
        if name in budgets:
            raise CommandError(f"--budget {text}: `{name}` has a budget already")
        budgets[name] = _parse_most(text, name, value)
    return budgets


def _parse_most(budget: str, name: str, text: str) -> float:
    """Return the value of a budget, a number as in a spec; raises CommandError."""
    from specnet.syntax import tree
    from specnet.syntax.parser import parse

    lines, unreadable = parse(Source("budget", f"let most = {text}"))
    number = lines[0].value if not unreadable and len(lines) == 1 and isinstance(lines[0], tree.Let) else None
    if not isinstance(number, tree.Number) or not 0 < number.value < inf:
        raise CommandError(f"--budget {budget}: `{text}` is not a number above 0, such as 600M or 2GB")
    if isinstance(number.value, ByteSize) and name not in IN_BYTES:
        raise CommandError(f"--budget {budget}: `{name}` is a number, not a size in bytes")
    return number.value


def find_number(variables: Mapping[str, Any], name: str) -> float:
    """Return the number that a `let` gives a name; raises CommandError if there is none to search from."""
    if name not in variables:
        hint = did_you_mean(find_closest_word(name, variables))
        known = f"; there are {', '.join(variables)}" if variables and not hint else hint
        raise CommandError(f"--let {name}: the spec has no `let {name}`{known}")
    value = variables[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CommandError(f"--let {name}: only a number can be searched for, and it is {_describe(value)}")
    if not 0 <= value < inf:
        raise CommandError(f"--let {name}: a search begins at a number from 0 on, and it is {value:g}")
    return value


def _describe(value: object) -> str:
    if isinstance(value, bool):
        return "yes or no"
    return "a text" if isinstance(value, str) else "another value"


def _report_errors(source: Source, options: argparse.Namespace) -> int:
    """Print what is wrong with a spec; raises CommandError for one without a network."""
    checked = check_text(source, options)
    if checked.ok:
        raise CommandError(f"{options.file} holds blocks alone, and no network to {options.command}", exit_code=1)
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
