"""What a batch holds depends on the seed and the number of its step, and on nothing else."""

from __future__ import annotations

import pytest
import torch
from small_sets import CLASSIFY

from specnet.settings.augment import Augment, Brightness, Flip, RandomCrop
from specnet.settings.batch import Batch
from specnet.settings.normalize import Unchanged
from specnet.training.data.images import Images
from specnet.training.engine.step import Batches
from specnet.training.tasks.objective import PreparedBatch
from specnet.training.transforms.normalization import fit_normalizer

CHAIN = (RandomCrop(pad=1), Flip(), Brightness())


def batches(amount: int = 100, size: int = 32, seed: int = 1, augment: tuple[Augment, ...] = CHAIN) -> Batches:
    pixels = torch.arange(amount).reshape(amount, 1, 1, 1).expand(amount, 3, 3, 1).to(torch.uint8)
    images = Images(pixels.contiguous(), torch.arange(amount))
    return Batches(images, CLASSIFY, augment, fit_normalizer(Unchanged(), images.pixels), Batch(size=size), seed)


def same(one: PreparedBatch, other: PreparedBatch) -> bool:
    return one.inputs[0].equal(other.inputs[0]) and one.targets.equal(other.targets)


def test_a_step_s_batch_is_the_same_whatever_went_before() -> None:
    forwards = [batches().batch(step) for step in range(12)]
    backwards = batches()
    for step in reversed(range(12)):
        torch.rand(step)
        assert same(backwards.batch(step), forwards[step])


def test_steps_epochs_and_seeds_differ() -> None:
    some = batches()
    assert not same(some.batch(0), some.batch(4))
    assert not same(some.batch(0), batches(seed=2).batch(0))


def test_what_follows_in_a_step_is_set_too() -> None:
    some = batches()
    dropouts = []
    for step in (5, 6, 5):
        some.batch(step)
        dropouts.append(torch.rand(8).tolist())
    assert dropouts[0] == dropouts[2] != dropouts[1]


@pytest.mark.parametrize(("amount", "size", "steps"), [(100, 32, 4), (96, 32, 3), (97, 32, 3), (10, 32, 1), (1, 32, 1)])
def test_an_epoch_has_every_image_once(amount: int, size: int, steps: int) -> None:
    """… but for a single one that is left over."""
    some = batches(amount, size)
    assert some.per_epoch == steps
    labels = torch.cat([some.batch(step)[1] for step in range(steps)]).tolist()
    assert len(labels) == len(set(labels)) == amount - (amount % size == 1 and amount > 1)


@pytest.mark.parametrize(("epochs", "steps"), [(1, 50), (1.1, 55), (9.9, 495), (0.001, 1), (3, 150)])
def test_fractions_of_epochs(epochs: float, steps: int) -> None:
    assert batches(200, 4).steps(epochs) == steps
