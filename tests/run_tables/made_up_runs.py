"""Entries of runs that were never trained."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from specnet.settings import Training
from specnet.settings.optimizer import Sgd
from specnet.settings.task import Metric
from specnet.training.runs.run_index import RunEntry, RunStatus

ACCURACY = Metric("accuracy", "accuracy", is_share=True)

ERROR = Metric("rmse", "RMSE", larger_is_better=False)


def make_entry(name: str = "a", **values: Any) -> RunEntry:
    """Return a finished run with the given values."""
    training = values.get("training", Training(optimizer=Sgd(lr=0.1)))
    usual: dict[str, Any] = {
        "folder": Path("runs") / name,
        "network": "Tiny",
        "begun": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "status": RunStatus.FINISHED,
        "epochs": 10,
        "planned": 10.0,
        "metric": ACCURACY,
        "validation": 0.9,
        "test": None,
        "parameters": 1234,
        "macs": 56_789,
        "overrides": {},
        "images_per_second": 1000.0,
        "metrics": (),
        "recipe": ("digest", training, None),
        "chance": (0, None),
        "training": training,
        "weights": None,
        "freeze": (),
        "seconds": 12.3,
        "best_epoch": 9,
        "images": {},
    }
    return RunEntry(**{**usual, **values})
