"""Checks that the network, its settings and the data fit each other: `check` warns of a mismatch, `train` refuses it.

Each function returns a sentence about the mismatch, or "" if there is none.
"""

from __future__ import annotations

from collections.abc import Sequence

from specnet.printable import format_amount
from specnet.settings import Training, get_choice
from specnet.settings.augment import Mixing
from specnet.settings.data import CHOICES as SETS
from specnet.settings.data import MaskedFiles
from specnet.settings.loss import CHOICES, Target
from specnet.settings.normalize import Caffe, ImageNet
from specnet.settings.schedule import Warming


def check_loss(training: Training) -> str:
    """Check that the loss compares outputs with what the task's data come with."""
    task, loss = training.task, training.loss
    if task.target in loss.targets:
        return loss.explain_misuse(task.target)
    fitting = [f"`{word}`" for word, kind in CHOICES.items() if task.target in kind.targets]
    return (
        f"`loss {get_choice('loss', loss)}` does not suit `task {get_choice('task', task)}`, "
        f"whose images come with {task.target}; {_list_words(fitting)} {'do' if len(fitting) > 1 else 'does'}"
    )


def check_target(training: Training, outputs: int) -> str:
    """Check that the images of the data come with what the task needs; the network has so many `outputs`."""
    task, data = training.task, training.data
    if data.has_masks or task.target is Target.MASK:
        return _check_masks(training, outputs)
    if data.serves(task.target):
        return ""
    fitting = [f"`{word}`" for word, kind in SETS.items() if task.target in kind.targets]
    others = f"; such data is {', '.join(fitting[:-1])} or {fitting[-1]}" if len(fitting) > 1 else ""
    return (
        f"`task {get_choice('task', task)}` needs images with {task.target}, "
        f"which `data {get_choice('data', data)}` does not have{others}"
    )


def _check_masks(training: Training, outputs: int) -> str:
    """Check that the data comes with masks if the task needs them, and says what classes they have."""
    task, data = training.task, training.data
    if data.has_masks and task.target is not Target.MASK:
        return (
            f"the data comes with masks, and `task {get_choice('task', task)}` with {task.target}; `task segment` does"
        )
    if not data.has_masks:
        return (
            f"`task segment` needs a mask for each image, and `data {get_choice('data', data)}` names none; "
            '`data folder "images" masks="masks"` and `data csv "labels.csv" mask=COLUMN` do'
        )
    if isinstance(data, MaskedFiles) and not data.names and not data.classes:
        return (
            f"the classes of the masks are not known; `classes={outputs}` says that there are as many as outputs, or "
            'names="classes.txt" which they are'
        )
    return ""


def _list_words(words: Sequence[str]) -> str:
    """Return `a, b and c`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def check_shapes(training: Training, inputs: tuple[tuple[int, ...], ...], output: tuple[int, ...]) -> str:
    """Check that inputs, H×W×C or a vector's length, and output have the form that the task needs."""
    return training.task.check_shapes(inputs, output, training.loss)


def check_stride(
    training: Training, image: tuple[int, ...], output: tuple[int, ...], stride: tuple[float, float] | None
) -> str:
    """Check that the output has the resolution that the task needs; `stride` in pixels, None if it is unknown."""
    return training.task.check_stride(image, output, stride)


def check_augment(training: Training) -> str:
    """Check that no two images are mixed whose outputs are maps."""
    word = get_choice("task", training.task)
    for step in training.augment if training.task.is_map else ():
        if isinstance(step, Mixing):
            return f"`augment {get_choice('augment', step)}` mixes labels of whole images, and `task {word}` has none"
    return ""


def check_evaluate(training: Training) -> str:
    """Check that shifted views are not averaged whose outputs are maps."""
    if not training.task.is_map or not training.evaluate.shift:
        return ""
    word = f"`task {get_choice('task', training.task)}`"
    each = f"those of {word} are for each pixel"
    return f"`evaluate shift` averages the outputs for a whole image, and {each}; `mirror` suits it"


def check_pairs(training: Training) -> str:
    """Check that nothing mixes or averages images where two make a pair."""
    if training.task.target is not Target.PAIR:
        return ""
    word = get_choice("task", training.task)
    if training.evaluate.mirror or training.evaluate.shift:
        return f"`evaluate` averages views of one image, and `task {word}` compares two"
    for step in training.augment:
        if isinstance(step, Mixing):
            mixing = f"`augment {get_choice('augment', step)}`"
            return f"{mixing} mixes two images, and `task {word}` compares them; other steps change each by itself"
    return ""


def check_classes(training: Training, outputs: int, classes: int) -> str:
    """Check that the network has an output, or a channel of its output, for each class of the data."""
    needed = training.task.count_outputs(classes)
    if needed is None or outputs == needed or (outputs > needed and training.task.takes_spare_outputs):
        return ""
    return _compare(training, outputs, classes)


def check_spare_outputs(training: Training, outputs: int, classes: int) -> str:
    """Check that the network has no more outputs than classes: it trains with them, but they are never right."""
    spare = outputs - classes
    if spare <= 0 or not training.task.takes_spare_outputs:
        return ""
    what = f"{spare:,} outputs belong" if spare > 1 else "one output belongs"
    return f"{_compare(training, outputs, classes)}: {what} to none"


def _compare(training: Training, outputs: int, classes: int) -> str:
    has = format_amount(classes, training.task.noun)
    return f"the network has {format_amount(outputs, 'output')}, and the data has {has}"


def check_channels(shape: tuple[int, int, int], channels: int) -> str:
    """Check that the images have as many channels as the network's input of shape (height, width, channels)."""
    height, width, expected = shape
    if expected == channels:
        return ""
    if height == channels:  # written in PyTorch's order
        height, width = width, expected
    what = f"the network reads images of {format_amount(expected, 'channel')}, and the data has {channels}"
    return f"{what}; `input {height}x{width}x{channels}` suits it"


def check_normalization(training: Training, channels: int) -> str:
    """Check that images that are normalised as ImageNet's have three channels."""
    if channels == 3 or not isinstance(training.normalize, ImageNet | Caffe):
        return ""
    word = type(training.normalize).__name__.lower()
    return f"`normalize {word}` is for images of 3 channels, and the network reads {channels}"


def check_schedule(training: Training) -> str:
    """Check that the warm-up ends before the run does."""
    schedule, epochs = training.schedule, training.epochs.count
    if isinstance(schedule, Warming) and schedule.warmup >= epochs:
        return f"`schedule … warmup={schedule.warmup:g}` takes the whole run of {format_amount(epochs, 'epoch')}"
    return ""


def check_class_weights(training: Training, outputs: int) -> str:
    """Check that a loss with class weights has one for each output."""
    weights = training.loss.class_weights
    if isinstance(weights, tuple) and len(weights) != outputs:
        numbers = format_amount(len(weights), "number")
        return f"`loss … weights` has {numbers}, and the network {format_amount(outputs, 'output')}"
    return ""


def check_balance(training: Training) -> str:
    """Check that batches with all classes alike have classes to draw, from images in any order."""
    if not training.batch.balanced:
        return ""
    if training.task.target is not Target.CLASS:
        return f"`batch … balanced` draws images by their one class, and they come with {training.task.target}"
    if training.data.has_order:
        instead = "`loss cross_entropy weights=balanced` weighs the classes instead"
        return f"`batch … balanced` draws images in any order, and those of shards are read in theirs; {instead}"
    return ""


def check_stop(has_validation: bool) -> str:
    """Check that there is a validation part for `stop` to watch."""
    if has_validation:
        return ""
    return "`stop` looks at the validation part, and there is none; `split validation=0.1` sets one aside"
