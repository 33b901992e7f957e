"""From the graph of an ONNX file to a program: its operators in their order, one after another."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import SourceLayer, StoredArray
from specnet.importers.onnx.batch_norms import has_batch_norm, undo_batch_norm
from specnet.importers.onnx.building import UNKNOWN, Conversion, NoCounterpart, ProgramBuilder, record_constant
from specnet.importers.onnx.evaluation import can_evaluate, evaluate
from specnet.importers.onnx.inlining import inline_branch, inline_function
from specnet.importers.onnx.model import MOST_NODES, Graph, Model, Node
from specnet.importers.onnx.naming import Naming
from specnet.importers.onnx.operators import CONVERTED
from specnet.importers.tensors.program import Operator

if TYPE_CHECKING:
    from numpy import ndarray

REFUSED = {
    **dict.fromkeys(("RNN", "LSTM", "GRU"), "it is recurrent, and networks here are feed-forward"),
    **dict.fromkeys(("Loop", "Scan"), "it repeats a part of the graph while it runs, and networks here are fixed"),
}
"""Operators that no part of a network here can stand for."""

RANDOM = {"RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial"}

DAMAGED = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What sizes and attributes that do not fit end in."""


class Converter:
    """Adds operators to a program; `declared` are the shapes that the file itself says."""

    def __init__(self, model: Model, program: ProgramBuilder, declared: dict[str, tuple[int | str, ...]]) -> None:
        self._functions = model.functions
        self._program = program
        self._declared = declared
        self._naming = Naming(model.graph.nodes)
        self._sources = set[SourceLayer]()

    def convert(self, nodes: Iterable[Node]) -> None:
        """Convert operators and what functions and branches consist of; raises UnreadableModel."""
        waiting, done = deque(nodes), 0
        while waiting:
            done += 1
            node = waiting.popleft()
            inner = self._open(node)
            if inner is None:
                self._convert_node(node)
            elif done + len(inner) + len(waiting) > MOST_NODES:
                raise UnreadableModel(f"the file has more than {MOST_NODES:,} operators, with those of its functions")
            else:
                waiting.extendleft(reversed(inner))

    def _open(self, node: Node) -> list[Node] | None:
        """Return the operators that stand for a call of a function or a branch; None for any other operator."""
        if function := self._functions.get((node.domain, node.kind, node.overload)):
            return list(inline_function(function, node))
        if node.kind != "If" or node.domain or node.inputs[:1] == ():
            return None
        if not self._program.is_small(node.inputs[0]):
            raise UnreadableModel(
                f"the If `{node.label}` depends on the input of the network; export the model with that part fixed"
            )
        is_true = bool(self._program.array(node.inputs[0]).reshape(-1)[:1].any())
        branch = node.get("then_branch" if is_true else "else_branch")
        if not isinstance(branch, Graph):
            raise UnreadableModel(f"the If `{node.label}` lacks a branch")
        return list(inline_branch(branch, node))

    def _convert_node(self, node: Node) -> None:
        source = self._take_source(node)
        if node.kind in REFUSED and not node.domain:
            raise UnreadableModel(f"the {node.kind} `{source.name}` cannot be imported: {REFUSED[node.kind]}")
        for name in filter(None, node.inputs):
            if name not in self._program.shapes:
                raise UnreadableModel(f"the {node.kind} `{source.name}` reads `{name}`, which nothing before it gives")
            if name in self._program.ungiven:
                self._program.operators.append(self._program.ungiven.pop(name))
        for name in filter(None, node.outputs):
            if name in self._program.shapes and name not in self._program.lost:
                raise UnreadableModel(f"the {node.kind} `{source.name}` gives `{name}`, which is there already")
        try:
            self._add(node, source)
        except DAMAGED as error:
            if isinstance(error, UnreadableModel):
                raise
            what = f"the {node.kind} `{source.name}` has inputs, sizes or attributes that do not fit"
            raise UnreadableModel(what) from None

    def _take_source(self, node: Node) -> SourceLayer:
        """Return the operator as the report has it, with a name that no other has."""
        kind = f"{node.domain}.{node.kind}" if node.domain else node.kind
        source, count = SourceLayer(name=node.label or node.kind, kind=kind), 1
        while source in self._sources:
            count += 1
            source = SourceLayer(name=f"{node.label or node.kind} ({count})", kind=kind)
        self._sources.add(source)
        return source

    def _add(self, node: Node, source: SourceLayer) -> None:
        program = self._program
        if self._compute(node, source):
            return
        weight = next((name for name in node.inputs[1:2] if program.is_constant(name)), "")
        place = self._naming.place(node, weight, has_batch_norm(node))
        conversion = Conversion(node, program, source, place.scope, place.name)
        convert = CONVERTED.get((node.domain, node.kind))
        count = len(program.operators)
        try:
            if convert is None:
                raise NoCounterpart("")
            if any(name in program.lost for name in node.inputs):
                raise NoCounterpart("")
            convert(conversion)
            if self._postpone(conversion, count):
                return
            if has_batch_norm(node) and len(program.operators) == count + 1:
                undo_batch_norm(conversion)
        except NoCounterpart as reason:
            del program.operators[count:]
            self._lose(conversion, str(reason))
        self._finish(conversion)

    def _compute(self, node: Node, source: SourceLayer) -> bool:
        """Compute an operator on small constants; return whether it is one."""
        program = self._program
        given = [name for name in node.inputs if name]
        if not given or node.domain or node.kind in RANDOM or not all(map(program.is_small, given)):
            return False
        arrays = [program.array(name) if name else None for name in node.inputs]
        outputs = evaluate(node, arrays, program.opset)
        if outputs is None:
            return False
        for name, array in zip(node.outputs, outputs, strict=False):
            if name:
                program.keep_value(name, array)
        record_constant(program, source)
        return True

    def _postpone(self, conversion: Conversion, count: int) -> bool:
        """Make a constant of an operator on large constants, which is computed when its numbers are read."""
        node, program = conversion.node, self._program
        names = [name or None for name in node.inputs]
        given = [None if name is None else program.constants.get(name) for name in names]
        is_constant = all(array is not None for name, array in zip(names, given, strict=True) if name)
        if not any(names) or not is_constant or not can_evaluate(node) or len(node.outputs) != 1:
            return False
        if conversion.output in program.constants:
            return True

        def read() -> ndarray:
            arrays = [None if array is None else array.read() for array in given]
            outputs = evaluate(node, arrays, program.opset)
            assert outputs, "the operator can be computed"
            return outputs[0]

        del program.operators[count:]
        program.keep(conversion.output, StoredArray(program.shapes[conversion.output], read))
        record_constant(program, conversion.source)
        return True

    def _lose(self, conversion: Conversion, reason: str) -> None:
        """Add an operator that has no counterpart, with the shape that the file says."""
        node, program = conversion.node, self._program
        inputs = tuple(name or None for name in node.inputs)
        for name in filter(None, node.outputs):
            shape = self._read_declared(name)
            if shape == UNKNOWN:
                program.lost.add(name)
            program.shapes[name] = shape
            program.operators.append(
                Operator(
                    node.kind, inputs, name, shape, conversion.source, {}, conversion.scope, conversion.name, reason
                )
            )

    def _read_declared(self, name: str) -> tuple[int, ...]:
        """Return the shape that the file says of a value, where all sizes but the batch are numbers."""
        sizes = self._declared.get(name, ())
        filled = tuple(1 if place == 0 and isinstance(size, str) else size for place, size in enumerate(sizes))
        known = tuple(size for size in filled if isinstance(size, int))
        return known if len(known) == len(filled) else UNKNOWN

    def _finish(self, conversion: Conversion) -> None:
        """Compare shapes with those of the file, and mark outputs that were not given as unknown."""
        node, program = conversion.node, self._program
        for name in filter(None, node.outputs):
            if name not in program.shapes:
                program.lost.add(name)
                program.shapes[name] = UNKNOWN
                reason = f"it is another output of the {node.kind}, which no layer here has"
                program.ungiven[name] = Operator(node.kind, (), name, UNKNOWN, conversion.source, {}, differs=reason)
            elif name not in program.constants and name not in program.lost:
                self._compare(conversion, name)

    def _compare(self, conversion: Conversion, name: str) -> None:
        ours, theirs = self._program.shapes[name], self._declared.get(name)
        pairs = zip(ours, theirs or (), strict=False)
        fits = theirs is None or (
            len(ours) == len(theirs) and all(isinstance(size, str) or own == size for own, size in pairs)
        )
        if not fits and theirs is not None:
            shapes = " and ".join("×".join(map(str, shape)) for shape in (theirs, ours))
            reason = f"the shape of its output in the file and the one that comes of its sizes differ: {shapes}"
            last = self._program.operators[-1]
            self._program.operators[-1] = replace(last, differs=last.differs or reason)
