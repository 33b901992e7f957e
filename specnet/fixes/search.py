"""The search for fixes: error → causes along the path → candidates by kind → proof → rank → title."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from specnet.compiler import Checked, collect_garbage_later
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Severity
from specnet.elaborate import Read
from specnet.fixes.braces import complete_braces
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.causes import change_layers
from specnet.fixes.exclusions import resolve_exclusion
from specnet.fixes.expectations import close_gaps, correct_expectation
from specnet.fixes.goals import set_goal
from specnet.fixes.inputs import change_inputs, complete_input, note_fitting_input, put_channels_last
from specnet.fixes.joins import convert_arms, meet_in_arms, project_identity
from specnet.fixes.missing import fill_in
from specnet.fixes.numbers import Numbers, change_numbers
from specnet.fixes.pointing import point_at_cause
from specnet.fixes.ranking import Offer, order, rank
from specnet.fixes.ranks import change_rank, pool_before_flattening
from specnet.fixes.sequences import leave_out_tokens, meet_claim
from specnet.fixes.sites import Sites
from specnet.fixes.translations import compare_translations
from specnet.fixes.unreadable import follow_up
from specnet.fixes.verification import BudgetSpent, Verifier
from specnet.fixes.widths import find_readings, name_channels, restore_channels

MAX_OFFERS = 5
"""The search ends with so many fixes after which nothing is wrong that was not wrong before."""

MAX_TRIALS = 40
"""The search ends if so many candidates have failed and none is proved."""

PATIENCE = 12
"""The search ends if so many candidates have failed and others are proved."""

MAX_UNCOVERING = 3
"""The largest number of candidates to try that contradict another layer or claim, if there are others."""

STOPPED = "the search for fixes ended before everything was tried"

PASSED = 10
"""Looking for the layers upstream passes over so many nodes in the time of checking one."""

CORRECTED = 1.45
"""The cost of correcting a claim: more than a small change of the layer that it is about."""


class Search:
    """The search in one spec, with what its errors have in common."""

    def __init__(self, checked: Checked, verifier: Verifier) -> None:
        self.checked = checked
        self.verifier = verifier
        self.sites = Sites(checked, verifier.simulate)
        self.wrong_claims = [each for each in checked.diagnostics if each.code is Code.E401]
        self.has_stopped = False
        """Whether candidates were left out because of the budget."""

    @cached_property
    def closing(self) -> list[Candidate]:
        """The candidates for all expectations that are not met."""
        return self._collect(close_gaps(self.checked, self.numbers, self.verifier))

    @cached_property
    def numbers(self) -> Numbers:
        """The numbers that may be changed."""
        return Numbers(self.checked, self.sites)

    def _collect(self, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Return the candidates that the budget admits."""
        found = list[Candidate]()
        try:
            self.verifier.simulate(1 + len(self.checked.network.nodes) // PASSED)
            found.extend(candidates)
        except BudgetSpent:
            self.has_stopped = True
        return found

    def find_candidates(self, diagnostic: Diagnostic) -> list[Candidate]:
        """Return the candidates for an error that has to be searched for, as far as the budget admits."""
        if diagnostic.code is Code.E402:  # whose notes explain the gap by another way of counting
            closing = [] if diagnostic.notes else [*pool_before_flattening(self.checked, diagnostic), *self.closing]
            return [*correct_expectation(self.checked, diagnostic), *closing]
        if diagnostic.code is Code.E106:
            return self._collect(complete_braces(self.checked, diagnostic))
        if diagnostic.code is Code.E111:
            return self._collect(fill_in(self.checked, diagnostic, self.verifier))
        if diagnostic.code is Code.E305 and diagnostic.node:
            return self._collect(change_rank(self.checked, diagnostic))
        if diagnostic.code is Code.E112:
            return self._collect(complete_input(self.checked, diagnostic))
        if diagnostic.code is Code.E115:
            return self._collect(resolve_exclusion(self.checked, self.sites, diagnostic))
        if diagnostic.code in SEARCHED and diagnostic.node:
            return self._collect(self._find_shape_candidates(diagnostic))
        return []

    def _find_shape_candidates(self, diagnostic: Diagnostic) -> Iterator[Candidate]:
        """Yield the changes along the path that leads to a wrong shape."""
        checked, goal = self.checked, set_goal(self.checked, diagnostic)
        yield from put_channels_last(checked)
        if diagnostic.code is not Code.E401:
            yield from self._correct_earlier_claims(diagnostic)
        if diagnostic.code is Code.E401:
            yield from _correct_claim(checked, diagnostic)
            yield from meet_claim(checked, diagnostic)
        if diagnostic.code is Code.E310:
            yield from leave_out_tokens(checked, goal)
            yield from restore_channels(checked, goal)
            yield from name_channels(checked, goal)
            yield from project_identity(checked, checked.network.by_name[goal.node])
            yield from convert_arms(checked, goal)
            yield from meet_in_arms(checked, self.sites, goal)
        yield from change_layers(checked, self.sites, goal)
        yield from change_inputs(checked, goal)
        yield from change_numbers(self.numbers, diagnostic, goal.shape, checked.network.shapes[goal.node])

    def _correct_earlier_claims(self, diagnostic: Diagnostic) -> Iterator[Candidate]:
        """Yield corrections of the wrong claims above an error, as the check has relied on them."""
        for other in self.wrong_claims:
            if other.span and diagnostic.span and other.span.start < diagnostic.span.start:
                yield from (replace(candidate, cost=0.4) for candidate in _correct_claim(self.checked, other))


SEARCHED = {Code.E301, Code.E302, Code.E303, Code.E304, Code.E306, Code.E307, Code.E310, Code.E401}
"""The errors in shapes, whose cause may stand elsewhere."""


def _correct_claim(checked: Checked, wrong: Diagnostic) -> Iterator[Candidate]:
    """Yield the correction of a claim to the actual shape of its line, given the claims above."""
    claim = checked.elaborated.claims[wrong.node]
    if claim.actual:
        text = "x".join(map(str, claim.actual))
        yield Candidate((Change(f"=> {claim.span.text}", text, "", Edit(claim.span, text)),), CORRECTED)


@collect_garbage_later()
def add_fixes(checked: Checked, overrides: Mapping[str, str], read: Read) -> Checked:
    """Return the checked spec with verified fixes added to each error that is shown, best first."""
    if checked.ok:
        return checked
    verifier = Verifier(checked, overrides, read)
    checked = verifier.checked = compare_translations(checked, verifier)
    search, shown = Search(checked, verifier), set(map(id, checked.shown))
    fixed = (
        _fix_diagnostic(search, diagnostic) if id(diagnostic) in shown else replace(diagnostic, fixes=())
        for diagnostic in checked.diagnostics
    )
    return replace(checked, diagnostics=tuple(fixed))


def _fix_diagnostic(search: Search, diagnostic: Diagnostic) -> Diagnostic:
    """Return a diagnostic with its verified fixes; those of warnings and notes are not searched for."""
    if diagnostic.severity is not Severity.ERROR:
        return replace(diagnostic, fixes=tuple(_keep_harmless(search, diagnostic)))
    offers, notes = list[Offer](), diagnostic.notes
    try:
        for offer in _try_candidates(search, diagnostic):
            offers.append(offer)
        if diagnostic.code in SEARCHED and diagnostic.node:
            goal = set_goal(search.checked, diagnostic)
            notes = (*notes, *note_fitting_input(search.checked, goal, search.verifier))
        if diagnostic.code is Code.E310 and diagnostic.node:
            notes = (*notes, *(reading.note for reading in find_readings(search.checked, goal)))
    except BudgetSpent:
        search.has_stopped = True
    best = rank(offers)
    if search.has_stopped and not any(offer.is_clean and not offer.is_correction for offer in best):
        notes = (*notes, STOPPED)
    found = replace(diagnostic, notes=notes, fixes=tuple(offer.entitled(diagnostic) for offer in best))
    return point_at_cause(found, best)


def _keep_harmless(search: Search, diagnostic: Diagnostic) -> Iterator[Fix]:
    """Yield the fixes of a warning or note that cause no error."""
    for fix in diagnostic.fixes:
        try:
            if search.verifier.verify(diagnostic, fix):
                yield fix
        except BudgetSpent:
            return


def _try_candidates(search: Search, diagnostic: Diagnostic) -> Iterator[Offer]:
    """Yield the candidates that are proved, the likeliest first, until there are enough; raises BudgetSpent."""
    tried, clean, sufficient = set[str](), 0, list[set[Edit]]()
    for fixes, patience in _list_rounds(search, diagnostic):
        failed = 0
        for fix, cost, is_searched in fixes:
            text = search.verifier.apply_to_text(fix.edits)
            if clean == MAX_OFFERS or failed == (patience if clean else MAX_TRIALS):
                break
            if text not in tried and not any(edits < {*fix.edits} for edits in sufficient):
                tried.add(text)
                proof = search.verifier.verify(diagnostic, fix)
                failed += proof is None
                if proof:
                    clean += not proof.uncovered
                    sufficient += [{*fix.edits}] if proof.after.ok else []
                    yield Offer(fix, cost, proof, is_searched)


Round = tuple[Iterable[tuple[Fix, float, bool]], int]
"""Fixes, each with its cost and whether it was searched for, and how many may fail once others are proved."""


def _list_rounds(search: Search, diagnostic: Diagnostic) -> Iterator[Round]:
    """Yield the fixes that the error already has, then those that are searched for, then those that contradict more."""
    given = list(follow_up(diagnostic, search.verifier))
    yield [(fix, number / 100, False) for number, fix in enumerate(given)], MAX_TRIALS
    candidates = order(search.find_candidates(diagnostic))
    likely = [candidate for candidate in candidates if not candidate.contradictions]
    yield [(candidate.fix, candidate.cost, True) for candidate in likely], PATIENCE
    others = [candidate for candidate in candidates if candidate.contradictions]
    yield [(candidate.fix, candidate.cost, True) for candidate in others], MAX_UNCOVERING
