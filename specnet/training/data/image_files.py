"""Read the image files that a layout lists: decode each once, sort out those that cannot be used, and label the others.

A layout is made of the names of folders or files, or of the rows of a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import torch
from torch import Tensor

from specnet.option_names import name_option
from specnet.pictures.files import BadFile, describe_bad_files, refuse_oversized_for_good
from specnet.pictures.sixteen_bits import FULL_SCALE, SixteenBitScale, fit_scale
from specnet.settings.data import ImageFiles
from specnet.training.data.folder_cache import DecodedFolder, FolderCache
from specnet.training.data.folder_layout import (
    ClassFile,
    FolderLayout,
    describe_endings,
    explain_unknown,
    list_names,
    order_classes,
)
from specnet.training.data.folder_survey import Survey, survey_files
from specnet.training.data.image_decoding import ImageFormat, count_all_values
from specnet.training.data.images import DataRequest, DataSet, Findings, Images, MappedPixels, StoredPixels
from specnet.training.data.labels import describe_stray_labels
from specnet.training.data.streams.encoded_images import FileImages
from specnet.training.data.streams.streamed_pixels import StreamedPixels
from specnet.training.errors import DataProblem


def read_image_files(folder: Path, layout: FolderLayout, setting: ImageFiles, request: DataRequest) -> DataSet:
    """Read the files of a layout, whose paths are relative to `folder`, decoded once to the requested size.

    Where the request keeps whole images, they are decoded whenever they are needed. Raises DataProblem, CannotRun.
    """
    for text in layout.notes:
        request.note(text)
    names = [file.name for file in layout.files]
    if request.keeps_whole:
        return _read_as_needed(folder, layout, setting, request)
    cache = FolderCache(
        folder, names, request.shape[:2], setting.resize, request.scale, request.workers, request.note, setting.crop
    )
    survey_all = partial(survey_files, folder, names, request.workers)
    if found := cache.find():
        _refuse_unsuitable(layout, found, lambda: survey_all().describe_colours(names), request)
    else:
        survey = survey_all()
        _refuse_unsuitable(layout, survey, lambda: survey.describe_colours(names), request)
        found = cache.make(survey, choose_scale(folder, layout, survey, request))
    pixels = MappedPixels(found.pixels, torch.arange(len(found.pixels)), request.workers)
    return _make_data_set(layout, found, pixels, found.findings, found.scale, request)


def _read_as_needed(folder: Path, layout: FolderLayout, setting: ImageFiles, request: DataRequest) -> DataSet:
    """Return the files of a layout, decoded whenever one of them is needed."""
    names = [file.name for file in layout.files]
    survey = survey_files(folder, names, request.workers)
    _refuse_unsuitable(layout, survey, lambda: survey.describe_colours(names), request)
    scale = choose_scale(folder, layout, survey, request)
    form = ImageFormat(request.shape[:2], survey.channels, setting.resize, scale or FULL_SCALE, setting.crop)
    refuse_oversized_for_good()
    request.note("images are decoded as they are needed, as `resized_crop` is taken of the whole of each")
    kept = torch.tensor(_sort_files(layout, survey).places)
    pixels = StreamedPixels(FileImages(folder, names), kept, form, request.workers)
    return _make_data_set(layout, survey, pixels, survey.describe(request.shape[:2]), scale, request)


def _refuse_unsuitable(
    layout: FolderLayout, seen: Survey | DecodedFolder, explain: Callable[[], str], request: DataRequest
) -> None:
    """Refuse images that do not fit the request; `explain` says which files decide about their channels."""
    files = _sort_files(layout, seen)
    request.refuse(
        len(_choose_classes(files, request)), seen.channels, explain, lambda: describe_stray_labels(files.find_firsts())
    )


def choose_scale(folder: Path, layout: FolderLayout, survey: Survey, request: DataRequest) -> SixteenBitScale | None:
    """Return the scale for grey images of 16 bits, fitted to those of the training part; None if there are none."""
    if not survey.deep or request.scale:
        return request.scale if survey.deep else None
    paths = [folder / file.name for file in map(layout.files.__getitem__, survey.deep) if file.part == "train"]
    return fit_scale(count_all_values(paths, request.workers))


# Classes


@dataclass(frozen=True)
class _Sorted:
    """The files of a layout, sorted: the `places` of images, files that cannot be read, and those that are none."""

    layout: FolderLayout
    places: list[int]
    bad: list[BadFile]
    others: list[str]

    @cached_property
    def good(self) -> list[ClassFile]:
        """The images."""
        return [self.layout.files[place] for place in self.places]

    def find_firsts(self) -> dict[str, str]:
        """Return the row of the first image of each class to train on; none where folders name the classes."""
        listed = [file for file in self.good if file.part == "train"] if self.layout.is_listed else []
        return {file.class_name: file.title for file in reversed(listed)}

    def count(self, part: str) -> Counter[str]:
        """Count the images of a part by class."""
        return Counter(file.class_name for file in self.good if file.part == part)


def _sort_files(layout: FolderLayout, found: Survey | DecodedFolder) -> _Sorted:
    bad, others = dict(found.bad), set(found.passed_over)
    if layout.is_listed:
        bad |= dict.fromkeys(others, "no image of a known format")
        others = set()
    return _Sorted(
        layout,
        [place for place in range(len(layout.files)) if place not in bad and place not in others],
        [BadFile(layout.files[place].title, bad[place]) for place in sorted(bad)],
        [layout.files[place].name for place in others],
    )


def _choose_classes(files: _Sorted, request: DataRequest) -> tuple[str, ...]:
    """Return the classes in the order of their labels.

    Raises DataProblem for files that cannot be read and classes without images, unless they are skipped, and for images
    of other classes than the training part has.
    """
    layout = files.layout
    if files.bad and not request.skip_bad:
        raise DataProblem(f"{_describe_bad(files)}; {name_option('skip_bad', True)} leaves them out")
    if layout.targets:
        return layout.targets.names
    empty = _find_empty(files)
    if empty and request.classes is None and not request.skip_bad:
        part = layout.describe_part("train")
        raise DataProblem(
            f"{part} has no images of {list_names(empty)}; {name_option('skip_bad', True)} leaves such classes out"
        )
    classes = request.classes or order_classes(set(layout.classes["train"]) - set(empty))
    if len(classes) < 2:
        there = f"only {classes[0]} has" if classes else "none of them has"
        raise DataProblem(f"{layout.describe_part('train')} needs images of at least two classes, and {there} any")
    for part in layout.classes:
        if more := order_classes(set(files.count(part)) - set(classes)):
            where, unknown = layout.describe_part(part), explain_unknown(more, request.classes)
            first = next(file.title for file in files.good if file.part == part and file.class_name in more)
            raise DataProblem(f"{where} has images of {unknown}; the first is {first}; {layout.advice}")
    return classes


def _find_empty(files: _Sorted) -> tuple[str, ...]:
    """Return the classes whose folders in the training part hold no images."""
    return order_classes(set(files.layout.classes["train"]) - set(files.count("train")))


def _describe_bad(files: _Sorted) -> str:
    return describe_bad_files(files.bad, len(files.good) + len(files.bad))


def _note_left_out(files: _Sorted, classes: tuple[str, ...], request: DataRequest) -> None:
    """Note what is not used, and the parts that lack classes."""
    if files.bad:
        request.note(f"{_describe_bad(files)}; left out")
    if files.others:
        request.note(f"passed over, as they are no images: {describe_endings(files.others)}")
    if files.layout.targets:
        return
    if request.classes is None and (empty := _find_empty(files)):
        request.note(f"left out, as they have no images: {list_names(empty)}")
    for part in files.layout.classes:
        if lacking := order_classes(set(classes) - set(files.count(part))):
            name = files.layout.describe_part(part)
            request.note(f"{name} has no images of {list_names(lacking)}: it is measured without")


# Targets


def _make_data_set(
    layout: FolderLayout,
    seen: Survey | DecodedFolder,
    pixels: StoredPixels,
    findings: Findings | None,
    scale: SixteenBitScale | None,
    request: DataRequest,
) -> DataSet:
    """Return the parts of the good images, whose pixels stay where they are."""
    files = _sort_files(layout, seen)
    classes = _choose_classes(files, request)
    _note_left_out(files, classes, request)
    images = Images(pixels, _collect_targets(files, classes), tuple(file.name for file in files.good))

    def part(name: str) -> Images | None:
        places = torch.tensor([file.part == name for file in files.good], dtype=torch.bool)
        return images.take(places) if places.any() else None

    if (train := part("train")) is None:
        raise DataProblem(f"{layout.describe_part('train')} has no images")
    return DataSet(classes, train, part("validation"), part("test"), findings, scale)


def _collect_targets(files: _Sorted, classes: tuple[str, ...]) -> Tensor:
    """Return the targets of the images: labels int64 N, or what the layout has for them."""
    if files.layout.targets:
        return files.layout.targets.values[files.places]
    numbers = {name: label for label, name in enumerate(classes)}
    return torch.tensor([numbers[file.class_name] for file in files.good], dtype=torch.int64)
