"""Runs of small networks that are built without training, and requests for views of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from specnet.compiler import check_source
from specnet.insight.request import Request, make_request
from specnet.insight.show import compute_view
from specnet.insight.view import View
from specnet.jobs import make_job
from specnet.source import Source
from specnet.training import LoadedRun, Options
from specnet.training.transforms.normalization import ShiftAndScale

TWO_CONVOLUTIONS = """net Two
input 16x16x3
conv1: conv K=8 F=3 P=1 -> relu
pool1: pool max F=2
conv2: conv K=6 F=3 P=1 -> relu
pool2: pool max F=2
fc3: fc 5
train { data folder "photos" }
"""

BRANCHES = """net Branches
input 12x12x1
conv1: conv K=4 F=3 P=1 -> relu -> @x
left: conv K=4 F=3 P=1 -> add @x -> @sum
right: @x -> conv K=2 F=1 -> concat @sum
pool avg global
fc 3 -> softmax
train { data folder "photos" }
"""

FLAT = 'net Flat\ninput 6x5x1\nflatten\nfc4: fc 7 -> relu\nfc 1\ntrain { data folder "photos" }\n'


def build_run(text: str = TWO_CONVOLUTIONS, seed: int = 0) -> LoadedRun:
    """Return a run of the network with random weights, whose pixels are scaled to −1..1."""
    torch.manual_seed(seed)
    checked = check_source(Source("x.net", text))
    assert checked.ok, [error.message for error in checked.errors]
    job = make_job(checked)
    job.module.eval()
    shape, outputs = job.input_shape, job.output_shape[-1]
    normalizer = ShiftAndScale(torch.full(shape, 127.5), torch.full(shape, 1 / 127.5))
    classes = tuple(f"kind {number}" for number in range(outputs))
    found = {"scale": None, "floats": False, "given": None, "summary": {}, "metrics": ()}
    return LoadedRun(Path("nowhere"), job, Options(), classes, normalizer, **found)


def build_digits_run(text: str, seed: int = 0) -> LoadedRun:
    """Return the same of a network that reads the digits of 8×8 pixels that come with scikit-learn."""
    return replace(build_run(text, seed), classes=tuple("0123456789"))


def make_view(run: LoadedRun, view: str, **values: Any) -> View:
    return compute_view(run, view, ask(view, **values))


def ask(view: str, **values: Any) -> Request:
    return make_request(view, values, None, lambda text: None)
