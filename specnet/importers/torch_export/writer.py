"""Write the calls of a program of torch as operators on tensors, in which nothing is changed in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Entry, Fate, Scope, SourceLayer, StoredArray
from specnet.importers.tensors.program import Operator, Program
from specnet.importers.torch_export.calls import Call, Calls, Ref
from specnet.importers.torch_export.sources import name_calls


class Writer:
    """Operators of a program, and the constants that they read."""

    def __init__(self, calls: Calls, table: Mapping[str, Writing]) -> None:
        self.calls = calls
        self.table = table
        self.operators: list[Operator] = []
        self.shapes: dict[str, tuple[int, ...]] = dict(calls.inputs)
        self.constants: dict[str, StoredArray] = {}
        self.renamed: dict[str, str] = {}
        self.source = SourceLayer(name="", kind="")
        self.scope: tuple[Scope, ...] = ()

    def write(self, format: str, name: str, remarks: tuple[str, ...]) -> Program:
        for call, (source, scope) in zip(self.calls.calls, name_calls(self.calls.calls), strict=True):
            self.source, self.scope = source, scope
            self.shapes |= dict(zip(call.outputs, call.shapes, strict=False))
            self._write_call(call)
        read = {name for op in self.operators for name in op.inputs if name}
        outputs = tuple(map(self.find, self.calls.outputs))
        constants = {name: array for name, array in self.constants.items() if name in read}
        return Program(
            format=format,
            name=name,
            inputs=self.calls.inputs,
            operators=tuple(self.operators),
            outputs=outputs,
            constants=constants,
            learned=frozenset(self.calls.names.get(name, name) for name in self.calls.learned),
            entries=tuple(_list_unread(self.calls)),
            batch=next((shape[0] for shape in self.calls.inputs.values() if shape), 1),
            remarks=remarks,
            run=self.calls.run,
            parameters=self.calls.parameters,
        )

    def _write_call(self, call: Call) -> None:
        function = self.table.get(call.name) or self.table.get(call.name.rstrip("_"))
        if function is None:
            refs = [self.value(each) for each in call.arguments.values() if isinstance(each, Ref)]
            self.add(call.name, refs, call.outputs[0])
        else:
            function(self, call)
        written = call.arguments.get("self")
        if call.name.endswith("_") and isinstance(written, Ref):
            self.renamed[written.name] = call.outputs[0]

    def find(self, name: str) -> str:
        """Return the name of the value that a name stands for after operators in place."""
        while name in self.renamed:
            name = self.renamed[name]
        return name

    def value(self, given: Any) -> str | None:
        """Return the name of a value or a constant; numbers become constants."""
        if given is None:
            return None
        if not isinstance(given, Ref):
            return self.number(given)
        name = self.find(given.name)
        if name in self.calls.tensors:
            return self._name_constant(name)
        return name

    def number(self, number: float) -> str:
        name = f"number {float(number)!r}"
        self.constants.setdefault(name, StoredArray((), lambda: _make_number(number)))
        return name

    def _name_constant(self, name: str) -> str:
        tensor = self.calls.tensors[name]
        given = self.calls.names.get(name, name)
        array = StoredArray(tuple(tensor.shape), lambda: _read_tensor(tensor, given))
        self.constants.setdefault(given, array)
        self.shapes.setdefault(given, tuple(tensor.shape))
        return given

    def shape(self, given: Any) -> tuple[int, ...]:
        name = self.value(given)
        return self.shapes.get(name or "", ()) if name else ()

    def add(self, kind: str, inputs: Sequence[str | None], output: str, **attributes: Any) -> str:
        """Add an operator with the shape that torch gives its output."""
        return self.add_shaped(kind, inputs, output, self.shapes[output], **attributes)

    def add_shaped(
        self, kind: str, inputs: Sequence[str | None], output: str, shape: Sequence[int], **attributes: Any
    ) -> str:
        """Add an operator, which may be one of several that a call stands for."""
        self.shapes[output] = tuple(shape)
        self.operators.append(
            Operator(kind, tuple(inputs), output, tuple(shape), self.source, attributes, self.scope)
        )  # fmt: skip
        return output


def _list_unread(calls: Calls) -> Iterator[Entry]:
    """Yield the outermost modules of which no parameter is read."""
    read = {name for key, name in calls.names.items() if name not in calls.unread and key}
    around = {name[: dot.start()] for name in read for dot in re.finditer(r"\.", name)}
    found = dict.fromkeys(
        next((path for path in _list_paths(name) if path not in around), name) for name in calls.unread
    )
    for path in found:
        yield Entry(SourceLayer(name=path, kind="module"), Fate.LEFT_OUT, (), (UNREAD,), computes=False)


def _list_paths(name: str) -> Iterator[str]:
    """Yield the modules around a parameter, outermost first."""
    return (name[: dot.start()] for dot in re.finditer(r"\.", name))


UNREAD = "its forward does not read it: only training does, or nothing"


def _read_tensor(tensor: Any, name: str) -> Any:
    """Return the array of a tensor; raises UnreadableModel for one that holds no numbers."""
    if tensor.is_meta:
        raise UnreadableModel(f"the tensor `{name}` is on the device `meta`, so that it holds no numbers")
    return tensor.detach().cpu().float().numpy()


def _make_number(number: float) -> Any:
    import numpy as np

    return np.asarray(number, dtype=np.float64)


Writing = Callable[[Writer, Call], None]
"""Writes a call."""
