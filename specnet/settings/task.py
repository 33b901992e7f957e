"""task: what the network learns to do, `task segment ignore=255`; one file per task in specnet/settings/tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from specnet.attributes import Setting
from specnet.package import list_modules, load_from_module
from specnet.records import Record
from specnet.settings.loss import Loss, Target
from specnet.settings.registration import Choices

TASKS = "specnet.settings.tasks"

DEFAULT = "classify"

DETECTION = (
    "finding objects and their boxes is not among the tasks; `segment` gives each pixel a class, `classify` a whole "
    "image, and `regress` finds the place of one thing"
)

ABSENT: Mapping[str, str] = {
    **dict.fromkeys(
        ("detect", "detection", "objectdetection", "detector", "yolo", "ssd", "rcnn", "boxes", "boundingboxes"),
        DETECTION,
    ),
    **dict.fromkeys(("instancesegmentation", "panoptic", "maskrcnn"), DETECTION),
    **dict.fromkeys(
        ("gan", "generate", "diffusion", "vae"), "generating images is not among the tasks; `autoencode` repeats them"
    ),
}
"""What to do instead of a task that is not here, by its name in lower case without underscores."""

Shape = tuple[int, ...]
"""Height, width and channels, or the length of a vector."""


class Metric(Record):
    """The figure by which the best epoch is chosen, and how it is written: `title` for people, `name` for programs."""

    name: str
    title: str
    larger_is_better: bool = True
    is_share: bool = False
    """Whether it is a fraction from 0 to 1, which is written in percent."""
    unit: str = ""

    def format(self, value: float | None) -> str:
        """Return `71.20%` for a share, else four digits and the unit; a dash where it is not known."""
        if value is None:
            return "–"
        return f"{value:.2%}" if self.is_share else f"{value:.4g} {self.unit}".rstrip()

    def is_better(self, value: float | None, best: float | None) -> bool:
        """Whether a value is better than the best one so far; an unknown one never is."""
        if value is None or value != value:
            return False
        if best is None or best != best:
            return True
        return value > best if self.larger_is_better else value < best


TaskMetric = Metric
"""Its name in `specnet.plugins`, where `Metric` is what the metrics of plugins are derived from."""


class Task(Setting):
    """What the outputs of a network stand for, and by what they are measured."""

    required: ClassVar[tuple[str, ...]] = ("target", "metric", "default_loss", "check_shapes", "compute", "answer")

    target: ClassVar[Target]
    """What each image of the data comes with."""

    metric: ClassVar[Metric]

    noun: ClassVar[str] = "class"
    """What `classes` counts, and an output stands for."""

    takes_spare_outputs: ClassVar[bool] = False
    """Whether the network may have more outputs than the data has classes."""

    is_map: ClassVar[bool] = False
    """Whether an output is a map of the image, which is mirrored with it, and whose pixels cannot be mixed."""

    @property
    def ignored(self) -> int | None:
        """The value of pixels in masks that do not count, where a task has masks."""
        return None

    @property
    def default_loss(self) -> Loss:
        """The loss of a spec that names none."""
        raise NotImplementedError

    def check_shapes(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> str:
        """Check the form of the inputs and of the output; returns a sentence about a mismatch, or ""."""
        raise NotImplementedError

    def check_stride(self, image: Shape, output: Shape, stride: tuple[float, float] | None) -> str:
        """Check the pixels from one position of the output to the next, None if unknown; a sentence, or ""."""
        return ""

    def correct_outputs(self, inputs: tuple[Shape, ...], output: Shape, loss: Loss) -> int | None:
        """Return the number of outputs, or channels of the output, that gives it the right form; None if none does."""
        return None

    def count_outputs(self, classes: int) -> int | None:
        """Return how many outputs, or channels of the output, this number of classes needs; None: any number fits."""
        return classes

    def compute(self, outputs: Any, targets: Any) -> Any:
        """Return the metric, a number, for the outputs N×… and targets N×… of a part, tensors on the CPU.

        A plugin's task has it and `answer`; those of SpecNet are in specnet/training/tasks.
        """
        raise NotImplementedError

    def answer(self, outputs: Any) -> Any:
        """Return what the network says of each image, of outputs N×… on the CPU: a text, a number, or some by name."""
        raise NotImplementedError


READ: Mapping[int, str] = {1: "a vector", 2: "a sequence"}
"""What an input is that is no image, by its number of sizes."""


def format_shape(shape: Shape) -> str:
    """Return `28×28×2`, `197×768` for a sequence, or `10` for a vector."""
    return "×".join(map(str, shape))


def require_one_input(inputs: tuple[Shape, ...]) -> str:
    """Check that a network has one input, and that it reads images."""
    if len(inputs) != 1:
        return f"the network has {len(inputs)} inputs, and this task feeds it one image at a time"
    if len(inputs[0]) != 3:
        return f"the network reads {READ[len(inputs[0])]}, and training needs one that reads images"
    return ""


def require_vector(output: Shape, scores: str) -> str:
    """Check that the output is a vector; `scores` says what it should hold."""
    if len(output) == 1:
        return ""
    return f"the network's output is {format_shape(output)}, and training needs a vector with {scores}"


class _Own(Mapping[str, type[Task]]):
    """The classes of SpecNet's tasks by their words, each imported when it is first needed."""

    def __getitem__(self, word: str) -> type[Task]:
        if word not in list_modules(TASKS):
            raise KeyError(word)
        found: type[Task] = load_from_module(f"{TASKS}.{word}", word.capitalize())
        return found

    def __iter__(self) -> Iterator[str]:
        """Yield the default first, so that nobody who looks for its word imports another."""
        yield DEFAULT
        yield from (word for word in list_modules(TASKS) if word != DEFAULT)

    def __len__(self) -> int:
        return len(list_modules(TASKS))


CHOICES: Mapping[str, type[Task]] = Choices("task", Task, _Own())
