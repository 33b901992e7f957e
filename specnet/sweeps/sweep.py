"""Start a sweep, or go on with one, up to its results."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from specnet.compiler import Checked
from specnet.jobs import collect_used_files, find_needed_plugins
from specnet.option_names import name_option
from specnet.plugin_loading.discovery import Plugin
from specnet.plugin_loading.needed import PROGRAM
from specnet.printable import format_amount
from specnet.runs import load_plugins
from specnet.source import Source
from specnet.sweeps.checking import check_variants
from specnet.sweeps.grid import Range, Sample, Variation, format_settings, list_variants, name_folders
from specnet.sweeps.plan import PLAN, Plan, PlannedRun, RunState, SampleRecord, find_states, read_plan, write_plan
from specnet.sweeps.processes import Observer, Pool
from specnet.training import CannotRun, Options
from specnet.training.device import choose_device
from specnet.training.files import lock_folder
from specnet.training.resources import count_processors
from specnet.training.runs.records import PluginRecord
from specnet.training.runs.run_config import write_spec_snapshot
from specnet.training.runs.run_folder import SUMMARY, choose_folder, refuse_taken

MOST_RUNS = 1000
"""The largest number of runs of a sweep."""


@dataclass(frozen=True)
class Request:
    """What a sweep varies, beside the values that are `fixed` for all runs, and how many processes run at a time."""

    vary: Mapping[str, Variation]
    fixed: Mapping[str, str] = field(default_factory=dict)
    seeds: int = 1
    sample: Sample | None = None
    jobs: int = 1
    folder: Path | None = None


def start(source: Source, request: Request, options: Options, observer: Observer) -> tuple[Path, int | None]:
    """Train all variants in a new folder; return it, and the signal that has stopped the sweep, if one has.

    All variants are checked first. Raises VariantsError, OverrideError, TrainingError, and ValueError for a request
    that makes no sense.
    """
    if request.folder:
        refuse_sweep(request.folder)
    if name := next((name for name in request.vary if name in request.fixed), ""):
        raise ValueError(f"{name} is varied and set")
    if request.seeds > 1 and "seed" in request.vary:
        raise ValueError("the seed is varied already")
    choose_device(options)
    variants = list_variants(request.vary, request.sample, MOST_RUNS)
    checked = check_variants(source, variants, request.fixed, options)
    plan = _make_plan(source, request, options, variants, checked)
    _advise(plan, checked, observer.on_note)
    folder = request.folder or choose_folder(f"{plan.network}-sweep")
    _make_folder(folder, source, plan, checked)
    return folder, run_plan(folder, plan, request.jobs, False, observer)


def resume(folder: Path, jobs: int | None, retries_failed: bool, observer: Observer) -> int | None:
    """Go on with a sweep: finished runs are kept, others go on; failed ones are tried again only with `retries_failed`.

    Return the signal that has stopped the sweep, if one has. Raises TrainingError.
    """
    plan = read_plan(folder)
    load_plugins([Plugin(each.module, "", each.version) for each in plan.plugins], folder)
    observer.on_note(_describe_states(folder, find_states(folder, plan), retries_failed))
    return run_plan(folder, plan, jobs or plan.jobs, retries_failed, observer)


def run_plan(folder: Path, plan: Plan, jobs: int, retries_failed: bool, observer: Observer) -> int | None:
    """Train the runs of a plan that are not finished."""
    with lock_folder(folder):
        states = find_states(folder, plan)
        left_out = {RunState.FINISHED} if retries_failed else {RunState.FINISHED, RunState.FAILED}
        folders = [name for name, state in states.items() if state not in left_out]
        for name in folders:
            (folder / name / SUMMARY).unlink(missing_ok=True)  # which is damaged, or the run would be finished
        pool = Pool(folder, jobs, plan.threads, observer, [plugin.module for plugin in plan.plugins])
        pool.run(folders)
        return pool.signal


def _describe_states(folder: Path, states: Mapping[str, RunState], retries_failed: bool) -> str:
    """Return a sentence about how far the runs of a sweep are."""
    counts = {state: [*states.values()].count(state) for state in RunState}
    listed = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    failed = f"; {name_option('retry_failed', True)} tries the failed ones again"
    hint = failed if counts[RunState.FAILED] and not retries_failed else ""
    return f"{folder}: of {format_amount(len(states), 'run')}, {listed}{hint}"


def refuse_sweep(folder: Path) -> None:
    """Raise CannotRun if a folder holds a sweep or a run, or cannot be a folder."""
    if folder.exists() and not folder.is_dir():
        raise CannotRun(f"{folder} is a file, and a sweep needs a folder")
    if (folder / PLAN).exists():
        raise CannotRun(
            f"{folder} already holds a sweep; {name_option('resume', folder)} goes on with it, "
            f"{name_option('run')} names another folder"
        )
    refuse_taken(folder)


def _make_plan(
    source: Source,
    request: Request,
    options: Options,
    variants: Sequence[Mapping[str, str]],
    checked: Sequence[Checked],
) -> Plan:
    settings = [
        {**request.fixed, **variant, **chance}
        for variant, each in zip(variants, checked, strict=True)
        for chance in _list_seeds(each, request.seeds)
    ]
    if len(settings) > MOST_RUNS:
        raise ValueError(f"{len(settings):,} runs are more than the {MOST_RUNS:,} that a sweep takes")
    names = name_folders([_without(each, request.fixed) for each in settings])
    return Plan(
        schema=1,
        network=checked[0].network.name,
        spec=str(Path(source.name).absolute()) if Path(source.name).is_file() else None,
        used=tuple(collect_used_files(checked[0])),
        begun=datetime.now().astimezone().replace(microsecond=0),
        vary={name: _describe_variation(values) for name, values in request.vary.items()},
        seeds=request.seeds,
        sample=SampleRecord(**asdict(request.sample)) if request.sample else None,
        jobs=request.jobs,
        threads=count_threads(request.jobs),
        options=_plain_options(options),
        runs=tuple(PlannedRun(folder=name, settings=each) for name, each in zip(names, settings, strict=True)),
        plugins=_list_plugins(checked),
    )


def _list_plugins(checked: Sequence[Checked]) -> tuple[PluginRecord, ...]:
    """Return the plugins that the runs need; raises CannotRun for one that is this program, and no module."""
    networks = [each.network for each in checked]
    found = dict.fromkeys(plugin for each in networks for plugin in find_needed_plugins(each, each.training))
    if any(plugin.module == PROGRAM for plugin in found):
        raise CannotRun(
            "the runs of a sweep are processes of their own, which layers of this program do not reach; "
            "move them to a module: a plugin"
        )
    return tuple(PluginRecord(module=plugin.module, version=plugin.version) for plugin in found)


def _without(settings: Mapping[str, str], fixed: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in settings.items() if name not in fixed or name == "seed"}


def _list_seeds(checked: Checked, seeds: int) -> list[dict[str, str]]:
    """Return the setting of each seed, from the spec's own on; none where there is one run of each variant."""
    assert checked.network.training
    first = checked.network.training.seed.value
    return [{"seed": str(first + number)} for number in range(seeds)] if seeds > 1 else [{}]


def _describe_variation(variation: Variation) -> tuple[str, ...] | str:
    if not isinstance(variation, Range):
        return variation
    return f"{variation.scale}({variation.low:g},{variation.high:g})"


def count_threads(jobs: int) -> int:
    """Return the threads of each process: those of OMP_NUM_THREADS, else its share of the processors."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) else max(1, count_processors() // jobs)


def _plain_options(options: Options) -> dict[str, Any]:
    """Return the options that differ from their defaults, as values for JSON."""
    defaults = asdict(Options())
    values = {name: value for name, value in asdict(options).items() if value != defaults[name]}
    return {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in values.items()}


def _make_folder(folder: Path, source: Source, plan: Plan, checked: Sequence[Checked]) -> None:
    """Make the folder of a sweep with its spec and its plan; raises CannotRun."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_spec_snapshot(folder, source.text, collect_used_files(checked[0]))
    except OSError as error:
        raise CannotRun(f"{folder} cannot be made: {(error.strerror or str(error)).lower()}") from None
    write_plan(folder, plan)


def _advise(plan: Plan, checked: Sequence[Checked], note: Callable[[str], None]) -> None:
    """Say how many runs there are, what cannot be told from them, and which names change nothing."""
    drawn = f", drawn with the seed {plan.sample.seed}" if plan.sample else ""
    variants = f"{format_amount(len(checked), 'variant')}{drawn}"
    times = f" × {format_amount(plan.seeds, 'seed')}" if plan.seeds > 1 else ""
    at_a_time = f"{plan.jobs} at a time, {format_amount(plan.threads, 'thread')} each"
    note(f"{variants}{times}: {format_amount(len(plan.runs), 'run')}, {at_a_time}")
    if all(each.network.training and each.network.training.split is None for each in checked):
        note(
            "note: there is no `split`; unless the data has a validation part of its own, the variants are not ranked, "
            "as the test set must not choose one"
        )
    for name in _find_unused(plan, checked):
        note(f"note: the value of {name} changes nothing in what is trained")


def _find_unused(plan: Plan, checked: Sequence[Checked]) -> list[str]:
    """Return the names without which the variants differ as much as with them."""
    variants = plan.runs[:: plan.seeds]
    unused = []
    for name in plan.vary:
        found: dict[str, set[object]] = {}
        for run, each in zip(variants, checked, strict=True):
            others = format_settings({key: value for key, value in run.settings.items() if key not in (name, "seed")})
            found.setdefault(others, set()).add((each.digest, repr(each.network.training)))
        is_compared = any(len({run.settings[name] for run in variants}) > 1 for _ in found)
        if is_compared and len(found) < len(variants) and all(len(each) == 1 for each in found.values()):
            unused.append(name)
    return unused
