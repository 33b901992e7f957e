"""Read the image files of a layout with their masks: each pair is decoded once, a mask as the last channel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from specnet.option_names import name_option
from specnet.pictures.files import BadFile, describe_bad_files
from specnet.settings.data import MaskedFiles
from specnet.training.data.folder_cache import DecodedFolder, FileMasks, FolderCache
from specnet.training.data.folder_layout import ClassFile, FolderLayout
from specnet.training.data.folder_survey import survey_files
from specnet.training.data.image_files import choose_scale
from specnet.training.data.images import DataRequest, DataSet, Images, MappedPixels
from specnet.training.data.mask_classes import find_classes
from specnet.training.data.masks import MaskForm
from specnet.training.errors import DataProblem

LOOKED_AT = 1000
"""The training masks in which classes are looked for."""


def read_masked_files(folder: Path, layout: FolderLayout, setting: MaskedFiles, request: DataRequest) -> DataSet:
    """Read images and masks, decoded once to the requested size; raises DataProblem, CannotRun."""
    for text in layout.notes:
        request.note(text)
    if not layout.files:
        raise DataProblem(f"{folder} has no images")
    _refuse_several(layout)
    classes, names = find_classes(setting, folder, request), [file.name for file in layout.files]
    form = MaskForm(len(classes.names), request.ignored, classes.colours)
    masks = FileMasks([file.mask for file in layout.files if file.mask], form)
    size, scale = request.shape[:2], request.scale
    cache = FolderCache(folder, names, size, setting.resize, scale, request.workers, request.note, setting.crop, masks)
    if not (found := cache.find()):
        survey = survey_files(folder, names, request.workers)
        request.refuse(len(classes.names), survey.channels, lambda: survey.describe_colours(names), str)
        found = cache.make(survey, choose_scale(folder, layout, survey, request))
    request.refuse(len(classes.names), found.channels, str, str)
    data = _make_data_set(layout, found, classes.names, request)
    if request.classes is None:
        _refuse_single_class(data.train, form)
    return data


def _refuse_several(layout: FolderLayout) -> None:
    """Raise DataProblem for an image with two masks."""
    masks = dict[str, Path | None]()
    for file in layout.files:
        if masks.setdefault(file.name, file.mask) != file.mask:
            raise DataProblem(f"{file.title} has another mask than a row before, and each image has one")


def _make_data_set(
    layout: FolderLayout, found: DecodedFolder, classes: tuple[str, ...], request: DataRequest
) -> DataSet:
    """Return the parts of the decoded images; raises DataProblem for what cannot be used, unless it is skipped."""
    bad = [BadFile(layout.files[place].title, reason) for place, reason in sorted(found.bad.items())]
    good = [file for place, file in enumerate(layout.files) if place not in found.bad]
    if bad:
        text = describe_bad_files(bad, len(layout.files)).replace("be read", "be used")
        if not request.skip_bad:
            raise DataProblem(f"{text}; {name_option('skip_bad', True)} leaves them out")
        request.note(f"{text}; left out")
    pixels = MappedPixels(found.pixels, torch.arange(len(good)), request.workers)
    images = Images(pixels, torch.zeros(len(good), dtype=torch.uint8), tuple(file.name for file in good))
    parts = {name: part for name in ("train", "validation", "test") if (part := _take_part(images, good, name))}
    if "train" not in parts:
        raise DataProblem(f"{layout.describe_part('train')} has no images")
    named = (parts.get("validation"), parts.get("test"))
    return DataSet(classes, parts["train"], *named, found.findings, found.scale, has_masks=True)


def _take_part(images: Images, files: Sequence[ClassFile], name: str) -> Images | None:
    places = torch.tensor([file.part == name for file in files], dtype=torch.bool)
    return images.take(places) if places.any() else None


def _refuse_single_class(train: Images, form: MaskForm) -> None:
    """Raise DataProblem where the training masks show less than two classes."""
    step = max(1, len(train) // LOOKED_AT)
    counts = count_pixels(train.take(torch.arange(0, len(train), step)), form.classes)
    if (counts > 0).sum() < 2:
        ignored = "" if form.ignored is None else f"; the value {form.ignored} is ignored"
        raise DataProblem(
            f"the masks of the training part show less than two classes{ignored}. Where masks are black and white, a "
            'file of names says which class each one is: a line "background #000000", and "object #ffffff"'
        )


def count_pixels(images: Images, classes: int) -> Tensor:
    """Return how many pixels of the masks have each class, int64 K."""
    total = torch.zeros(classes, dtype=torch.int64)
    for start in range(0, len(images), LOOKED_AT):
        masks = images.pixels[start : start + LOOKED_AT][..., -1]
        total += torch.bincount(masks.ravel(), minlength=classes + 1)[1:].cpu()
    return total
