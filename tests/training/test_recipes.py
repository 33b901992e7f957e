"""The parts of a recipe that act on a step: averages, clipping, accumulation, mixed images, weighted classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from small_jobs import job, network, training
from small_sets import CLASSIFY
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from specnet.settings.augment import Augment, Cutmix, Flip, Mixup
from specnet.settings.average import Average, Ema, Lookahead
from specnet.settings.batch import Batch
from specnet.settings.data import Digits
from specnet.settings.epochs import Epochs
from specnet.settings.evaluate import Evaluate
from specnet.settings.group import Group
from specnet.settings.loss import CrossEntropy
from specnet.settings.normalize import Unchanged
from specnet.settings.optimizer import Sgd
from specnet.settings.split import Split
from specnet.training import Options, train
from specnet.training.data.images import DataRequest, Images
from specnet.training.data.loading import apply_split, load
from specnet.training.engine import evaluator
from specnet.training.engine.step import Batches
from specnet.training.optim.averaging import AveragedWeights
from specnet.training.optim.losses import build_loss, compute_class_weights
from specnet.training.transforms.augmentation import Mixer
from specnet.training.transforms.normalization import fit_normalizer


def trained(folder: Path, count: float = 1, **settings: Any) -> dict[str, Tensor]:
    """The weights of a run without dropout and bn, whose sums would tell the parts of a step."""
    whole = job(training(epochs=Epochs(count=count), **settings))
    for name in ("1", "8"):
        whole.module.register_module(name, nn.Identity())
    train(whole, Options(run=folder, precision="fp32"))
    return load_file(folder / "model.safetensors")


def test_a_step_in_parts_is_the_step(tmp_path: Path) -> None:
    """As far as floating point can tell, also where the parts are of unequal size."""
    one = trained(tmp_path / "whole", batch=Batch(size=255))
    other = trained(tmp_path / "parts", batch=Batch(size=255, accumulate=4))
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, rtol=1e-4, atol=1e-5)


def test_clipping_bounds_the_gradient_s_norm(tmp_path: Path) -> None:
    """One step of plain SGD moves the weights by the learning rate times the norm at most."""
    settings = {"batch": Batch(size=4096), "optimizer": Sgd(lr=1.0)}
    before = trained(tmp_path / "still", **{**settings, "optimizer": Sgd(lr=1e-30)})
    after = trained(tmp_path / "clipped", **{**settings, "optimizer": Sgd(lr=1.0, clip=0.01)})
    moved = torch.cat([(after[name] - before[name]).flatten() for name in before]).norm().item()
    assert moved == pytest.approx(0.01, rel=1e-3)


def test_a_group_stays_as_it_is_after_its_end(tmp_path: Path) -> None:
    """… however much momentum it has."""
    settings = {"optimizer": Sgd(lr=0.1, momentum=0.9), "batch": Batch(size=256)}
    group = (Group(pattern="4.bias", until=0.4),)
    one, two = (trained(tmp_path / f"{count}", **settings, group=group, split=None, count=count) for count in (0.4, 1))
    still = trained(tmp_path / "still", **settings, group=(Group(pattern="4.bias", lr=0.0),), split=None)
    assert one["4.bias"].equal(two["4.bias"])
    assert not one["4.bias"].equal(still["4.bias"])


def steps(setting: Average, weights: list[float]) -> tuple[list[float], list[float]]:
    """The averages, and what the weights have become, as training sets them to these values step by step."""
    module = nn.Linear(1, 1, bias=False)
    module.weight.data.fill_(0.0)
    average = AveragedWeights(setting, module)
    averages, become = [], []
    for step, weight in enumerate(weights, 1):
        module.weight.data.fill_(weight)
        average.follow(step, len(weights))
        averages.append(average.values["weight"].item())
        become.append(module.weight.item())
    return averages, become


def test_ema() -> None:
    averages, become = steps(Ema(decay=0.5), [1.0, 2.0, 4.0])
    kept, expected, average = [2 / 11, 3 / 12, 4 / 13], [], 0.0
    for share, weight in zip(kept, become, strict=True):
        average = share * average + (1 - share) * weight
        expected.append(average)
    assert averages == pytest.approx(expected)
    assert become == [1.0, 2.0, 4.0]


def test_lookahead_leads_the_weights_back() -> None:
    averages, become = steps(Lookahead(every=2, decay=0.5), [1.0, 2.0, 4.0, 5.0])
    assert averages == pytest.approx([0.0, 1.0, 1.0, 3.0])
    assert become == pytest.approx([1.0, 1.0, 4.0, 3.0])


def test_lookahead_s_share_rises_with_the_run() -> None:
    assert Lookahead(decay=0.8, rise=3).decay_at(5, 10) == pytest.approx(0.8 / 8)


@pytest.mark.parametrize("setting", [Ema(decay=0.9), Lookahead()])
def test_the_averages_are_what_a_run_keeps(tmp_path: Path, setting: Average) -> None:
    plain = trained(tmp_path / "plain", batch=Batch(size=32), split=None)
    averaged = trained(tmp_path / "averaged", batch=Batch(size=32), split=None, average=setting)
    assert not averaged["0.weight"].equal(plain["0.weight"])


def test_the_module_has_the_averages_only_within() -> None:
    module = network()
    average = AveragedWeights(Ema(), module)
    trained = {name: value.clone() for name, value in module.state_dict().items()}
    for value in average.values.values():
        value.zero_()
    with average.swap_in():
        assert not any(value.any() for value in module.state_dict().values())
    assert all(value.equal(trained[name]) for name, value in module.state_dict().items())


def flat(scores: Callable[[Tensor], Tensor], **how: Any) -> Tensor:
    return evaluator.average_views(scores, Evaluate(**how))(
        torch.arange(2 * 3 * 5 * 5).float().reshape(2, 3, 5, 5) ** 1.5
    )


def test_views_are_mirrored_and_moved() -> None:
    """Beside the mean over views that are written out."""
    corner = lambda images: images[:, :, 0, 0]  # noqa: E731
    images = torch.arange(2 * 3 * 5 * 5).float().reshape(2, 3, 5, 5) ** 1.5
    plain, mirrored = images[:, :, 0, 0], images[:, :, 0, 4]
    assert flat(corner).equal(plain)
    torch.testing.assert_close(flat(corner, mirror=True), (plain + mirrored) / 2)
    expected = (plain + images[:, :, 1, 1]) / 2  # reflected, the corner of both moved views is the inner neighbour
    torch.testing.assert_close(flat(corner, shift=1), expected)
    both = (expected + (mirrored + images[:, :, 1, 3]) / 2) / 2
    torch.testing.assert_close(flat(corner, shift=1, mirror=True), both)


@pytest.mark.parametrize("step", [Mixup(alpha=1.0), Cutmix(alpha=1.0)])
def test_labels_are_mixed_as_the_images_are(step: Augment) -> None:
    """An image that shows its label everywhere shows, on average, the mean of both labels."""
    labels = torch.arange(8)
    images = labels.float().view(8, 1, 1, 1).expand(8, 3, 10, 12).contiguous()
    for seed in range(20):
        torch.manual_seed(seed)
        (mixed,), targets = Mixer([Flip(), step])((images,), labels)
        assert targets.others is not None
        means = targets.share * targets.targets + (1 - targets.share) * targets.others
        torch.testing.assert_close(mixed.mean((1, 2, 3)), means, rtol=1e-4, atol=1e-4)
    outputs = torch.randn(8, 10)
    one, other = cross_entropy(outputs, labels), cross_entropy(outputs, labels.flip(0))
    expected = targets.share * one + (1 - targets.share) * other
    torch.testing.assert_close(targets.loss(build_loss(CrossEntropy()), outputs), expected)


def test_without_mixing_nothing_is_drawn() -> None:
    images, labels = torch.randn(4, 3, 5, 5), torch.arange(4)
    before = torch.random.get_rng_state()
    (mixed,), targets = Mixer([Flip()])((images,), labels)
    assert mixed is images
    assert targets.others is None
    assert torch.random.get_rng_state().equal(before)


def test_an_alternating_flip_turns_every_image_in_every_other_epoch() -> None:
    pixels = torch.tensor([0, 9], dtype=torch.uint8).view(1, 1, 2, 1).expand(64, 1, 2, 1).contiguous()
    images = Images(pixels, torch.arange(64))
    for chain in ((Flip(alternating=True),), (Flip(direction="vertical"), Flip(alternating=True))):
        batches = Batches(images, CLASSIFY, chain, fit_normalizer(Unchanged(), pixels), Batch(size=64), 3)
        turned = []
        for epoch in range(4):
            (shown,), labels = batches.batch(epoch)
            is_turned = torch.empty(64, dtype=torch.bool)
            is_turned[labels] = shown[:, 0, 0, 0] == 9
            turned.append(is_turned)
        assert turned[0].equal(turned[2])
        assert turned[1].equal(~turned[0])
        assert 16 < turned[0].sum() < 48


@pytest.mark.parametrize(("amount", "steps"), [(100, 3), (96, 3), (10, 1)])
def test_drop_last(amount: int, steps: int) -> None:
    """A set smaller than a batch is one all the same."""
    images = Images(torch.zeros(amount, 1, 1, 1, dtype=torch.uint8), torch.arange(amount))
    assert (
        Batches(
            images, CLASSIFY, (), fit_normalizer(Unchanged(), images.pixels), Batch(size=32, drop_last=True), 0
        ).per_epoch
        == steps
    )


def test_class_weights() -> None:
    labels = torch.tensor([0] * 6 + [1] * 2 + [2] * 4)
    balanced = compute_class_weights(CrossEntropy(weights="balanced"), labels, 3)
    assert balanced is not None
    assert balanced.tolist() == pytest.approx([12 / 18, 2.0, 1.0])
    given = compute_class_weights(CrossEntropy(weights=(1, 2, 3.5)), labels, 3)
    assert given is not None
    outputs = torch.randn(12, 3)
    torch.testing.assert_close(
        build_loss(CrossEntropy(), given)(outputs, labels), cross_entropy(outputs, labels, given)
    )


def test_folds_are_equal_parts_of_all_images() -> None:
    data = load(Digits(), None, DataRequest((8, 8, 1), None, print))
    parts = [apply_split(data, Split(folds=5, fold=fold)) for fold in range(1, 6)]
    validations = [part.validation for part in parts if part.validation]
    assert sum(len(part) for part in validations) == len(data.train)
    assert max(map(len, validations)) - min(map(len, validations)) <= 1
    seen = torch.cat([part.pixels for part in validations]).flatten(1).tolist()
    assert sorted(seen) == sorted(data.train.pixels.flatten(1).tolist())
    for part in validations:
        shares = part.labels.bincount(minlength=10) / len(part)
        torch.testing.assert_close(shares, data.train.labels.bincount() / len(data.train), rtol=0, atol=0.01)


def test_views_are_moved_along_the_axes() -> None:
    images = torch.rand(2, 3, 6, 5)
    padded = torch.nn.functional.pad(images, (1, 1, 1, 1), mode="reflect")
    views = [images, padded[:, :, :-2, 1:-1], padded[:, :, 2:, 1:-1], padded[:, :, 1:-1, :-2], padded[:, :, 1:-1, 2:]]
    found = evaluator.average_views(lambda view: view.flatten(1), Evaluate(shift=1, along="axes"))(images)
    torch.testing.assert_close(found, torch.stack(views).mean(0).flatten(1))


def test_views_may_be_moved_further_than_the_image_is_wide() -> None:
    """Reflected on and on, as training's shift is: by a whole period of eight, five pixels are where they were."""
    images = torch.arange(25).float().reshape(1, 1, 5, 5)
    moved = evaluator.average_views(lambda view: view.flatten(1), Evaluate(shift=8))(images)
    torch.testing.assert_close(moved, images.flatten(1))
