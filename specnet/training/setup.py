"""Putting a run together: data, device, network, and the loop over them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch

from specnet.settings import Training
from specnet.training import init, normalize, optim, transfer
from specnet.training.batches import Batches
from specnet.training.checkpoint import Checkpoint
from specnet.training.data import DataSet, Request, load
from specnet.training.device import Device, choose
from specnet.training.errors import CannotRun
from specnet.training.evaluation import Evaluator, Network
from specnet.training.interruption import Interruption
from specnet.training.job import Job, Options, Silent, Watcher
from specnet.training.keeper import Keeper
from specnet.training.loop import Loop
from specnet.training.loss import loss
from specnet.training.normalize import Normalizer
from specnet.training.pace import Pace
from specnet.training.ranks import Ranks
from specnet.training.run_folder import RunFolder, metadata
from specnet.training.state import State
from specnet.training.step import Stepper
from specnet.training.suitability import refuse_data, refuse_sharing, refuse_untrainable
from specnet.training.sums import Sums


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


def set_up(job: Job, options: Options, path: Path, watcher: Watcher, ranks: Ranks) -> Setup:
    """Read the data, choose the device; raises TrainingError where they do not go together. Writes nothing."""
    transfer.freeze(job.module, options.freeze)
    refuse_untrainable(job)
    if options.data_dir and not options.data_dir.is_dir():
        raise CannotRun(f"there is no data folder {options.data_dir}")
    device = choose(replace(options, device=ranks.own_device(options.device)), job.module)
    refuse_sharing(options, device, ranks)
    height, width, channels = job.input_shape
    request = Request((height, width, channels), options.data_dir, watcher.note)
    with ranks.in_turn():
        data = load(job.training.data, job.training.split, request)
    refuse_data(job, data)
    normalizer = normalize.fit(job.training.normalize, data.train.pixels)
    folder = RunFolder(path, metadata(job, data.classes, normalizer, options.overrides))
    return Setup(job, options, device, data, normalizer, folder, watcher if ranks.is_first else Silent(), ranks)


def assemble(setup: Setup, interruption: Interruption, saved: Checkpoint | None) -> Loop:
    """Everything on the device, with the weights of the beginning or of the checkpoint."""
    training, device, ranks = setup.job.training, setup.device, setup.ranks
    state, network = _state(setup, saved), _network(setup)
    data, normalizer = setup.data.each(lambda part: part.to(device.place)), setup.normalizer.to(device.place)
    batches = Batches(data.train, training.augment, normalizer, training.batch.size, training.seed.value, ranks)
    averaging = ranks.averaging(network, setup.options, device.place)
    stepper = Stepper(training, batches, averaging, loss(training.loss), device)
    evaluator = Evaluator(network, data.parts(), normalizer, loss(training.loss), device, training.batch.size, ranks)
    return Loop(
        state=state,
        stepper=stepper,
        evaluator=evaluator,
        watched=_watched(training, data),
        stop=training.stop,
        folder=setup.folder,
        keeper=Keeper(setup.folder, state),
        pace=Pace(state, stepper, setup.watcher),
        watcher=setup.watcher,
        interruption=interruption,
    )


def _watched(training: Training, data: DataSet) -> tuple[str, ...]:
    """The parts to measure after every epoch; of these, only the validation part chooses anything."""
    wanted = ("validation", "test") if training.evaluate else ("validation",)
    return tuple(part for part in wanted if part in data.parts())


def _state(setup: Setup, saved: Checkpoint | None) -> State:
    training, module, options = setup.job.training, setup.job.module, setup.options
    init.start(module.cpu(), training.init, training.seed.value)
    if options.weights and not saved:
        module.load_state_dict(transfer.fitting(module, options.weights, setup.watcher.note), strict=False)
    setup.ranks.settle(module, options, setup.device.place)
    optimizer = optim.optimizer(training.optimizer, module, setup.device.place)
    frozen = transfer.frozen_norms(module, options.freeze)
    state = State(module, optimizer, Sums.zero(setup.device.place), frozen=frozen, ranks=setup.ranks)
    if saved:
        state.unpack(saved)
    return state


def _network(setup: Setup) -> Network:
    """The module on the device, compiled if wished; `auto` is off, for nothing measured so far has gained by it."""
    module = setup.job.module
    return cast(Network, torch.compile(module) if setup.options.compile == "on" else module)
