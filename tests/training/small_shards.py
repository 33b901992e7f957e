"""Write shards of a few images, as WebDataset's writer does."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from specnet.settings.data import WebDataset
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load


def encode_image(pixels: np.ndarray, form: str = "PNG") -> bytes:
    """Encode uint8 H×W×3 or H×W."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def write_tar(path: Path, files: Iterable[tuple[str, bytes]], form: int = tarfile.USTAR_FORMAT) -> None:
    """Write a tar file of names and contents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in files:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def list_files(name: str, sample: Mapping[str, bytes]) -> Iterable[tuple[str, bytes]]:
    return ((f"{name}.{ending}", content) for ending, content in sample.items())


def draw_images(number: int, size: tuple[int, int] = (8, 8), seed: int = 0) -> np.ndarray:
    """Draw uint8 N×H×W×3, of which no two are alike."""
    return np.random.default_rng(seed).integers(0, 256, (number, *size, 3), dtype=np.uint8)


def write_shards(
    folder: Path, images: Sequence[np.ndarray], classes: int = 3, shards: int = 4, prefix: str = "train"
) -> list[Path]:
    """Write images as PNG with labels 0, 1, 2, 0, … in shards of about the same number."""
    files = [
        list(list_files(f"{place:06}", {"png": encode_image(image), "cls": str(place % classes).encode()}))
        for place, image in enumerate(images)
    ]
    paths = [folder / f"{prefix}-{number:03}.tar" for number in range(shards)]
    for number, path in enumerate(paths):
        own = files[len(files) * number // shards : len(files) * (number + 1) // shards]
        write_tar(path, [file for sample in own for file in sample])
    return paths


def read_shards(path: str, shape: tuple[int, int, int] = (8, 8, 3), workers: int = 0, **settings: object) -> DataSet:
    setting = WebDataset.model_validate({"path": path, **settings})
    return load(setting, None, DataRequest(shape, None, lambda text: None, workers))
