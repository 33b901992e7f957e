"""The configuration of a run: write and read its settings, options, environment and spec."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import torch

from specnet.errors import PluginError, ProjectError
from specnet.file_access import describe_reason, read_bounded_file
from specnet.package import __version__
from specnet.pictures.sixteen_bits import FULL_SCALE, SixteenBitScale, scale_from_record
from specnet.plugin_loading.discovery import Plugin
from specnet.plugin_loading.needed import load_for_run
from specnet.settings import Training, find_unknown_choice, from_record, to_record
from specnet.settings.task import Metric
from specnet.suggest import find_closest_word
from specnet.training.data.images import DataSet
from specnet.training.device import Device, cpu_capabilities
from specnet.training.distributed import SINGLE_PROCESS, Ranks, get_launch_id
from specnet.training.errors import BadRun, CannotRun
from specnet.training.files import write_atomically, write_json
from specnet.training.job import Job, Options, make_options
from specnet.training.runs.records import LARGEST, ConfigRecord, GivenRecord, read_record
from specnet.training.runs.run_folder import CONFIG, ENVIRONMENT, SPEC, RunFolder

USED = "used"
"""The subfolder for used files that cannot lie at their own relative path."""

RESERVED = frozenset({"..", SPEC, USED, "checkpoint"})
"""First parts of paths that a used file cannot have in the run's folder."""


@dataclass(frozen=True)
class RunConfig:
    """Everything needed to restore the run's job; `used` maps the paths of used files to their text.

    `scale` is that of grey images of 16 bits; a run from before there was one has had the full scale. The pixels are
    `floats` where they are no bytes; `given` is what is known of data that a program has handed over, and `own_metric`
    of its metric. `data_digest` is the digest of data that a program or a plugin has made.
    """

    folder: Path
    name: str
    spec_text: str
    used: Mapping[str, str]
    digest: str
    parameters: int
    macs: int | None
    classes: tuple[str, ...]
    scale: SixteenBitScale | None
    floats: bool
    given: GivenRecord | None
    own_metric: Metric | None
    training: Training
    options: Options
    plugins: tuple[Plugin, ...] = ()
    data_digest: str | None = None


def read_run_config(folder: Path) -> RunConfig:
    """Read how a run was started; raises CannotRun if the folder holds none, BadRun if it is damaged.

    Raises OSError where the system does not even say what there is.
    """
    if not folder.exists():
        raise CannotRun(f"there is no run {folder}{_suggest_run(folder)}")
    if not (folder / CONFIG).is_file():
        raise CannotRun(f"{folder} holds no run: there is no {folder / CONFIG}")
    record = read_record(folder / CONFIG, ConfigRecord)
    plugins = tuple(Plugin(each.module, "", each.version) for each in record.plugins)
    try:
        if find_unknown_choice(record.training):
            load_for_run(plugins, folder)
        return RunConfig(
            folder,
            record.name,
            _read_spec(folder / SPEC),
            read_used_files(folder, record.used),
            record.digest,
            record.parameters,
            record.macs,
            record.classes,
            _read_scale(record),
            record.floats,
            record.given,
            Metric(**record.own_metric.model_dump()) if record.own_metric else None,
            from_record(record.training),
            make_options(record.options),
            plugins,
            record.data_digest or (record.given.digest if record.given else None),
        )
    except (PluginError, ProjectError) as error:
        raise CannotRun(*error.args) from None
    except OSError as error:
        raise CannotRun(
            f"{folder} is not complete: {error.filename or SPEC} cannot be read: {describe_reason(error)}"
        ) from None
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadRun(f"{folder / CONFIG} is damaged or from another version: {error}") from None


def _read_scale(record: ConfigRecord) -> SixteenBitScale | None:
    """Return the scale of 16-bit images; raises ValueError, KeyError, TypeError."""
    if "sixteen_bits" not in record.model_fields_set:
        return FULL_SCALE
    return scale_from_record(record.sixteen_bits)


def _suggest_run(folder: Path) -> str:
    """Return a hint with the name of the neighbouring run that was probably meant; empty if there is none."""
    runs = {path.parent.name: path.parent for path in folder.parent.glob(f"*/{CONFIG}")}
    meant = find_closest_word(folder.name, runs)
    return f"; did you mean {runs[meant]}?" if meant else ""


def choose_snapshot_path(path: str) -> PurePosixPath:
    """Return the place of a used file in a run's folder.

    It is its path relative to the spec, where `specnet check RUN/spec.net` finds it. A path that leaves the folder or
    is reserved lies below `used`: `../lib/x.net` is `used/up/lib/x.net`.
    """
    place = PurePosixPath(path)
    parts = [part for part in place.parts if part != place.anchor]
    is_free = parts[0] not in RESERVED and (len(parts) > 1 or place.suffix == ".net")
    return PurePosixPath(*parts) if is_free else PurePosixPath(USED, *("up" if p == ".." else p for p in parts))


def write_spec_snapshot(folder: Path, spec: str, used: Mapping[str, str]) -> None:
    """Write the files that the spec uses, and then the spec; raises CannotRun, OSError."""
    for path, text in used.items():
        place = folder / choose_snapshot_path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, text)
    write_atomically(folder / SPEC, spec)


def read_used_files(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """Read the used files of a run's folder, by their paths relative to the spec; raises OSError."""
    return {path: _read_spec(folder / choose_snapshot_path(path)) for path in paths}


def _read_spec(path: Path) -> str:
    """Read a spec with the line ends that it has; raises OSError, BadRun."""
    try:
        return read_bounded_file(path, LARGEST).decode()
    except UnicodeDecodeError:
        raise BadRun(f"{path} is damaged: it is not text in UTF-8") from None


def write_run_config(
    folder: RunFolder,
    job: Job,
    options: Options,
    device: Device,
    data: DataSet,
    ranks: Ranks = SINGLE_PROCESS,
    data_digest: str | None = None,
) -> None:
    """Write spec, settings, options and environment into an existing folder; raises CannotRun.

    `data_digest` is the digest of data that a program or a plugin has made.
    """
    write_json(folder.path / ENVIRONMENT, _describe_environment(device, ranks))
    config = {
        "name": job.name,
        "digest": job.digest,
        "parameters": job.parameters,
        "macs": job.macs,
        "used": list(job.used),
        "classes": list(data.classes),
        "sixteen_bits": data.scale and data.scale.to_record(),
        "floats": not data.has_bytes,
        "given": {"arguments": job.given.list_arguments(), "digest": data_digest} if job.given else None,
        "data_digest": None if job.given else data_digest,
        "plugins": [{"module": each.module, "version": each.version} for each in job.plugins],
        "own_metric": asdict(job.own_metric.metric) if job.own_metric else None,
        "training": to_record(job.training),
        "options": _plain_options(replace(options, device=str(device.place), precision=device.precision)),
    }
    write_spec_snapshot(folder.path, job.spec_text, job.used)
    write_json(folder.path / CONFIG, config)


def _plain_options(options: Options) -> dict[str, Any]:
    values = asdict(options)
    return {name: str(value.absolute()) if isinstance(value, Path) else value for name, value in values.items()}


def _describe_environment(device: Device, ranks: Ranks) -> dict[str, Any]:
    return {
        "begun": datetime.now().astimezone().isoformat(timespec="seconds"),
        "specnet": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": cpu_capabilities().get("cpu_name") or platform.processor(),
        "device": device.title,
        "precision": device.precision,
        "threads": torch.get_num_threads(),
        "processes": ranks.world_size,
        "launch": get_launch_id(),
    }
