"""A run from its beginning, or from where it was left, to its summary."""

from __future__ import annotations

from functools import partial
from typing import Any

from specnet.training import checkpoint, confusion, curves, lock, memory, transfer
from specnet.training.checkpoint import Checkpoint
from specnet.training.device import deterministic
from specnet.training.errors import BadRun, DataProblem, Interrupted
from specnet.training.files import write
from specnet.training.interruption import Asked, Interruption
from specnet.training.job import Job, Options, Plan, Run, Silent, Watcher
from specnet.training.loop import Loop
from specnet.training.measures import Evaluation
from specnet.training.memory import explained
from specnet.training.recorded import Recorded
from specnet.training.run_folder import create, default_folder, make, refuse_taken
from specnet.training.setup import Setup, assemble, set_up
from specnet.training.space import refuse_full


def train(job: Job, options: Options, watcher: Watcher | None = None) -> Run:
    """Train in a new folder; raises TrainingError."""
    path = options.run or default_folder(job.name)
    refuse_taken(path)
    setup = set_up(job, options, path, watcher or Silent())
    if options.weights:
        transfer.fitting(job.module, options.weights, lambda text: None)  # refused before anything is written
    refuse_full(path, job)
    make(setup.folder)
    with lock.held(path):
        refuse_taken(path)  # another process may have been quicker
        create(setup.folder, job, options, setup.device, setup.data.classes)
        return _carry_out(setup, None)


def resume(begun: Recorded, job: Job, options: Options, watcher: Watcher | None = None) -> Run:
    """Go on with a run in its folder, from its last checkpoint if it has come that far; raises TrainingError."""
    if job.digest != begun.digest:
        raise BadRun(f"{begun.folder / 'spec.net'} is not the network that this run has trained")
    with lock.held(begun.folder):
        setup = set_up(job, options, begun.folder, watcher or Silent())
        if setup.data.classes != begun.classes:
            names = ", ".join(begun.classes)
            raise DataProblem(f"the run was begun with the classes {names}, and the data has others now")
        return _carry_out(setup, checkpoint.load(setup.folder.checkpoint, setup.watcher.note))


def _carry_out(setup: Setup, saved: Checkpoint | None) -> Run:
    with setup.folder.noting_failure():
        loop, measured = _train(setup, saved)
        summary = _summary(setup, loop, measured)
        curves.draw(setup.folder.path / "curves.png", setup.job.name, loop.state.history)
        if measured:
            write(setup.folder.path / "confusion.png", confusion.draw(measured.measures, measured.part))
        setup.folder.write_summary(summary)
    return Run(setup.folder.path, summary, setup.job.module)


def _train(setup: Setup, saved: Checkpoint | None) -> tuple[Loop, Evaluation | None]:
    """Train to the end, and measure the weights that count."""
    fitting = explained(partial(memory.for_training, setup.job, setup.device.place))
    with deterministic(setup.options.deterministic), fitting, Interruption(setup.watcher.note) as interruption:
        loop = assemble(setup, interruption, saved)
        interruption.overdue = loop.leave
        setup.watcher.begin(_plan(setup, loop))
        try:
            loop.run()
            return loop, _measured(setup, loop)
        except Asked as asked:
            raise Interrupted(setup.folder.path, asked.signal) from None


def _measured(setup: Setup, loop: Loop) -> Evaluation | None:
    """The weights that count are measured once, on the test set, or without one on the validation part."""
    setup.job.module.load_state_dict(setup.folder.read_model())
    part = next((part for part in ("test", "validation") if part in setup.data.parts()), None)
    return part and Evaluation(part, loop.measure(part, setup.data.classes))


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


def _summary(setup: Setup, loop: Loop, measured: Evaluation | None) -> dict[str, Any]:
    """What summary.json says."""
    state, job = loop.state, setup.job
    assert state.best, "an epoch is over"
    return {
        "network": job.name,
        "test_accuracy": measured.measures.accuracy if measured and measured.part == "test" else None,
        "validation_accuracy": state.best.score,
        "best_epoch": state.best.epoch,
        "epochs": len(state.history),
        "seconds": state.seconds,
        "images_per_second": state.images_per_second,
        "parameters": job.parameters,
        "digest": job.digest,
        "measured": measured and {"part": measured.part, **measured.measures.brief()},
    }
