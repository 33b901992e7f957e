"""The phases of the compiler on one screen: source → tree → network → costs → diagnostics."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, cached_property, partial
from hashlib import sha256
from pathlib import Path

from specnet.analyses.cost import Cost, Totals, measure_costs
from specnet.analyses.expectations import check_expectations, find_invalid_expectations
from specnet.analyses.lints import advise
from specnet.analyses.messages import AllowedCodes, group_notes
from specnet.analyses.restatement import Restatement, restate_claims
from specnet.diagnostics import Code, Diagnostic, Severity, find_errors, sort_by_position
from specnet.elaborate import CannotRead, Elaborated, Read, elaborate
from specnet.foreign import recognise
from specnet.graph import Network
from specnet.plugin_loading.discovery import Plugin
from specnet.plugin_loading.loading import list_refused
from specnet.printable import format_amount
from specnet.records import Displayed, Record
from specnet.source import Source, Span
from specnet.spec_files import find_block_file, read_regular_file
from specnet.syntax import tree
from specnet.syntax.limits import MAX_DIAGNOSTICS
from specnet.syntax.parser import parse


class Checked(Displayed, Record):
    """A checked spec: its tree, the network with its positions, the costs and the diagnostics."""

    source: Source
    lines: tree.Lines
    elaborated: Elaborated
    costs: Mapping[str, Cost]
    diagnostics: tuple[Diagnostic, ...]
    restatement: Restatement | None = None
    """What is claimed of the spec as written only; None where overrides change no input and no `let`."""
    plugins: tuple[Plugin, ...] = ()
    """The plugins that were imported for the check."""

    def __repr__(self) -> str:
        errors = format_amount(len(self.errors), "error")
        state = f"ok, {self.totals.parameters:,} parameters" if self.ok else errors
        return f"Checked({self.source.name!r}: {state})"

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

    @property
    def has_sound_network(self) -> bool:
        """Whether all shapes and counts are known: there is no error but unmet expectations."""
        return all(error.code is Code.E402 for error in self.errors)

    @cached_property
    def shown(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that reports show: all, or of very many the first errors, then warnings, then notes.

        An exceeded limit is always among them, as nothing behind it is checked.
        """
        if len(self.diagnostics) <= MAX_DIAGNOSTICS:
            return self.diagnostics
        ranked = sorted(range(len(self.diagnostics)), key=lambda at: _rank(self.diagnostics[at]))
        return tuple(self.diagnostics[at] for at in sorted(ranked[:MAX_DIAGNOSTICS]))

    @property
    def omitted(self) -> int:
        """The number of diagnostics that reports only count."""
        return len(self.diagnostics) - len(self.shown)

    @cached_property
    def totals(self) -> Totals:
        return Totals(self.network, self.costs)

    @property
    def digest(self) -> str:
        """The digest of the network, or of the lines of a file that holds blocks alone, whatever their layout."""
        if self.network.nodes:
            return self.network.digest
        text = repr(self.lines) if self.ok else self.source.text  # of an unsound file, lines may be nested too deep
        return f"sha256:{sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def _rank(diagnostic: Diagnostic) -> tuple[bool, int]:
    """Return the importance of a diagnostic, from the smallest number on."""
    return diagnostic.code is not Code.E002, [*Severity].index(diagnostic.severity)


@contextmanager
def collect_garbage_later() -> Iterator[None]:
    """Put off looking for cycles of dead values, which trees and networks do not have: it takes a third of a check."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_beside(path: str, span: Span) -> Source:
    """Read a file that `use` names, relative to the file with the `use`, or in the zoo; raises CannotRead."""
    try:
        file = find_block_file(path, Path(span.source.name).parent)
        return Source(str(file), read_regular_file(file))
    except FileNotFoundError:
        raise CannotRead(f"there is no file `{path}` beside {span.source.name}") from None
    except IsADirectoryError:
        raise CannotRead(f"`{path}` is a directory") from None
    except (OSError, ValueError) as error:
        raise CannotRead(f"`{path}` cannot be read: {getattr(error, 'strerror', None) or error}") from None


@collect_garbage_later()
def check_source(
    source: Source,
    overrides: Mapping[str, str] | None = None,
    read: Read = read_beside,
    strict: bool = False,
    allow: Collection[str] = (),
) -> Checked:
    """Check a spec and, if it is sound, add lints; warnings and notes whose code is in `allow` are left out.

    Never raises for a bad spec; raises OverrideError for an override of a name that the spec does not have.
    """
    lines, unreadable = parse(source, recognise)
    checked = check_lines(source, lines, unreadable, overrides or {}, read)
    allowed = AllowedCodes(allow)
    diagnostics = [
        diagnostic for diagnostic in checked.diagnostics if not allowed.permits(diagnostic.code, diagnostic.span)
    ]
    if checked.ok:
        diagnostics += advise(source, checked.elaborated, checked.costs, allowed)
    elif refused := list_refused():
        diagnostics = [_name_refused(diagnostic, refused) for diagnostic in diagnostics]
    if strict:
        diagnostics = [diagnostic.apply_strict() for diagnostic in diagnostics]
    return replace(checked, diagnostics=sort_by_position(group_notes(sort_by_position(diagnostics))))


def _name_refused(diagnostic: Diagnostic, refused: Sequence[Plugin]) -> Diagnostic:
    """Add the plugins that the user did not want loaded to the error about a word that they may define."""
    if diagnostic.code not in (Code.E101, Code.E104):
        return diagnostic
    note = f"plugins that may define it were not loaded: {', '.join(map(str, refused))}"
    fixes = tuple(replace(fix, safe=False) for fix in diagnostic.fixes)
    return replace(diagnostic, notes=(*diagnostic.notes, note), fixes=fixes)


def check_lines(
    source: Source, lines: tree.Lines, unreadable: Sequence[Diagnostic], overrides: Mapping[str, str], read: Read
) -> Checked:
    """Check the lines of a parsed spec; `unreadable` are the diagnostics of the parser."""
    elaborate_with = partial(elaborate, source, lines, not unreadable, cache(read))
    elaborated, restatement = restate_claims(elaborate_with, lines, overrides)
    node_costs = measure_costs(elaborated.network)
    found = [*unreadable, *_leave_out_translated(elaborated.diagnostics, unreadable)]
    found += find_invalid_expectations(elaborated.expectations)
    if not find_errors(found):
        totals = Totals(elaborated.network, node_costs)
        if restatement:
            elaborated, restatement = restatement.add_expectations(elaborated, totals)
        found += check_expectations(elaborated, totals)
    return Checked(source, lines, elaborated, node_costs, sort_by_position(found), restatement)


def _leave_out_translated(found: Iterable[Diagnostic], unreadable: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield the diagnostics outside networks of other tools, as the lines of translations have no place in the text."""
    spans = [fix.translated.span for diagnostic in unreadable for fix in diagnostic.fixes if fix.translated]
    places = [span for span in spans if span.line != span.end_line]
    for diagnostic in found:
        span = diagnostic.span
        if not any(span and place.source is span.source and place.start <= span.start < place.end for place in places):
            yield diagnostic
