"""What the layers of a file are called, and the modules around them: from metadata, paths and the names of weights."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from specnet.importers.imported import Scope
from specnet.importers.onnx.model import Node

SCOPES, CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"
"""Keys of torch.export's exporter: the modules around an operator with the operator last, and their classes."""

NAMESPACE = "namespace"
"""The key by which viewers group operators: the names around one with / between them."""

LONGEST_METADATA = 10_000

WEIGHT = re.compile(r"(.+)[./](weight|kernel|gamma|weights|W|kernel:0)")
"""A weight is named after its layer."""

GRAPH = re.compile(r"(main|torch|tf2onnx|functional|sequential|model|StatefulPartitionedCall)[\w.]*")


class Place(NamedTuple):
    """The word for an operator, and the modules around it, outermost first."""

    name: str
    scope: tuple[Scope, ...]


class Naming:
    """Names for the operators of a graph; a module with no others inside is a layer, whatever operators it has."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._containers = set[str]()
        self._weights = Counter[str]()
        for node in nodes:
            modules = read_modules(node)
            self._containers |= {outer.name for outer, _ in pairwise(modules)}
            self._weights.update(node.inputs[1:2])

    def place(self, node: Node, weight: str = "", is_fused: bool = False) -> Place:
        """Return where an operator stands; `weight` is the name of its constant.

        The metadata of one that is fused is that of another one.
        """
        modules = read_modules(node)
        if modules and modules[-1].name not in self._containers and not is_fused:
            return Place(modules[-1].name, tuple(modules[:-1]))
        is_named = NAMESPACE in node.metadata and SCOPES not in node.metadata
        if (found := WEIGHT.fullmatch(weight)) and self._weights[weight] == 1 and not is_named:
            name = found[1].replace("/", ".")
            around = [module for module in modules if name.startswith(f"{module.name}.")]
            return Place(name, tuple(around))
        own = _read_own_name(node)
        return Place(f"{modules[-1].name}.{own}" if modules else own, tuple(modules))


def read_modules(node: Node) -> list[Scope]:
    """Return the modules around an operator by their full paths, as its metadata or its name has them."""
    if SCOPES in node.metadata:
        names = _read_list(node.metadata[SCOPES])[:-1]
        classes = [each.rpartition(".")[2] for each in _read_list(node.metadata.get(CLASSES, "[]"))]
        classes += [""] * (len(names) - len(classes))
        pairs = zip(names, classes, strict=False)
        return [Scope(name=name, cls=cls) for name, cls in pairs if name and not name.startswith("_")]
    return _join_paths(node.name.split("/")[1:-1]) if node.name.startswith("/") else []


def _join_paths(parts: Sequence[str]) -> list[Scope]:
    """Return full paths for `layer1`, `layer1.0`, `conv1`; the second word begins with the first and goes on there."""
    scopes = list[Scope]()
    path = ""
    for part in parts:
        last = path.rpartition(".")[2]
        if not path:
            path = part
        elif part.startswith(f"{last}."):
            path += part[len(last) :]
        else:
            path += f".{part}"
        scopes.append(Scope(name=path, cls=""))
    return scopes


def _read_own_name(node: Node) -> str:
    """Return the word of an operator itself, without the path of its modules."""
    if SCOPES in node.metadata:
        names = _read_list(node.metadata[SCOPES])
        return names[-1] if names else node.label
    parts = [part for part in node.label.split("/") if part]
    if len(parts) > 1 and parts[-1].lower().startswith(node.kind.lower()) and not node.name.startswith("/"):
        parts.pop()  # `stage1.conv1/Conv`: a layer, and the operator in it
    if node.name.startswith("/"):
        return parts[-1].lower()
    while len(parts) > 1 and GRAPH.fullmatch(parts[0]):
        del parts[0]
    return ".".join(parts) or node.kind.lower()


def _read_list(text: str) -> list[str]:
    """Return a list of texts that stands in metadata as Python writes it."""
    try:
        found = ast.literal_eval(text) if len(text) < LONGEST_METADATA else []
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return []
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
