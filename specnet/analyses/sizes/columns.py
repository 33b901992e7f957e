"""The shapes of a network at many sizes of its inputs at once.

A layer that was computed for a shape is not computed again, and equal layers behind equal values share their results,
so that a network of 20,000 layers, most of which repeat others, takes little longer than its different ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from specnet.analyses.propagation import try_output
from specnet.analyses.sizes.growth import ChosenAxes
from specnet.graph import Network, Node
from specnet.layers.base import Layer, Shape, Shapes

Column = tuple[Shape | None, ...]
"""The shape of a value at each of the sizes; None at and behind a layer that refuses its inputs."""

ParameterShapes = tuple[tuple[int, ...], ...]


CHEAP = 12
"""The known shapes that a layer passes in the time that one new shape takes."""


class WorkSpent(Exception):
    """Layers were computed for as many shapes as they may."""


class Passage(NamedTuple):
    """A layer at one shape of its inputs: its output, None if it refuses them, and the shapes of its parameters."""

    output: Shape | None = None
    rounds: tuple[bool, bool] = (False, False)
    parameters: ParameterShapes = ()


class Row(NamedTuple):
    """A layer at all sizes."""

    outputs: Column
    parameters: tuple[ParameterShapes, ...]


@dataclass
class Columns:
    """The shapes of all values at each size, and the first node, "" for none, at which something happens there."""

    shapes: dict[str, Column]
    refused: list[str]
    """The nodes that refuse their inputs."""
    rounds: list[str]
    """The nodes that round a size, or skip pixels."""
    resized: list[str]
    """The nodes whose parameters have other shapes than at the first size."""


@dataclass
class ColumnMaker:
    """Computes columns of a network; raises WorkSpent beyond `limit` computations of a layer for a shape."""

    network: Network
    limit: int
    work: int = 0
    _passages: dict[Layer | None, dict[Shapes, Passage]] = field(default_factory=dict)

    def compute(self, sizes: Sequence[Mapping[str, Shape]], choose: ChosenAxes) -> Columns:
        """Return the columns for the shapes of inputs; other inputs have their own. Raises WorkSpent.

        Only what is rounded along the chosen axes counts.
        """
        given = {each.name: tuple(size.get(each.name, each.shape) for size in sizes) for each in self.network.inputs}
        columns = Columns({**given}, *([""] * len(sizes) for _ in range(3)))
        rows, equal = dict[object, Row](), dict[Column, Column]()
        by_node = dict[str, Row]()
        for node in self.network.nodes:
            inputs = [columns.shapes[name] for name in node.inputs]
            passages = self._passages.setdefault(node.layer, {})
            axes = choose(node)
            key = (axes, id(passages), *map(id, inputs))
            if key not in rows:
                row = self._compute_row(node, passages, inputs, axes, columns)
                rows[key] = row._replace(outputs=equal.setdefault(row.outputs, row.outputs))
            by_node[node.name] = rows[key]
            columns.shapes[node.name] = rows[key].outputs
            if node.shares:
                _compare_shared(node, rows[key], by_node[node.shares], columns)
        return columns

    def _compute_row(
        self,
        node: Node,
        passages: dict[Shapes, Passage],
        inputs: Sequence[Column],
        axes: tuple[bool, bool],
        columns: Columns,
    ) -> Row:
        outputs, parameters = list[Shape | None](), list[ParameterShapes]()
        self._spend(len(inputs[0]) // CHEAP if inputs else 0)
        for number, shapes in enumerate(zip(*inputs, strict=True)):
            passage = self._pass(node.layer, shapes, passages)
            outputs.append(passage.output)
            parameters.append(passage.parameters)
            if passage.output is None:
                is_first = node.layer is not None and None not in shapes
                columns.refused[number] = columns.refused[number] or (node.name if is_first else "")
            if (passage.rounds[0] and axes[0]) or (passage.rounds[1] and axes[1]):
                columns.rounds[number] = columns.rounds[number] or node.name
            if passage.parameters != parameters[0]:
                columns.resized[number] = columns.resized[number] or node.name
        return Row(tuple(outputs), tuple(parameters))

    def _pass(self, layer: Layer | None, shapes: Sequence[Shape | None], passages: dict[Shapes, Passage]) -> Passage:
        known = tuple(shape for shape in shapes if shape)
        if layer is None or len(known) < len(shapes):
            return Passage()
        if known not in passages:
            self._spend(1)
            passages[known] = _compute_passage(layer, known)
        return passages[known]

    def _spend(self, work: int) -> None:
        self.work += work
        if self.work > self.limit:
            raise WorkSpent


def _compute_passage(layer: Layer, shapes: Shapes) -> Passage:
    output = try_output(layer, shapes)
    if output is None:
        return Passage()
    return Passage(output, layer.rounds(shapes), tuple(layer.parameters(shapes).values()))


def _compare_shared(node: Node, row: Row, original: Row, columns: Columns) -> None:
    """Record the sizes at which a node would need other weights than the one that it shares them with."""
    for number, (own, others) in enumerate(zip(row.parameters, original.parameters, strict=True)):
        if own != others and row.outputs[number] is not None and original.outputs[number] is not None:
            columns.refused[number] = columns.refused[number] or node.name
