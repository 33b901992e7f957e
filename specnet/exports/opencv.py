"""Run files of Caffe and Darknet by the dnn module of OpenCV, which reads both up to its version 4."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from specnet.exports.errors import NothingRan
from specnet.exports.exportable import Exportable, make_examples
from specnet.exports.writer import Runner
from specnet.layers.base import order_as_torch

INSTALL = "pip install 'opencv-python-headless<5'"


class Result(NamedTuple):
    """A value that the network alone returns, and its name in the file; "" where the format gives it none."""

    value: str
    name: str


def open_network(exportable: Exportable, read: Callable[[Any], Any], results: Sequence[Result]) -> Runner:
    """Return the network that a function reads with `cv2.dnn`; raises NothingRan where that cannot be.

    Results without names come in the order of the file, and are all that nothing else reads.
    """
    try:
        import cv2
    except ModuleNotFoundError:
        raise NothingRan(f"OpenCV is not installed, which reads such files: {INSTALL}") from None
    if not hasattr(cv2.dnn, "readNetFromDarknet"):
        raise NothingRan(f"OpenCV {cv2.__version__} no longer reads such files: {INSTALL}")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its exceptions say what it would print
    try:
        network = read(cv2.dnn)
        names = [each.name for each in results if each.name] or list(network.getUnconnectedOutLayersNames())
        if len(names) != len(results):
            raise NothingRan(f"OpenCV finds {len(names)} outputs of {len(results)}")
        _run_image(network, exportable, make_examples(exportable.shapes, 1), 0, names)
    except cv2.error as error:
        raise NothingRan(f"OpenCV does not read it: {_shorten(error)}") from None
    shapes = {value: order_as_torch(exportable.graph.shapes[value] or ()) for value in exportable.values}

    def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        rows = [_run_image(network, exportable, inputs, place, names) for place in range(len(inputs[0]))]
        columns = dict(zip((each.value for each in results), zip(*rows, strict=True), strict=True))
        return [torch.cat(columns[value]).reshape(-1, *shapes[value]) for value in exportable.values]

    return Runner("run by OpenCV", run)


def _run_image(
    network: Any, exportable: Exportable, inputs: Sequence[Tensor], place: int, names: Sequence[str]
) -> list[Tensor]:
    """Return the outputs for one image, as OpenCV expects the batch for which it has planned its memory."""
    for name, value in zip(exportable.inputs, inputs, strict=True):
        network.setInput(value[place : place + 1].numpy(), name if len(inputs) > 1 else "")
    return [torch.from_numpy(each.copy()).reshape(1, -1) for each in network.forward(names)]


def _shorten(error: Exception) -> str:
    """Return what an error says, without its place in OpenCV's sources."""
    return str(error).strip().rpartition("error: ")[2].partition("\n")[0]
