"""Predict the answers to image files, of any number: they are decoded in threads while the network computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import perf_counter

import torch
from torch import Tensor

from specnet.pictures.files import BadFile, describe_bad_files
from specnet.settings.loss import Target
from specnet.training.data.folder_survey import find_images
from specnet.training.data.image_decoding import NOTE_EVERY, ImageFormat, decode_images
from specnet.training.errors import CannotRun, DataProblem
from specnet.training.resources import count_processors
from specnet.training.runs.loaded_run import LoadedRun
from specnet.training.tasks.answers import Answer, Prediction
from specnet.training.tasks.siamese import PairAnswer

BATCH = 64
"""Images that are predicted together; as many are decoded ahead."""

Note = Callable[[str], None]


def predict(
    run: LoadedRun,
    images: Sequence[Path],
    top: int = 5,
    device: str = "cpu",
    note: Note = lambda text: None,
) -> list[Prediction]:
    """Return the answer to each image file, of classes the `top` likeliest, as `stream_predictions` yields them.

    Raises DataProblem also for a file that cannot be read.
    """
    results = list(stream_predictions(run, images, top, device, note))
    if bad := [result for result in results if isinstance(result, BadFile)]:
        raise DataProblem(describe_bad_files(bad, len(results)))
    return [result for result in results if isinstance(result, Prediction)]


def stream_predictions(
    run: LoadedRun, images: Sequence[Path], top: int, device: str, note: Note
) -> Iterator[Prediction | BadFile]:
    """Return an iterator over the answers to image files, which are prepared as in training.

    A folder stands for all images below it, in the natural order of their names; `note` counts its other files and
    reports the progress. A file that cannot be read gives a BadFile. Raises CannotRun for a file that is missing, and
    DataProblem for a folder without images.
    """
    form = run.image_format
    refuse_missing(images)
    _refuse_unpaired(run, images)
    paths = [image for path in images for image in (find_images(path, note) if path.is_dir() else [path])]
    return _predict_files(run.on_device(device), paths, form, top, note)


def refuse_missing(images: Sequence[Path]) -> None:
    """Raise CannotRun where some of the files do not exist."""
    if missing := [str(image) for image in images if not image.exists()]:
        raise CannotRun(f"there is no file {', '.join(missing)}")


def _refuse_unpaired(run: LoadedRun, images: Sequence[Path]) -> None:
    """Raise CannotRun where images are not named two by two, and the task of the run compares two."""
    if run.job.training.task.target is not Target.PAIR:
        return
    if len(images) % 2 or any(path.is_dir() for path in images):
        raise CannotRun("the network compares two images: name one or more pairs of image files, LEFT RIGHT")


def _predict_files(
    run: LoadedRun, paths: Sequence[Path], form: ImageFormat, top: int, note: Note
) -> Iterator[Prediction | BadFile]:
    began = told = perf_counter()
    decoded = zip(paths, decode_images(paths, form, count_processors(), ahead=BATCH), strict=True)
    done = 0
    while group := list(islice(decoded, BATCH)):
        yield from _predict_group(run, group, top)
        done += len(group)
        if (now := perf_counter()) - told > NOTE_EVERY:
            told = now
            note(f"predicted {done:,} of {len(paths):,} images, {done / (now - began):,.0f} a second")


def _predict_group(
    run: LoadedRun, group: Sequence[tuple[Path, Tensor | BadFile]], top: int
) -> Iterator[Prediction | BadFile]:
    """Yield the predictions of a group of decoded images, and the files that cannot be read as they are."""
    if run.job.training.task.target is Target.PAIR:
        yield from _predict_pairs(run, group, top)
        return
    good = [pixels for _, pixels in group if isinstance(pixels, Tensor)]
    answers = iter(_answer(run, torch.stack(good).to(run.place), top) if good else [])
    for path, result in group:
        yield result if isinstance(result, BadFile) else Prediction(path, next(answers))


def _answer(run: LoadedRun, pixels: Tensor, top: int) -> list[Answer]:
    return run.objective.answer_images(run.compute_outputs(pixels), pixels, top)


def _predict_pairs(
    run: LoadedRun, group: Sequence[tuple[Path, Tensor | BadFile]], top: int
) -> Iterator[Prediction | BadFile]:
    """Yield what the network says of each two of an even number of images, and the files that cannot be read."""
    for (left, one), (right, other) in zip(group[::2], group[1::2], strict=True):
        if isinstance(one, Tensor) and isinstance(other, Tensor):
            outputs = run.compute_outputs(*(pixels[None].to(run.place) for pixels in (one, other)))
            (answer,) = run.objective.answer(outputs, top)
            assert isinstance(answer, PairAnswer)
            yield Prediction(left, replace(answer, other=str(right)))
        yield from (each for each in (one, other) if isinstance(each, BadFile))
