"""The functions of `import specnet` that need torch: compile, train."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import fx

from specnet.api import Settings, Spec, check_sound, format_settings
from specnet.argument_types import require_type
from specnet.backends.torch_module import build_module
from specnet.foreign.recipes import find_setting, guess_setting
from specnet.jobs import gather_data, gather_metric, make_job
from specnet.option_names import name_setting
from specnet.progress_lines import WrittenLines
from specnet.suggest import find_closest_word
from specnet.training import Callback, Options, OwnMetric, Run
from specnet.training import train as train_job
from specnet.training.job import make_options, read_metric

Metric = OwnMetric
"""The name under which programs know it."""


def compile(source: Spec, settings: Settings | None = None, plugins: Collection[str] = ()) -> fx.GraphModule:
    """Build the network as a torch module that takes and returns N×C×H×W; raises SpecError, and PluginError."""
    return build_module(check_sound(source, settings, plugins).network)


def train(
    source: Spec,
    settings: Settings | None = None,
    callback: Callback | None = None,
    *,
    data: Any = None,
    validation: Any = None,
    test: Any = None,
    metric: Any = None,
    plugins: Collection[str] = (),
    **options: Any,
) -> Run:
    """Train a network as `specnet train` does, with the `options` of `specnet.training.Options`.

    `data`, `validation` and `test` take the place of the spec's data: each a torch Dataset whose items are an image (a
    PIL picture, an array H×W×C or a tensor C×H×W) and its target, or a pair of images N×H×W×C or N×C×H×W and targets.
    `metric` is a function of the outputs and targets of a whole part, such as N×classes and N, that returns a number;
    the best epoch is that where it is largest on the validation part, or smallest with
    `specnet.Metric(function, larger_is_better=False)`. The `callback` is told of notes, warnings, steps
    and epochs; without one, all but the steps are lines on standard error, and `specnet.Callback()` is silent.
    `plugins` are modules to import, such as `["mypkg.layers"]`, as a program may do itself before. Ctrl-C
    saves the run and raises `specnet.Interrupted`. Raises SpecError, UntrainableError and TrainingError, and TypeError
    or ValueError for an argument that makes no sense, such as an option that does not exist.
    """
    if callback is not None:
        require_type("callback", callback, Callback, "an object of a subclass of `specnet.Callback`")
    refuse_settings(options)
    given, own_metric = gather_data(data, validation, test), gather_metric(metric)
    checked = check_sound(source, settings, plugins)
    own = {"spec": path} if (path := Path(checked.source.name)).is_file() else {}
    chosen = make_options({**own, **options, "overrides": format_settings(settings)})
    job = make_job(checked, given=given)
    job = replace(job, own_metric=own_metric or job.own_metric)
    return train_job(job, chosen, callback or WrittenLines())


def _display(run: Run) -> dict[str, Any]:
    from specnet.training.plots import display_curves
    from specnet.training.runs.run_folder import read_metrics

    return display_curves(repr(run), read_metric(run.summary), read_metrics(run.folder))


Run.display = _display


def refuse_settings(options: Mapping[str, Any]) -> None:
    """Raise ValueError for an option that is a setting of the spec."""
    if "overrides" in options:
        raise ValueError("there is no option `overrides`; `settings` takes values by name")
    known = Options.__dataclass_fields__
    for name, value in options.items():
        is_option = name in known or (find_closest_word(name, known) and not find_setting(name))
        if not is_option and (setting := guess_setting(name)):
            raise ValueError(f"there is no option `{name}`; it is a setting: {name_setting(setting, value)}")
