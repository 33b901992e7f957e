"""A run from its beginning, or from where it was left, to its summary."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from specnet.settings import Training
from specnet.training import checkpoint, curves, init, normalize, optim
from specnet.training.batches import Batches
from specnet.training.checkpoint import Checkpoint
from specnet.training.data import DataSet, Request, load
from specnet.training.device import Device, choose, deterministic
from specnet.training.errors import CannotRun, DataProblem, Interrupted
from specnet.training.evaluation import Evaluator, Network
from specnet.training.interruption import Asked, Interruption
from specnet.training.job import Job, Options, Plan, Run, Silent, Watcher
from specnet.training.keeper import Keeper
from specnet.training.loop import Loop
from specnet.training.loss import loss
from specnet.training.memory import explained
from specnet.training.normalize import Normalizer
from specnet.training.pace import Pace
from specnet.training.run_folder import Recorded, RunFolder, create, default_folder, labels, refuse_taken
from specnet.training.state import State, Sums
from specnet.training.step import Stepper
from specnet.training.suitability import refuse_data, refuse_untrainable


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


def train(job: Job, options: Options, watcher: Watcher | None = None) -> Run:
    """Train in a new folder; raises TrainingError."""
    path = options.run or default_folder(job.name)
    refuse_taken(path)
    setup = _set_up(job, options, path, watcher or Silent())
    create(setup.folder, job, options, setup.device, setup.data.classes)
    return _carry_out(setup, None)


def resume(begun: Recorded, job: Job, options: Options, watcher: Watcher | None = None) -> Run:
    """Go on with a run in its folder, from its last checkpoint if it has come that far; raises TrainingError."""
    if job.digest != begun.digest:
        raise CannotRun(f"{begun.folder / 'spec.net'} is not the network that this run has trained")
    setup = _set_up(job, options, begun.folder, watcher or Silent())
    if setup.data.classes != begun.classes:
        raise DataProblem(f"the run was begun with the classes {', '.join(begun.classes)}, and the data has others now")
    return _carry_out(setup, checkpoint.load(setup.folder.checkpoint, setup.watcher.note))


def _set_up(job: Job, options: Options, path: Path, watcher: Watcher) -> Setup:
    refuse_untrainable(job)
    if options.data_dir and not options.data_dir.is_dir():
        raise CannotRun(f"there is no data folder {options.data_dir}")
    device = choose(options)
    height, width, channels = job.input_shape
    request = Request((height, width, channels), options.data_dir, watcher.note)
    data = load(job.training.data, job.training.split, request)
    refuse_data(job, data)
    normalizer = normalize.fit(job.training.normalize, data.train.pixels)
    folder = RunFolder(path, labels(job, data.classes, normalizer))
    return Setup(job, options, device, data, normalizer, folder, watcher)


def _carry_out(setup: Setup, saved: Checkpoint | None) -> Run:
    batch = setup.job.training.batch.size
    with deterministic(setup.options.deterministic), explained(batch), Interruption(setup.watcher.note) as interruption:
        loop = _loop(setup, interruption, saved)
        setup.watcher.begin(_plan(setup, loop))
        try:
            loop.run()
            summary = _conclude(setup, loop)
        except Asked as asked:
            raise Interrupted(setup.folder.path, asked.signal) from None
    curves.draw(setup.folder.path / "curves.png", setup.job.name, loop.state.history)
    setup.folder.write_summary(summary)
    return Run(setup.folder.path, summary, setup.job.module)


def _loop(setup: Setup, interruption: Interruption, saved: Checkpoint | None) -> Loop:
    """Everything on the device, with the weights of the beginning or of the checkpoint."""
    training, device, network = setup.job.training, setup.device, _network(setup)
    state = _state(setup)
    if saved:
        state.unpack(saved)
    data, normalizer = setup.data.each(lambda part: part.to(device.place)), setup.normalizer.to(device.place)
    batches = Batches(data.train, training.augment, normalizer, training.batch.size, training.seed.value)
    stepper = Stepper(training, batches, network, loss(training.loss), device)
    evaluator = Evaluator(network, data.parts(), normalizer, loss(training.loss), device, training.batch.size)
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


def _state(setup: Setup) -> State:
    training, module = setup.job.training, setup.job.module
    init.start(module.cpu(), training.init, training.seed.value)
    module.to(setup.device.place, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = optim.optimizer(training.optimizer, module, setup.device.place)
    return State(module, optimizer, Sums.zero(setup.device.place))


def _network(setup: Setup) -> Network:
    """The module, compiled if that is wished; `auto` is off, for nothing measured so far has gained by it."""
    module = setup.job.module
    return cast(Network, torch.compile(module) if setup.options.compile == "on" else module)


def _plan(setup: Setup, loop: Loop) -> Plan:
    return Plan(
        folder=setup.folder.path,
        device=setup.device.title,
        precision=setup.device.precision,
        images={name: len(part) for name, part in setup.data.parts().items()},
        classes=setup.data.classes,
        epochs=setup.job.training.epochs.count,
        steps=loop.stepper.total,
    )


def _conclude(setup: Setup, loop: Loop) -> dict[str, Any]:
    """What summary.json says: the weights that count are measured once on the test set."""
    state, job = loop.state, setup.job
    job.module.load_state_dict(setup.folder.read_model())
    test = loop.score("test").accuracy if setup.data.test else None
    assert state.best, "an epoch is over"
    return {
        "network": job.name,
        "test_accuracy": test,
        "validation_accuracy": state.best.score,
        "best_epoch": state.best.epoch,
        "epochs": len(state.history),
        "seconds": state.seconds,
        "images_per_second": state.images_per_second,
        "parameters": job.parameters,
        "digest": job.digest,
    }
