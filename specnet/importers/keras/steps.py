"""The calls of all layers in the order of their computation; models within models are written out."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.importers.errors import UnreadableModel
from specnet.importers.keras.configs import Call, KerasLayer, KerasModel, TensorRef
from specnet.importers.keras.names import to_snake_case
from specnet.syntax.limits import MAX_NODES

INPUT = "InputLayer"


class Value(str):
    """The name of a value: `conv1`, `conv1:1` for a second call, `inner.conv1` within a model."""

    __slots__ = ()


@dataclass(frozen=True)
class Step:
    """A call of a layer, with the values that it reads and the one that it gives."""

    layer: KerasLayer
    name: str
    """The layer's name, with those of the models around it: two steps of one name share their weights."""
    folder: str
    """Where a .keras archive has the layer's variables: `layers/conv2d_1`."""
    owner: str
    """The layer of the network itself that this one is, or is in: HDF5 lists the variables by these."""
    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]
    output: Value
    models: tuple[KerasModel, ...] = ()
    """The models around the layer, outermost first."""
    is_again: bool = False
    """Whether the layer was called before."""

    @property
    def reads(self) -> tuple[Value, ...]:
        return tuple(dict.fromkeys(_find_values((self.arguments, *self.keywords.values()))))


@dataclass
class Program:
    """All steps, the inputs of the network with their shapes, its outputs, and the shapes that the file claims."""

    steps: list[Step] = field(default_factory=list)
    inputs: dict[Value, KerasLayer] = field(default_factory=dict)
    outputs: list[Value] = field(default_factory=list)
    claims: dict[Value, tuple[int | None, ...]] = field(default_factory=dict)


def list_steps(model: KerasModel) -> Program:
    """Return the calls of a model; raises UnreadableModel for calls that read one another, or what is not there."""
    program = Program()
    program.outputs = _Walk(program, model, "", "", (), None, set()).run()
    return program


class _Walk:
    """Writes out one call of a model. `given` are the values that it is called with; None for the network itself."""

    def __init__(
        self,
        program: Program,
        model: KerasModel,
        prefix: str,
        folder: str,
        around: tuple[KerasModel, ...],
        given: Sequence[Value] | None,
        called: set[str],
        suffix: str = "",
        owner: str = "",
    ) -> None:
        self.program, self.model, self.given, self.called = program, model, given, called
        self.prefix, self.suffix, self.around, self.owner = prefix, suffix, (*around, model), owner
        self.folders = _name_folders(model, folder)
        self.values: dict[tuple[str, int, int], Value] = {}
        self.offsets = _find_offsets(model)
        self.counts = _count_outputs(model)

    def run(self) -> list[Value]:
        """Add the steps of the model; return its outputs."""
        if self.model.is_sequential:
            return [self._run_chain()]
        for layer, index in _sort_calls(self.model, self.offsets):
            self._run_call(layer, index)
        if not self.model.outputs:
            raise UnreadableModel(f"the model `{self.model.name}` names no outputs")
        return [self._find(reference) for reference in self.model.outputs]

    def _run_chain(self) -> Value:
        """Add the layers of a Sequential model, each of which reads the one before."""
        current = self.given[0] if self.given else None
        for layer in self.model.layers:
            if layer.cls == INPUT:
                current = current or self._add_input(layer)
                continue
            current = current or self._add_input(KerasLayer(INPUT, "input", _describe_input(self.model, layer)))
            current = self._call(layer, 0, Call((current,), {}), lambda value: value)[0]
        if current is None:
            raise UnreadableModel(f"the model `{self.model.name}` has no layers")
        return current

    def _run_call(self, layer: KerasLayer, index: int) -> None:
        if layer.cls == INPUT:
            self.values[layer.name, 0, 0] = self._take_given(layer)
            return
        outputs = self._call(layer, index, layer.calls[index], self._find)
        for place, value in enumerate(outputs):
            self.values[layer.name, index + self.offsets[layer.name], place] = value

    def _call(self, layer: KerasLayer, index: int, call: Call, find: Any) -> list[Value]:
        """Add a call of a layer, or the steps of a model within."""
        name = f"{self.prefix}{layer.name}"
        suffix, owner = f"{self.suffix}:{index}" if index else self.suffix, self.owner or layer.name
        arguments = _replace(call.arguments, find)
        keywords = {key: _replace(value, find) for key, value in call.keywords.items()}
        if len(self.program.steps) >= MAX_NODES:
            raise UnreadableModel(f"the model has more than {MAX_NODES:,} calls of layers")
        if layer.model:
            given = list(_find_values((arguments, *keywords.values())))
            folder = self.folders[layer.name]
            inner = _Walk(self.program, layer.model, f"{name}.", folder, self.around, given, self.called, suffix, owner)
            return inner.run()
        output = Value(f"{name}{suffix}")
        is_again = name in self.called
        self.called.add(name)
        models = self.around[1:]
        self.program.steps.append(
            Step(layer, name, self.folders[layer.name], owner, arguments, keywords, output, models, is_again)
        )
        return [output, *(Value(f"{output}#{place}") for place in range(1, self.counts.get(layer.name, 1)))]

    def _take_given(self, layer: KerasLayer) -> Value:
        """Return the value that an input of this model has."""
        if self.given is None:
            return self._add_input(layer)
        names = [reference.layer for reference in self.model.inputs]
        place = names.index(layer.name) if layer.name in names else len(names)
        if place >= len(self.given):
            raise UnreadableModel(f"the model `{self.model.name}` is called without its input `{layer.name}`")
        return self.given[place]

    def _add_input(self, layer: KerasLayer) -> Value:
        value = Value(f"{self.prefix}{layer.name}")
        self.program.inputs[value] = layer
        return value

    def _find(self, reference: TensorRef) -> Value:
        key = (reference.layer, reference.call, reference.output)
        if key not in self.values:
            raise UnreadableModel(f"output {reference.output} of call {reference.call} of `{reference.layer}` is read, "
                                  "and there is none")  # fmt: skip
        if reference.shape:
            self.program.claims.setdefault(self.values[key], reference.shape)
        return self.values[key]


def _describe_input(model: KerasModel, first: KerasLayer) -> Mapping[str, Any]:
    """Return the configuration of the input of a chain whose first layer says what it reads, or nothing does."""
    own = first.config
    if first.model and first.model.layers:
        return _describe_input(first.model, first.model.layers[0])
    for name in ("batch_input_shape", "batch_shape"):
        if isinstance(own.get(name), list):
            return {"batch_shape": own[name]}
    if isinstance(own.get("input_shape"), list):
        return {"batch_shape": [None, *own["input_shape"]]}
    if type(own.get("input_dim")) is int:
        return {"batch_shape": [None, own["input_dim"]]}
    return {"batch_shape": list(model.built_shape)} if model.built_shape else {}


def _name_folders(model: KerasModel, folder: str) -> dict[str, str]:
    """Return where a .keras archive has the variables of each layer, which it numbers by class."""
    counts, folders = dict[str, int](), dict[str, str]()
    for layer in model.layers:
        word = to_snake_case(layer.cls)
        number = counts.get(word, 0)
        counts[word] = number + 1
        folders[layer.name] = "/".join(filter(None, [folder, "layers", f"{word}_{number}" if number else word]))
    return folders


def _find_offsets(model: KerasModel) -> dict[str, int]:
    """Return what the first call of each layer is numbered: models within count their own inputs as call 0."""
    highest, lowest = defaultdict[str, int](lambda: -1), dict[str, int]()
    for reference in _list_references(model):
        highest[reference.layer] = max(highest[reference.layer], reference.call)
        lowest[reference.layer] = min(lowest.get(reference.layer, reference.call), reference.call)
    offsets = dict.fromkeys((layer.name for layer in model.layers), 0)
    for layer in model.layers:
        if layer.model and highest[layer.name] >= len(layer.calls) and lowest.get(layer.name, 0) > 0:
            offsets[layer.name] = 1
    return offsets


def _list_references(model: KerasModel) -> Iterator[TensorRef]:
    yield from model.outputs
    for layer in model.layers:
        for call in layer.calls:
            yield from call.tensors


def _count_outputs(model: KerasModel) -> dict[str, int]:
    """Return how many outputs of each layer are read, of those that may have several."""
    counts = {layer.name: 1 for layer in model.layers if layer.cls in SEVERAL}
    for reference in _list_references(model):
        if reference.layer in counts:
            counts[reference.layer] = min(max(counts[reference.layer], reference.output + 1), MOST_OUTPUTS)
    return counts


SEVERAL = frozenset({"TFOpLambda", "Split", "MultiHeadAttention", "Unstack"})
"""Classes of layers that may have several outputs."""

MOST_OUTPUTS = 256


def _sort_calls(model: KerasModel, offsets: Mapping[str, int]) -> Iterator[tuple[KerasLayer, int]]:
    """Yield each call behind those whose outputs it reads, else in the order of the file."""
    calls = [(layer, index) for layer in model.layers for index in range(1 if layer.cls == INPUT else len(layer.calls))]
    places = {(layer.name, index + offsets[layer.name]): place for place, (layer, index) in enumerate(calls)}
    waiting, readers = [0] * len(calls), defaultdict[int, list[int]](list)
    for place, (layer, index) in enumerate(calls):
        for source in _find_sources(layer, index, places):
            waiting[place] += 1
            readers[source].append(place)
    ready = [place for place, count in enumerate(waiting) if not count]
    done = 0
    while ready:
        place = heapq.heappop(ready)
        done += 1
        yield calls[place]
        for reader in readers[place]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    if done < len(calls):
        names = [calls[place][0].name for place, count in enumerate(waiting) if count]
        raise UnreadableModel(f"layers of `{model.name}` read one another in a circle: {', '.join(names[:4])}")


def _find_sources(layer: KerasLayer, index: int, places: Mapping[tuple[str, int], int]) -> set[int]:
    """Return the places of the calls that a call reads; raises UnreadableModel for a layer that is not there."""
    if layer.cls == INPUT or not layer.calls:
        return set()
    found = set[int]()
    for reference in layer.calls[index].tensors:
        key = (reference.layer, reference.call)
        if key not in places:
            raise UnreadableModel(
                f"the {layer.cls} `{layer.name}` reads `{reference.layer}`, which no layer of the model gives"
            )
        found.add(places[key])
    return found


def _replace(value: Any, find: Any) -> Any:
    """Return arguments with the names of values in place of references."""
    if isinstance(value, TensorRef):
        return find(value)
    if isinstance(value, tuple):
        return tuple(_replace(each, find) for each in value)
    if isinstance(value, dict):
        return {key: _replace(each, find) for key, each in value.items()}
    return value


def _find_values(arguments: Any) -> Iterator[Value]:
    if isinstance(arguments, Value):
        yield arguments
    elif isinstance(arguments, tuple):
        for each in arguments:
            yield from _find_values(each)
    elif isinstance(arguments, dict):
        yield from _find_values(tuple(arguments.values()))
