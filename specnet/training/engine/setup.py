"""Set up a run: choose the device, read the data, and assemble the loop over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from specnet.printable import format_amount
from specnet.settings import Training
from specnet.training.data.description import describe_data
from specnet.training.data.images import DataRequest, DataSet, Images
from specnet.training.data.loading import load, place_on_device
from specnet.training.data.masked_files import count_pixels
from specnet.training.data.sanity import list_warnings
from specnet.training.data.streams.streamed_pixels import begins_with_crop
from specnet.training.device import Device, choose_device, use_fast_dropout
from specnet.training.distributed import SINGLE_PROCESS, Network, Ranks
from specnet.training.engine.checkpoint_writer import CheckpointWriter
from specnet.training.engine.evaluator import Evaluator, average_views
from specnet.training.engine.initialization import (
    describe_frozen,
    find_frozen_norms,
    freeze_layers,
    initialize_weights,
    refuse_whitening,
)
from specnet.training.engine.interruption import Interruption
from specnet.training.engine.loop import Loop, Timer
from specnet.training.engine.starting_weights import find_starting_weights
from specnet.training.engine.state import RunningMetrics, State
from specnet.training.engine.statistics import StatisticsRecorder, take_sample
from specnet.training.engine.step import Batches, Stepper
from specnet.training.errors import CannotRun
from specnet.training.group_norms import copy_inputs_without_gradient
from specnet.training.job import Callback, Job, Metrics, Options
from specnet.training.narrow_convolutions import compute_narrow_in_fp32
from specnet.training.optim.averaging import AveragedWeights
from specnet.training.optim.losses import Loss, build_loss, compute_class_weights
from specnet.training.optim.optimizers import build_optimizer, refuse_groups
from specnet.training.preflight import (
    describe_spare_outputs,
    refuse_data,
    refuse_floats,
    refuse_large_steps,
    refuse_shape,
    refuse_sharing,
    refuse_unregistered,
    refuse_unsupported,
    refuse_untrainable,
)
from specnet.training.resources import count_processors
from specnet.training.runs.checkpoint import Checkpoint
from specnet.training.runs.given import digest_made_data, refuse_unlike_data
from specnet.training.runs.run_config import RunConfig
from specnet.training.runs.run_folder import RunFolder, build_metadata
from specnet.training.tasks.objective import Objective, make_objective
from specnet.training.transforms.normalization import Normalizer, fit_normalizer


@dataclass(frozen=True)
class Setup:
    """Everything that a run needs and that stays constant during it.

    `data_digest` is the digest of data that a program or a plugin has made.
    """

    job: Job
    options: Options
    device: Device
    data: DataSet
    objective: Objective
    normalizer: Normalizer
    folder: RunFolder
    callback: Callback
    ranks: Ranks
    data_digest: str | None = None


def set_up(
    job: Job,
    options: Options,
    path: Path,
    callback: Callback,
    ranks: Ranks = SINGLE_PROCESS,
    begun: RunConfig | None = None,
) -> Setup:
    """Choose the device and read the data, without writing anything; raise TrainingError where they do not fit.

    A run that has `begun` has the classes in its own order, and its own scale of pixels.
    """
    callback = callback if ranks.is_first else Callback()
    freeze_layers(job.module, options.freeze)
    refuse_job(job)
    device = choose_device(replace(options, device=ranks.local_device(options.device)))
    refuse_sharing(job, options, device, ranks)
    refuse_unsupported(job, options, device)
    refuse_large_steps(job, options, device, ranks)
    with ranks.take_turns():
        data = load(job.training.data, job.training.split, _make_request(job, options, callback, begun))
    data_digest = digest_made_data(job, data)
    refuse_unlike_data(data_digest, job, ranks)
    for line in [*describe_data(data, job.training.task.noun), *describe_frozen(job.module, options.freeze)]:
        callback.on_note(line)
    refuse_data(job, data)
    refuse_floats(job.training, data)
    if job.training.data.class_count is None and (problem := describe_spare_outputs(job, len(data.classes))):
        callback.on_note(f"warning: {problem}")
    if (size := job.training.batch.size) > (images := len(data.train)):
        callback.on_note(
            f"a batch of {size:,} is more than the {format_amount(images, 'image')} to train on: all are one batch"
        )
    objective = replace(make_objective(job.training.task, data.classes, job.training.loss), own=job.own_metric)
    for line in _find_flaws(job, data, objective) if ranks.is_first else ():
        callback.on_note(f"warning: {line}")
    normalizer = fit_normalizer(job.training.normalize, objective.get_pixels(data.train.pixels))
    folder = RunFolder(path, build_metadata(job, data.classes, normalizer, data.scale, options.overrides))
    if fitted := objective.fit_targets(data.train.targets):
        objective, folder = objective.add_fitted(fitted), folder.add_fitted(fitted)
    return Setup(job, options, device, data, objective, normalizer, folder, callback, ranks, data_digest)


def _find_flaws(job: Job, data: DataSet, objective: Objective) -> Iterator[str]:
    """Yield a sentence for each thing in the data that spoils a result."""
    size = job.input_shape[0], job.input_shape[1]
    yield from list_warnings(data, size, job.training.task.metric.is_share)
    yield from objective.list_warnings({name: part.targets for name, part in data.parts().items()})
    if job.own_metric and not data.validation:
        yield (
            f"the metric {job.own_metric.name} chooses no epoch, as there is no validation part; "
            "`validation=` hands one over, and a line `split validation=0.1` sets a tenth aside"
        )


def refuse_job(job: Job) -> None:
    """Raise TrainingError for a job that cannot be trained on any data."""
    refuse_unregistered(job.training)
    refuse_untrainable(job)
    refuse_whitening(job.module, job.layers)
    refuse_groups(job.training.group, job.module, job.layers)


def _make_request(job: Job, options: Options, callback: Callback, begun: RunConfig | None) -> DataRequest:
    """Return the request for the job's data; raises CannotRun if the data folder is missing."""
    if options.data_dir and not options.data_dir.is_dir():
        raise CannotRun(f"there is no data folder {options.data_dir}")
    height, width, channels = job.input_shape
    return DataRequest(
        (height, width, channels),
        options.data_dir,
        callback.on_note,
        _count_workers(options),
        options.skip_bad,
        partial(refuse_shape, job),
        begun.classes if begun else None,
        begun.scale if begun else None,
        job.training.task.target,
        options.spec and options.spec.parent,
        job.training.task.ignored,
        job.given,
        begins_with_crop(job.training.augment),
        job.training.seed.value,
    )


def _count_workers(options: Options) -> int:
    return count_processors() if options.workers is None else options.workers


def assemble(
    setup: Setup,
    interruption: Interruption,
    saved: Checkpoint | None,
    draw_curves: Callable[[Sequence[Metrics]], None] = lambda history: None,
) -> Loop:
    """Put everything on the device, with starting weights or those of a checkpoint, and return the loop over it."""
    training, device, ranks = setup.job.training, setup.device, setup.ranks
    state, network = _make_state(setup, saved), _make_network(setup)
    data = place_on_device(setup.data, device.place, _count_workers(setup.options))
    normalizer = setup.normalizer.to(device.place)
    objective, seed = setup.objective, training.seed.value
    batches = Batches(data.train, objective, training.augment, normalizer, training.batch, seed, ranks)
    outputs = setup.job.output_shape[-1]
    count = partial(count_pixels, data.train, outputs) if data.has_masks else None
    weights = compute_class_weights(training.loss, data.train.targets, outputs, count)
    averaging = ranks.average_gradients(network, setup.options, device.place)
    loss = build_loss(training.loss, weights)
    stepper = Stepper(training, batches, averaging, loss, device, objective, setup.job.head_weights)
    size = training.batch.part
    unweighted = build_loss(training.loss)
    evaluator = Evaluator(network, data.parts(), normalizer, unweighted, objective, device, size, ranks)
    return Loop(
        state=state,
        stepper=stepper,
        evaluator=evaluator,
        final=replace(evaluator, network=average_views(network, training.evaluate, training.task.is_map)),
        measured_parts=_choose_measured_parts(training, data),
        stop=training.stop,
        folder=setup.folder,
        writer=CheckpointWriter(setup.folder, state),
        timer=Timer(state, stepper, setup.callback),
        callback=setup.callback,
        interruption=interruption,
        draw_curves=draw_curves,
        statistics=_make_statistics(setup, data.train, loss, size),
    )


def _make_statistics(setup: Setup, images: Images, loss: Loss, size: int) -> StatisticsRecorder | None:
    """Return what records statistics of all layers, on request and on the rank that writes the run."""
    if not setup.options.statistics or not setup.ranks.is_first:
        return None
    sample = take_sample(images, setup.job.training.seed.value)
    normalizer = setup.normalizer.to(setup.device.place)
    return StatisticsRecorder(sample, setup.objective, normalizer, loss, size, setup.folder)


def _choose_measured_parts(training: Training, data: DataSet) -> tuple[str, ...]:
    """Return the parts to evaluate after every epoch; only the validation part chooses the best epoch."""
    wanted = ("validation", "test") if training.evaluate.test else ("validation",)
    return tuple(part for part in wanted if part in data.parts())


def _make_state(setup: Setup, saved: Checkpoint | None) -> State:
    training, module, options, layers = setup.job.training, setup.job.module, setup.options, setup.job.layers
    place = setup.device.place
    initialize_weights(module.cpu(), training.init, layers, training.seed.value, partial(_get_first_images, setup))
    if options.weights and not saved:
        starting = find_starting_weights(setup.job, options.weights, options.freeze, setup.callback.on_note)
        module.load_state_dict(starting, strict=False)
    setup.ranks.place_module(module, options, place)
    optimizer = build_optimizer(training.optimizer, training.group, module, layers, place)
    frozen = find_frozen_norms(module, options.freeze)
    average = AveragedWeights(training.average, module) if training.average else None
    running, scaler = RunningMetrics.zero(setup.objective, place), setup.device.scaler()
    state = State(module, optimizer, running, average, scaler, frozen=frozen, ranks=setup.ranks)
    if saved:
        state.unpack(saved)
    return state


def _get_first_images(setup: Setup, number: int) -> Tensor:
    """Return the first training images, B×C×H×W as the network reads them."""
    pixels, targets = setup.data.train.pixels[:number], setup.data.train.targets[:number]
    return setup.objective.prepare(pixels, targets, setup.normalizer, torch.arange(len(pixels))).inputs[0]


def _make_network(setup: Setup) -> Network:
    """Return the module, compiled on request.

    `auto` does not compile: a large network on a GPU gains by it, after most of a minute, and small ones lose.
    """
    module = setup.job.module
    is_cpu = setup.device.place.type == "cpu"
    if is_cpu and setup.device.precision == "bf16":
        compute_narrow_in_fp32(module)
    if setup.options.compile == "on":
        return cast(Network, torch.compile(module))
    if is_cpu:
        copy_inputs_without_gradient(module)
        use_fast_dropout(module)
    return cast(Network, module)
