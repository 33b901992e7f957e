"""The trainer itself, a stretch at a time."""

from __future__ import annotations

from setting import Setting
from timing import Stretch, stopwatch

from specnet.training.engine.interruption import Interruption
from specnet.training.engine.setup import Setup, assemble
from specnet.training.runs.run_config import write_run_config
from specnet.training.runs.run_folder import make_folder


def ours(setting: Setting) -> Stretch:
    """`specnet train`'s own loop, with its counting, its looks at the device and its checkpoints."""
    return stretches(setting.setup)


def stretches(setup: Setup) -> Stretch:
    make_folder(setup.folder)
    write_run_config(setup.folder, setup.job, setup.options, setup.device, setup.data.classes)
    loop = assemble(setup, Interruption(setup.watcher.note), None)
    return stopwatch(lambda count: loop.train_until(loop.state.step + count))
