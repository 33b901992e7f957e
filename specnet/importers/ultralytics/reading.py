"""From the rows of a model file to a network."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from specnet.foreign.calls import translate_statement
from specnet.foreign.ultralytics_layers import ACTIVATION
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate, Imported, SourceLayer
from specnet.importers.recorder import Recorder
from specnet.importers.request import Request
from specnet.importers.ultralytics.assembly import Assembly
from specnet.importers.ultralytics.heads import detect, detect_with_anchors
from specnet.importers.ultralytics.model_file import ModelFile, Row, read_model_file
from specnet.importers.ultralytics.modules import PLAIN, REFUSED, REPEATING, SCALED, Module
from specnet.suggest import did_you_mean, find_closest_word

IMAGE = "image"

SIDE = 640
"""The height and width that Ultralytics trains and counts with, as files say none."""

HEADS = frozenset({"Detect", "Segment", "Pose", "OBB", "v10Detect", "IDetect"})
"""Modules that give boxes, of several rows."""

TWICE = frozenset({"v10Detect"})
JOIN = "Concat"

TYPES = {"int": (int,), "int | None": (int, type(None)), "bool": (bool, int), "float": (int, float), "str": (str,)}
"""The values that an argument may have, by its annotation; others may be anything."""


def read_yaml(request: Request) -> Imported:
    """Read a model file of Ultralytics; raises UnreadableModel, OSError."""
    file = read_model_file(request.read_text(), request.path.stem)
    return _Reader(file, request).read()


class _Reader:
    """Adds the modules of all rows; values are named after the rows, `model.4`."""

    def __init__(self, file: ModelFile, request: Request) -> None:
        self.file = file
        self.recorder = Recorder("Ultralytics YAML", request.stem)
        self.recorder.input(IMAGE, request.input_shape or (SIDE, SIDE, file.channels))
        self.activation = _read_activation(file.activation)
        self.values = dict[int, str]()
        self.outputs = list[str]()
        modules = {row.module for row in file.rows}
        self.is_old = not any(word in module for module in modules for word in ("C3k2", "A2C2f", "v10"))
        """Whether the head is that of YOLOv8 and v9, with two whole convolutions for the classes."""

    def read(self) -> Imported:
        for row in self.file.rows:
            self._add_row(row)
        if self.file.scales:
            letters, scale = ", ".join(self.file.scales), self.file.scale
            self.recorder.remarks.append(
                f"Scale {scale} of {letters}: a letter in the name of the file chooses another."
            )
        return self.recorder.finish(self.outputs)

    def _add_row(self, row: Row) -> None:
        """Add the module of a row, or record why there is none."""
        source = SourceLayer(f"model.{row.number}", row.module, row.line)
        value = f"model.{row.number}"
        inputs = [self.values.get(number, IMAGE) for number in row.inputs]
        self.values[row.number] = value
        if lost := next((name for name in inputs if self.recorder.is_missing(name)), None):
            self.recorder.leave_out(source, f"it reads `{lost}`, which was left out", [value])
        elif reason := self._find_refusal(row.module):
            self.recorder.leave_out(source, reason, [value])
        elif unknown := next((name for name in inputs if not self.recorder.is_known(name)), None):
            raise UnreadableModel(f"{_place(row)} reads `{unknown}`, a head, whose outputs no row can read")
        else:
            self.values[row.number] = self._build(row, source, inputs)

    def _find_refusal(self, module: str) -> str:
        """Return why a module has no counterpart; "" if it has one."""
        known = (*SCALED, *PLAIN, *HEADS, JOIN)
        if module in known:
            return ""
        return (
            REFUSED.get(module) or f"there is no module `{module}` here{did_you_mean(find_closest_word(module, known))}"
        )

    def _build(self, row: Row, source: SourceLayer, inputs: Sequence[str]) -> str:
        """Add the layers of a row; return the value that it gives. Raises UnreadableModel with the line."""
        assembly = Assembly(self.recorder, source, self.activation, self.file.has_anchors)
        name = f"model.{row.number}"
        if row.module in HEADS:
            self._add_head(row, assembly, inputs)
            return name
        if row.module == JOIN:
            return self._join(row, assembly, inputs)
        if len(inputs) != 1:
            raise UnreadableModel(f"{_place(row)} reads one row, not {len(inputs)}")
        arguments = [self._resolve(each) for each in row.arguments]
        repeats = self.file.scale_depth(row.repeats)
        if row.module in SCALED:
            arguments = self._scale(row, arguments, repeats)
        repeats = 1 if row.module in REPEATING else repeats
        module = {**PLAIN, **SCALED}[row.module]
        value = inputs[0]
        for place in range(repeats):
            own = f"{name}.{place}" if repeats > 1 else name
            value = self._call(row, module, assembly, own, value, arguments)
        return value

    def _resolve(self, argument: Any) -> Any:
        names = {"nc": self.file.classes, "ch": self.file.channels, "None": None, "True": True, "False": False}
        return names.get(argument, argument) if isinstance(argument, str) else argument

    def _scale(self, row: Row, arguments: list[Any], repeats: int) -> list[Any]:
        """Return arguments with scaled filters and, where the module takes it, the number of repetitions."""
        if not arguments or type(arguments[0]) is not int or not 0 < arguments[0] <= 1_000_000:
            raise UnreadableModel(f"{_place(row)} begins with its number of filters, not {arguments[:1]}")
        boxes = self.file.anchors * (self.file.classes + 5)
        kept = boxes if self.file.has_anchors else self.file.classes
        filters = arguments[0] if arguments[0] == kept else self.file.scale_width(arguments[0])
        others = arguments[1:]
        if row.module == "C3k2" and self.file.scale in ("m", "l", "x"):
            others = [True, *others[1:]]
        return [filters, *([repeats] if row.module in REPEATING else []), *others]

    def _call(
        self, row: Row, module: Module, assembly: Assembly, name: str, value: str, arguments: Sequence[Any]
    ) -> str:
        signature = inspect.signature(module)
        words = [word for word in list(signature.parameters)[3:] if row.module not in REPEATING or word != "n"]
        try:
            bound = signature.bind(assembly, name, value, *arguments)
        except TypeError:
            given = len(arguments) - (row.module in REPEATING)
            raise UnreadableModel(f"{_place(row)} takes {', '.join(words)}, not {given} arguments") from None
        for word, given in bound.arguments.items():
            types = TYPES.get(str(signature.parameters[word].annotation))
            if types and (not isinstance(given, types) or (int not in types and isinstance(given, bool))):
                raise UnreadableModel(f"{_place(row)} has {given!r} for {word}")
        try:
            return module(assembly, name, value, *arguments)
        except UnreadableModel:
            raise
        except (TypeError, ValueError, IndexError):
            reason = "which are of the wrong type or do not fit what it reads"
            raise UnreadableModel(f"{_place(row)} has the arguments {list(arguments)}, {reason}") from None

    def _join(self, row: Row, assembly: Assembly, inputs: Sequence[str]) -> str:
        """Add a Concat; raises UnreadableModel for maps of different sizes, with the rows that they come from."""
        if list(row.arguments) not in ([1], []):
            raise UnreadableModel(f"{_place(row)} joins along dimension 1, the channels, not {list(row.arguments)}")
        shapes = [self.recorder.shape(value) for value in inputs]
        if len({shape[:2] for shape in shapes}) > 1:
            sizes = ", ".join(
                f"row {number} gives {'x'.join(map(str, shape))}"
                for number, shape in zip(row.inputs, shapes, strict=True)
            )
            raise UnreadableModel(f"{_place(row)} joins maps of one height and width: {sizes}")
        if len(set(inputs)) < len(inputs):
            raise UnreadableModel(f"{_place(row)} joins a row with itself")
        return assembly.add(f"model.{row.number}", "concat", *inputs) if len(inputs) > 1 else inputs[0]

    def _add_head(self, row: Row, assembly: Assembly, inputs: Sequence[str]) -> None:
        name = f"model.{row.number}"
        if row.module not in ("Detect", "IDetect", "v10Detect"):
            assembly.note(Fate.APPROXIMATED, f"of {row.module}, only what it has of Detect is here")
        if self.file.has_anchors:
            self.outputs += detect_with_anchors(assembly, name, inputs, self.file.classes, self.file.anchors)
            return
        self.outputs += detect(assembly, name, inputs, self.file.classes, self.is_old)
        if row.module in TWICE:
            self.outputs += detect(assembly, f"{name}.one2one", inputs, self.file.classes, self.is_old)


def _place(row: Row) -> str:
    return f"line {row.line}: row {row.number}, {row.module},"


def _read_activation(text: str) -> tuple[str, ...]:
    """Return the layers of the activation of every Conv, `nn.ReLU()`; raises UnreadableModel for an unknown one."""
    if not text:
        return (ACTIVATION,)
    call = translate_statement(text)
    if not call or not call.is_exact:
        raise UnreadableModel(f"`activation: {text}` has no counterpart here")
    return tuple(call.layers)
