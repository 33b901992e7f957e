"""The order in which candidates are tried and fixes offered: by what is wrong after them, and how much they change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from specnet.diagnostics import Code, Diagnostic, Edit, Fix
from specnet.fixes.candidates import Candidate
from specnet.fixes.verification import Proof
from specnet.layers.base import format_shape

MAX_OFFERS = 5
"""The largest number of fixes to offer for one error."""

MAX_VARIANTS = 2
"""The largest number of fixes to offer that change the same place."""

VARIANT = 0.15
"""What each further change of the same place adds to its cost."""

MAX_UNCOVERING = 1
"""The largest number of fixes to offer that uncover other errors, beside those that do not."""

WORST = 1.0
"""A fix that costs so much more than the best one is not offered beside it, unless it corrects what is claimed."""


@dataclass(frozen=True)
class Offer:
    """A fix with its cost and its proof."""

    fix: Fix
    cost: float
    proof: Proof
    is_searched: bool
    """Whether the fix was searched for, and does not follow from the text of the error's line."""

    @property
    def key(self) -> tuple[int, int, float]:
        return len(self.proof.uncovered), len(self.proof.after.errors), self.cost

    @property
    def is_clean(self) -> bool:
        """Whether the whole spec is sound after the fix."""
        return self.proof.after.ok

    @property
    def is_correction(self) -> bool:
        """Whether the fix changes what is claimed or expected, and not the network."""
        return self.fix.title.startswith(("=>", "expect"))

    @property
    def replacements(self) -> frozenset[tuple[str, str]]:
        """The texts that the fix replaces, and those that it puts there, wherever that is."""
        return frozenset((edit.span.text, edit.text) for edit in self.fix.edits)

    def suffices_for(self, other: Offer) -> bool:
        """Whether the other fix makes the same changes and further ones, and nothing is better after it."""
        return set(self.fix.edits) < set(other.fix.edits) and self.key[:2] <= other.key[:2]

    def entitled(self, diagnostic: Diagnostic) -> Fix:
        """Return the fix with the resulting shape of the error's layer, and what it uncovers, in its title."""
        return replace(self.fix, title=f"{self.fix.title}{self._result(diagnostic)}{self._uncovered()}")

    def _result(self, diagnostic: Diagnostic) -> str:
        node = self.proof.after.network.by_name.get(diagnostic.node)
        if self.fix.title.startswith("=>"):
            return ", as it is" if self.is_searched else ""
        if diagnostic.code is Code.E401 and diagnostic.node not in self.proof.after.elaborated.claims:
            return ""  # a further layer gives the shape that is claimed
        if any("->" in edit.text and _covers(edit, diagnostic) for edit in self.fix.edits):
            return ""  # the layer comes before another one
        return f": {format_shape(node.output)}" if node and node.output else ""

    def _uncovered(self) -> str:
        if not self.proof.uncovered:
            return ""
        first, *others = self.proof.uncovered
        place = f" in line {first.span.line}" if first.span else ""
        more = f" and {len(others)} more" if others else ""
        if "\n" in self.fix.title:  # several lines of a spec, to which a comment is added
            return f"\n# uncovers {first.code.name}{place}{more}"
        return f", which uncovers {first.code.name}{place}{more}"


def _covers(edit: Edit, diagnostic: Diagnostic) -> bool:
    """Whether an edit rewrites the place of an error."""
    span = diagnostic.span
    return span is not None and span.source is edit.span.source and edit.span.start <= span.start < edit.span.end


def order(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return candidates in the order in which to try them: further changes of the same place later."""
    likeliest, variants, keys = sorted(candidates, key=lambda c: c.cost), Counter[object](), dict[int, float]()
    for candidate in likeliest:
        place = frozenset(edit.span for edit in candidate.edits)
        keys[id(candidate)] = candidate.cost + VARIANT * variants[place]
        variants[place] += 1
    return sorted(likeliest, key=lambda candidate: (candidate.contradictions, keys[id(candidate)]))


def rank(offers: Sequence[Offer]) -> list[Offer]:
    """Return the offers to show, best first: few that change the same place, and none far worse than the best.

    Nor any that makes another's changes and further ones; nor, of those that uncover errors, any that makes the same
    change elsewhere, or follows from the text and stands beside a sound one.
    """
    best = sorted(offers, key=lambda offer: offer.key)
    chosen, variants = list[Offer](), Counter[object]()
    for offer in best:
        if any(other.suffices_for(offer) for other in offers):
            continue
        place = frozenset(edit.span for edit in offer.fix.edits)
        if variants[place] < MAX_VARIANTS and (offer.cost <= best[0].cost + WORST or offer.is_correction):
            variants[place] += 1
            chosen.append(offer)
    clean = [offer for offer in chosen if not offer.proof.uncovered]
    uncovering = dict[object, Offer]()
    for offer in chosen:
        if offer.proof.uncovered and (offer.is_searched or not clean):
            uncovering.setdefault(offer.replacements, offer)
    shown = [*uncovering.values()][: MAX_UNCOVERING if clean else MAX_OFFERS]
    return [*clean[: MAX_OFFERS - len(shown)], *shown]
