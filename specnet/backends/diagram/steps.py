"""Unfold layers into the steps that they compute, as an attention into its q, k and v: the layer becomes a scope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from specnet.analyses.cost import format_count
from specnet.backends.diagram.folding import FoldedNetwork
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State
from specnet.backends.diagram.ranges import format_shape_range, join_texts
from specnet.graph import Network, Node
from specnet.layers.base import format_shape
from specnet.layers.base.steps import Step, Steps
from specnet.printer.scopes import Scopes


@dataclass(frozen=True)
class UnfoldedLayer:
    """A layer that is drawn as its steps; `copies` are the steps of all layers that it is drawn for, its own first."""

    box: Box
    inputs: tuple[str, ...]
    copies: Sequence[Steps]

    @property
    def steps(self) -> Steps:
        return self.copies[0]

    @property
    def first(self) -> str:
        """The box of the step that reads the layer's first input."""
        return self.name(next(step.name for step in self.steps if 0 in step.inputs))

    @property
    def last(self) -> str:
        """The box of the step whose result is the layer's."""
        return self.name(self.steps[-1].name)

    def name(self, step: str) -> str:
        """Return the name of the box of a step."""
        return f"{self.box.name}.{step}"

    def list_readers(self, value: str) -> list[str]:
        """Return the boxes of the steps that read a value from outside."""
        places = {place for place, each in enumerate(self.inputs) if each == value}
        return [self.name(step.name) for step in self.steps if places.intersection(step.inputs)]


def unfold_steps(
    diagram: Diagram, folded: FoldedNetwork, network: Network, scopes: Scopes, depth: int | None = None
) -> Diagram:
    """Return a diagram with the steps of its layers that have several, as far as scopes are opened `depth` deep."""
    found = _find_layers(diagram, folded, network)
    layers = {name: each for name, each in found.items() if depth is None or len(scopes.list_enclosing(name)) < depth}
    boxes = dict[str, Box]()
    for name, box in diagram.boxes.items():
        boxes |= dict(_describe_boxes(layers[name])) if name in layers else {name: box}
    opened = {name: _describe_scope(each) for name, each in layers.items()}
    edges = (*_move_edges(diagram.edges, layers), *(edge for each in layers.values() for edge in _list_edges(each)))
    arms = [tuple(layers[name].first if name in layers else name for name in row) for row in diagram.arms]
    arms += [row for each in layers.values() for row in _list_arms(each)]
    return replace(diagram, boxes=boxes, scopes={**diagram.scopes, **opened}, edges=edges, arms=tuple(arms))


def _find_layers(diagram: Diagram, folded: FoldedNetwork, network: Network) -> Mapping[str, UnfoldedLayer]:
    """Return the layers that have steps; those drawn for others only if all have the same ones."""
    layers = dict[str, UnfoldedLayer]()
    for name, group in folded.groups.items():
        node, box = group.nodes[0], diagram.boxes[name]
        if group.is_folded or box.state is not State.SOUND:
            continue
        copies = [_list_steps(network.by_name[copy], network) for copy in folded.list_copies(node.name)]
        if copies[0] and len({tuple(step.name for step in steps) for steps in copies}) == 1:
            layers[name] = UnfoldedLayer(box, node.inputs, copies)
    return layers


def _list_steps(node: Node, network: Network) -> Steps:
    shapes = network.input_shapes(node)
    return node.layer.steps(shapes) if node.layer and shapes else ()


def _describe_scope(layer: UnfoldedLayer) -> Scope:
    box = layer.box
    return Scope(box.name, box.title, box.call, tuple(layer.name(step.name) for step in layer.steps), box.count)


def _describe_boxes(layer: UnfoldedLayer) -> Iterator[tuple[str, Box]]:
    """Yield the boxes of the steps; what shared the box of the layer is in that of the last one."""
    for place, step in enumerate(layer.steps):
        name, call = layer.name(step.name), join_texts([steps[place].text for steps in layer.copies])
        parts = tuple(Part(text, family, State.SOUND) for text, family in step.then)
        parts += layer.box.parts if name == layer.last else ()
        yield name, Box(name, step.name, call, step.family, State.SOUND, (), (), parts, tuple(_explain(step)), ())


def _explain(step: Step) -> Iterator[str]:
    """Yield the lines of the tooltip of a step."""
    yield f"{step.name}: {step.text} → {format_shape(step.shape)}"
    if step.parameters:
        yield f"  {step.parameters:,} parameters"
    if step.macs:
        yield f"  {format_count(step.macs)} MACs"


def _move_edges(edges: Sequence[Edge], layers: Mapping[str, UnfoldedLayer]) -> Iterator[Edge]:
    """Yield the edges of the diagram, those of an unfolded layer from and to its steps; one of them has the size."""
    for edge in edges:
        if edge.source in layers:
            edge = replace(edge, source=layers[edge.source].last, leaves=edge.leaves + 1)
        if edge.target not in layers:
            yield edge
            continue
        readers = layers[edge.target].list_readers(edge.value)
        for place, target in enumerate(readers):
            label = "" if place else edge.label
            is_trunk = edge.is_trunk and 2 * place + 1 == len(readers)  # the middle one
            yield replace(
                edge, target=target, label=label, is_trunk=is_trunk, is_shortcut=False, enters=edge.enters + 1
            )


def _list_edges(layer: UnfoldedLayer) -> Iterator[Edge]:
    """Yield the edges between steps; the first of each result has its size, that from the latest step is straight."""
    places, labelled = {step.name: place for place, step in enumerate(layer.steps)}, set[str]()
    for step in layer.steps:
        sources = [value for value in step.inputs if isinstance(value, str)]
        for value in sources:
            size = format_shape_range([steps[places[value]].shape for steps in layer.copies])
            label = "" if value in labelled else size
            labelled.add(value)
            source, target = layer.name(value), layer.name(step.name)
            yield Edge(
                source, source, target, label, State.SOUND, is_trunk=value == max(sources, key=places.__getitem__)
            )


def _list_arms(layer: UnfoldedLayer) -> Iterator[tuple[str, ...]]:
    """Yield the boxes of steps that read the same value alone, as they stand side by side."""
    read = dict[int | str, list[str]]()
    for step in layer.steps:
        if len(step.inputs) == 1:
            read.setdefault(step.inputs[0], []).append(layer.name(step.name))
    yield from (tuple(row) for row in read.values() if len(row) > 1)
