"""Compare training steps of networks of the zoo with those of timm's models, in the same loop on the CPU.

python tools/bench_attention.py [--pairs N] [--batch N] [SPEC=MODEL …]

Both take turns, in fp32 with AdamW: forward pass, backward pass, update. The time is that of the processor, which other
processes lengthen less than that of the clock; the ratio is the median of the ratios of neighbouring steps.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch
from reference_equality.libraries import import_library
from torch import nn

from specnet import compile as compile_network

MODELS = ("vit-ti-16=vit_tiny_patch16_224", "swin-t=swin_tiny_patch4_window7_224")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*", default=MODELS, metavar="SPEC=MODEL")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--batch", type=int, default=16)
    return parser.parse_args()


def make_step(module: nn.Module, batch: int) -> Callable[[], float]:
    """Return a function that trains a module for a step, and returns the seconds of the processor."""
    optimizer = torch.optim.AdamW(module.train().parameters(), 1e-4, fused=True)
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(batch, 3, 224, 224, generator=generator)
    labels = torch.randint(1000, (batch,), generator=generator)

    def step() -> float:
        start = time.process_time()
        nn.functional.cross_entropy(module(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad()
        return time.process_time() - start

    return step


def compare(spec: str, model: str, batch: int, pairs: int) -> tuple[float, float, float]:
    """Return the median seconds of a step of each, and the median ratio of their speeds, without the first steps."""
    module, reference = compile_network(spec), import_library("timm").create_model(model)
    own, other = make_step(module, batch), make_step(reference, batch)
    measured = [(own(), other()) for _ in range(pairs + 1)][1:]
    ratios = [theirs / ours for ours, theirs in measured]
    return median(ours for ours, _ in measured), median(theirs for _, theirs in measured), median(ratios)


def main() -> None:
    options = parse_arguments()
    print(f"{'seconds of a step':20} SpecNet   timm   speed of timm's")
    for each in options.models:
        spec, _, model = each.rpartition("=")
        own, other, ratio = compare(spec, model, options.batch, options.pairs)
        print(f"{spec:20} {own:7.2f}  {other:5.2f}   {ratio:.3f}", flush=True)


if __name__ == "__main__":
    main()
