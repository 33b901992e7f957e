#!/usr/bin/env python3
"""Measure how long the pictures of AlexNet and ResNet-50 take beside torchview and Keras, in CPU seconds of processes.

python tools/bench_drawing.py [--turns N]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.timing import Comparison, Program, report
from gallery.programs import KERAS, PLOT_MODEL, TORCH, TORCHVIEW, find_missing

ROOT = Path(__file__).parents[1]

NETWORKS = ("alexnet", "resnet50")

FORMS = {
    "as volumes": ("volumes.svg", "--style", "volumes"),
    "as a page": ("page.html",),
}
"""The other forms of a picture of ours: the file and the options that make it."""

OTHERS = {"torchview": (TORCH, TORCHVIEW), "keras": (KERAS, PLOT_MODEL)}
"""Programs of other tools: those that make the networks, and the one that draws them."""


def list_comparisons(folder: Path) -> Iterator[Comparison]:
    """Yield for each network our picture, and beside it our other forms and other tools' pictures, as SVG."""
    for network in NETWORKS:
        beside: dict[str, Program | str] = {form: _draw(network, folder, *words) for form, words in FORMS.items()}
        for tool in OTHERS:
            missing = find_missing(tool)
            beside[tool] = f"not installed: {', '.join(missing)}" if missing else _draw_with(tool, network, folder)
        yield Comparison(f"specnet draw specs/{network}.net", _draw(network, folder, "layers.svg"), beside)


def _draw(network: str, folder: Path, file: str, *options: str) -> Program:
    words = ("-m", "specnet", "draw", f"specs/{network}.net", "-o", str(folder / file), *options)
    return Program((sys.executable, *words), ROOT, folder / "cache")


def _draw_with(tool: str, network: str, folder: Path) -> Program:
    models, drawing = OTHERS[tool]
    target = str(folder / f"{tool}.svg")
    return Program((sys.executable, "-c", models[network] + drawing, target), ROOT, folder / "cache")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=7, metavar="N", help="measurements of each (default: 7)")
    options = parser.parse_args()
    if options.turns < 1:
        parser.error("--turns takes a whole number from 1")
    print(f"CPU seconds from the command to its picture, Graphviz's included: the median of {options.turns}")
    with TemporaryDirectory() as folder:
        for comparison in list_comparisons(Path(folder)):
            for line in report(comparison, options.turns):
                print(line, flush=True)


if __name__ == "__main__":
    main()
