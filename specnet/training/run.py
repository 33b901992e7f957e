"""A run from its beginning, or from where it was left, to its summary."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from specnet.training.device import use_deterministic_algorithms
from specnet.training.distributed import Ranks, join_process_group
from specnet.training.engine.evaluator import Evaluation
from specnet.training.engine.initialization import match_weights
from specnet.training.engine.interruption import Interruption, StopRequested
from specnet.training.engine.loop import Loop
from specnet.training.engine.setup import Setup, assemble, set_up
from specnet.training.errors import BadRun, DataProblem, Interrupted
from specnet.training.files import lock_folder, write_atomically
from specnet.training.job import Job, Options, Plan, Run, Silent, Watcher
from specnet.training.plots import draw_confusion, write_curves
from specnet.training.preflight import refuse_full_disk
from specnet.training.resources import advise_training, explain_out_of_memory, keep_freed_memory
from specnet.training.runs.checkpoint import Checkpoint, load_checkpoint
from specnet.training.runs.run_config import RunConfig, write_run_config
from specnet.training.runs.run_folder import RunFolder, default_folder, make_folder, refuse_taken
from specnet.training.runs.run_index import find_restarted_run
from specnet.training.runs.tensorboard import open_tensorboard


def train(job: Job, options: Options, watcher: Watcher | None = None) -> Run:
    """Train in a new folder; raises TrainingError. Ranks that torchrun has started again go on in the one they had."""
    with join_process_group() as ranks:
        if begun := ranks.from_first(lambda: find_restarted_run(job, options)):
            return resume(begun, job, options, watcher)
        path = ranks.from_first(lambda: _refuse_taken(options.run or default_folder(job.name)))
        setup = set_up(job, options, path, watcher or Silent(), ranks)
        if options.weights:
            match_weights(job.module, options.weights, lambda text: None)  # refused before anything is written
        if ranks.is_first:
            refuse_full_disk(path, job)
            make_folder(setup.folder)
        with _lock_run(path, ranks), _explain_interruption(setup.folder):
            if ranks.is_first:
                refuse_taken(path)  # another process may have been quicker
                write_run_config(setup.folder, job, options, setup.device, setup.data.classes, ranks)
            return _train_and_conclude(setup, None)


def resume(begun: RunConfig, job: Job, options: Options, watcher: Watcher | None = None) -> Run:
    """Go on with a run in its folder, from its last checkpoint if it has come that far; raises TrainingError.

    It may have been begun by another number of processes.
    """
    if job.digest != begun.digest:
        raise BadRun(f"{begun.folder / 'spec.net'} is not the network that this run has trained")
    with join_process_group() as ranks, _lock_run(begun.folder, ranks):
        setup = set_up(job, _adapt_options(options, ranks), begun.folder, watcher or Silent(), ranks)
        if setup.data.classes != begun.classes:
            names = ", ".join(begun.classes)
            raise DataProblem(f"the run was begun with the classes {names}, and the data has others now")
        saved = ranks.from_first(lambda: load_checkpoint(setup.folder.checkpoint, setup.watcher.note))
        with _explain_interruption(setup.folder):
            return _train_and_conclude(setup, saved)


def _refuse_taken(path: Path) -> Path:
    """The folder itself; raises CannotRun if there is a run in it."""
    refuse_taken(path)
    return path


def _lock_run(path: Path, ranks: Ranks) -> AbstractContextManager[None]:
    """The lock on a run's folder, which the rank has that writes there."""
    return lock_folder(path) if ranks.is_first else nullcontext()


@contextmanager
def _explain_interruption(folder: RunFolder) -> Iterator[None]:
    """Within it, Ctrl-C before the first step, or a second one, raises Interrupted, which says what is saved."""
    try:
        yield
    except KeyboardInterrupt:
        is_trained = folder.checkpoint.is_dir() and any(folder.checkpoint.iterdir())
        saved = "what the last checkpoint holds" if is_trained else "how it was begun"
        raise Interrupted(folder.path, signal.SIGINT, saved) from None


def _adapt_options(options: Options, ranks: Ranks) -> Options:
    """The same, for as many processes as there are now; one alone shares nothing."""
    shares = not ranks.is_alone
    return replace(
        options,
        processes=ranks.amount,
        sharded=options.sharded and shares,
        sync_bn=options.sync_bn and shares,
    )


def _train_and_conclude(setup: Setup, saved: Checkpoint | None) -> Run:
    is_first = setup.ranks.is_first
    noting = setup.folder.noting_failure() if is_first else nullcontext()
    with noting, setup.ranks.noticing_loss(setup.folder.path), _open_callback(setup, saved) as watcher:
        loop, measured = _train(replace(setup, watcher=watcher), saved)
        summary = _summarize(setup, loop, measured)
        if is_first:
            _conclude(setup, loop, measured, summary)
    return Run(setup.folder.path, summary, setup.job.module)


def _conclude(setup: Setup, loop: Loop, measured: Evaluation | None, summary: dict[str, Any]) -> None:
    """Draw and write what is known at the end."""
    loop.draw()
    if measured:
        write_atomically(setup.folder.path / "confusion.png", draw_confusion(measured.measures, measured.part))
    setup.folder.write_summary(summary)


def _open_callback(setup: Setup, saved: Checkpoint | None) -> AbstractContextManager[Watcher]:
    if not setup.options.tensorboard or not setup.ranks.is_first:
        return nullcontext(setup.watcher)
    return open_tensorboard(setup.watcher, setup.folder.path, len(saved.facts["history"]) if saved else 0)


def _train(setup: Setup, saved: Checkpoint | None) -> tuple[Loop, Evaluation | None]:
    """Train to the end, and measure the weights that count."""
    fitting = explain_out_of_memory(partial(advise_training, setup.job, setup.device.place))
    interruption = Interruption(setup.watcher.note, setup.ranks)
    with (
        interruption,
        use_deterministic_algorithms(setup.options.deterministic),
        fitting,
        keep_freed_memory(),
    ):
        draw_curves = partial(write_curves, setup.folder.path / "curves.png", setup.job.name)
        loop = assemble(setup, interruption, saved, draw_curves)
        if setup.ranks.is_alone:
            interruption.overdue = loop.leave
        setup.watcher.begin(_describe_plan(setup, loop))
        try:
            loop.run()
            return loop, _evaluate_best(setup, loop)
        except StopRequested as asked:
            raise Interrupted(setup.folder.path, asked.signal) from None


def _evaluate_best(setup: Setup, loop: Loop) -> Evaluation | None:
    """The weights that count are measured once, on the test set, or without one on the validation part."""
    loop.state.load(setup.ranks.from_first(setup.folder.read_model))
    part = next((part for part in ("test", "validation") if part in setup.data.parts()), None)
    return part and Evaluation(part, loop.measure(part, setup.data.classes))


def _describe_plan(setup: Setup, loop: Loop) -> Plan:
    return Plan(
        folder=setup.folder.path,
        device=setup.device.title,
        precision=setup.device.precision,
        images={name: len(part) for name, part in setup.data.parts().items()},
        classes=setup.data.classes,
        epochs=setup.job.training.epochs.count,
        steps=loop.stepper.total,
        batch=setup.job.training.batch.size,
        learning_rate=setup.job.training.optimizer.lr,
        processes=setup.ranks.amount,
    )


def _summarize(setup: Setup, loop: Loop, measured: Evaluation | None) -> dict[str, Any]:
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
