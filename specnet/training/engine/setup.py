"""Putting a run together: data, device, network, and the loop over them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from specnet.settings import Training
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load
from specnet.training.data.placement import place_on_device
from specnet.training.device import Device, choose_device, use_fast_dropout
from specnet.training.distributed import SINGLE_PROCESS, Network, Ranks
from specnet.training.engine.batches import Batches
from specnet.training.engine.checkpoint_writer import CheckpointWriter
from specnet.training.engine.evaluator import Evaluator, average_views
from specnet.training.engine.initialization import (
    freeze_layers,
    frozen_norms,
    initialize_weights,
    match_weights,
    refuse_whitening,
)
from specnet.training.engine.interruption import Interruption
from specnet.training.engine.loop import Loop, Timer
from specnet.training.engine.state import RunningMetrics, State
from specnet.training.engine.step import Stepper
from specnet.training.errors import CannotRun
from specnet.training.job import Job, Metrics, Options, Silent, Watcher
from specnet.training.optim.averaging import AveragedWeights
from specnet.training.optim.losses import build_loss, compute_class_weights
from specnet.training.optim.optimizers import build_optimizer, refuse_groups
from specnet.training.preflight import (
    refuse_data,
    refuse_kind,
    refuse_sharing,
    refuse_unregistered,
    refuse_unsupported,
    refuse_untrainable,
)
from specnet.training.resources import count_processors
from specnet.training.runs.checkpoint import Checkpoint
from specnet.training.runs.run_folder import RunFolder, build_metadata
from specnet.training.transforms.normalization import Normalizer, fit_normalizer


@dataclass(frozen=True)
class Setup:
    """All that a run needs and that does not change in it."""

    job: Job
    options: Options
    device: Device
    data: DataSet
    normalizer: Normalizer
    folder: RunFolder
    watcher: Watcher
    ranks: Ranks


def set_up(job: Job, options: Options, path: Path, watcher: Watcher, ranks: Ranks = SINGLE_PROCESS) -> Setup:
    """Read the data, choose the device; raises TrainingError where they do not go together. Writes nothing."""
    freeze_layers(job.module, options.freeze)
    refuse_unregistered(job.training)
    refuse_untrainable(job)
    refuse_whitening(job.module, job.parts)
    refuse_groups(job.training.group, job.module, job.parts)
    if options.data_dir and not options.data_dir.is_dir():
        raise CannotRun(f"there is no data folder {options.data_dir}")
    device = choose_device(replace(options, device=ranks.own_device(options.device)), job.module)
    refuse_sharing(job, options, device, ranks)
    refuse_unsupported(job, options, device)
    height, width, channels = job.input_shape
    request = DataRequest(
        (height, width, channels),
        options.data_dir,
        watcher.note if ranks.is_first else Silent().note,
        _workers(options),
        options.skip_bad,
        partial(refuse_kind, job),
    )
    with ranks.in_turn():
        data = load(job.training.data, job.training.split, request)
    refuse_data(job, data)
    if ranks.is_first and (size := job.training.batch.size) > len(data.train):
        watcher.note(f"a batch of {size:,} is more than the {len(data.train):,} images to train on: all are one batch")
    normalizer = fit_normalizer(job.training.normalize, data.train.pixels)
    folder = RunFolder(path, build_metadata(job, data.classes, normalizer, options.overrides))
    return Setup(job, options, device, data, normalizer, folder, watcher if ranks.is_first else Silent(), ranks)


def _workers(options: Options) -> int:
    return count_processors() if options.workers is None else options.workers


def assemble(
    setup: Setup,
    interruption: Interruption,
    saved: Checkpoint | None,
    draw_curves: Callable[[Sequence[Metrics]], None] = lambda history: None,
) -> Loop:
    """Everything on the device, with the weights of the beginning or of the checkpoint."""
    training, device, ranks = setup.job.training, setup.device, setup.ranks
    state, network = _state(setup, saved), _network(setup)
    data, normalizer = (
        place_on_device(setup.data, device.place, _workers(setup.options)),
        setup.normalizer.to(device.place),
    )
    batches = Batches(data.train, training.augment, normalizer, training.batch, training.seed.value, ranks)
    weights = compute_class_weights(training.loss, data.train.labels, setup.job.output_shape[0])
    averaging = ranks.averaging(network, setup.options, device.place)
    stepper = Stepper(training, batches, averaging, build_loss(training.loss, weights), device)
    size = -(-training.batch.size // training.batch.accumulate)
    evaluator = Evaluator(network, data.parts(), normalizer, build_loss(training.loss), device, size, ranks)
    return Loop(
        state=state,
        stepper=stepper,
        evaluator=evaluator,
        final=replace(evaluator, network=average_views(network, training.evaluate)),
        watched=_watched(training, data),
        stop=training.stop,
        folder=setup.folder,
        keeper=CheckpointWriter(setup.folder, state),
        pace=Timer(state, stepper, setup.watcher),
        watcher=setup.watcher,
        interruption=interruption,
        draw_curves=draw_curves,
    )


def _watched(training: Training, data: DataSet) -> tuple[str, ...]:
    """The parts to measure after every epoch; of these, only the validation part chooses anything."""
    wanted = ("validation", "test") if training.evaluate.test else ("validation",)
    return tuple(part for part in wanted if part in data.parts())


def _state(setup: Setup, saved: Checkpoint | None) -> State:
    training, module, options = setup.job.training, setup.job.module, setup.options
    initialize_weights(module.cpu(), training.init, setup.job.parts, training.seed.value, partial(_first_images, setup))
    if options.weights and not saved:
        module.load_state_dict(match_weights(module, options.weights, setup.watcher.note), strict=False)
    setup.ranks.settle(module, options, setup.device.place)
    optimizer = build_optimizer(training.optimizer, training.group, module, setup.job.parts, setup.device.place)
    frozen = frozen_norms(module, options.freeze)
    average = AveragedWeights(training.average, module) if training.average else None
    sums, scaler = RunningMetrics.zero(setup.device.place), setup.device.scaler()
    state = State(module, optimizer, sums, average, scaler, frozen=frozen, ranks=setup.ranks)
    if saved:
        state.unpack(saved)
    return state


def _first_images(setup: Setup, amount: int) -> Tensor:
    """The first training images, B×C×H×W as the network reads them."""
    return setup.normalizer(setup.data.train.pixels[:amount])


def _network(setup: Setup) -> Network:
    """The module on the device, compiled if wished; `auto` is off, for nothing measured so far has gained by it."""
    module = setup.job.module
    if setup.options.compile == "on":
        return cast(Network, torch.compile(module))
    if setup.device.place.type == "cpu":
        use_fast_dropout(module)
    return cast(Network, module)
