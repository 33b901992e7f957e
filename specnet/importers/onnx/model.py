"""The parts of an ONNX file that are read, by the numbers that onnx.proto gives their fields.

See https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Nothing is read before it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from specnet.importers.errors import UnreadableModel
from specnet.importers.protobuf import Message

FLOAT, INT, STRING, TENSOR, GRAPH, FLOATS, INTS, STRINGS = range(1, 9)

MOST_NODES = 20_000
"""The operators of the longest file that is read, functions and branches included."""


class Graph:
    """A graph, or the body of a function (which has names in place of inputs and outputs)."""

    def __init__(self, message: Message) -> None:
        self.message = message

    @property
    def name(self) -> str:
        return self.message.text(2)

    @property
    def nodes(self) -> Iterator[Node]:
        return read_nodes(self.message, 1)

    @property
    def initializers(self) -> list[Message]:
        """The messages of the tensors; see tensors.py."""
        return self.message.messages(5)

    @property
    def inputs(self) -> list[Value]:
        return [read_value(each) for each in self.message.messages(11)]

    @property
    def outputs(self) -> list[Value]:
        return [read_value(each) for each in self.message.messages(12)]

    @property
    def values(self) -> list[Value]:
        return [read_value(each) for each in self.message.messages(13)]


@dataclass(frozen=True)
class Value:
    """A value with its sizes; a size without a number has a name, or none. `sizes` is None where the rank is open."""

    name: str
    sizes: tuple[int | str, ...] | None


@dataclass(frozen=True)
class Node:
    """An operator; `attributes` are messages until they are asked for."""

    kind: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Message]
    overload: str = ""
    message: Message | None = field(default=None, repr=False)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of an attribute: a number, a text, a list of them, a Message (tensor), or a Graph."""
        message = self.attributes.get(name)
        return default if message is None else _read_attribute(message)

    def has_input(self, place: int) -> bool:
        return place < len(self.inputs) and bool(self.inputs[place])

    def with_inputs(self, names: Sequence[str]) -> Node:
        return replace(self, inputs=tuple(names))

    @property
    def label(self) -> str:
        return self.name or next(filter(None, self.outputs), "")

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        return _read_pairs(self.message, 9) if self.message else {}

    def with_names(self, names: Mapping[str, str], prefix: str) -> Node:
        """Return the operator with other names for its values."""
        inputs = tuple(names.get(name, name) for name in self.inputs)
        outputs = tuple(names.get(name, name) for name in self.outputs)
        return replace(self, name=f"{prefix}{self.label}", inputs=inputs, outputs=outputs)


@dataclass(frozen=True)
class Function:
    """An operator that the file itself defines by others."""

    body: Message
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    defaults: Mapping[str, Message]

    @property
    def nodes(self) -> Iterator[Node]:
        return read_nodes(self.body, 7)


class Model:
    """A file; raises UnreadableModel where it has no graph."""

    def __init__(self, data: memoryview) -> None:
        self.message = Message(data)
        if not self.message.parts(7):
            raise UnreadableModel("the file has no graph: it is damaged, or no ONNX model")
        self.graph = Graph(self.message.message(7))
        self.producer = self.message.text(2)
        self.opset = _find_opset(self.message, 8)

    @property
    def metadata(self) -> Mapping[str, str]:
        return _read_pairs(self.message, 14)

    @cached_property
    def functions(self) -> Mapping[tuple[str, str, str], Function]:
        """The functions by domain, name and overload."""
        functions = dict[tuple[str, str, str], Function]()
        for each in self.message.messages(25):
            defaults = {attribute.text(1): attribute for attribute in each.messages(11)}
            function = Function(each, tuple(each.texts(4)), tuple(each.texts(5)), defaults)
            functions[(each.text(10), each.text(1), each.text(13))] = function
        return functions


def read_nodes(message: Message, number: int) -> Iterator[Node]:
    """Yield the operators of a graph or function; raises UnreadableModel where there are too many."""
    parts = message.parts(number)
    if len(parts) > MOST_NODES:
        raise UnreadableModel(f"the file has {len(parts):,} operators; at most {MOST_NODES:,} are read")
    return map(_read_node, map(Message, parts))


def _read_node(message: Message) -> Node:
    attributes = {each.text(1): each for each in message.messages(5)}
    inputs, outputs = tuple(message.texts(1)), tuple(message.texts(2))
    domain = message.text(7)
    domain = "" if domain == "ai.onnx" else domain
    return Node(message.text(4), domain, message.text(3), inputs, outputs, attributes, message.text(8), message)


def _read_attribute(message: Message) -> Any:
    if message.has(21) and not message.has(20):
        return None  # refers to an attribute of a function that was not given
    match message.integer(20) or _guess_type(message):
        case 1:
            return message.float(2)
        case 2:
            return message.integer(3)
        case 3:
            return message.text(4)
        case 4:
            return message.message(5)
        case 5:
            return Graph(message.message(6))
        case 6:
            return message.floats(7)
        case 7:
            return message.integers(8)
        case 8:
            return message.texts(9)
    return None


def _guess_type(message: Message) -> int:
    """Return the type of an attribute of a file that does not say it, as old files do not."""
    fields = {2: FLOAT, 3: INT, 4: STRING, 5: TENSOR, 6: GRAPH, 7: FLOATS, 8: INTS, 9: STRINGS}
    return next((kind for number, kind in fields.items() if message.has(number)), 0)


def read_value(message: Message) -> Value:
    tensor = message.message(2).message(1)
    if not tensor.has(2):
        return Value(message.text(1), None)
    dims = tensor.message(2).messages(1)
    sizes = tuple(each.integer(1) if each.has(1) and each.integer(1) > 0 else each.text(2) for each in dims)
    return Value(message.text(1), sizes)


def _find_opset(message: Message, number: int) -> int:
    """Return the version of the standard operators."""
    versions = {each.text(1): each.integer(2) for each in message.messages(number)}
    return versions.get("", versions.get("ai.onnx", 1))


def _read_pairs(message: Message, number: int) -> Mapping[str, str]:
    return {each.text(1): each.text(2) for each in message.messages(number)}
