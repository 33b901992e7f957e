"""A run from its beginning, or from where it was left, to its summary."""

from __future__ import annotations

from typing import Any

from specnet.training import checkpoint, curves
from specnet.training.checkpoint import Checkpoint
from specnet.training.device import deterministic
from specnet.training.errors import BadRun, DataProblem, Interrupted
from specnet.training.interruption import Asked, Interruption
from specnet.training.job import Job, Options, Plan, Run, Silent, Watcher
from specnet.training.loop import Loop
from specnet.training.memory import explained
from specnet.training.recorded import Recorded
from specnet.training.run_folder import create, default_folder, make, refuse_taken
from specnet.training.setup import Setup, assemble, set_up


def train(job: Job, options: Options, watcher: Watcher | None = None) -> Run:
    """Train in a new folder; raises TrainingError."""
    path = options.run or default_folder(job.name)
    refuse_taken(path)
    setup = set_up(job, options, path, watcher or Silent())
    make(setup.folder)
    create(setup.folder, job, options, setup.device, setup.data.classes)
    return _carry_out(setup, None)


def resume(begun: Recorded, job: Job, options: Options, watcher: Watcher | None = None) -> Run:
    """Go on with a run in its folder, from its last checkpoint if it has come that far; raises TrainingError."""
    if job.digest != begun.digest:
        raise BadRun(f"{begun.folder / 'spec.net'} is not the network that this run has trained")
    setup = set_up(job, options, begun.folder, watcher or Silent())
    if setup.data.classes != begun.classes:
        raise DataProblem(f"the run was begun with the classes {', '.join(begun.classes)}, and the data has others now")
    return _carry_out(setup, checkpoint.load(setup.folder.checkpoint, setup.watcher.note))


def _carry_out(setup: Setup, saved: Checkpoint | None) -> Run:
    batch = setup.job.training.batch.size
    with deterministic(setup.options.deterministic), explained(batch), Interruption(setup.watcher.note) as interruption:
        loop = assemble(setup, interruption, saved)
        setup.watcher.begin(_plan(setup, loop))
        try:
            loop.run()
            summary = _conclude(setup, loop)
        except Asked as asked:
            raise Interrupted(setup.folder.path, asked.signal) from None
    curves.draw(setup.folder.path / "curves.png", setup.job.name, loop.state.history)
    setup.folder.write_summary(summary)
    return Run(setup.folder.path, summary, setup.job.module)


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
