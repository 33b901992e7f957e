"""Read a folder of images: `train`, `validation` and `test`, or no parts.

The classes are the names of subfolders, or in the names of the files.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from specnet.file_access import describe_reason
from specnet.option_names import name_option
from specnet.pictures.files import BadFile, describe_bad_files
from specnet.pictures.sixteen_bits import SixteenBitScale, fit_scale
from specnet.settings.data import Folder
from specnet.training.data.download import expand_home, list_data_roots
from specnet.training.data.folder_cache import DecodedFolder, FolderCache
from specnet.training.data.folder_labels import read_labelled_layout
from specnet.training.data.folder_layout import (
    ClassFile,
    FolderLayout,
    describe_endings,
    list_names,
    order_classes,
    read_layout,
)
from specnet.training.data.folder_survey import Survey, survey_files
from specnet.training.data.image_decoding import count_all_values
from specnet.training.data.images import DataRequest, DataSet, Images, MappedPixels
from specnet.training.errors import CannotRun, DataProblem


def read_folder(setting: Folder, request: DataRequest) -> DataSet:
    """Read all parts, decoded once to the requested size; raises DataProblem, CannotRun."""
    folder = _find_folder(setting.path, request.data_dir)
    if setting.label:
        layout = read_labelled_layout(folder, setting.label)
    else:
        layout = read_layout(folder, is_for_training=request.classes is None)
    for text in layout.notes:
        request.note(text)
    names = [file.name for file in layout.files]
    cache = FolderCache(
        folder, names, request.shape[:2], setting.resize, request.scale, request.workers, request.note, setting.crop
    )
    survey_all = partial(survey_files, folder, names, request.workers)
    if found := cache.find():
        _refuse_unsuitable(layout, found, lambda: survey_all().describe_colours(names), request)
    else:
        survey = survey_all()
        _refuse_unsuitable(layout, survey, lambda: survey.describe_colours(names), request)
        found = cache.make(survey, _choose_scale(folder, layout, survey, request))
    return _make_data_set(layout, found, request)


def _refuse_unsuitable(
    layout: FolderLayout, seen: Survey | DecodedFolder, explain: Callable[[], str], request: DataRequest
) -> None:
    """Refuse images that do not fit the request; `explain` says which files decide about their channels."""
    request.refuse(len(_choose_classes(_sort_files(layout, seen), request)), seen.channels, explain)


def _find_folder(path: str, data_dir: Path | None) -> Path:
    """Return the path below one of the data folders, or else as it is."""
    own = expand_home(path)
    candidates = list(dict.fromkeys([*(root / own for root in list_data_roots(data_dir)), own]))
    found = next((candidate for candidate in candidates if os.path.isdir(candidate)), None)  # noqa: PTH112, is_dir raises
    if found is None:
        for candidate in candidates:
            _refuse_unsearchable(candidate)
        tried = ", ".join(str(candidate) for candidate in candidates)
        raise DataProblem(f"there is no folder {path}; looked at {tried}")
    return found


def _refuse_unsearchable(folder: Path) -> None:
    """Raise CannotRun if the system does not say whether there is such a folder."""
    try:
        folder.is_dir()
    except OSError as error:
        raise CannotRun(f"{folder} cannot be read: {describe_reason(error)}") from None


def _choose_scale(folder: Path, layout: FolderLayout, survey: Survey, request: DataRequest) -> SixteenBitScale | None:
    """Return the scale for grey images of 16 bits, fitted to those of the training part; None if there are none."""
    if not survey.deep or request.scale:
        return request.scale if survey.deep else None
    paths = [folder / file.name for file in map(layout.files.__getitem__, survey.deep) if file.part == "train"]
    return fit_scale(count_all_values(paths, request.workers))


# Classes


@dataclass(frozen=True)
class _Sorted:
    """The files of a layout, sorted: images, files that cannot be read, and files that are no images."""

    layout: FolderLayout
    good: list[ClassFile]
    bad: list[BadFile]
    others: list[str]

    def count(self, part: str) -> Counter[str]:
        """Count the images of a part by class."""
        return Counter(file.class_name for file in self.good if file.part == part)


def _sort_files(layout: FolderLayout, found: Survey | DecodedFolder) -> _Sorted:
    bad, others = found.bad, set(found.passed_over)
    return _Sorted(
        layout,
        [file for place, file in enumerate(layout.files) if place not in bad and place not in others],
        [BadFile(layout.files[place].name, bad[place]) for place in sorted(bad)],
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
            where, lacking = layout.describe_part(part), "the training part lacks"
            if request.classes:
                lacking = "the run was not trained on"
            raise DataProblem(f"{where} has images of classes that {lacking}: {list_names(more)}; leave them out")
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
    if request.classes is None and (empty := _find_empty(files)):
        request.note(f"left out, as they have no images: {list_names(empty)}")
    for part in files.layout.classes:
        if lacking := order_classes(set(classes) - set(files.count(part))):
            name = files.layout.describe_part(part)
            request.note(f"{name} has no images of {list_names(lacking)}: it is measured without")


# Labels


def _make_data_set(layout: FolderLayout, found: DecodedFolder, request: DataRequest) -> DataSet:
    """Return the parts of the decoded images; the pixels stay where they are."""
    files = _sort_files(layout, found)
    classes = _choose_classes(files, request)
    _note_left_out(files, classes, request)
    numbers = {name: label for label, name in enumerate(classes)}
    pixels = MappedPixels(found.pixels, torch.arange(len(files.good)), request.workers)
    labels = torch.tensor([numbers[file.class_name] for file in files.good], dtype=torch.int64)
    images = Images(pixels, labels, tuple(file.name for file in files.good))

    def part(name: str) -> Images | None:
        places = torch.tensor([file.part == name for file in files.good], dtype=torch.bool)
        return images.take(places) if places.any() else None

    if (train := part("train")) is None:
        raise DataProblem(f"{layout.describe_part('train')} has no images")
    return DataSet(classes, train, part("validation"), part("test"), found.findings, found.scale)
