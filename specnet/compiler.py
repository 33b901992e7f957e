"""The table of contents of the compiler: source → tree → network → costs, and all that is to be said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from specnet.analyses.cost import Cost, costs
from specnet.analyses.expectations import unknown_quantities, unmet
from specnet.analyses.grouping import grouped
from specnet.analyses.lints import advice
from specnet.analyses.lints.base.allowed import Allowed
from specnet.analyses.totals import Totals
from specnet.diagnostics import Diagnostic, find_errors, in_file_order
from specnet.elaborate import CannotRead, Elaborated, Read, elaborate
from specnet.foreign import recognise
from specnet.graph import Network
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.limits import MAX_CHARACTERS
from specnet.syntax.parser import parse


@dataclass(frozen=True)
class Checked:
    """A spec that was checked: its network, where it stands, what it costs, what is to be said of it."""

    source: Source
    lines: tree.Lines
    elaborated: Elaborated
    costs: Mapping[str, Cost]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def network(self) -> Network:
        return self.elaborated.network

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that make the spec unsound."""
        return find_errors(self.diagnostics)

    @property
    def ok(self) -> bool:
        return not self.errors

    @cached_property
    def totals(self) -> Totals:
        return Totals(self.network, self.costs)

    @property
    def digest(self) -> str:
        return self.network.digest


def read_beside(path: str, span: Span) -> Source:
    """The file that `use` names, relative to the file in which it does; raises CannotRead."""
    file = Path(span.source.name).parent / path
    try:
        if file.is_dir():
            raise CannotRead(f"`{path}` is a directory")
        if file.stat().st_size > 4 * MAX_CHARACTERS:
            fact = f"`{path}` has {file.stat().st_size:,} bytes"
            raise CannotRead(f"{fact}; a spec has at most {MAX_CHARACTERS:,} characters")
        return Source(str(file), file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CannotRead(f"there is no file `{path}` beside {span.source.name}") from None
    except UnicodeDecodeError:
        raise CannotRead(f"`{path}` is not text") from None
    except (OSError, ValueError) as error:
        raise CannotRead(f"`{path}` cannot be read: {error}") from None


def check_source(
    source: Source,
    overrides: Mapping[str, str] | None = None,
    read: Read = read_beside,
    strict: bool = False,
    allow: Collection[str] = (),
) -> Checked:
    """Checks a spec and, where it is sound, gives advice; the codes of `allow` are left out.

    Never raises for a bad spec; raises OverrideError for an override that it does not have.
    """
    lines, unreadable = parse(source, recognise)
    checked = check_lines(source, lines, unreadable, overrides or {}, read)
    allowed = Allowed(allow)
    said = [diagnostic for diagnostic in checked.diagnostics if not allowed.permits(diagnostic.code, diagnostic.span)]
    if checked.ok:
        said += advice(source, checked.elaborated, checked.costs, allowed)
    if strict:
        said = [diagnostic.hardened() for diagnostic in said]
    return replace(checked, diagnostics=in_file_order(grouped(in_file_order(said))))


def check_lines(
    source: Source, lines: tree.Lines, unreadable: Sequence[Diagnostic], overrides: Mapping[str, str], read: Read
) -> Checked:
    """Checks a spec that is read already; `unreadable` is what could not be."""
    elaborated = elaborate(source, lines, not unreadable, read, overrides)
    node_costs = costs(elaborated.network)
    found = [*unreadable, *elaborated.diagnostics, *unknown_quantities(elaborated.expectations)]
    if not find_errors(found):
        found += unmet(elaborated.expectations, Totals(elaborated.network, node_costs))
    return Checked(source, lines, elaborated, node_costs, in_file_order(found))
