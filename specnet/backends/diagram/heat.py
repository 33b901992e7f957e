"""The share of each box in a total: parameters, MACs, the memory of training, or the time of a training step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from specnet.analyses.step_time import UnknownRate
from specnet.analyses.usage import UnknownMemory, Usage
from specnet.backends.diagram.model import Share
from specnet.backends.diagram.options import Quantity
from specnet.backends.diagram.ranges import format_share, format_with_unit
from specnet.byte_sizes import format_bytes
from specnet.compiler import Checked
from specnet.reporters.table_columns import Measures
from specnet.reporters.time_report import format_seconds

TITLES = {"parameters": "parameters", "macs": "MACs", "memory": "memory in training", "time": "time of a training step"}

MEMORY = ("weights", "gradients", "optimizer_state", "kept")


class Heat:
    """The amounts of one quantity in the layers of a network."""

    def __init__(self, checked: Checked, quantity: Quantity, usage: Usage | None = None) -> None:
        self.quantity, self.measures = quantity, Measures(checked, usage)
        self.title = TITLES[quantity]
        self.is_known = self._is_known(checked)
        counts = [self._count(node.name) for node in checked.network.nodes]
        self.total, self.is_complete = sum(filter(None, counts)), None not in counts
        self.legend = ", ".join([self.title, *self._list_circumstances()])

    def _list_circumstances(self) -> Iterator[str]:
        """Yield the batch of memory and time, and the total."""
        if self.is_known and self.quantity in ("memory", "time"):
            measured = self.measures.use if self.quantity == "memory" else self.measures.step
            assert measured
            yield f"batch {measured.batch}"
        if self.is_complete and self.total:
            yield f"{self._format(self.total).removesuffix(self.title).rstrip()} in total"

    def find_share(self, layers: Iterable[str]) -> Share:
        """Return the share of some layers; an amount of None cannot be said."""
        counts = [self._count(name) for name in layers]
        known = [count for count in counts if count is not None]
        if len(known) < len(counts):
            return Share(None, f"{self.title}: cannot be said")
        amount = sum(known)
        share = amount / self.total if self.total else 0.0
        shown = [self._format(amount), *([format_share(share)] if self.is_complete else [])]
        return Share(share, " · ".join(shown) if amount else "0")

    def _is_known(self, checked: Checked) -> bool:
        """Whether the quantity can be said of any layer: memory and time only of a sound network, if known."""
        if self.quantity in ("parameters", "macs"):
            return True
        if not checked.has_sound_network:
            return False
        try:
            return (self.measures.use if self.quantity == "memory" else self.measures.step) is not None
        except (UnknownMemory, UnknownRate):
            return False

    def _count(self, name: str) -> float | None:
        """Return the amount of a layer; None if it is unknown."""
        cost = self.measures.costs.get(name)
        if cost is None or not self.is_known:
            return None
        if self.quantity == "time":
            time = self.measures.times.get(name)
            return time.total if time else None
        if self.quantity == "memory":
            parts = [self.measures.measure_in_training(name, part) for part in MEMORY]
            return None if None in parts else sum(filter(None, parts))
        return cost.parameters if self.quantity == "parameters" else cost.macs

    def _format(self, amount: float) -> str:
        if self.quantity == "time":
            return format_seconds(amount)
        if self.quantity == "memory":
            return format_bytes(int(amount))
        return f"{format_with_unit(int(amount))} {self.title}"
