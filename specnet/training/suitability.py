"""Whether a network, its data and its settings go together: what cannot be trained is refused before it is tried."""

from __future__ import annotations

from specnet.training.data import DataSet
from specnet.training.errors import Unsuitable
from specnet.training.job import Job


def refuse_untrainable(job: Job) -> None:
    """What can be said before the data is there; raises Unsuitable."""
    if len(job.output_shape) != 1:
        shape = "×".join(str(size) for size in job.output_shape)
        raise Unsuitable(f"the network answers with {shape}, and training needs a vector with a score for each class")
    if len(job.input_shape) != 3:
        raise Unsuitable("the network reads a vector, and training needs one that reads images")
    if not any(parameter.requires_grad for parameter in job.module.parameters()):
        raise Unsuitable("the network has no parameters to learn")
    data = job.training.data
    if data.classes is not None:
        _refuse_classes(job, data.classes)
    if data.image is not None:
        refuse_channels(job, data.image[2])


def refuse_kind(job: Job, classes: int, channels: int) -> None:
    """What can be said before images are decoded; raises Unsuitable."""
    _refuse_classes(job, classes)
    refuse_channels(job, channels)


def refuse_data(job: Job, data: DataSet) -> None:
    """What only the data tells; raises Unsuitable."""
    refuse_kind(job, len(data.classes), data.train.pixels.shape[3])
    if job.training.evaluate.test and data.test is None:
        raise Unsuitable("`evaluate test` watches the test set, and the data has none")
    if job.training.stop and data.validation is None:
        raise Unsuitable(
            "`stop` looks at the validation part, and there is none; `split validation=0.1` sets one aside"
        )


def _refuse_classes(job: Job, classes: int) -> None:
    if job.output_shape[0] < classes:
        fix = f"the last layer needs at least {classes}"
        if answer := job.answer:
            written, meant = answer.with_outputs(job.output_shape[0]), answer.with_outputs(classes)
            fix = f"on line {answer.line}, make `{written}` `{meant}`"
        raise Unsuitable(f"the network has {job.output_shape[0]} outputs, and the data has {classes} classes; {fix}")


def refuse_channels(job: Job, channels: int) -> None:
    """Raises Unsuitable where images of so many channels do not fit the network."""
    height, width, expected = job.input_shape
    if expected != channels:
        raise Unsuitable(
            f"the network reads images of {expected} channels, and the data has {channels}; "
            f"`input {height}x{width}x{channels}` suits it"
        )
