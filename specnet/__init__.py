"""Write a convolutional network as the table in a paper; check, compile, draw and train it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from specnet.package import __version__ as __version__

if TYPE_CHECKING:
    from specnet.api import SpecError, check, draw
    from specnet.backends.drawing_errors import DrawingError
    from specnet.backends.networkx import digraph
    from specnet.builder import NetworkBuilder
    from specnet.compiler import Checked
    from specnet.drawing import Drawing
    from specnet.elaborate import OverrideError
    from specnet.errors import PluginError, SpecNetError
    from specnet.importers import UnreadableModel, import_model
    from specnet.jobs import UntrainableError
    from specnet.run_report.report import report
    from specnet.runs import evaluate, export, load_run, predict, resume, show
    from specnet.sweep_api import resume_sweep, sweep
    from specnet.torch_api import Metric, compile, train
    from specnet.training.errors import Interrupted, TrainingError
    from specnet.training.job import Callback

__all__ = [
    "Callback",
    "Checked",
    "Drawing",
    "DrawingError",
    "Interrupted",
    "Metric",
    "NetworkBuilder",
    "OverrideError",
    "PluginError",
    "SpecError",
    "SpecNetError",
    "TrainingError",
    "UnreadableModel",
    "UntrainableError",
    "check",
    "compile",
    "digraph",
    "draw",
    "evaluate",
    "export",
    "import_model",
    "load_run",
    "predict",
    "report",
    "resume",
    "resume_sweep",
    "show",
    "sweep",
    "train",
]

_MODULES = {
    "api": ("SpecError", "check", "draw"),
    "backends.drawing_errors": ("DrawingError",),
    "backends.networkx": ("digraph",),
    "builder": ("NetworkBuilder",),
    "compiler": ("Checked",),
    "drawing": ("Drawing",),
    "elaborate": ("OverrideError",),
    "errors": ("PluginError", "SpecNetError"),
    "importers": ("UnreadableModel", "import_model"),
    "jobs": ("UntrainableError",),
    "run_report.report": ("report",),
    "runs": ("evaluate", "export", "load_run", "predict", "resume", "show"),
    "sweep_api": ("resume_sweep", "sweep"),
    "torch_api": ("Metric", "compile", "train"),
    "training.errors": ("Interrupted", "TrainingError"),
    "training.job": ("Callback",),
}
"""The modules of the public names, which are imported on first use: `import specnet` takes no time."""


def __getattr__(name: str) -> object:
    for module, names in _MODULES.items():
        if name in names:
            try:
                return getattr(import_module(f"specnet.{module}"), name)
            except ModuleNotFoundError as missing:  # so that hasattr() is False where an extra is not installed
                hint = f"specnet.{name} needs {missing.name}: pip install 'specnet[train]'"
                raise AttributeError(hint) from missing
    raise AttributeError(f"module 'specnet' has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """Add the cell magic `%%specnet` to a notebook, as `%load_ext specnet` asks."""
    from specnet.cli.cell_magic import check_cell

    shell.register_magic_function(check_cell, "cell", "specnet")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
