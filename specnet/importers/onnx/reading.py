"""Reads an ONNX file: its graph as a program of tensor operators, whose layers importers/tensors finds."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Imported, RunSource
from specnet.importers.onnx.building import ProgramBuilder, Sizes
from specnet.importers.onnx.channels_last import turn_inputs, turn_outputs
from specnet.importers.onnx.composites import Composites
from specnet.importers.onnx.converting import Converter
from specnet.importers.onnx.inputs import fill_shape
from specnet.importers.onnx.model import Model, Value
from specnet.importers.onnx.tensors import read_tensor
from specnet.importers.protobuf import map_file
from specnet.importers.request import Request
from specnet.importers.tensors.lowering import lower
from specnet.importers.tensors.program import Program

if TYPE_CHECKING:
    from numpy import ndarray

OLDEST = 6
"""The oldest opset that is read: operators of files before it say by attributes what they take by inputs since."""

FORMAT = "ONNX"


def read_onnx(request: Request) -> Imported:
    """Return the network of a file; raises UnreadableModel, OSError."""
    return lower(read_program(request))


def read_program(request: Request) -> Program:
    """Return the operators of a file; raises UnreadableModel, OSError."""
    model = Model(map_file(request.path))
    if model.opset < OLDEST:
        raise UnreadableModel(
            f"the file has operators of opset {model.opset}; opsets from {OLDEST} on are read (onnx.version_converter)"
        )
    program = ProgramBuilder(model.opset, request.path.parent)
    for message in model.graph.initializers:
        program.keep(message.text(8), read_tensor(message, request.path.parent))
    inputs = [value for value in model.graph.inputs if value.name not in program.constants]
    shapes = {each.name: fill_shape(each, request.input_shape) for each in inputs}
    if not shapes:
        raise UnreadableModel("the file has no inputs: it computes the same whatever it is given")
    program.shapes |= shapes
    Converter(model, program, _list_declared(model)).convert(model.graph.nodes)
    return _finish(model, program, shapes, request)


def _list_declared(model: Model) -> dict[str, tuple[int | str, ...]]:
    values = [*model.graph.values, *model.graph.outputs]
    return {value.name: value.sizes for value in values if value.sizes is not None}


def _finish(model: Model, program: ProgramBuilder, shapes: dict[str, Sizes], request: Request) -> Program:
    outputs = _find_outputs(model.graph.outputs, program)
    Composites(program, outputs).join()
    turned = turn_inputs(program, shapes)
    outputs, turned_outputs = turn_outputs(outputs, program) if turned else (outputs, set[str]())
    batches = {shape[0] for shape in shapes.values()}
    batch = batches.pop() if len(batches) == 1 else 1
    remarks = [f"In the file, the input {name} is N×H×W×C." for name in shapes if name in turned]
    remarks += [f"In the file, the output {name} is N×H×W×C." for name in sorted(turned_outputs)]
    return Program(
        FORMAT,
        _choose_name(model, request),
        shapes,
        tuple(program.operators),
        outputs,
        program.constants,
        entries=tuple(program.entries),
        batch=batch,
        remarks=tuple(remarks),
        run=_make_run(
            request.path, batch, [name in turned for name in shapes], [name in turned_outputs for name in outputs]
        ),
    )


def _find_outputs(outputs: Sequence[Value], program: ProgramBuilder) -> tuple[str, ...]:
    """Return the outputs that depend on the input; raises UnreadableModel where there are none."""
    for value in outputs:
        if value.name not in program.shapes:
            raise UnreadableModel(f"the file has the output `{value.name}`, which no operator gives")
        if value.name in program.ungiven:
            program.operators.append(program.ungiven.pop(value.name))
    found = tuple(value.name for value in outputs if value.name not in program.constants)
    if not found:
        raise UnreadableModel("the file has no output that depends on its input")
    return found


def _choose_name(model: Model, request: Request) -> str:
    """Return the name of the graph, or that of the file where an exporter has put its own word."""
    name = model.graph.name
    exporters = ("", "main_graph", "torch_jit", "torch-jit-export", "tf2onnx", "graph", "main", "model", "predict_net")
    return request.stem if name.lower() in exporters else name


def _make_run(
    path: Path, batch: int, turned_inputs: Sequence[bool], turned_outputs: Sequence[bool]
) -> RunSource | None:
    """Return what runs the file, None where onnxruntime is not installed; what is turned is N×H×W×C in the file."""
    if find_spec("onnxruntime") is None:
        return None

    def run(arrays: Sequence[ndarray]) -> Sequence[ndarray]:
        pairs = zip(arrays, turned_inputs, strict=True)
        images = [array.transpose(0, 2, 3, 1) if is_turned else array for array, is_turned in pairs]
        given = [image.repeat(batch, 0) if len(image) == 1 else image for image in images]
        results = [result[: len(images[0])] for result in _run_session(path, given)]
        ends = zip(results, turned_outputs, strict=False)
        return [result.transpose(0, 3, 1, 2) if is_turned else result for result, is_turned in ends]

    return run


def _run_session(path: Path, arrays: Sequence[ndarray]) -> Sequence[ndarray]:
    """Return the outputs of a file; raises UnreadableModel where onnxruntime does not run it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [each.name for each in session.get_inputs()]
        results: Sequence[ndarray] = session.run(None, dict(zip(names, arrays, strict=True)))
    except Exception as error:  # its exceptions have no class in common
        reason = " ".join(str(error).split())[:300]
        raise UnreadableModel(f"onnxruntime does not run {path}: {reason}") from None
    return results
