"""The trainer itself, a stretch at a time."""

from __future__ import annotations

from setting import Setting
from timing import Stretch, stopwatch

from specnet.training.interruption import Interruption
from specnet.training.run_folder import create, make
from specnet.training.setup import Setup, assemble


def ours(setting: Setting) -> Stretch:
    """`specnet train`'s own loop, with its counting, its looks at the device and its checkpoints."""
    return stretches(setting.setup)


def stretches(setup: Setup) -> Stretch:
    make(setup.folder)
    create(setup.folder, setup.job, setup.options, setup.device, setup.data.classes)
    loop = assemble(setup, Interruption(setup.watcher.note), None)
    return stopwatch(lambda count: loop.train_until(loop.state.step + count))
