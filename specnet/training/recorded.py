"""What a run's folder says of how the run was begun."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from specnet.settings import Training, from_record
from specnet.suggest import closest_word
from specnet.training.errors import BadRun, CannotRun
from specnet.training.job import Options
from specnet.training.kept_spec import SPEC, read_used
from specnet.training.run_folder import CONFIG


@dataclass(frozen=True)
class Recorded:
    """Enough to make the run's job again; `used` is the text of the files that the spec uses."""

    folder: Path
    name: str
    spec_text: str
    used: Mapping[str, str]
    digest: str
    parameters: int
    classes: tuple[str, ...]
    training: Training
    options: Options


def recorded(folder: Path) -> Recorded:
    """How a run was begun; raises CannotRun if the folder holds none, BadRun if it is damaged."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return Recorded(
            folder,
            config["name"],
            (folder / SPEC).read_text(encoding="utf-8"),
            read_used(folder, config["used"]),
            config["digest"],
            config["parameters"],
            tuple(config["classes"]),
            from_record(config["training"]),
            Options(**config["options"]),
        )
    except OSError as error:
        if not folder.exists():
            raise CannotRun(f"there is no run {folder}{_hint(folder)}") from None
        raise CannotRun(f"{folder} holds no run: {error.filename} cannot be read") from None
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise BadRun(f"{folder / CONFIG} is damaged or from another version: {error}") from None


def _hint(folder: Path) -> str:
    """The run beside it that was probably meant."""
    runs = {path.parent.name: path.parent for path in folder.parent.glob(f"*/{CONFIG}")}
    meant = closest_word(folder.name, runs)
    return f"; did you mean {runs[meant]}?" if meant else ""
