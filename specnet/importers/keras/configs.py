"""The layers of a model and how they are called, from its configuration as Keras 1, 2 or 3 writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from specnet.importers.errors import UnreadableModel

MODELS = frozenset({"Sequential", "Functional", "Model", "Graph"})
"""The classes of what holds layers: a functional one was a `Model` until Keras 2.4."""

DEEPEST = 32
"""Models within models, and lists within the arguments of a call."""


class TensorRef(NamedTuple):
    """An output of a call of a layer."""

    layer: str
    call: int
    output: int
    shape: tuple[int | None, ...] | None = None
    """Its shape with the batch, where the file says it."""


class Call(NamedTuple):
    """A call of a layer: values and tensors, as the file has them."""

    arguments: tuple[Any, ...]
    keywords: Mapping[str, Any]

    @property
    def tensors(self) -> tuple[TensorRef, ...]:
        """The tensors that the call reads, in their order."""
        return (*_find_tensors(self.arguments), *_find_tensors(tuple(self.keywords.values())))


@dataclass(frozen=True)
class KerasLayer:
    """A layer: its class, its name, its own configuration, and its calls."""

    cls: str
    name: str
    config: Mapping[str, Any]
    calls: tuple[Call, ...] = ()
    module: str = ""
    """The Python module of the class, as Keras 3 writes it."""
    is_custom: bool = False
    """Whether the class is the author's own, and no part of Keras."""
    model: KerasModel | None = None
    """The layers within, if it is itself a model."""


@dataclass(frozen=True)
class KerasModel:
    """Layers in the order of the file, and what goes in and comes out; both are empty for a chain of layers."""

    name: str
    layers: tuple[KerasLayer, ...]
    is_sequential: bool
    inputs: tuple[TensorRef, ...] = ()
    outputs: tuple[TensorRef, ...] = ()
    built_shape: tuple[int | None, ...] | None = None
    by_name: Mapping[str, KerasLayer] = field(default_factory=dict)


def read_model(document: Mapping[str, Any], depth: int = 0) -> KerasModel:
    """Return the model of a configuration; raises UnreadableModel for one that is damaged or no model."""
    cls, config = str(document.get("class_name"))[:40], document.get("config")
    if depth > DEEPEST:
        raise UnreadableModel(f"models are nested more than {DEEPEST} deep")
    if cls not in MODELS and not (isinstance(config, dict) and isinstance(config.get("layers"), list)):
        raise UnreadableModel(f"the file holds a `{cls}`, not a Sequential or a functional model: {_advise(cls)}")
    listed = config.get("layers") if isinstance(config, dict) else config
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise UnreadableModel(f"the {cls} has no list of layers: its `config` is damaged")
    settings = config if isinstance(config, dict) else {}
    is_sequential = "input_layers" not in settings
    layers = tuple(_read_layer(each, depth, is_sequential) for each in listed)
    by_name = {layer.name: layer for layer in layers}
    if len(by_name) < len(layers):
        raise UnreadableModel(f"the {cls} has two layers of the same name")
    return KerasModel(
        str(settings.get("name") or cls),
        layers,
        is_sequential,
        tuple(_find_tensors(_read_ends(settings.get("input_layers")))),
        tuple(_find_tensors(_read_ends(settings.get("output_layers")))),
        read_shape(settings.get("build_input_shape")),
        by_name,
    )


def _advise(cls: str) -> str:
    return f"the layers of a class of its own are Python code; build the model of layers, or export `{cls}` as ONNX"


def read_shape(value: object) -> tuple[int | None, ...] | None:
    """Return a shape with the batch; None for anything else."""
    if not isinstance(value, list | tuple) or not all(each is None or type(each) is int for each in value):
        return None
    return tuple(value)


def _read_layer(document: Mapping[str, Any], depth: int, is_sequential: bool) -> KerasLayer:
    cls, given = str(document.get("class_name") or ""), document.get("config")
    config = given if isinstance(given, dict) else {}
    module, registered = str(document.get("module") or ""), str(document.get("registered_name") or "")
    is_custom = ">" in registered or ">" in cls or (bool(module) and not module.startswith(("keras", "tensorflow")))
    is_model = cls in MODELS or isinstance(config.get("layers"), list)
    return KerasLayer(
        cls.rpartition(">")[2],
        str(document.get("name") or config.get("name") or cls),
        config,
        () if is_sequential else tuple(_read_calls(document.get("inbound_nodes"))),
        module,
        is_custom,
        read_model(document, depth + 1) if is_model else None,
    )


def _read_calls(nodes: object) -> Iterator[Call]:
    """Yield the calls of a layer, of any version."""
    for node in nodes if isinstance(nodes, list) else ():
        if isinstance(node, dict):
            keywords = node.get("kwargs")
            keywords = keywords if isinstance(keywords, dict) else {}
            named = {str(name): _read_argument(value, 0) for name, value in keywords.items()}
            yield Call(tuple(_read_argument(each, 0) for each in _as_list(node.get("args"))), named)
        elif isinstance(node, list):
            yield _read_old_call(node)


def _read_old_call(node: list[Any]) -> Call:
    """Return a call of Keras 1 or 2: `[["conv1", 0, 0, {}], …]`, where later tensors may stand among the keywords."""
    arguments, keywords = list[Any](), dict[str, Any]()
    for each in [node] if _is_reference(node) else node:
        if not _is_reference(each):
            raise UnreadableModel(f"a layer is called with {str(each)[:40]!r}, which names no layer")
        arguments.append(_read_reference(each))
        extra = each[3] if len(each) > 3 and isinstance(each[3], dict) else {}
        keywords |= {str(name): _read_argument(value, 0) for name, value in extra.items()}
    return Call(tuple(arguments), keywords)


def _is_reference(value: object) -> bool:
    """Whether a value names an output: `["conv1", 0, 0]`; version 2 has constants in the same form."""
    return isinstance(value, list) and len(value) > 2 and isinstance(value[0], str) and type(value[1]) is int


def _read_reference(value: Sequence[Any]) -> Any:
    name, call, output = value[:3]
    if name == "_CONSTANT_VALUE":
        return output
    return TensorRef(name, call, output if type(output) is int else 0)


def _read_argument(value: object, depth: int) -> Any:
    """Return an argument with TensorRefs for tensors, and tuples for lists."""
    if depth > DEEPEST:
        raise UnreadableModel(f"the arguments of a call are nested more than {DEEPEST} deep")
    if isinstance(value, dict):
        return _read_object(value, depth)
    if _is_reference(value):
        return _read_reference(value)  # type: ignore[arg-type]
    return tuple(_read_argument(each, depth + 1) for each in value) if isinstance(value, list) else value


def _read_object(value: Mapping[str, Any], depth: int) -> Any:
    """Return what Keras 3 has serialised: a tensor, a slice or another object."""
    config = value.get("config")
    if value.get("class_name") == "__keras_tensor__" and isinstance(config, dict):
        history = config.get("keras_history")
        if _is_reference(history):
            return _read_reference(history)._replace(shape=read_shape(config.get("shape")))  # type: ignore[arg-type]
    if value.get("class_name") == "__slice__" and isinstance(config, dict):
        return slice(*(config.get(name) for name in ("start", "stop", "step")))
    return {str(name): _read_argument(each, depth + 1) for name, each in value.items()}


def _find_tensors(value: object) -> Iterator[TensorRef]:
    if isinstance(value, TensorRef):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _find_tensors(each)
    elif isinstance(value, dict):
        yield from _find_tensors(tuple(value.values()))


def _read_ends(value: object) -> Any:
    """Return the inputs or outputs of a model: one reference, a list or a dictionary of some."""
    return _read_argument(value, 0)


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
