"""The functions of `import specnet` that need torch: compile, train."""

from __future__ import annotations

from typing import Any

from torch import fx

from specnet.api import Settings, Spec, check_sound, format_settings
from specnet.backends.torch_module import build_module
from specnet.jobs import make_job
from specnet.training import Callback, Run
from specnet.training import train as train_job
from specnet.training.job import make_options


def compile(source: Spec, settings: Settings | None = None) -> fx.GraphModule:
    """Build the network as a torch module that takes and returns N×C×H×W; raises SpecError."""
    return build_module(check_sound(source, settings).network)


def train(
    source: Spec,
    settings: Settings | None = None,
    callback: Callback | None = None,
    **options: Any,
) -> Run:
    """Train a network as `specnet train` does, with the `options` of `specnet.training.Options`.

    Raises SpecError, UntrainableError and TrainingError, and ValueError for an option that does not exist or has a
    value that is not possible.
    """
    chosen = make_options({**options, "overrides": format_settings(settings)})
    return train_job(make_job(check_sound(source, settings)), chosen, callback or Callback())
