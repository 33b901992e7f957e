"""Pixels of images in shards or files, decoded batch by batch: in memory are only the batches that are read ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO

import torch
from torch import Tensor

from specnet.pictures.files import BadImage
from specnet.settings.augment import Augment, ResizedCrop
from specnet.training.data.image_decoding import ImageFormat, Window, decode_image
from specnet.training.data.images import Epoch, Pixels, StoredPixels
from specnet.training.data.random_window import draw_window
from specnet.training.data.streams.encoded_images import EncodedImages
from specnet.training.errors import DataProblem


@dataclass(frozen=True)
class StreamedPixels(StoredPixels):
    """The encoded images `rows` (int64 N, on the CPU), decoded in a form, or with `crop` at a random window."""

    images: EncodedImages
    rows: Tensor
    form: ImageFormat
    workers: int
    crop: ResizedCrop | None = None

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self.rows), *self.form.shape))

    def take(self, index: Tensor) -> StreamedPixels:
        return replace(self, rows=self.rows[index])

    def gather(self, index: slice | Tensor, pinned: bool = False, epoch: Epoch | None = None) -> Tensor:
        """Read and decode images; raises DataProblem for one that cannot be."""
        rows = self.rows[index]
        batch = torch.empty((len(rows), *self.form.shape), dtype=torch.uint8, pin_memory=pinned)
        self.images.announce(rows, epoch)
        pixels = batch.numpy()
        for place, row in enumerate(rows.tolist()):
            window = draw_window(self.crop, epoch, row) if self.crop and epoch else None
            pixels[place] = self._decode(row, window).numpy()
        return batch

    def _decode(self, row: int, window: Window | None) -> Tensor:
        try:
            return decode_image(BytesIO(self.images.read(row)), self.form, window)
        except BadImage as error:
            problem = f"the image {self.images.describe(row)} cannot be decoded: {error}"
            raise DataProblem(f"{problem}; {self.images.remedy}") from None

    def shuffle(self, epoch: Epoch) -> Tensor:
        return self.images.shuffle(self.rows, epoch)

    def sample(self) -> StreamedPixels:
        return self.take(self.images.sample(self.rows))

    def name_file(self, number: int) -> str | None:
        return self.images.name_file(int(self.rows[number]))


def begins_with_crop(steps: Sequence[Augment]) -> bool:
    """Whether random windows are taken of whole images, before anything else is done to them."""
    return bool(steps) and isinstance(steps[0], ResizedCrop)


def crop_while_decoding(pixels: Pixels, steps: Sequence[Augment]) -> tuple[Pixels, Sequence[Augment]]:
    """Return the pixels and the steps that remain, where a first `resized_crop` can be taken of the whole images."""
    if isinstance(pixels, StreamedPixels) and steps and isinstance(steps[0], ResizedCrop):
        return replace(pixels, crop=steps[0]), steps[1:]
    return pixels, steps
