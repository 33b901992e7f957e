"""Preflight checks: refuse a training that cannot work before anything is written."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Container, Iterable
from pathlib import Path

from torch import Tensor

from specnet import validation
from specnet.attributes import Setting
from specnet.byte_sizes import FP32, format_bytes
from specnet.option_names import name_option
from specnet.registry import find_registration
from specnet.settings import Training, get_choice
from specnet.settings.augment import Mixing
from specnet.training.data.images import DataSet
from specnet.training.data.sets import READERS
from specnet.training.device import Device
from specnet.training.distributed import Ranks
from specnet.training.errors import CannotRun, OutOfMemory, Unsuitable
from specnet.training.job import Job, Options
from specnet.training.optim.losses import LOSSES
from specnet.training.optim.optimizers import OPTIMIZERS, Feature
from specnet.training.resources import advise_training, get_total_memory, measure_step
from specnet.training.runs.checkpoint import KEPT
from specnet.training.tasks.objective import make_objective
from specnet.training.transforms.augmentation import AUGMENTATIONS, MIXINGS

OTHER_FILES = 2**18
"""Bytes of plots, tables and texts."""


def refuse_untrainable(job: Job) -> None:
    """Raise Unsuitable for a job that cannot be trained on any data."""
    _refuse(validation.check_target(job.training, job.output_shape[-1]))
    _refuse(validation.check_loss(job.training))
    _refuse(validation.check_shapes(job.training, job.input_shapes, job.output_shape))
    _refuse(validation.check_stride(job.training, job.input_shape, job.output_shape, job.output_stride))
    if not any(parameter.requires_grad for parameter in job.module.parameters()):
        raise Unsuitable("the network has no parameters to learn")
    _refuse(validation.check_normalization(job.training, job.input_shape[2]))
    _refuse(validation.check_augment(job.training))
    _refuse(validation.check_evaluate(job.training))
    _refuse(validation.check_pairs(job.training))
    _refuse(validation.check_schedule(job.training))
    _refuse(validation.check_balance(job.training))
    _refuse(validation.check_class_weights(job.training, job.output_shape[-1]))
    data = job.training.data
    if (count := data.count_targets(job.training.task.target)) is not None:
        _refuse_classes(job, count)
    if data.image is not None:
        refuse_channels(job, data.image[2])


def refuse_shape(
    job: Job,
    classes: int,
    channels: int,
    explain_channels: Callable[[], str] = str,
    explain_classes: Callable[[], str] = str,
) -> None:
    """Raise Unsuitable for numbers of classes and channels that do not fit the network; needs no decoded images.

    `explain_channels` says which files decide about the channels, if it is some of them; `explain_classes` which label
    is probably wrong, if one is.
    """
    _refuse_classes(job, classes, explain_classes)
    refuse_channels(job, channels, explain_channels)


def refuse_data(job: Job, data: DataSet) -> None:
    """Raise Unsuitable for data that does not fit the network and its settings."""
    objective = make_objective(job.training.task, data.classes, job.training.loss)
    refuse_shape(job, len(data.classes), objective.get_pixels(data.train.pixels).shape[3])
    _refuse(objective.explain_unlearnable(data.train.targets))
    if job.training.evaluate.test and data.test is None:
        raise Unsuitable("`evaluate test` watches the test set, and the data has none")
    if job.training.stop:
        _refuse(validation.check_stop(data.validation is not None))


def refuse_floats(training: Training, data: DataSet) -> None:
    """Raise Unsuitable for settings that count on pixels of 0 to 255 where the data has other numbers."""
    if data.has_bytes:
        return
    settings = [("normalize", training.normalize), *(("augment", step) for step in training.augment)]
    for line, setting in settings:
        if setting.reads_bytes:
            raise Unsuitable(
                f"`{line} {get_choice(line, setting)}` counts on pixels of 0 to 255, or k/255 in 0 to 1, and the "
                "images are other numbers; `normalize mean_std`, `per_image` and `none`, and changes of place such as "
                "`augment flip`, suit them"
            )


def refuse_sharing(job: Job, options: Options, device: Device, ranks: Ranks) -> None:
    """Raise CannotRun where the number of processes does not fit the options."""
    if options.processes not in (1, ranks.world_size):
        raise CannotRun(
            f"{options.processes} processes are asked for, and there is {ranks.world_size}; "
            "leave the number to torchrun, or to `specnet train --gpus N` or `--nproc N`"
        )
    if ranks.is_single and (options.sharded or options.sync_bn):
        option = name_option("sharded" if options.sharded else "sync_bn", True)
        start = "`specnet train --gpus N` and `--nproc N` start more"
        raise CannotRun(f"{option} is for several processes, and there is one; {start}")
    if options.sharded:
        _refuse_sharded(job, options, device)
    if options.sync_bn and device.place.type != "cuda":
        raise CannotRun(f"{name_option('sync_bn', True)} needs GPUs: torch has no SyncBatchNorm on a CPU")


def refuse_unsupported(job: Job, options: Options, device: Device) -> None:
    """Raise CannotRun if the optimizer does not support a requested feature."""
    setting = job.training.optimizer
    features: dict[Feature, bool] = {
        "sharded": options.sharded,
        "fp16": device.precision == "fp16",
        "average": job.training.average is not None,
    }
    row = OPTIMIZERS.get(type(setting))
    for feature, why in row.unsupported.items() if row else ():
        if features[feature]:
            raise CannotRun(f"`optimizer {get_choice('optimizer', setting)}` {why}")


def refuse_unregistered(training: Training) -> None:
    """Raise CannotRun for a setting without an implementation, such as one added only to specnet/settings/."""
    registries: list[tuple[str, Setting, Container[type[Setting]]]] = [
        ("data", training.data, READERS),
        *(("augment", step, MIXINGS if isinstance(step, Mixing) else AUGMENTATIONS) for step in training.augment),
        ("loss", training.loss, LOSSES),
        ("optimizer", training.optimizer, OPTIMIZERS),
    ]
    for line, setting, registry in registries:
        if type(setting) not in registry and not find_registration(type(setting)):
            raise CannotRun(f"`{line} {get_choice(line, setting)}` can be checked, but nothing here trains with it")


def _refuse_sharded(job: Job, options: Options, device: Device) -> None:
    if options.statistics:
        statistics, sharded = name_option("statistics", True), name_option("sharded", True)
        raise CannotRun(f"{statistics} needs the whole weights in one process, and {sharded} divides them")
    if device.precision == "fp16":
        sharded, bf16 = name_option("sharded", True), name_option("precision", "bf16")
        raise CannotRun(f"{sharded} does not go with fp16, whose gradients are scaled; {bf16} does")
    if job.training.average:
        raise CannotRun(
            f"`average` keeps a second set of whole weights, and {name_option('sharded', True)} divides them"
        )


def _refuse(problem: str) -> None:
    if problem:
        raise Unsuitable(problem)


def _refuse_classes(job: Job, classes: int, explain: Callable[[], str] = str) -> None:
    if problem := validation.check_classes(job.training, job.output_shape[-1], classes):
        if probable := explain():
            raise Unsuitable(f"{problem}; {probable}")
        needed = job.training.task.count_outputs(classes)
        fix = _fix_outputs(job, needed) if needed else ""
        least = "at least " if job.training.task.takes_spare_outputs else ""
        fix = fix or f"the last layer needs {least}{needed}"
        raise Unsuitable(f"{problem}; {fix}")


def describe_spare_outputs(job: Job, classes: int) -> str:
    """Return a sentence about outputs that no class belongs to, and the fix; "" if there are none.

    Where the settings say how many classes there are, `check` has said so.
    """
    problem = validation.check_spare_outputs(job.training, job.output_shape[-1], classes)
    return f"{problem}; {_fix_outputs(job, classes) or f'{classes} suit it'}" if problem else ""


def _fix_outputs(job: Job, classes: int) -> str:
    """Return how to give the network as many outputs as there are classes; "" where no single number does it."""
    if not (layer := job.output_layer):
        return ""
    present, fixed = layer.format_with_outputs(job.output_shape[-1]), layer.format_with_outputs(classes)
    return f"on line {layer.line}, make `{present}` `{fixed}`"


def refuse_channels(job: Job, channels: int, explain: Callable[[], str] = str) -> None:
    """Raise Unsuitable for images whose number of channels does not fit the network; `explain` says what they are."""
    height, width, expected = job.input_shape
    if problem := validation.check_channels((height, width, expected), channels):
        raise Unsuitable(problem, *filter(None, [explain()]))


def refuse_large_steps(job: Job, options: Options, device: Device, ranks: Ranks) -> None:
    """Raise OutOfMemory where the tensors of a step surely take more memory than the device has.

    Processes that share a batch, and compiled modules, which keep less, are left to try.
    """
    memory = measure_step(job, device)
    if memory is None or options.compile == "on" or not ranks.is_single:
        return
    if memory.peak(job.training.batch.part * job.runs_per_image) > get_total_memory(device.place):
        raise OutOfMemory(advise_training(job, device))


def refuse_full_disk(folder: Path, job: Job) -> None:
    """Raise CannotRun where the disk has no room for the run's weights and checkpoints."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    needed, free = _disk_bytes(job), shutil.disk_usage(there).free
    if free < needed:
        raise CannotRun(
            f"a run of {job.name} needs {format_bytes(needed)} of disk, and {there} has {format_bytes(free)} left"
        )


def _disk_bytes(job: Job) -> int:
    """Return the bytes of the best weights and the stored checkpoints, and of one more of each while it is written."""
    weights = _bytes(job.module.state_dict().values())
    averages = weights if job.training.average else 0
    trained = (parameter for parameter in job.module.parameters() if parameter.requires_grad)
    checkpoint = weights + averages + FP32 * sum(job.training.optimizer.measure_state(each.shape) for each in trained)
    return 2 * weights + (KEPT + 1) * checkpoint + OTHER_FILES


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
