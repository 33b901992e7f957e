"""Put the weights of a reference implementation into a spec, and compare what the two compute."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from reference_equality.implementations import Reference, list_outputs
from torch import Tensor, fx

import specnet
from specnet.weights import match_weights, read_weights_file

IMAGES = 2

SCALE = 4
"""The deviation of the pixels, large enough for relu6 to be told from relu."""

DIFFERENT = 1e-6
"""The least relative difference of the outputs for two images; less would say nothing of the layers before."""


class IncomparableNetworks(Exception):
    """A spec and its reference have no outputs that can be compared; the message says why."""


def measure_difference(spec: str, reference: Reference) -> float:
    """Return max|a − b| / max|b| of the outputs a of a spec and b of its reference, in double precision.

    Heads are left out where the reference computes them in training alone. Raises IncomparableNetworks, and
    WeightsError if the spec does not take the weights.
    """
    network = specnet.check(spec).network
    shape = network.inputs[0].shape
    images = make_images(shape)
    with tempfile.TemporaryDirectory() as folder:
        module = load_weights(spec, reference.save(Path(folder)), shape)
    try:
        theirs = reference.compute(images)
    except RuntimeError as error:  # torch's, where a network takes images of one size alone
        raise IncomparableNetworks(f"the reference does not take images of the spec's size: {error}") from None
    with torch.no_grad():
        ours = list_outputs(module.double()(images))
    return compare_outputs(ours[: len(network.outputs)] if len(theirs) == len(network.outputs) else ours, theirs)


def make_images(shape: Sequence[int]) -> Tensor:
    """Return normal random images, N×C×H×W, for an input of H×W×C."""
    height, width, channels = shape
    generator = torch.Generator().manual_seed(2)
    return SCALE * torch.randn(IMAGES, channels, height, width, generator=generator).double()


def load_weights(spec: str, path: Path, shape: Sequence[int]) -> fx.GraphModule:
    """Return the module of a spec in evaluation, with the weights of a file; raises IncomparableNetworks, WeightsError.

    Each layer of the spec must have its weights.
    """
    module = specnet.compile(spec).eval()
    match = match_weights(read_weights_file(path), module)
    if match.anew:
        raise IncomparableNetworks(f"the reference has no weights for {match.describe_anew()}")
    missing = module.load_state_dict(match.convert(module, tuple(shape)), strict=False).missing_keys
    if left := [name for name in missing if not name.endswith("num_batches_tracked")]:
        raise IncomparableNetworks(f"the reference has no weights for {', '.join(left)}")
    return module


def compare_outputs(ours: Sequence[Tensor], theirs: Sequence[Tensor]) -> float:
    """Return the largest relative difference; shapes may differ in axes of 1. Raises IncomparableNetworks."""
    sizes = [[tuple(output.squeeze().shape) for output in outputs] for outputs in (ours, theirs)]
    if sizes[0] != sizes[1]:
        raise IncomparableNetworks(f"the outputs have shapes {sizes[0]} here and {sizes[1]} there")
    for output in theirs:
        if float((output[0] - output[1]).abs().max()) < DIFFERENT * float(output.abs().max()):
            raise IncomparableNetworks("the outputs of the reference hardly depend on the image")
    pairs = zip(ours, theirs, strict=True)
    return max(float((a.flatten(1) - b.flatten(1)).abs().max() / b.abs().max()) for a, b in pairs)
