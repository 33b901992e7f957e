"""Fold a flat network, and prove that the folded one is the same graph."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from specnet.analyses.cost import Totals, measure_costs
from specnet.analyses.isomorphism import match_networks
from specnet.compiler import Checked, check_source
from specnet.graph import Network
from specnet.importers.errors import UnreadableModel
from specnet.importers.folding.hints import Hints
from specnet.importers.folding.network_file import Ambition, NetworkFile
from specnet.importers.folding.structure import TooDeep
from specnet.importers.folding.unification import Mismatch
from specnet.printer.networks import format_network
from specnet.source import Source

MOST_FOLDED = 6_000
"""A network with more layers is written line by line."""

AMBITIONS = (Ambition(), Ambition(optional=False), Ambition(blocks=False))
"""What is tried, in this order, before a network is written line by line."""


@dataclass(frozen=True)
class Folded:
    """The text of a network, its check, and the name there of each value and head of the flat network."""

    text: str
    checked: Checked
    names: Mapping[str, str]


def fold(network: Network, hints: Hints | None = None) -> Folded:
    """Return the network with its repetitions and blocks; raises ValueError for one with an error in it.

    One that is too large for a spec raises UnreadableModel. A number of parameters in the hints that is not that of the
    network is left out.
    """
    hints = hints or Hints()
    if hints.parameters not in (None, Totals(network, measure_costs(network)).parameters):
        hints = replace(hints, parameters=None)
    for text in _write(network, hints):
        checked = check_source(Source(f"{network.name}.net", text))
        names = match_networks(network, checked.network) if checked.ok else None
        if names is not None and _is_as_given(network, checked.network, names):
            return Folded(text, checked, names)
    if not checked.ok:  # too many layers, or too long a text
        raise UnreadableModel(f"no spec can have this network: {checked.errors[0].message}")
    raise RuntimeError("the network that is written line by line is another one")


def _is_as_given(network: Network, written: Network, names: Mapping[str, str]) -> bool:
    """Whether the same graph is also written with the same attributes, as `pool F=2` without its stride."""
    layers = ((node.layer, written.by_name[names[node.name]].layer) for node in network.nodes)
    return written.training == network.training and all(one == other for one, other in layers)


def _write(network: Network, hints: Hints) -> Iterator[str]:
    """Yield texts of the network, the most ambitious first."""
    can_fold = len(network.nodes) <= MOST_FOLDED and len(network.outputs) == 1
    if can_fold and not any(node.shares for node in network.nodes):
        for ambition in AMBITIONS:
            try:
                yield NetworkFile(network, hints, ambition).write()
            except (TooDeep, Mismatch):
                continue
    yield format_network(network)
