"""Train in a new folder, or resume a run, up to its summary."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from specnet.training.data.images import DataSet
from specnet.training.device import use_deterministic_algorithms
from specnet.training.distributed import Ranks, join_process_group
from specnet.training.engine.evaluator import Evaluation
from specnet.training.engine.interruption import Interruption, StopRequested
from specnet.training.engine.loop import Loop
from specnet.training.engine.running_statistics import explain_gap
from specnet.training.engine.setup import Setup, assemble, set_up
from specnet.training.engine.starting_weights import find_starting_weights
from specnet.training.errors import BadRun, DataLost, DataProblem, Interrupted, NotFinite
from specnet.training.files import lock_folder, write_atomically
from specnet.training.job import Callback, Job, Options, Plan, Run
from specnet.training.plots import write_curves
from specnet.training.plugin_calls import describe_own_parts
from specnet.training.preflight import refuse_full_disk
from specnet.training.resources import advise_training, explain_out_of_memory, keep_freed_memory
from specnet.training.runs.checkpoint import Checkpoint, load_checkpoint
from specnet.training.runs.given import format_resumption, refuse_missing_arguments, refuse_other_data
from specnet.training.runs.lengthening import describe_lengthening, lengthen, record_lengthening
from specnet.training.runs.run_config import RunConfig, write_run_config
from specnet.training.runs.run_folder import (
    CHECKPOINT,
    choose_folder,
    make_folder,
    read_summary,
    refuse_taken,
)
from specnet.training.runs.run_index import find_restarted_run
from specnet.training.runs.tensorboard import open_tensorboard


def train(job: Job, options: Options, callback: Callback | None = None) -> Run:
    """Train in a new folder; ranks that torchrun has restarted resume the run they had. Raises TrainingError."""
    with join_process_group() as ranks:
        if config := ranks.from_first(lambda: find_restarted_run(job, options)):
            return resume(config, job, options, callback)
        path = ranks.from_first(lambda: _check_free(options.run or choose_folder(job.name)))
        if options.weights:
            # refused before the data is decoded
            find_starting_weights(job, options.weights, options.freeze, lambda text: None)
        setup = set_up(job, options, path, callback or Callback(), ranks)
        if ranks.is_first:
            refuse_full_disk(path, job)
            make_folder(setup.folder)
        with _lock_run(path, ranks), _explain_interruption(setup):
            if ranks.is_first:
                refuse_taken(path)  # another process may have been quicker
                write_run_config(setup.folder, job, options, setup.device, setup.data, ranks, setup.data_digest)
            return _train_and_conclude(setup, None)


def resume(
    config: RunConfig, job: Job, options: Options, callback: Callback | None = None, epochs: float | None = None
) -> Run:
    """Resume a run in its folder from its last checkpoint, or from its beginning; raises TrainingError.

    The number of processes may be another one. With `epochs`, which are more than planned, the run is lengthened.
    """
    if job.digest != config.digest:
        raise BadRun(f"{config.folder / 'spec.net'} is not the network that this run trains")
    refuse_missing_arguments(config, job)
    callback = callback or Callback()
    with join_process_group() as ranks, _lock_run(config.folder, ranks):
        saved = ranks.from_first(lambda: load_checkpoint(config.folder / CHECKPOINT, callback.on_note))
        training = config.training if epochs is None else lengthen(config, saved, epochs)
        job = replace(job, training=training)
        setup = set_up(job, _adapt_options(options, ranks), config.folder, callback, ranks, config)
        _refuse_other_classes(setup.data, config)
        refuse_other_data(config.data_digest, setup.data_digest)
        if training != config.training:
            config = _lengthen(config, setup, saved)
        setup.callback.on_note(_describe_resumption(config, saved))
        with _explain_interruption(setup):
            return _train_and_conclude(setup, saved)


def _lengthen(config: RunConfig, setup: Setup, saved: Checkpoint | None) -> RunConfig:
    """Record that the run is lengthened, and say what that means; return its new configuration."""
    training = setup.job.training
    for line in describe_lengthening(config.training, training, saved):
        setup.callback.on_note(line)
    return setup.ranks.from_first(lambda: record_lengthening(config, training, saved))


def _refuse_other_classes(data: DataSet, config: RunConfig) -> None:
    """Raise DataProblem where the data of a run has got other classes, or has lost some to train on."""
    if data.classes != config.classes or _has_lost_class(data):
        names = ", ".join(config.classes)
        raise DataProblem(f"the run was started with the classes {names}, and the data has others now")


def _has_lost_class(data: DataSet) -> bool:
    """Whether a class has no images to train on, where each image has one class."""
    return data.train.has_labels and not data.train.labels.bincount(minlength=len(data.classes)).all()


def _describe_resumption(config: RunConfig, saved: Checkpoint | None) -> str:
    """Return a sentence about where a run goes on."""
    if saved is None:
        return f"{config.folder} has no checkpoint yet: the run begins anew"
    done, planned = len(saved.facts["history"]), config.training.epochs.count
    if read_summary(config.folder):
        return f"{config.folder} is finished: epochs {done} of {planned:g}; only the result is computed again"
    return f"resuming {config.folder} at step {saved.facts['step']:,}: epochs {done} of {planned:g}"


def _check_free(path: Path) -> Path:
    """Return the folder; raises CannotRun if it holds a run."""
    refuse_taken(path)
    return path


def _lock_run(path: Path, ranks: Ranks) -> AbstractContextManager[None]:
    """Lock a run's folder, on the rank that writes there."""
    return lock_folder(path) if ranks.is_first else nullcontext()


@contextmanager
def _explain_interruption(setup: Setup) -> Iterator[None]:
    """Turn a Ctrl-C before the first step, or a second one, into Interrupted, which says what is saved."""
    try:
        yield
    except KeyboardInterrupt:
        folder = setup.folder
        is_trained = folder.checkpoint.is_dir() and any(folder.checkpoint.iterdir())
        saved = "the last checkpoint" if is_trained else "its configuration"
        raise Interrupted(folder.path, signal.SIGINT, _format_resumption(setup), saved) from None


def _adapt_options(options: Options, ranks: Ranks) -> Options:
    """Return the options for the present number of processes; a single one shares nothing."""
    is_shared = not ranks.is_single
    return replace(
        options,
        processes=ranks.world_size,
        sharded=options.sharded and is_shared,
        sync_bn=options.sync_bn and is_shared,
    )


def _train_and_conclude(setup: Setup, saved: Checkpoint | None) -> Run:
    is_first = setup.ranks.is_first
    noting = setup.folder.record_failure() if is_first else nullcontext()
    with noting, setup.ranks.detect_lost_worker(setup.folder.path), _open_callback(setup, saved) as callback:
        loop, evaluation = _train(replace(setup, callback=callback), saved)
        summary = _summarize(setup, loop, evaluation)
        if is_first:
            _conclude(setup, loop, evaluation, summary)
    return Run(setup.folder.path, summary, setup.job.module)


def _conclude(setup: Setup, loop: Loop, evaluation: Evaluation | None, summary: dict[str, Any]) -> None:
    """Draw the plots and write the summary."""
    loop.draw()
    if evaluation:
        for name, picture in evaluation.results.draw(evaluation.part, setup.callback.on_note).items():
            write_atomically(setup.folder.path / name, picture)
    setup.folder.write_summary(summary)


def _open_callback(setup: Setup, saved: Checkpoint | None) -> AbstractContextManager[Callback]:
    if not setup.options.tensorboard or not setup.ranks.is_first:
        return nullcontext(setup.callback)
    return open_tensorboard(setup.callback, setup.folder.path, len(saved.facts["history"]) if saved else 0)


def _train(setup: Setup, saved: Checkpoint | None) -> tuple[Loop, Evaluation | None]:
    """Train to the end, and evaluate the best weights."""
    fitting = explain_out_of_memory(partial(advise_training, setup.job, setup.device))
    interruption = Interruption(setup.callback.on_note, setup.ranks)
    with (
        interruption,
        use_deterministic_algorithms(setup.options.deterministic),
        fitting,
        keep_freed_memory(),
    ):
        draw_curves = partial(write_curves, setup.folder.path / "curves.png", setup.job.name, setup.objective.metric)
        loop = assemble(setup, interruption, saved, draw_curves)
        if setup.ranks.is_single:
            interruption.overdue = partial(loop.on_overdue, _format_resumption(setup))
        setup.callback.on_train_begin(_describe_plan(setup, loop))
        try:
            loop.run()
            evaluation = _evaluate_best(setup, loop)
            _warn_of_gap(setup, loop, evaluation)
            return loop, evaluation
        except NotFinite as error:
            causes = [*setup.device.explain_not_finite(), *describe_own_parts(setup.job.training)]
            raise NotFinite(*error.args, *causes) from None
        except StopRequested as request:
            raise Interrupted(setup.folder.path, request.signal, _format_resumption(setup)) from None
        except DataProblem as problem:
            kept = "everything" if setup.ranks.is_single else "the last checkpoint"
            raise DataLost(problem, setup.folder.path, kept, _format_resumption(setup)) from problem.__cause__


def _format_resumption(setup: Setup) -> str:
    return format_resumption(setup.folder.path, setup.job.list_arguments())


def _evaluate_best(setup: Setup, loop: Loop) -> Evaluation | None:
    """Evaluate the best weights once, on the test set, or without one on the validation part."""
    loop.state.load(weights := setup.ranks.from_first(setup.folder.read_model))
    if setup.objective.fits_outputs and setup.data.validation:
        fitted = {**setup.objective.fitted, **loop.fit_outputs("validation")}
        if setup.ranks.is_first:
            setup.folder.add_fitted(fitted).write_model(weights)
    part = next((part for part in ("test", "validation") if part in setup.data.parts()), None)
    return part and Evaluation(part, loop.measure(part, loop.final))


def _warn_of_gap(setup: Setup, loop: Loop, evaluation: Evaluation | None) -> None:
    """Note where the best weights are far worse in evaluation than in training because of their bn."""
    if evaluation is None or not setup.ranks.is_single:
        return
    if gap := explain_gap(loop.state, loop.final, evaluation, setup.job.training.seed.value):
        setup.callback.on_note(f"warning: {gap}")


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
        processes=setup.ranks.world_size,
        metric=setup.objective.metric,
        measure=setup.objective.measure,
    )


def _summarize(setup: Setup, loop: Loop, evaluation: Evaluation | None) -> dict[str, Any]:
    """Return the contents of summary.json."""
    state, job = loop.state, setup.job
    assert state.best, "an epoch is over"
    metric = setup.objective.metric
    tested = evaluation.results.scores.get(metric.name) if evaluation and evaluation.part == "test" else None
    return {
        "network": job.name,
        "metric": {each.name: getattr(metric, each.name) for each in fields(metric)},
        f"test_{metric.name}": tested,
        f"validation_{metric.name}": state.best.score,
        "best_epoch": state.best.epoch,
        "epochs": len(state.history),
        "images": {name: len(part) for name, part in setup.data.parts().items()},
        "seconds": state.seconds,
        "images_per_second": state.images_per_second,
        "parameters": job.parameters,
        "digest": job.digest,
        "measured": evaluation and {"part": evaluation.part, **evaluation.results.summarize()},
    }
