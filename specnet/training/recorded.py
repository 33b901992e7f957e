"""What a run's folder says of how the run was begun."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from specnet.settings import Training, from_record
from specnet.training.errors import CannotRun
from specnet.training.job import Options
from specnet.training.run_folder import CONFIG, SPEC


@dataclass(frozen=True)
class Recorded:
    """Enough to make the run's job again."""

    folder: Path
    spec_text: str
    digest: str
    classes: tuple[str, ...]
    training: Training
    options: Options


def recorded(folder: Path) -> Recorded:
    """What to go on with; raises CannotRun if the folder holds no run."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        return Recorded(
            folder,
            (folder / SPEC).read_text(encoding="utf-8"),
            config["digest"],
            tuple(config["classes"]),
            from_record(config["training"]),
            Options(**config["options"]),
        )
    except OSError as error:
        raise CannotRun(f"{folder} holds no run to resume: {error.filename} cannot be read") from None
    except (ValueError, KeyError, TypeError) as error:
        raise CannotRun(f"{folder / CONFIG} is damaged or from another version: {error}") from None
