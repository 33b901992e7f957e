"""What a batch holds depends on the seed and the number of its step, and on nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_sets import CLASSIFY

from specnet.settings.augment import Augment, Brightness, Flip, RandomCrop
from specnet.settings.batch import Batch
from specnet.settings.normalize import Unchanged
from specnet.training.data.images import Epoch, Images, balance_classes
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


def test_balanced_batches_draw_all_classes_alike() -> None:
    """Rare images come again, each as often as the others of its class but for one time."""
    labels = torch.tensor([0] * 80 + [1] * 15 + [2] * 5)
    pixels = torch.arange(100).to(torch.uint8).reshape(100, 1, 1, 1)
    plain, setting = fit_normalizer(Unchanged(), pixels), Batch(size=32, balanced=True)

    def draw(seed: int, epoch: int) -> torch.Tensor:
        some = Batches(Images(pixels, labels), CLASSIFY, (), plain, setting, seed)
        steps = [some.batch(step) for step in range(epoch * some.per_epoch, (epoch + 1) * some.per_epoch)]
        assert all(labels[batch.inputs[0].ravel().long()].equal(batch.targets) for batch in steps)
        return torch.cat([batch.inputs[0].ravel().long() for batch in steps])

    drawn = draw(1, 0)
    assert sorted(labels[drawn].bincount().tolist()) == [33, 33, 34]
    for label in range(3):
        times = drawn.bincount(minlength=100)[labels == label]
        assert times.max() - times.min() <= 1
    assert drawn.equal(draw(1, 0))
    assert not drawn.equal(draw(1, 1)) and not drawn.equal(draw(2, 0))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(0, 3))
def test_as_many_places_as_images_each_class_equally_often(labels: list[int], epoch: int) -> None:
    there = torch.tensor(labels)
    drawn = balance_classes(there, Epoch(0, epoch))
    counts = there[drawn].bincount()[there.unique()]
    assert len(drawn) == len(labels)
    assert counts.max() - counts.min() <= 1
