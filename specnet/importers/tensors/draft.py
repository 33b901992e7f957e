"""The network that the operators of a program are brought to, before it is known which of its layers are needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from specnet.attributes import Interval
from specnet.builder import make_layer
from specnet.importers.imported import Fate, Scope, SourceLayer, StoredArray
from specnet.importers.tensors.arranging import arrange, count_whole
from specnet.importers.tensors.program import Operator, Program
from specnet.importers.tensors.views import Dims, Part, View, join, list_axes, split
from specnet.layers.base import Layer, LayerError, Shape, format_shape

ARRANGES = "arranges elements, which the layers here read in that order"


class NoCounterpart(Exception):
    """An operator is no layer here, for the reason that the message says."""


@dataclass
class Node:
    """A layer with its inputs, or an operator that is none: `missing` says why; without both it is an input."""

    layer: Layer | None
    inputs: tuple[int, ...]
    shape: Shape
    source: SourceLayer
    scope: tuple[Scope, ...] = ()
    name: str = ""
    fate: Fate = Fate.EXACT
    reason: str = ""
    missing: str = ""
    lost: str = ""
    """Of what reads an operator that was left out: the name of that one."""
    arrays: dict[str, StoredArray] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    """The constants that its tensors are; a layer with the same ones has the same weights."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What later operators need to know of one that is no layer by itself, and may be part of one."""

    @property
    def is_input(self) -> bool:
        return self.layer is None and not self.missing

    @property
    def is_lost(self) -> bool:
        """Whether nothing can read it."""
        return bool(self.missing) and not self.facts


@dataclass(frozen=True)
class Note:
    """What became of an operator beside the layers that it was added as."""

    fate: Fate
    reason: str
    nodes: tuple[int, ...] = ()


Value = View | StoredArray


class Draft:
    """Nodes and values by the names of the program; `keeps_tokens` makes a sequence of N×HW×C where it is computed."""

    def __init__(self, program: Program, keeps_tokens: bool) -> None:
        self.program = program
        self.batch = program.batch
        self.keeps_tokens = keeps_tokens
        self.nodes: list[Node] = []
        self.values: dict[str, Value] = dict(program.constants)
        self.notes: dict[SourceLayer, list[Note]] = {}
        self.outputs: list[int] | None = None
        self._arranged: dict[tuple[object, ...], int] = {}
        self._reads = Counter(name for op in program.operators for name in op.inputs)
        self._reads.update(program.outputs)

    # Values

    def is_read_once(self, op: Operator, *inputs: str | None) -> bool:
        """Whether nothing else reads the computed inputs of an operator, or those of them that are given."""
        names = [name for name in inputs or op.inputs if isinstance(self.values.get(name or ""), View)]
        return all(self._reads[name] == 1 for name in names)

    def view(self, op: Operator, place: int = 0) -> View:
        """Return an input of an operator that is no constant; raises NoCounterpart."""
        name = op.inputs[place]
        value = self.values[name] if name is not None else None
        if not isinstance(value, View):
            raise NoCounterpart("it computes with constants only")
        return value

    def constant(self, op: Operator, place: int) -> StoredArray | None:
        """Return an input that is a constant, None if it is not given; raises NoCounterpart for a computed one."""
        name = op.inputs[place] if place < len(op.inputs) else None
        if name is None:
            return None
        value = self.values[name]
        if isinstance(value, View):
            raise NoCounterpart("its weights are computed from the input of the network")
        return value

    def weight(self, op: Operator, place: int = 1) -> StoredArray:
        """Return the weights of an operator; raises NoCounterpart if they are computed, or not given."""
        array = self.constant(op, place)
        if array is None:
            raise NoCounterpart("its weights are not given")
        return array

    def shape_of(self, view: View) -> Shape:
        return self.nodes[view.node].shape

    def axes(self, node: int) -> Dims:
        """Return the axes of a node in torch's order, the batch first."""
        return list_axes(self.nodes[node].shape, self.batch)

    def is_map_axis(self, view: View, dim: int) -> bool:
        """Whether an axis of 1 is one of the axes of the value itself, as the height of a map of 1×1 is."""
        return len(view.dims) == len(self.axes(view.node))

    # Nodes

    def add_input(self, name: str, shape: tuple[int, ...]) -> None:
        """Add an input of the network, whose shape is N×C×H×W, N×L×C or N×C."""
        sizes = shape[1:]
        ours = (*sizes[1:], sizes[0]) if len(sizes) == 3 else sizes
        self.nodes.append(Node(None, (), ours, SourceLayer(name=name, kind="input"), name=name))
        self.values[name] = View(len(self.nodes) - 1, list_axes(ours, self.batch))

    def settle_outputs(self) -> list[int]:
        """Return the nodes of the outputs, brought into torch's order where layers can do that."""
        last, found = {op.output: op for op in self.program.operators}, list[int]()
        for name in self.program.outputs:
            view = self.values.get(name)
            if not isinstance(view, View) or name not in last:
                continue
            try:
                found.append(self.settle(last[name], view, len(view.dims) - 1))
            except NoCounterpart as reason:
                if not self.nodes[view.node].missing:
                    self.note(last[name].source, Fate.APPROXIMATED, f"of this output, {reason}")
                found.append(view.node)
        self.outputs = found
        return found

    def find_live(self) -> list[int]:
        """Return the nodes that the outputs depend on, in order."""
        reached, rest = set[int](), list(self.settle_outputs() if self.outputs is None else self.outputs)
        while rest:
            node = rest.pop()
            if node not in reached:
                reached.add(node)
                rest += self.nodes[node].inputs
        return sorted(reached)

    def add(
        self,
        op: Operator,
        layer: Layer,
        inputs: Sequence[int],
        arrays: Mapping[str, StoredArray | None] | None = None,
        fate: Fate = Fate.EXACT,
        reason: str = "",
        name: str = "",
    ) -> int:
        """Add a layer that reads nodes; return its number; raises NoCounterpart if the shapes do not fit."""
        shapes = tuple(self.nodes[node].shape for node in inputs)
        try:
            shape = layer.output(shapes)
        except LayerError as error:
            raise NoCounterpart(f"`{layer.kind}` {error.fact}") from None
        stored = {role: array for role, array in (arrays or {}).items() if array is not None}
        called = name or op.name or op.source.name
        read = self._list_weights(op) if stored and op.kind != "cat" else ()
        node = Node(layer, tuple(inputs), shape, op.source, op.scope, called, fate, reason, arrays=stored, weights=read)
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _list_weights(self, op: Operator) -> tuple[str, ...]:
        """Return the arrays that an operator reads, without single numbers."""
        constants = self.program.constants
        return tuple(name for name in op.inputs if name and name in constants and constants[name].shape)

    def bind(self, op: Operator, view: View) -> None:
        """Give the output of an operator; raises NoCounterpart if its shape is another one in the program."""
        if view.shape != op.shape and not self.nodes[view.node].missing:
            raise NoCounterpart(f"its output is {format_shape(op.shape)} in torch's order, and {view.shape} here")
        self.values[op.output] = view

    def bind_node(self, op: Operator, node: int, dims: Dims | None = None) -> None:
        """Give the output of an operator as a node, or as a view of it whose axes are `dims`."""
        self.bind(op, View(node, self.axes(node) if dims is None else dims))

    def note(self, source: SourceLayer, fate: Fate, reason: str, *nodes: int) -> None:
        self.notes.setdefault(source, []).append(Note(fate, reason, nodes))

    def bind_missing(self, op: Operator, reason: str, lost: str = "") -> None:
        """Give the output of an operator that is no layer here, for a reason."""
        read = tuple(value.node for value in map(self.values.get, filter(None, op.inputs)) if isinstance(value, View))
        shape = (max(1, op.shape[-1] if op.shape else 1),)
        self.nodes.append(Node(None, read, shape, op.source, op.scope, op.source.name, missing=reason, lost=lost))
        dims = tuple((Part("?", 1, size),) if size > 1 else () for size in op.shape)
        self.values[op.output] = View(len(self.nodes) - 1, dims)

    # Views as values

    def settle(self, op: Operator, view: View, rank: int) -> int:
        """Return a node whose axes are those of a view: a map for rank 3, a sequence for 2, a vector for 1.

        Raises NoCounterpart if no layers bring the elements into that order.
        """
        if not view.dims:
            raise NoCounterpart("its shape is unknown")
        return self.arrange(op, view, view.dims[1:], view.dims[0])

    def arrange(self, op: Operator, view: View, wanted: Dims, batch: tuple[Part, ...] = ()) -> int:
        """Return a node that has these parts of a view as its axes, in torch's order without the batch."""
        key = (*view.key, wanted)
        if key in self._arranged:
            return self._arranged[key]
        if view.rolls:
            raise NoCounterpart("it rolls its input, which only attention in shifted windows does here")
        trimmed = self.trim(op, replace(view, dims=(batch, *wanted)))
        if trimmed.dims[0] != self.axes(trimmed.node)[0]:
            raise NoCounterpart("it mixes the images of a batch with other axes")
        layers = arrange(self.axes(trimmed.node)[1:], trimmed.dims[1:])
        if layers is None:
            raise NoCounterpart("no layers bring its elements into that order")
        node = trimmed.node
        for layer in layers:
            node = self._add_arranging(op, view, layer, node)
        self._arranged[key] = node
        return node

    def _add_arranging(self, op: Operator, view: View, layer: Layer, node: int) -> int:
        """Add a layer that moves elements only, for the operators that made the view."""
        source = view.sources[-1] if view.sources else op.source
        return self.add(replace(op, source=source), layer, [node], name=_join_name(op, layer.kind))

    def trim(self, op: Operator, view: View) -> View:
        """Return a view of all elements of a node, by cutting the axes of which only a part is read."""
        shape, letters = self.shape_of(view), {3: "HWC", 2: "LC", 1: "C"}[len(self.shape_of(view))]
        read = [part for dim in view.dims for part in dim]
        strides = {part.axis: part.inner for part in sorted(read, reverse=True)}
        if strides.get("H", 1) > 1 or strides.get("W", 1) > 1:
            return self.trim(op, self._skip(op, view, (strides.get("H", 1), strides.get("W", 1))))
        for letter, size in zip(letters, shape, strict=True):
            count, start = count_whole(read, letter), view.starts.get(letter, 0)
            if not count:
                raise NoCounterpart("it reads single elements along an axis, which no layer does")
            if (start, count) != (0, size):
                return self.trim(op, self._cut(op, view, letter, start, count))
        return view

    def _cut(self, op: Operator, view: View, letter: str, start: int, count: int) -> View:
        if view.rolls.get(letter):
            raise NoCounterpart("it rolls its input, which only attention in shifted windows does here")
        if letter == "L" and count == 1 and len(view.dims) < 3:
            layer = make_layer("token", {"index": start})
        else:
            axis = {} if letter == "C" else {"axis": letter}
            layer = make_layer("slice", {"channels": Interval(start, start + count), **axis})
        starts = {axis: first for axis, first in view.starts.items() if axis != letter}
        key = (view.node, layer)
        if key not in self._arranged:
            self._arranged[key] = self._add_arranging(op, view, layer, view.node)
        return replace(view, node=self._arranged[key], starts=starts)

    def _skip(self, op: Operator, view: View, steps: tuple[int, int]) -> View:
        """Add the layer that takes each n-th pixel, which a maximum of single pixels does."""
        if any(view.starts.get(axis) for axis in "HW"):
            raise NoCounterpart("it takes each n-th pixel, and not from the first")
        layer = make_layer("pool", {"operation": "max", "F": (1, 1), "S": steps, "rounding": "floor"})
        node = self._add_arranging(op, view, layer, view.node)
        by = {"H": steps[0], "W": steps[1]}
        dims = tuple(
            tuple(replace(part, inner=part.inner // by.get(part.axis, 1)) for part in dim) for dim in view.dims
        )
        return replace(view, node=node, dims=dims)

    def channels_last(self, op: Operator, view: View) -> View:
        """Return a view whose last axis is all channels of a node; raises NoCounterpart if no layers bring it there.

        A tensor N×L×C of a map becomes a sequence if tokens are kept as such.
        """
        whole, shape = self.trim(op, view), self.shape_of(view)
        dims = whole.dims
        is_last = dims[-1] == self.axes(whole.node)[-1 if len(shape) < 3 else 1]
        as_tokens = self.keeps_tokens and len(self.shape_of(whole)) == 3 and len(dims) == 3 and len(dims[1]) != 1
        if is_last and not as_tokens:
            return whole
        wanted = dims[1:] if len(dims) < 4 else (dims[-1], *dims[1:-1])
        node = self.arrange(op, whole, wanted, dims[0])
        axes = self.axes(node)
        return View(node, axes if len(dims) < 4 else (axes[0], *axes[2:], axes[1]))

    def align(self, op: Operator, view: View, frame: View) -> int:
        """Return a node whose axes lie in a tensor as those of the frame's node do; sizes of 1 may differ."""
        pieces = dict[tuple[str, int], tuple[Part, ...]]()
        for parts, theirs in zip(frame.dims, view.dims, strict=True):
            found = split(theirs, [part.size for part in parts]) if theirs else ((),) * len(parts)
            if found is None:
                raise NoCounterpart("the axes of its inputs are divided in different ways")
            pieces |= {(part.axis, part.inner): piece for part, piece in zip(parts, found, strict=True)}
            if not parts and theirs:
                raise NoCounterpart("the axes of its inputs are divided in different ways")
        batch, *own = self.axes(frame.node)
        wanted = tuple(self._collect(parts, pieces) for parts in own)
        return self.arrange(op, view, wanted, self._collect(batch, pieces))

    def _collect(self, axis: tuple[Part, ...], pieces: Mapping[tuple[str, int], tuple[Part, ...]]) -> tuple[Part, ...]:
        letters = {part.axis for part in axis}
        ordered = sorted((key for key in pieces if key[0] in letters), key=lambda key: -key[1])
        return join(*(pieces[key] for key in ordered))


def make(kind: str, attributes: Mapping[str, Any]) -> Layer:
    """Return a layer; raises NoCounterpart if it does not take these values."""
    try:
        return make_layer(kind, attributes)
    except ValueError as error:
        raise NoCounterpart(str(error)) from None


def _join_name(op: Operator, kind: str) -> str:
    *around, last = (op.name or op.source.name).split(".")
    return ".".join([*around, f"{last}_{kind}"])
