"""The functions of `import specnet` for sweeps: sweep, resume_sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from specnet.api import Settings, Spec, format_settings, read_source
from specnet.argument_types import require_path, require_type, require_whole
from specnet.option_names import name_option
from specnet.sweeps import results
from specnet.sweeps import sweep as sweeping
from specnet.sweeps.grid import Sample, Variation, check_values, parse_variation
from specnet.sweeps.processes import Observer
from specnet.sweeps.results import Sweep, draw_sweep, read_sweep
from specnet.torch_api import refuse_settings
from specnet.training import CannotRun, Interrupted, Options
from specnet.training.job import make_options

VARY = 'a dictionary of lists by name, such as {"width": [32, 64]}, or of ranges such as "log(1e-4,1e-1)"'

FOLDER = "the folder of a sweep"


def sweep(
    source: Spec,
    vary: Mapping[str, Sequence[object] | str],
    settings: Settings | None = None,
    *,
    seeds: int = 1,
    sample: int | None = None,
    sample_seed: int = 0,
    jobs: int = 1,
    run: str | Path | None = None,
    callback: Observer | None = None,
    **options: Any,
) -> Sweep:
    """Train a network with each combination of values, as `specnet sweep` does, `jobs` of them at a time.

    The `options` are those of `specnet.train`. Raises VariantsError for variants that have errors, OverrideError,
    TrainingError, and TypeError or ValueError for an argument that makes no sense. Failed runs raise nothing: the sweep
    that is returned has them.
    """
    require_type("vary", vary, Mapping, VARY)
    for name, value in {"seeds": seeds, "jobs": jobs, **({} if sample is None else {"sample": sample})}.items():
        require_whole(name, value, 1)
    if run is not None:
        require_path("run", run, FOLDER)
    _refuse_data(options)
    refuse_settings(options)
    request = sweeping.Request(
        {name: _read_variation(name, values) for name, values in vary.items()},
        format_settings(settings),
        seeds,
        None if sample is None else Sample(sample, sample_seed),
        jobs,
        None if run is None else Path(run),
    )
    chosen, observer = _make_options(options), callback or Observer()
    folder, signal = sweeping.start(read_source(source), request, chosen, observer)
    return _conclude(folder, signal, observer)


def resume_sweep(
    sweep: str | Path, jobs: int | None = None, retry_failed: bool = False, callback: Observer | None = None
) -> Sweep:
    """Go on with a sweep as `specnet sweep --resume` does; raises TrainingError, and TypeError or ValueError."""
    require_path("sweep", sweep, FOLDER)
    require_type("retry_failed", retry_failed, bool, "True or False")
    if jobs is not None:
        require_whole("jobs", jobs, 1)
    observer = callback or Observer()
    return _conclude(Path(sweep), sweeping.resume(Path(sweep), jobs, retry_failed, observer), observer)


def _read_variation(name: str, values: Sequence[object] | str) -> Variation:
    """Return the values of a name, or its range; raises TypeError, ValueError."""
    try:
        if isinstance(values, str):
            return parse_variation(values)
        require_type(f'vary["{name}"]', values, Sequence, "a list of values, or a text")
        return check_values([format_settings({name: value})[name] for value in values])
    except ValueError as error:
        raise ValueError(f"`vary` of {name}: {error}") from None


def _refuse_data(options: Mapping[str, Any]) -> None:
    """Raise ValueError for data of this program, as `specnet.train` takes it."""
    if given := next((name for name in ("data", "validation", "test") if name in options), ""):
        raise ValueError(
            f"the runs of a sweep are processes of their own, which `{given}` of this one does not reach; "
            "name files in the spec, as in `data npz` and `data csv`"
        )


def _make_options(values: Mapping[str, Any]) -> Options:
    """Return the options of all runs; raises ValueError, and CannotRun for one of several processes."""
    options = make_options(values)
    if options.processes > 1 or options.sharded or options.sync_bn:
        raise CannotRun(f"a sweep trains each run in one process, which {name_option('jobs')} runs several of")
    return options


def _conclude(folder: Path, signal: int | None, observer: Observer) -> Sweep:
    """Write the results, and return them; raises Interrupted where a signal has stopped the sweep."""
    found = read_sweep(folder, observer.on_note)
    results.write_results(found, observer.on_note)
    if signal is not None:
        raise Interrupted(folder, signal, f'specnet.resume_sweep("{folder}")')
    return found


def _display(sweep: Sweep) -> dict[str, Any]:
    picture = draw_sweep(sweep, "png", lambda text: None)
    return {"text/plain": repr(sweep), **({"image/png": picture} if picture else {})}


Sweep.display = _display
