"""Whether a network, its data and its settings go together: what cannot be trained is refused before it is tried."""

from __future__ import annotations

from specnet import validation as objections
from specnet.settings.optimizer import Muon
from specnet.training.data import DataSet
from specnet.training.device import Device
from specnet.training.errors import CannotRun, Unsuitable
from specnet.training.job import Job, Options
from specnet.training.ranks import Ranks


def refuse_untrainable(job: Job) -> None:
    """What can be said before the data is there; raises Unsuitable."""
    if len(job.output_shape) != 1:
        shape = "×".join(str(size) for size in job.output_shape)
        raise Unsuitable(f"the network answers with {shape}, and training needs a vector with a score for each class")
    if len(job.input_shape) != 3:
        raise Unsuitable("the network reads a vector, and training needs one that reads images")
    if not any(parameter.requires_grad for parameter in job.module.parameters()):
        raise Unsuitable("the network has no parameters to learn")
    _refuse(objections.to_schedule(job.training))
    _refuse(objections.to_weights(job.training, job.output_shape[0]))
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
    if job.training.stop:
        _refuse(objections.to_stop(data.validation is not None))


def refuse_sharing(job: Job, options: Options, device: Device, ranks: Ranks) -> None:
    """Raises CannotRun where several processes are not what the options need them to be."""
    if options.processes not in (1, ranks.amount):
        raise CannotRun(
            f"{options.processes} processes are asked for, and there are {ranks.amount}; the command starts as many "
            "as it is told, and beside torchrun it is told none"
        )
    if ranks.is_alone and (options.sharded or options.sync_bn):
        flag = "--sharded" if options.sharded else "--sync-bn"
        raise CannotRun(f"`{flag}` is for several processes, and there is one; `--gpus N` and `--nproc N` start more")
    if options.sharded:
        _refuse_sharded(job, device)
    if options.sync_bn and device.place.type != "cuda":
        raise CannotRun("`--sync-bn` needs GPUs: torch has no SyncBatchNorm on a CPU")


def _refuse_sharded(job: Job, device: Device) -> None:
    if device.precision == "fp16":
        raise CannotRun("`--sharded` does not go with fp16, whose gradients are scaled; `--precision bf16` does")
    if isinstance(job.training.optimizer, Muon):
        raise CannotRun("`optimizer muon` needs whole matrices, and `--sharded` divides them")
    if job.training.average:
        raise CannotRun("`average` keeps a second set of whole weights, and `--sharded` divides them")


def _refuse(objection: str) -> None:
    if objection:
        raise Unsuitable(objection)


def _refuse_classes(job: Job, classes: int) -> None:
    if objection := objections.to_classes(job.output_shape[0], classes):
        fix = f"the last layer needs at least {classes}"
        if answer := job.answer:
            written, meant = answer.with_outputs(job.output_shape[0]), answer.with_outputs(classes)
            fix = f"on line {answer.line}, make `{written}` `{meant}`"
        raise Unsuitable(f"{objection}; {fix}")


def refuse_channels(job: Job, channels: int) -> None:
    """Raises Unsuitable where images of so many channels do not fit the network."""
    height, width, expected = job.input_shape
    _refuse(objections.to_channels((height, width, expected), channels))
