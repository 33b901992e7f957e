"""Builds the network of a source, layer by layer, and records what became of each layer.

>>> recorder = Recorder("a format", "Small")
>>> recorder.input("data", (32, 32, 3))
>>> conv = SourceLayer("conv1", "Convolution")
>>> recorder.add(conv, "conv K=16 F=5 P=2", ["data"], "conv1")
('conv1',)
>>> recorder.shape("conv1")
(32, 32, 16)
>>> imported = recorder.finish()
>>> imported.network.nodes[0].name, str(imported.entries[0].fate)
('conv1', 'exact')
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, count

from specnet.builder import KEYWORDS, NetworkBuilder
from specnet.graph import Head, Network
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Entry, Fate, Imported, RunSource, Scope, SourceLayer, SourceTotals, StoredArray
from specnet.importers.layer_texts import read_layers
from specnet.layers.base import Layer, Shape, format_shape
from specnet.naming import is_reserved
from specnet.settings import Training
from specnet.syntax.tree import RESERVED_TAPS

LONGEST_NAME = 200
"""Characters of a name that are kept: names of a damaged file can fill more pages than a spec may have."""


class Recorder:
    """Values are named as the source names them; each may be given anew, as by Caffe's layers in place."""

    def __init__(self, format: str, name: str) -> None:
        self.format = format
        self.training: Training | None = None
        self.remarks: list[str] = []
        self.run: RunSource | None = None
        self._builder = NetworkBuilder(re.sub(r'["\s]+', " ", name[:LONGEST_NAME]).strip() or "Imported")
        self._values: dict[str, str] = {}
        self._shapes: dict[str, Shape] = {}
        self._missing: dict[str, str] = {}
        self._entries: dict[SourceLayer, Entry] = {}
        self._scopes: dict[str, tuple[Scope, ...]] = {}
        self._comments: dict[str, tuple[str, ...]] = {}
        self._arrays: dict[str, StoredArray] = {}
        self._shares: dict[str, str] = {}
        self._inputs: list[str] = []
        self._names: set[str] = set()
        self._containers: set[str] = set()
        self._read: set[str] = set()
        self._judged: set[str] = set()
        self._dropped: set[str] = set()

    def input(self, value: str, shape: Shape) -> None:
        """Add an input of the network: H×W×C, L×C or a length; raises UnreadableModel for a size that none can have."""
        name = self._take_name("input" if not self._inputs else value)
        try:
            node = self._builder.input(shape, name)
        except (TypeError, ValueError) as error:
            raise UnreadableModel(f"the input `{value}`: {error}") from None
        self._inputs.append(node)
        self._bind(value, node, tuple(shape))

    def add(
        self,
        source: SourceLayer,
        layers: str | Layer | Sequence[Layer],
        inputs: Sequence[str],
        output: str,
        fate: Fate = Fate.EXACT,
        reason: str = "",
        name: str = "",
        scope: tuple[Scope, ...] = (),
    ) -> tuple[str, ...]:
        """Add the layers that stand for a layer of the source, or for a part of it; return their names.

        The first of them reads all inputs. They are given as a chain in the words of a spec, `conv K=64 F=3 -> bn`, or
        as layers. Where an input was left out, so is this layer. Raises UnreadableModel where shapes do not fit.
        """
        if lost := next((value for value in inputs if value in self._missing), None):
            self.leave_out_unread(source, lost, "", [output])
            return ()
        nodes = [self._value(source, value) for value in inputs]
        made = self._make_layers(source, layers, nodes)
        added = list[str]()
        for layer in made:
            suffix = f"_{layer.kind}" if added else ""
            node = self._add_node(source, layer, nodes, self._choose_name(f"{name or source.name}{suffix}"))
            added.append(node)
            nodes = [node]
            if scope:
                self._scopes[node] = scope
        self._bind(output, nodes[0] if nodes else self._value(source, inputs[0]))
        self.note(source, fate, reason, tuple(added))
        return tuple(added)

    def rename(self, source: SourceLayer, value: str, output: str, reason: str, fate: Fate = Fate.EQUAL) -> None:
        """Record a layer that changes nothing here, for a reason such as "dropout with p = 0"."""
        if value in self._missing:
            self.leave_out_unread(source, value, "", [output])
            return
        self._bind(output, self._value(source, value))
        self.note(source, fate, reason)

    def alias(self, value: str, other: str) -> None:
        """Give a value a second name, for which no layer of the source stands."""
        self._bind(value, self._values[other])

    def leave_out(
        self,
        source: SourceLayer,
        reason: str,
        outputs: Sequence[str] = (),
        computes: bool = True,
        judged: Sequence[str] = (),
    ) -> None:
        """Record a layer that is left out, and with it all that reads its outputs.

        `judged` are the values that a loss reads. One of them that no layer with parameters leads to is a target, and
        no output.
        """
        self._judged |= {self._values[value] for value in judged if value in self._values}
        for value in outputs:
            self._values.pop(value, None)
            self._missing[value] = "was left out"
        self._entries[source] = Entry(source, Fate.LEFT_OUT, (), (reason,), computes)

    def leave_out_unread(self, source: SourceLayer, value: str, fault: str, outputs: Sequence[str] = ()) -> None:
        """Record a layer that reads a value which is not there, with its own fault, if it has one beside that."""
        self.leave_out(source, f"it reads `{value}`, which {self._missing[value]}", outputs)
        if fault:
            self.note(source, Fate.LEFT_OUT, fault)

    def note(self, source: SourceLayer, fate: Fate, reason: str = "", nodes: Sequence[str] = ()) -> None:
        """Add to what became of a layer; its fate is the worst that was noted, and reasons are listed once."""
        before = self._entries.get(source, Entry(source, Fate.EXACT))
        reasons = dict.fromkeys((*before.reasons, *([reason] if reason else [])))
        worst = max(before.fate, fate, key=lambda each: each.rank)
        self._entries[source] = replace(
            before, fate=worst, nodes=tuple(dict.fromkeys((*before.nodes, *nodes))), reasons=tuple(reasons)
        )

    def store(self, node: str, role: str, array: StoredArray) -> None:
        """Keep a tensor of a node by torch's name for it, `weight`, `bias`, `running_mean` …"""
        self._arrays[f"{node}.{role}"] = array

    def share(self, node: str, owner: str) -> None:
        """Give a node the weights of another one, as a layer that is called again has those of its first call."""
        self._shares[node] = owner

    def record(self, entry: Entry) -> None:
        """Keep what became of a layer that the caller has dealt with by itself."""
        self._entries[entry.source] = entry

    def comment(self, node: str, *lines: str) -> None:
        """Print comments above the line of a node, each a line without its `#`."""
        self._comments[node] = (*self._comments.get(node, ()), *lines)

    def claim(self, source: SourceLayer, value: str, shape: Shape) -> None:
        """Compare the shape that the source gives for a value; another one is noted as an approximation."""
        ours = None if value in self._missing else self.shape(value)
        if ours and ours != shape:
            reason = f"its output is {format_shape(shape)} in the file, and {format_shape(ours)} here"
            self.note(source, Fate.APPROXIMATED, reason)

    def forget(self, value: str, reason: str) -> None:
        """Take a value for one that is not there, for a reason such as "is no image", until a layer gives it anew."""
        self._values.pop(value, None)
        self._missing[value] = reason

    @property
    def is_empty(self) -> bool:
        """Whether no layer was added so far."""
        return len(self._shapes) == len(self._inputs)

    def is_missing(self, value: str) -> bool:
        """Whether a value is the output of a layer that was left out."""
        return value in self._missing

    def explain_missing(self, value: str) -> str:
        """Return why a value is not there: "was left out"."""
        return self._missing[value]

    def can_share(self, node: str, owner: str) -> bool:
        """Whether a node is the same layer as one above it, with weights of the same shapes."""
        return self._find_weights(node) is not None and self._find_weights(node) == self._find_weights(owner)

    def has_entry(self, source: SourceLayer) -> bool:
        """Whether something has become of a layer already."""
        return source in self._entries

    def is_known(self, value: str) -> bool:
        return value in self._values

    def shape(self, value: str) -> Shape:
        """Return the shape of a value."""
        return self._shapes[self._values[value]]

    def node(self, value: str) -> str:
        """Return the name of the node, or input, that a value is."""
        return self._values[value]

    def finish(
        self, outputs: Sequence[str] = (), parameters: int | None = None, rule: str = "", layers: int | None = None
    ) -> Imported:
        """Return the result with these outputs, the main one first; without any, with the values that nothing reads.

        Of those, the last one is the main output. The others become heads. `parameters` is the source's own total, and
        `rule` says how it counts, where that differs.
        """
        network = self._make_network(self._find_outputs(outputs))
        totals = SourceTotals(len(self._entries) if layers is None else layers, parameters, rule)
        return Imported(
            self.format,
            network,
            tuple(self._entries.values()),
            totals,
            self._scopes,
            self._comments,
            tuple(self.remarks),
            self._arrays,
            self.run,
        )

    def _find_outputs(self, outputs: Sequence[str]) -> list[str]:
        known = [self._values[value] for value in outputs if value in self._values]
        computed = list(dict.fromkeys(name for name in known if name not in self._inputs))
        if computed:
            given = dict.fromkeys(name for name in known if name in self._inputs)
            self.remarks += [f"an output of the source that is its input `{name}` is left out" for name in given]
            return self._leave_out_targets(computed)
        leaves = [name for name in self._shapes if name not in self._read and name not in self._inputs]
        if not leaves:
            raise UnreadableModel(f"no layer of the file has a counterpart here{self._explain_first()}")
        return self._leave_out_targets(leaves)[::-1]

    def _leave_out_targets(self, leaves: Sequence[str]) -> list[str]:
        """Return the outputs without targets of a loss, whose layers are left out, unless nothing else is there."""
        targets = {name: self._find_target(name) for name in leaves if name in self._judged}
        outputs = [name for name in leaves if not targets.get(name)]
        if not outputs:
            return [*leaves]
        self._dropped = set[str]().union(*targets.values()) - self._find_above(outputs)
        for source, entry in self._entries.items():
            if entry.nodes and {*entry.nodes} <= self._dropped:
                self._entries[source] = Entry(source, Fate.LEFT_OUT, (), ("only the loss reads it",), computes=False)
        return outputs

    def _find_target(self, name: str) -> set[str]:
        """Return the layers that lead to a value if none of them has parameters; otherwise none."""
        above = self._find_above([name])
        return set() if any(self._find_weights(each) for each in above) else above

    def _find_above(self, names: Sequence[str]) -> set[str]:
        """Return the nodes that lead to these, themselves included."""
        by_name, found, open_names = self._builder.network(names[0]).by_name, set[str](), [*names]
        while open_names:
            node = by_name.get(open_names.pop())
            if node is not None and node.layer is not None and node.name not in found:
                found.add(node.name)
                open_names += node.inputs
        return found

    def _explain_first(self) -> str:
        """Return ": the Exp `a` (line 3): no such layer is here" for the first layer that computes and is left out."""
        lost = next((entry for entry in self._entries.values() if entry.is_lost and entry.reasons), None)
        return f": {describe_source(lost.source)}: {lost.reasons[0]}" if lost else ""

    def _find_weights(self, node: str) -> object:
        """Return what two nodes must have in common to share their weights; None for a node that has none."""
        found = next(each for each in reversed(self._builder.network(node).nodes) if each.name == node)
        shapes = tuple(self._shapes[value] for value in found.inputs)
        weights = dict(found.layer.parameters(shapes)) if found.layer else {}
        return (found.layer, weights) if weights else None

    def _make_network(self, outputs: Sequence[str]) -> Network:
        network = self._builder.network(outputs[0])
        used = [each for each in network.inputs if each.name in self._read or each.name in outputs]
        network = replace(network, inputs=tuple(used) or network.inputs)
        heads = tuple(Head(self._take_name(f"{name}_head".replace(".", "_")), name) for name in outputs[1:])
        kept = (node for node in network.nodes if node.name not in self._dropped)
        nodes = tuple(replace(node, shares=self._shares.get(node.name)) for node in kept)
        return replace(network, nodes=nodes, heads=heads, training=self.training)

    def _make_layers(
        self, source: SourceLayer, layers: str | Layer | Sequence[Layer], nodes: Sequence[str]
    ) -> Sequence[Layer]:
        if isinstance(layers, Layer):
            return (layers,)
        if not isinstance(layers, str):
            return layers
        try:
            return read_layers(layers, tuple(self._shapes[node] for node in nodes))
        except UnreadableModel as error:
            raise UnreadableModel(f"{describe_source(source)}: {error}") from None

    def _add_node(self, source: SourceLayer, layer: Layer, inputs: Sequence[str], name: str) -> str:
        try:
            node = self._builder.add(layer, *inputs, name=name)
            self._shapes[node] = self._builder.shape(node)
        except (TypeError, ValueError) as error:
            raise UnreadableModel(f"{describe_source(source)}: {error}") from None
        self._names.add(node)
        self._read.update(inputs)
        return node

    def _bind(self, value: str, node: str, shape: Shape | None = None) -> None:
        self._missing.pop(value, None)
        self._values[value] = node
        if shape:
            self._shapes[node] = shape

    def _value(self, source: SourceLayer, value: str) -> str:
        if value not in self._values:
            raise UnreadableModel(f"{describe_source(source)} reads `{value}`, which no layer before it gives")
        return self._values[value]

    def _choose_name(self, wanted: str) -> str:
        return self._take_name(wanted) if re.search(r"[A-Za-z]", wanted) else ""

    def _take_name(self, wanted: str) -> str:
        """Return a free name that reads like the wanted one, and take it."""
        wanted = wanted[:LONGEST_NAME]
        first, *others = [part for part in wanted.split(".") if re.search(r"\w", part)] or [""]
        dotted = ".".join((_clean(first), *map(_replace_signs, others)))
        flat = _clean(wanted) or "value"
        for name in chain((dotted, flat), (f"{flat}_{number}" for number in count(2))):
            around = {name[: dot.start()] for dot in re.finditer(r"\.", name)}
            if name and name not in self._names and name not in self._containers and not around & self._names:
                break
        self._names.add(name)
        self._containers |= around
        return name


def describe_source(source: SourceLayer) -> str:
    """Return words for a layer of the source: "the Convolution `conv1` (line 12)"."""
    place = f" (line {source.line})" if source.line else ""
    return f"the {source.kind} `{source.name}`{place}" if source.name else f"the {source.kind}{place}"


def _clean(name: str) -> str:
    """Return a part of a name with underscores for what no name may have."""
    cleaned = _replace_signs(name)
    cleaned = f"_{cleaned}" if cleaned[:1].isdigit() else cleaned
    return f"{cleaned}_" if cleaned in KEYWORDS or cleaned in RESERVED_TAPS or is_reserved(cleaned) else cleaned


def _replace_signs(name: str) -> str:
    return re.sub(r"\W+", "_", name, flags=re.ASCII)
