"""From the configuration of a Keras model to a network, step by step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate, Imported, Scope, SourceLayer
from specnet.importers.keras.arrangements import PASSING
from specnet.importers.keras.arrays import Part, Variables
from specnet.importers.keras.compilation import read_training
from specnet.importers.keras.configs import KerasLayer, read_model, read_shape
from specnet.importers.keras.counting import RULE, Tensors, count_variables, list_tensors
from specnet.importers.keras.documents import (
    Document,
    read_archive_document,
    read_hdf5_document,
    read_text_document,
)
from specnet.importers.keras.layers import find_meaning
from specnet.importers.keras.layout import Layout, find_layout
from specnet.importers.keras.meanings import Meaning, NoMeaning, Situation
from specnet.importers.keras.running import make_run
from specnet.importers.keras.steps import Step, Value, list_steps
from specnet.importers.layer_texts import read_layers
from specnet.importers.recorder import Recorder, describe_source
from specnet.importers.request import Request
from specnet.layers.base import Shape

NOT_NEGATIVE = frozenset({"relu", "relu6", "sigmoid", "hard_sigmoid", "softmax"})
"""The last layers whose values zeros cannot exceed."""

KEEPING = frozenset({"add", "mul", "concat", "maximum", "pool", "dropout", "drop_path"})
"""Layers whose values are not negative if none of those that they read is."""

DAMAGES = (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError)
"""What reading a setting of another type than it should have ends in."""

Parameters = list[Mapping[str, tuple[int, ...]]]
"""The names and shapes of the parameters of several layers."""


def read_archive(request: Request) -> Imported:
    """Read a .keras file; raises UnreadableModel, OSError."""
    return _Reader("Keras archive", read_archive_document(request.path), request).read()


def read_hdf5(request: Request) -> Imported:
    """Read a model in HDF5; raises UnreadableModel, OSError."""
    return _Reader("Keras HDF5", read_hdf5_document(request.path), request).read()


def read_json(request: Request) -> Imported:
    """Read what `model.to_json()` gives; raises UnreadableModel, OSError."""
    return _Reader("Keras JSON", read_text_document(request.path), request).read()


class _Reader:
    """Reads one model. A layer that has no counterpart is left out, and with it what reads it."""

    def __init__(self, format: str, document: Document, request: Request) -> None:
        self.request, self.document = request, document
        weights = request.weights or (request.path if document.has_weights else None)
        self.variables = Variables(weights) if weights else None
        self.model = read_model(document.model)
        self.program = list_steps(self.model)
        self.layout = find_layout(self.program.steps)
        self.recorder = Recorder(f"{format} (Keras {document.version})", self.model.name)
        self.shapes = dict[Value, Shape]()
        self.nodes = dict[str, tuple[tuple[str, ...], Parameters]]()
        self.counts = dict[str, int]()
        self.situation = self._make_situation()

    def _make_situation(self) -> Situation:
        readers = defaultdict[Value, list[Step]](list)
        for step in self.program.steps:
            for value in step.reads:
                readers[value].append(step)
        return Situation(
            self.layout,
            self.document.version,
            self.shapes,
            self.variables is not None,
            readers,
            frozenset(self.program.outputs),
        )

    def read(self) -> Imported:
        for value, layer in self.program.inputs.items():
            self._add_input(value, layer)
        for step in self.program.steps:
            self._add_step(step)
        for value, claimed in self.program.claims.items():
            self._compare(value, claimed)
        if self.variables and self.variables.path == self.request.path:
            self.recorder.run = make_run(self.request.path, self.program, self.layout)
        self.recorder.training, remarks = read_training(self.document.training)
        self.recorder.remarks += remarks
        return self.recorder.finish(self.program.outputs, self._sum_parameters(), RULE)

    def _sum_parameters(self) -> int | None:
        """Return what Keras counts; None where a layer was left out, whose parameters are not known."""
        is_whole = not any(self.recorder.is_missing(step.output) for step in self.program.steps)
        return sum(self.counts.values()) if is_whole else None

    def _add_input(self, value: Value, layer: KerasLayer) -> None:
        config = layer.config
        batched = read_shape(config.get("batch_shape") or config.get("batch_input_shape"))
        given = self.request.input_shape if len(self.program.inputs) == 1 else None
        shape = choose_input_shape(value, batched[1:] if batched else None, given, self.layout)
        self.recorder.input(value, shape)
        self.shapes[value] = shape
        self.recorder.note(SourceLayer(str(value), layer.cls), Fate.EXACT)

    def _add_step(self, step: Step) -> None:
        """Add the layers that a call means, or record that it means none."""
        source = SourceLayer(step.name, step.layer.cls)
        if lost := next((value for value in step.reads if self.recorder.is_missing(value)), None):
            self.recorder.leave_out(source, f"it reads `{lost}`, which was left out", self._list_outputs(step))
            return
        try:
            self._require_known(step, source)
            meaning = find_meaning(step, self.situation)
        except UnreadableModel:
            raise
        except NoMeaning as reason:
            self.recorder.leave_out(source, str(reason), self._list_outputs(step))
            return
        except DAMAGES:  # a setting may be anything that JSON has
            self.recorder.leave_out(source, "its settings are not those of such a layer", self._list_outputs(step))
            return
        self._record(step, source, meaning)

    def _require_known(self, step: Step, source: SourceLayer) -> None:
        for value in step.reads:
            if value not in self.shapes:
                raise UnreadableModel(f"{describe_source(source)} reads `{value}`, which no layer gives")

    def _list_outputs(self, step: Step) -> list[str]:
        """Return the values that a step gives: all that are read under its name."""
        others = [value for value in self.situation.readers if value.startswith(f"{step.output}#")]
        return [step.output, *others]

    def _record(self, step: Step, source: SourceLayer, meaning: Meaning) -> None:
        reads = [str(value) for value in (meaning.reads or step.reads)]
        added = tuple[str, ...]()
        scope = tuple(Scope(model.name) for model in step.models)
        if meaning.before:
            value, chain = meaning.before
            passed = Value(f"{step.output}~")
            added = self.recorder.add(source, chain, [value], passed, name=f"{step.name}_factor", scope=scope)
            reads = [passed if each == value else each for each in reads]
        if meaning.layers:
            added += self.recorder.add(
                source, meaning.layers, reads, step.output, meaning.fate, meaning.reason, step.name, scope
            )
        else:
            self.recorder.rename(source, reads[0], step.output, meaning.reason, meaning.fate)
        self.shapes[step.output] = self.recorder.shape(step.output)
        shapes = tuple(self.recorder.shape(value) for value in reads)
        self._share(step, source, added, _list_parameters(meaning, shapes))
        tensors = list_tensors(meaning, shapes)
        self.counts.setdefault(step.name, count_variables(step, tensors))
        self._store(step, meaning, tensors)
        self._follow(step, meaning)

    def _share(self, step: Step, source: SourceLayer, added: tuple[str, ...], parameters: Parameters) -> None:
        """Give the nodes of a layer that was called before the weights of that call."""
        before, others = self.nodes.get(step.name, ((), []))
        if not before:
            self.nodes[step.name] = added, parameters
        elif any(parameters) and parameters != others:
            reason = "it is called again on values of another shape, and has weights of its own there"
            self.recorder.note(source, Fate.APPROXIMATED, reason)
        elif len(before) == len(added):
            for node, owner, learned in zip(added, before, parameters, strict=False):
                if learned:
                    self.recorder.share(node, owner)

    def _store(self, step: Step, meaning: Meaning, tensors: Sequence[Tensors]) -> None:
        """Keep the tensors of the layers that a call means, unless they are those of an earlier call."""
        if step.is_again or not meaning.layers or self.variables is None:
            return
        nodes, place = self.nodes[step.name][0][-len(tensors) :], 0
        for node, own in zip(nodes, tensors, strict=True):
            for role, shape in own.items():
                part = Part(step, place, role, shape, self.situation.flattened.get(step.reads[0]))
                self.recorder.store(node, role, self.variables.store(part))
            place += bool(own)

    def _follow(self, step: Step, meaning: Meaning) -> None:
        """Note what is known of the values of the step."""
        situation, reads = self.situation, step.reads
        last = meaning.layers.rpartition("-> ")[2].split(" ")[0]
        keeps = not last or last in KEEPING
        if last in NOT_NEGATIVE or (keeps and situation.not_negative.issuperset(reads)):
            situation.not_negative.add(step.output)
        if step.layer.cls in PASSING and reads[0] in situation.flattened:
            situation.flattened[step.output] = situation.flattened[reads[0]]

    def _compare(self, value: Value, claimed: tuple[int | None, ...]) -> None:
        """Compare the shape that the file gives for a value with the one here."""
        producer = next((step for step in self.program.steps if step.output == value), None)
        sizes = [size for size in claimed[1:] if size is not None]
        situation = self.situation
        is_other = any(value in some for some in (situation.flattened, situation.paddings, situation.combined))
        if producer and value in self.shapes and not is_other and len(sizes) == len(claimed) - 1:
            source = SourceLayer(producer.name, producer.layer.cls)
            self.recorder.claim(source, value, self.layout.to_spec(sizes))


def _list_parameters(meaning: Meaning, shapes: tuple[Shape, ...]) -> Parameters:
    """Return the parameters of each layer that a call means."""
    found: Parameters = [{}] if meaning.before else []
    for layer in read_layers(meaning.layers, shapes) if meaning.layers else ():
        found.append(layer.parameters(shapes))
        shapes = (layer.output(shapes),)
    return found


def choose_input_shape(name: str, given: tuple[int | None, ...] | None, asked: Shape | None, layout: Layout) -> Shape:
    """Return the shape of an input; raises UnreadableModel for one that is left open, or not the one asked for."""
    if asked is None and (given is None or None in given):
        sizes = "its shape" if given is None else "sizes"
        raise UnreadableModel(f"the input `{name}` leaves {sizes} open: say which one, as 224x224x3")
    if asked is None:
        return layout.to_spec([size for size in given or () if size is not None])
    if given is not None:
        own = (*given[1:], given[0]) if len(given) == 3 and layout.channels_first else given
        fits = len(own) == len(asked) and all(a in (None, b) for a, b in zip(own, asked, strict=True))
        if not fits:
            text = "x".join("?" if size is None else str(size) for size in own)
            raise UnreadableModel(f"the input `{name}` is {text} in the file, not {'x'.join(map(str, asked))}")
    return asked
