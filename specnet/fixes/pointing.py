"""Point at the cause of an error: at the place that its fix changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from specnet.diagnostics import Code, Diagnostic, Label
from specnet.fixes.ranking import Offer


def point_at_cause(diagnostic: Diagnostic, offers: Sequence[Offer]) -> Diagnostic:
    """Return an error with a label at the place that its best fix changes.

    That place becomes the main one if it is the only one at which a change makes the whole spec sound; corrections of
    what is claimed or expected do not count.
    """
    causes = [offer for offer in offers if not offer.is_correction and not offer.proof.uncovered]
    if not causes or not causes[0].is_searched or not diagnostic.labels:
        return diagnostic
    edit = causes[0].fix.edits[0]
    if any(label.span.source is edit.span.source and label.span.line == edit.span.line for label in diagnostic.labels):
        return diagnostic
    sound = [offer for offer in causes if offer.is_clean]
    is_only = offers[0] in sound and len({edit.span.line for offer in sound for edit in offer.fix.edits}) == 1
    labels = [replace(label, primary=False) for label in diagnostic.labels] if is_only else diagnostic.labels
    effect = "it would be met" if diagnostic.code is Code.E402 else "it would fit"
    text = f"with {edit.text.strip()} here{_describe_others(causes[0])}, {effect}"
    return replace(diagnostic, labels=(*labels, Label(edit.span, text, primary=is_only)))


def _describe_others(offer: Offer) -> str:
    """Return the other lines that a fix changes: ` and in lines 6, 7`."""
    others = list(dict.fromkeys(edit.span.line for edit in offer.fix.edits))[1:]
    return f" and in line{'s' if len(others) > 1 else ''} {', '.join(map(str, others))}" if others else ""
