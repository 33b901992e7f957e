"""How far signals spread in an untrained network, forward and back, under each initialization of its weights.

Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010, and He et al.,
"Delving Deep into Rectifiers", 2015: where the spread shrinks or grows from layer to layer, deep layers do not learn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from specnet.insight.drawing import thin_out
from specnet.insight.images import load_part
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.settings import get_choice
from specnet.settings.init import CHOICES, Init, TorchDefault
from specnet.training import LoadedRun
from specnet.training.data.images import Images
from specnet.training.engine.initialization import WEIGHTED, initialize_weights
from specnet.training.engine.statistics import measure_layers, take_sample
from specnet.training.lettering import shorten_name
from specnet.training.optim.losses import build_loss

Spreads = dict[str, dict[str, float | None]]
"""The standard deviation in each layer, by its name, under each initialization."""

TITLES = {"activations": "standard deviation of the outputs", "gradients": "standard deviation of the gradients"}

ZEROS = "zeros"
"""What no line of `train` asks for: all weights and biases 0."""

TICKS = 24
"""The most layers whose names are written."""


def compute(run: LoadedRun, request: Request) -> View:
    """Return the spreads of activations and gradients; raises TrainingError."""
    images = load_part(run, request, "train")
    sample = take_sample(images, request.seed, request.count)
    found: dict[str, Spreads] = {name: {} for name in TITLES}
    for label, setting in _list_settings(run).items():
        module = _draw_weights(run, images, setting, request.seed)
        layers = measure_layers(module, sample, run.objective, run.normalization, build_loss(run.job.training.loss))
        records = {name: layer.to_record() for name, layer in layers.items()}
        found["activations"][label] = {name: record["std"] for name, record in records.items()}
        found["gradients"][label] = {name: record["gradient_std"] for name, record in records.items()}
    own = _format(run.job.training.init)
    return View(
        "initialization",
        f"How signals spread in {run.job.name} before training",
        f"The standard deviation of each layer's output for {len(sample):,} training images, and of the gradient of an "
        f"image's loss with respect to it, under each initialization; that of the run is `{own}`. A cross at the "
        "bottom is 0: nothing passes. Layers with an initialization of their own keep it, except under zeros.",
        tuple(_summarize(found)),
        {"images": len(sample), "own": own, **found},
        partial(_draw, found, own),
    )


def _list_settings(run: LoadedRun) -> dict[str, Init | None]:
    """Return all initializations by their text in a spec, that of the run among them; None is all zeros."""
    own = run.job.training.init
    settings = [own if type(own) is kind else kind() for kind in CHOICES.values()]
    return {ZEROS: None, **{_format(setting): setting for setting in settings}}


def _format(setting: Init) -> str:
    """Return a setting as in a spec: `he`, `gaussian std=0.01`."""
    return " ".join([get_choice("init", setting), *(f"{name}={value:g}" for name, value in setting)])


def _draw_weights(run: LoadedRun, images: Images, setting: Init | None, seed: int) -> nn.Module:
    """Return a copy of the network with fresh weights."""
    module = deepcopy(run.model).cpu()
    with torch.random.fork_rng(devices=[]):
        initialize_weights(module, setting or TorchDefault(), run.job.layers, seed, partial(_get_first, run, images))
    weighted = [part for part in module.modules() if isinstance(part, WEIGHTED)]
    for parameter in () if setting else (each for part in weighted for each in part.parameters()):
        nn.init.zeros_(parameter)
    return module.to(run.place)


def _get_first(run: LoadedRun, images: Images, number: int) -> Tensor:
    """Return the first images, B×C×H×W as the network reads them, on the CPU."""
    return run.normalization(run.objective.get_pixels(images.pixels)[:number].to(run.place)).cpu()


def _summarize(found: Mapping[str, Spreads]) -> Iterator[str]:
    """Yield for each initialization the deviations of the first layer's outputs and of the last one's."""
    for label, spread in found["activations"].items():
        first, *_, last = [*spread.items()] * 2
        back = found["gradients"][label][first[0]]
        forward = f"outputs {_show(first[1])} in {first[0]}, {_show(last[1])} in {last[0]}"
        yield f"{label}  {forward}; gradients {_show(back)} in {first[0]}"


def _show(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.2g}"


def _draw(found: Mapping[str, Spreads], own: str) -> Figure:
    names = list(next(iter(found["activations"].values())))
    figure = Figure(figsize=(min(14.0, 7 + 0.25 * len(names)), 4.8), layout="constrained")
    panels = figure.subplots(1, 2)
    for axes, (what, title) in zip(panels, TITLES.items(), strict=True):
        _draw_lines(axes, found[what], own)
        _name_layers(axes, names)
        axes.set_title(title, fontsize=10)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=7, fontsize=8, frameon=False
    )
    return figure


def _draw_lines(axes: Axes, spreads: Spreads, own: str) -> None:
    """Draw a line for each initialization on a logarithmic axis, and its zeros as crosses at the bottom."""
    values = {label: np.array(list(spread.values()), dtype=float) for label, spread in spreads.items()}  # None is NaN
    every = np.concatenate(list(values.values()))
    positive = every[np.isfinite(every) & (every > 0)]
    bottom = positive.min(initial=1.0) / 10 if len(positive) else 1e-3
    for number, (label, row) in enumerate(values.items()):
        is_zero = row == 0
        width = 2.4 if label == own else 1.2
        axes.plot(np.where(is_zero, np.nan, row), color=f"C{number}", linewidth=width, marker=".", label=label)
        axes.plot(np.nonzero(is_zero)[0], np.full(is_zero.sum(), bottom), "x", color=f"C{number}", markersize=5)
    axes.set_yscale("log")
    axes.grid(alpha=0.3)
    axes.tick_params(which="both", labelsize=8)


def _name_layers(axes: Axes, names: Sequence[str]) -> None:
    """Write the names of layers, or of some of many, below their places."""
    places = thin_out(range(len(names)), TICKS)
    labels = [shorten_name(names[place], 18) for place in places]
    axes.set_xticks(places, labels, rotation=60, ha="right", rotation_mode="anchor", fontsize=7)
