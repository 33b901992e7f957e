"""SpecNet's own trainer as a timed loop."""

from __future__ import annotations

from bench_train.timing import TimedLoop, time_loop
from bench_train.workload import Workload

from specnet.training.engine.interruption import Interruption
from specnet.training.engine.setup import Setup, assemble
from specnet.training.runs.run_config import write_run_config
from specnet.training.runs.run_folder import make_folder


def make_trainer_loop(workload: Workload) -> TimedLoop:
    """Return the loop of `specnet train`, metrics, device synchronization and checkpoints included."""
    return make_loop_of_setup(workload.setup)


def make_loop_of_setup(setup: Setup) -> TimedLoop:
    make_folder(setup.folder)
    write_run_config(setup.folder, setup.job, setup.options, setup.device, setup.data)
    loop = assemble(setup, Interruption(setup.callback.on_note), None)
    return time_loop(lambda count: loop.train_until(loop.state.step + count))
