"""Every reference implementation in specs/zoo.tsv computes the same as its spec, with its weights.

They are random, and saved as the libraries save published ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from reference_equality.comparison import load_weights, make_images, measure_difference
from reference_equality.implementations import KerasReference, Reference, TorchReference, make_reference
from torch import Tensor

import specnet
from specnet.weights import AmbiguousWeights, UnfitWeights, match_weights, read_weights_file
from specnet.zoo import read_claimed_size, read_published_networks

pytestmark = pytest.mark.slow

REFERENCES = [(network.spec, reference) for network in read_published_networks() for reference in network.references]

LARGE = 50_000_000
"""Parameters of a network whose files take seconds to write; their layouts are those of smaller ones."""

UNORDERED = {
    *("inception-v3", "maxvit-tiny", "regnet-y-400mf", "res2net50", "shufflenet-v1", "contextnet", "cspdarknet53"),
}
"""Specs for which files sorted by name are refused rather than guessed: one block or arm is like the next."""

SMALL = [(spec, reference) for spec, reference in REFERENCES if (read_claimed_size(spec).parameters or 0) < LARGE]


def make_or_skip(reference: str) -> Reference:
    try:
        return make_reference(reference)
    except ImportError as error:
        pytest.skip(f"{error.name or error} is not installed: pip install '.[oracle]'")


@pytest.mark.parametrize(("spec", "reference"), REFERENCES)
def test_a_spec_computes_what_its_reference_computes(spec: str, reference: str) -> None:
    made = make_or_skip(reference)
    assert measure_difference(spec, made) <= made.tolerance


def save_safetensors(state: dict[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    save_file(state, path)


def save_sorted(state: dict[str, Tensor], path: Path) -> None:
    """Write with torch what a safetensors file gives, sorted by name."""
    torch.save(dict(sorted(state.items())), path)


SAVERS: Mapping[str, Callable[[dict[str, Tensor], Path], None]] = {
    "safetensors": save_safetensors,
    "sorted by torch": save_sorted,
}


def assert_same_weights(spec: str, one: Path, other: Path) -> None:
    """Compare what a spec takes from two files."""
    shape = specnet.check(spec).network.inputs[0].shape
    expected, found = (load_weights(spec, path, shape).state_dict() for path in (one, other))
    assert all(torch.equal(value, found[name]) for name, value in expected.items())


@pytest.mark.parametrize("saver", SAVERS)
@pytest.mark.parametrize(("spec", "reference"), [case for case in SMALL if not case[1].startswith("keras")])
def test_the_order_of_a_file_of_torch_does_not_matter(spec: str, reference: str, saver: str, tmp_path: Path) -> None:
    made = make_or_skip(reference)
    assert isinstance(made, TorchReference)
    SAVERS[saver](made.module.state_dict(), tmp_path / "weights")
    if spec in UNORDERED:
        with pytest.raises((AmbiguousWeights, UnfitWeights)):
            match_weights(read_weights_file(tmp_path / "weights"), specnet.compile(spec))
    else:
        assert_same_weights(spec, made.save(tmp_path), tmp_path / "weights")


def save_version_2(model: Any, path: Path) -> None:
    """Write the weights as published files have them, in Keras's first layout."""
    h5py = pytest.importorskip("h5py")
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)


KERAS_SAVERS: Mapping[str, Callable[[Any, Path], None]] = {
    "version2.h5": save_version_2,
    "whole.keras": lambda model, path: model.save(path),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("file", KERAS_SAVERS)
@pytest.mark.parametrize(("spec", "reference"), [case for case in SMALL if case[1].startswith("keras")])
def test_a_file_of_keras_may_have_any_layout(spec: str, reference: str, file: str, tmp_path: Path) -> None:
    made = make_or_skip(reference)
    assert isinstance(made, KerasReference)
    KERAS_SAVERS[file](made.model, tmp_path / file)
    assert_same_weights(spec, made.save(tmp_path), tmp_path / file)


def test_images_tell_relu_from_relu6() -> None:
    assert make_images((32, 32, 3)).max() > 6
