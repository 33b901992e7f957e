"""Labelled images, the parts of a data set, and the request for one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from specnet.pictures.sixteen_bits import SixteenBitScale
from specnet.settings.loss import Target
from specnet.training.errors import DataProblem
from specnet.training.job import GivenData
from specnet.training.randomness import make_generator
from specnet.training.resources import count_processors

LARGEST_IMAGE = 2**27
"""The number of pixels up to which an image is resized, half as many again as Pillow opens."""

MOST_ENLARGED = 4
"""The factor from which enlarged images are mostly made up."""

SPLIT_SEED = 0
"""The seed of every split, so that runs of different seeds are compared on the same images."""


@dataclass(frozen=True)
class Epoch:
    """An epoch of a run, from 0, on which random crops and the order of the images depend."""

    seed: int
    number: int


class StoredPixels(ABC):
    """Pixels that are not on the device that trains, and are gathered batch by batch by a number of threads."""

    workers: int

    @property
    @abstractmethod
    def shape(self) -> torch.Size:
        """N×H×W×C."""

    @abstractmethod
    def take(self, index: Tensor) -> StoredPixels:
        """Return the pixels of an index or mask."""

    @abstractmethod
    def gather(self, index: slice | Tensor, pinned: bool = False, epoch: Epoch | None = None) -> Tensor:
        """Return B×H×W×C, on request in pinned memory; random choices are those of a training epoch, if any."""

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def dtype(self) -> torch.dtype:
        """The type of the elements: uint8, unless the data holds other numbers than bytes."""
        return torch.uint8

    @property
    def nbytes(self) -> int:
        return self.shape.numel() * self.dtype.itemsize

    def __getitem__(self, index: slice | Tensor) -> Tensor:
        """Return a copy of these images, B×H×W×C."""
        return self.gather(index)

    def shuffle(self, epoch: Epoch) -> Tensor:
        """Return the order of the images in an epoch, int64 N."""
        return shuffle_images(len(self), epoch)

    def sample(self) -> StoredPixels:
        """Return the images by which all are normalised: all of them, unless each has to be decoded for it."""
        return self

    def name_file(self, number: int) -> str | None:
        """Return the name of an image in its files, if it has one."""
        return None


def shuffle_images(images: int, epoch: Epoch) -> Tensor:
    """Return a random order of all images, int64 N."""
    return torch.randperm(images, generator=make_generator(epoch.seed, "order", epoch.number))


def balance_classes(labels: Tensor, epoch: Epoch) -> Tensor:
    """Return the images of an epoch in random order, int64 N, each class equally often, for labels int64 N on the CPU.

    The images of a class come in a new order, and again when all have come: none comes twice more than another.
    """
    generator = make_generator(epoch.seed, "balance", epoch.number)
    members = torch.split(labels.argsort(stable=True), labels.bincount().tolist())
    classes = [each for each in members if len(each)]
    share, rest = divmod(len(labels), len(classes))
    chosen = [
        _draw_often(classes[place], share + (rank < rest), generator)
        for rank, place in enumerate(torch.randperm(len(classes), generator=generator).tolist())
    ]
    return torch.cat(chosen)[torch.randperm(len(labels), generator=generator)]


def _draw_often(members: Tensor, number: int, generator: torch.Generator) -> Tensor:
    """Return a number of images of a class, int64, one random order of all after the other."""
    orders = [torch.randperm(len(members), generator=generator) for _ in range(ceil(number / len(members)))]
    return members[torch.cat(orders)[:number]] if orders else members[:0]


@dataclass(frozen=True)
class MappedPixels(StoredPixels):
    """Decoded pixels: `source` is M×H×W×C, a file mapped into memory or the memory of the host.

    `rows` (int64 N, on the CPU) are the indices of its images.
    """

    source: Tensor
    rows: Tensor
    workers: int

    @property
    def shape(self) -> torch.Size:
        return torch.Size((len(self.rows), *self.source.shape[1:]))

    @property
    def dtype(self) -> torch.dtype:
        return self.source.dtype

    def take(self, index: Tensor) -> MappedPixels:
        return MappedPixels(self.source, self.rows[index], self.workers)

    def gather(self, index: slice | Tensor, pinned: bool = False, epoch: Epoch | None = None) -> Tensor:
        """Return a copy; numpy copies it, which lets other threads run."""
        rows = self.rows[index]
        batch = torch.empty((len(rows), *self.source.shape[1:]), dtype=self.dtype, pin_memory=pinned)
        np.take(self.source.numpy(), rows.numpy(), axis=0, out=batch.numpy(), mode="clip")
        return batch


@dataclass(frozen=True)
class UnmaskedPixels(StoredPixels):
    """Stored pixels without their last channel, which is a mask."""

    stored: StoredPixels

    @property
    def workers(self) -> int:  # type: ignore[override]  # that of the others
        return self.stored.workers

    @property
    def shape(self) -> torch.Size:
        *sizes, channels = self.stored.shape
        return torch.Size((*sizes, channels - 1))

    def take(self, index: Tensor) -> UnmaskedPixels:
        return UnmaskedPixels(self.stored.take(index))

    def gather(self, index: slice | Tensor, pinned: bool = False, epoch: Epoch | None = None) -> Tensor:
        return self.stored.gather(index, pinned, epoch)[..., :-1]

    def sample(self) -> StoredPixels:
        return UnmaskedPixels(self.stored.sample())


Pixels = Tensor | StoredPixels
"""N×H×W×C: uint8, or float32 where the data holds other numbers than bytes."""


@dataclass(frozen=True)
class Images:
    """`pixels` is N×H×W×C; `files` are the paths of the images in their folder, if any.

    `targets` is N×…: labels int64 N, uint8 N×classes with a 1 for each class that an image shows, or numbers float32
    N×K. A mask is one more channel of the pixels, in which 0 is ignored and class k is k + 1, so that whatever moves
    the pixels moves it too; the targets beside it are zeros, uint8 N.
    """

    pixels: Pixels
    targets: Tensor
    files: tuple[str, ...] = field(default=(), repr=False)

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def labels(self) -> Tensor:
        """The labels, int64 N, of images that have one class each."""
        assert self.has_labels, "the targets are no labels"
        return self.targets

    @property
    def has_labels(self) -> bool:
        """Whether each image has one class."""
        return self.targets.dtype == torch.int64 and self.targets.dim() == 1

    def take(self, index: Tensor) -> Images:
        """Return the images of an index or mask."""
        pixels = self.pixels.take(index) if isinstance(self.pixels, StoredPixels) else self.pixels[index]
        places = torch.arange(len(self))[index.cpu()].tolist() if self.files else []
        return Images(pixels, self.targets[index], tuple(self.files[place] for place in places))

    def name_file(self, number: int) -> str | None:
        """Return the path of an image in its folder; None for a set without files."""
        if isinstance(self.pixels, StoredPixels) and not self.files:
            return self.pixels.name_file(number)
        return self.files[number] if self.files else None


@dataclass(frozen=True)
class Targets:
    """The targets of images, N×…, and the names of what they stand for: classes, or numbers."""

    names: tuple[str, ...]
    values: Tensor


@dataclass(frozen=True)
class Findings:
    """Images as they were found: the smallest and the largest height and width, and how many are changed in what way.

    Of one image, several things may be changed; `enlarged` are those that are enlarged more than `MOST_ENLARGED` times.
    """

    smallest: tuple[int, int]
    largest: tuple[int, int]
    changes: Mapping[str, int]
    enlarged: int = 0


def count_enlarged(sizes: Mapping[tuple[int, int], int], target: tuple[int, int]) -> int:
    """Count the images that are enlarged more than `MOST_ENLARGED` times, of numbers of images by their sizes."""
    return sum(
        count for (height, width), count in sizes.items() if max(target[0] / height, target[1] / width) > MOST_ENLARGED
    )


def fitted_to(size: tuple[int, int]) -> str:
    """Return the change of images that had another size."""
    return f"fitted to {size[0]}×{size[1]}"


@dataclass(frozen=True)
class DataSet:
    """The parts of a set and the names of its classes in the order of their labels, or of the numbers of each image.

    `findings` says what the images were before, `scale` is that of grey images of 16 bits, if there are any. With
    masks, these are the last channel of the pixels.
    """

    classes: tuple[str, ...]
    train: Images
    validation: Images | None = None
    test: Images | None = None
    findings: Findings | None = None
    scale: SixteenBitScale | None = None
    has_masks: bool = False

    @property
    def channels(self) -> int:
        """The number of channels of the images."""
        return self.train.pixels.shape[3] - self.has_masks

    @property
    def has_bytes(self) -> bool:
        """Whether the pixels are bytes of 0 to 255, and not numbers as they come."""
        return not self.train.pixels.dtype.is_floating_point

    def map(self, change: Callable[[Images], Images]) -> DataSet:
        """Return the set with every part changed."""
        validation, test = (part and change(part) for part in (self.validation, self.test))
        return replace(self, train=change(self.train), validation=validation, test=test)

    def parts(self) -> dict[str, Images]:
        """Return the parts that exist, by name."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: part for name, part in named.items() if part is not None}


def resize(pixels: Tensor, size: tuple[int, int], is_mask: bool = False) -> Tensor:
    """Resize N×h×w×C to N×H×W×C whatever the proportions: bilinear and antialiased, or masks to the nearest."""
    if pixels.shape[1:3] == torch.Size(size):
        return pixels
    mode = "nearest-exact" if is_mask else "bilinear"
    resized = interpolate(pixels.permute(0, 3, 1, 2), size, mode=mode, antialias=not is_mask)
    return resized.permute(0, 2, 3, 1).contiguous()


def cover(found: tuple[int, int], size: tuple[int, int], share: float = 1.0) -> tuple[int, int]:
    """Return the size to which an image is resized before the centre of `size` is cut out; raises DataProblem.

    The centre is a share of the shorter side: 0.875 resizes it to 256 for 224.
    """
    (h, w), (height, width) = found, size
    scale = max(round(height / share) / h, round(width / share) / w)
    covered = (max(height, round(h * scale)), max(width, round(w * scale)))
    if prod(covered) > LARGEST_IMAGE:
        raise DataProblem(f"an image of {h:,}×{w:,} pixels is too narrow to cover {height}×{width}")
    return covered


def resize_and_crop(pixels: Tensor, size: tuple[int, int], share: float = 1.0, is_mask: bool = False) -> Tensor:
    """Resize the shorter side of N×h×w×C, and cut the centre N×H×W×C out, as `cover` says; raises DataProblem."""
    height, width = size
    covering = resize(pixels, cover((pixels.shape[1], pixels.shape[2]), size, share), is_mask)
    top, left = (covering.shape[1] - height) // 2, (covering.shape[2] - width) // 2
    return covering[:, top : top + height, left : left + width].contiguous()


Refusal = Callable[[int, int, Callable[[], str], Callable[[], str]], None]
"""Raises for numbers of classes and of channels that do not fit; the functions explain them, or return ""."""


@dataclass(frozen=True)
class DataRequest:
    """Images of `shape` (height, width, channels), from below `data_dir` first, read by `workers` threads (0: none).

    `spec_folder` is that of the spec, if it is a file, which paths of the spec may be relative to; `given` is the data
    that a program has handed over.
    `note` reports downloads and decoding. `refuse` is called before images are decoded with the numbers of classes and
    of channels, a function that says which files decide about the channels, and one that says which label is probably
    wrong; it raises where they do not fit. With `skip_bad`, files that cannot be read and classes without images are
    left out. `classes` and `scale` are those of a run that the images are for; without, they are found in the data.
    `target` is what each image must come with, and `ignored` the value of pixels in masks that do not count.
    With `keeps_whole`, image files are decoded as they are needed, as random crops are taken of the whole image.
    A data set that is made at random is made from `seed`.
    """

    shape: tuple[int, int, int]
    data_dir: Path | None
    note: Callable[[str], None]
    workers: int = field(default_factory=count_processors)
    skip_bad: bool = False
    refuse: Refusal = lambda classes, channels, explain_channels, explain_classes: None
    classes: tuple[str, ...] | None = None
    scale: SixteenBitScale | None = None
    target: Target = Target.CLASS
    spec_folder: Path | None = None
    ignored: int | None = None
    given: GivenData | None = None
    keeps_whole: bool = False
    seed: int = 0


def add_partners(index: Tensor, partners: Tensor | None) -> Tensor:
    """Return an index int64 B, followed by the partners of its images, int64 N, where there are some."""
    return index if partners is None else torch.cat([index, partners[index]])


def draw_stratified(labels: Tensor, start: int, end: int) -> Tensor:
    """Draw a mask over `labels`, true for `end` − `start` of them, so that each class keeps its share.

    An image's place is its shuffled rank in its class over the size of the class, so that all places have all classes.
    """
    shuffled = torch.randperm(len(labels), generator=make_generator(SPLIT_SEED, "split"))
    places = torch.empty(len(labels), dtype=torch.float64)
    for label in set(labels.tolist()):
        members = shuffled[labels[shuffled] == label]
        places[members] = (torch.arange(len(members), dtype=torch.float64) + 0.5) / len(members)
    mask = torch.zeros(len(labels), dtype=torch.bool)
    mask[places.argsort(stable=True)[start:end]] = True
    return mask


def split_off(images: Images, start: int, end: int) -> tuple[Images, Images]:
    """Split off the images of the places from `start` to `end` − 1, stratified by label; return the rest, and those."""
    strata = images.labels if images.has_labels else torch.zeros(len(images), dtype=torch.int64)
    aside = draw_stratified(strata, start, end)
    return images.take(~aside), images.take(aside)


def get_class_name(classes: tuple[str, ...], output: int) -> str:
    """Return the name of the class of an output, or `output N` where there is none."""
    return classes[output] if output < len(classes) else f"output {output}"
