"""The captions of the picture and of the scopes in it."""

from __future__ import annotations

from specnet.analyses.cost import format_count
from specnet.backends.diagram.faults import Faults
from specnet.backends.diagram.label import SPACE, bold, lines, small, stack, text
from specnet.backends.diagram.palette import FAULT, INK
from specnet.backends.diagram.scopes import Scopes, short
from specnet.compiler import Checked

MOST_COMPLAINTS = 5
"""Messages in the title."""


def title(checked: Checked, wrong: Faults) -> str:
    """The network's name, what it is, and its totals; of a broken one, what has no place in the picture."""
    network, totals = checked.network, checked.totals
    sums = f"{totals.parameters:,} parameters · {format_count(totals.macs)} MACs" if checked.ok else ""
    complaints = (small(lines(message, 90), FAULT.line) for message in wrong.elsewhere[:MOST_COMPLAINTS])
    name = small(bold(text(network.name or "network")), INK, 18)
    return stack([name, small(lines(network.description, 90)), small(text(sums)), *complaints, small(SPACE, size=4)])


def scope_caption(name: str, around: str, scopes: Scopes) -> str:
    """Its name above what it was written as, so narrow that the edge into its middle passes beside."""
    heading, call = small(bold(text(short(name, around)))), small(lines(scopes.called(name), 30))
    return stack([small(SPACE, size=3), heading, call], "LEFT")
