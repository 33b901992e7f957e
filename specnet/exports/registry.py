"""The formats of exports: a row for each, and one file that writes it and runs what it has written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from specnet.package import load_from_module
from specnet.records import Record

if TYPE_CHECKING:
    from specnet.exports.writer import Writer


class Format(Record):
    """A format: the word for it, what it is, and the endings of its files, of which the first names them all."""

    word: str
    title: str
    endings: tuple[str, ...]
    module: str
    batch: bool = False
    """Whether the file says how many images it takes."""

    def load(self) -> Writer:
        """Import what writes it."""
        writer: Writer = load_from_module(f"{__package__}.{self.module}", "WRITER")
        return writer


FORMATS: Mapping[str, Format] = {
    each.word: each
    for each in (
        Format("safetensors", "the weights by name", (".safetensors",), "safetensors_file"),
        Format("onnx", "an ONNX model", (".onnx",), "onnx_model", batch=True),
        Format("pt2", "a program of torch.export", (".pt2",), "torch_program", batch=True),
        Format("int8", "an ONNX model of a run in whole numbers of 8 bits", (".int8.onnx",), "int8", batch=True),
        Format("caffe", "a prototxt with its caffemodel", (".prototxt", ".caffemodel"), "caffe", batch=True),
        Format("darknet", "a cfg with its weights", (".cfg", ".weights"), "darknet"),
    )
}
"""The formats by their words."""


def find_format(name: str) -> Format | None:
    """Return the format that the ending of a file's name says, the longest that fits."""
    fitting = [each for each in FORMATS.values() if name.endswith(each.endings[0])]
    return max(fitting, key=lambda each: len(each.endings[0]), default=None)


def list_endings() -> Sequence[str]:
    return [each.endings[0] for each in FORMATS.values()]
