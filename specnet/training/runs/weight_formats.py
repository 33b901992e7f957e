"""Name a file of weights in another format than safetensors by its first bytes, and say how to convert it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ZIP = b"PK\x03\x04"

FROM_TORCH = "safetensors.torch.save_file(torch.load({old!r}, weights_only=True), {new!r})"

FROM_NUMPY = "safetensors.numpy.save_file(dict(numpy.load({old!r})), {new!r})"


class _Format(NamedTuple):
    """Files that begin with `magic` and whose names end in `suffix`; `conversion` is Python."""

    magic: bytes
    suffix: str
    writer: str
    conversion: str = ""


FORMATS = (
    _Format(ZIP, ".npz", "NumPy", FROM_NUMPY),
    _Format(ZIP, ".keras", "Keras"),
    _Format(ZIP, "", "torch.save", FROM_TORCH),
    _Format(b"\x80", "", "torch.save", FROM_TORCH),
    _Format(b"\x89HDF\r\n\x1a\n", "", "Keras, in HDF5"),
    _Format(b"\x08", ".onnx", "ONNX"),
    _Format(b"GGUF", "", "llama.cpp"),
)
"""The first one that fits a file is its format."""


def describe_format(path: Path) -> str:
    """Return a sentence about a file that is not in the format safetensors; "" for one that is, or is a damaged one."""
    with path.open("rb") as file:
        head = file.read(16)
    if head[8:9] == b"{":  # behind the length of the header, which is JSON
        return ""
    for format in FORMATS:
        if head.startswith(format.magic) and path.name.lower().endswith(format.suffix):
            names = {"old": path.name, "new": f"{path.stem}.safetensors"}
            how = f"; in Python, {format.conversion.format(**names)} converts it" if format.conversion else ""
            return f"{path} is a file of {format.writer}, and weights are read from safetensors{how}"
    if path.suffix == ".safetensors" and head:
        return ""
    return f"{path} is no file of weights in the format safetensors{'' if head else ': it is empty'}"
