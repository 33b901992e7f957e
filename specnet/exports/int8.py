"""An ONNX model that computes in whole numbers of 8 bits, calibrated on a run's training images: `--to int8`.

It is quantised statically, the weights of each channel with a scale of their own (Krishnamoorthi 2018), and its figures
on the run's own data are measured through onnxruntime before and after.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from specnet.exports import onnx_model
from specnet.exports.calibration import Measured, load_images, measure, repeat_images, take_calibration_images
from specnet.exports.errors import ExportError, MissingProgram
from specnet.exports.exportable import Exportable
from specnet.exports.writer import Files, Request, Writer
from specnet.printable import format_amount
from specnet.training.runs.loaded_run import LoadedRun

ENDING = ".int8.onnx"

PREPARED = "prepared.onnx"


def encode(exportable: Exportable, request: Request) -> Files:
    """Return the file of the whole module; raises ExportError, and TrainingError where the data cannot be read."""
    run = _require_run(exportable)
    _require_quantizer()
    data = load_images(run, request.data_dir, request.note)
    images = take_calibration_images(run, data.calibration)
    batch = request.batch or len(images)
    content = onnx_model.encode(exportable, request)[".onnx"]
    quantised = quantize(content, exportable.inputs[0], repeat_images(images, batch), batch)
    before, after = (measure(run, data, onnx_model.open_session(each), request.batch) for each in (content, quantised))
    request.note(_describe(before, after, len(images), len(content), len(quantised)))
    figures = {"calibration_images": len(images), "part": data.part, "images": before.images}
    figures |= {"before": before.score, "after": after.score, "metric": before.metric.name}
    return {ENDING: _add_metadata(quantised, {**exportable.metadata, "int8": json.dumps(figures)})}


def _require_run(exportable: Exportable) -> LoadedRun:
    if exportable.run is None:
        raise ExportError(
            "int8 is calibrated on the training images of a run, and a spec has none; train it, and export the run"
        )
    if len(exportable.inputs) > 1:
        raise ExportError(f"int8 is for networks with one input, and this one has {len(exportable.inputs)}")
    return exportable.run


def _require_quantizer() -> None:
    """Raise MissingProgram unless onnxruntime is installed, which also measures."""
    try:
        import onnxruntime.quantization  # noqa: F401
    except ModuleNotFoundError as missing:
        raise MissingProgram(f"the format int8 needs {missing.name}: pip install 'specnet[export]'") from None


def quantize(content: bytes, name: str, images: np.ndarray[Any, Any], batch: int) -> bytes:
    """Return an ONNX model quantised for the input `name`; `images` are float32 N×C×H×W, read in batches."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    from specnet.backends.onnx import without_warnings

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
        def __init__(self) -> None:
            self.batches: Iterator[Mapping[str, Any]] = (
                {name: images[start : start + batch]} for start in range(0, len(images), batch)
            )

        def get_next(self) -> Mapping[str, Any] | None:
            return next(self.batches, None)

    with TemporaryDirectory() as folder, without_warnings():
        source, prepared, target = (Path(folder, each) for each in ("source.onnx", PREPARED, "target.onnx"))
        source.write_bytes(content)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            Reader(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QInt8,
            weight_type=QuantType.QInt8,
        )
        return target.read_bytes()


def _add_metadata(content: bytes, metadata: Mapping[str, str]) -> bytes:
    import onnx

    model = onnx.load_from_string(content)
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _describe(before: Measured, after: Measured, images: int, size: int, smaller: int) -> str:
    """Return a sentence with the figures before and after."""
    figure = before.metric.format
    return (
        f"calibrated on {format_amount(images, 'training image')}; {before.metric.title} on "
        f"{format_amount(before.images, f'{before.part} image')}: {figure(before.score)} before, "
        f"{figure(after.score)} after; {smaller / 1e6:.3g} MB instead of {size / 1e6:.3g}"
    )


WRITER = Writer(encode, open=None)
