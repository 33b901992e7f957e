"""Compute a view of a run by its name."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.training import LoadedRun


def compute_view(run: LoadedRun, name: str, request: Request, device: str = "cpu") -> View:
    """Return a view of a run, computed on a device in fp32; raises TrainingError."""
    module = import_module(f"specnet.insight.views.{name}")
    return cast(View, module.compute(run.on_device(device), request))
