"""Compute a view of a run by its name."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from specnet.insight.registry import VIEWS
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.registry import find_registration
from specnet.settings import get_choice
from specnet.settings.loss import Target
from specnet.training import LoadedRun, Unsuitable

PREDICTIONS = "predictions"
"""The view whose form depends on the task."""


def compute_view(run: LoadedRun, name: str, request: Request, device: str = "cpu") -> View:
    """Return a view of a run, computed on a device in fp32; raises TrainingError."""
    if problem := explain_unsuitable(run, name):
        raise Unsuitable(problem)
    module = import_module(f"specnet.insight.views.{name}")
    return cast(View, module.compute(run.on_device(device), request))


def explain_unsuitable(run: LoadedRun, name: str) -> str:
    """Return a sentence that says why a view makes no sense of a run, or ""."""
    info, task = VIEWS[name], run.job.training.task
    if info.of_classes and task.target is not Target.CLASS:
        word = get_choice("task", task)
        return f"the view `{name}` explains the class of an image, and `task {word}` trains with {task.target}"
    if (info.of_classes or name == PREDICTIONS) and find_registration(type(task)):
        word = get_choice("task", task)
        return f"the view `{name}` reads the outputs of SpecNet's own tasks, and `task {word}` is that of a plugin"
    if info.of_single_images and len(run.job.input_shapes) > 1:
        return f"the view `{name}` gives the network one image, and it reads {len(run.job.input_shapes)}"
    return ""
