"""Segmentation: its figures are those of scikit-learn and torchmetrics, and a network learns the mask of an image."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scenes_of_squares import scene_job, write_scenes
from sklearn.metrics import accuracy_score, jaccard_score
from torch import Tensor

from specnet.settings.evaluate import Evaluate
from specnet.settings.loss import CrossEntropy, Dice, Focal, Loss
from specnet.settings.tasks.segment import Segment
from specnet.training import Options, train
from specnet.training.engine.evaluator import average_views
from specnet.training.optim.losses import build_loss
from specnet.training.optim.mask_losses import IGNORED
from specnet.training.tasks.objective import make_objective
from specnet.training.tasks.results import measure_batches
from specnet.training.tasks.segment import SegmentationMetrics

CLASSES = ("sky", "road", "car", "tree", "void")


def measure(outputs: Tensor, masks: Tensor) -> SegmentationMetrics:
    """Return the metrics of two batches."""
    meter = make_objective(Segment(), CLASSES).make_meter(build_loss(CrossEntropy()))
    half = len(outputs) // 2
    found = measure_batches(meter, [(outputs[:half], masks[:half]), (outputs[half:], masks[half:])])
    assert isinstance(found, SegmentationMetrics)
    return found


def draw(classes: int) -> tuple[Tensor, Tensor]:
    """Return outputs 6×5×9×8 and masks with some of the classes, a quarter of them ignored."""
    torch.manual_seed(classes)
    masks = torch.randint(classes, (6, 9, 8))
    outputs = torch.randn(6, 5, 9, 8)
    outputs[:, classes:] = -100
    return outputs, masks.masked_fill(torch.rand(masks.shape) < 0.25, IGNORED)


@pytest.mark.parametrize("classes", [2, 4, 5])
def test_figures_are_those_of_scikit_learn(classes: int) -> None:
    outputs, masks = draw(classes)
    counts = masks != IGNORED
    truth, said = masks[counts].numpy(), outputs.argmax(1)[counts].numpy()
    metrics = measure(outputs, masks)
    assert metrics.miou == pytest.approx(jaccard_score(truth, said, average="macro"), abs=1e-6)
    assert metrics.pixel_accuracy == pytest.approx(accuracy_score(truth, said), abs=1e-6)
    each = jaccard_score(truth, said, average=None)
    assert list(metrics.class_ious.values())[:classes] == pytest.approx(each.tolist(), abs=1e-6)
    assert list(metrics.class_ious.values())[classes:] == [None] * (5 - classes)
    assert metrics.images == 6


@pytest.mark.parametrize("classes", [3, 5])
def test_figures_are_those_of_torchmetrics(classes: int) -> None:
    torchmetrics = pytest.importorskip("torchmetrics.classification", reason="torchmetrics is not installed")
    outputs, masks = draw(classes)
    jaccard = torchmetrics.MulticlassJaccardIndex(5, average="macro", ignore_index=IGNORED)
    assert measure(outputs, masks).miou == pytest.approx(jaccard(outputs, masks).item(), abs=1e-6)


def test_nothing_is_known_where_no_pixel_counts() -> None:
    outputs, masks = draw(4)
    metrics = measure(outputs, torch.full_like(masks, IGNORED))
    assert metrics.scores == {"miou": None, "pixel_accuracy": None}
    assert set(metrics.class_ious.values()) == {None}
    assert metrics.loss == 0
    assert dict(metrics.describe_scores())["mIoU"] == "– (no pixel counts)"
    json.dumps(metrics.summarize(), allow_nan=False)


def test_the_metric_of_a_training_step_is_the_share_of_right_pixels() -> None:
    outputs, masks = draw(5)
    counts = masks != IGNORED
    right = (outputs.argmax(1) == masks)[counts].float().mean()
    assert make_objective(Segment(), CLASSES).rate(outputs, masks).item() / 6 == pytest.approx(right.item(), abs=1e-6)


def test_a_mirrored_view_is_mirrored_back() -> None:
    """A network that knows no direction answers alike with it; one that returns its image, exactly."""
    images = torch.randn(2, 3, 6, 5)
    torch.testing.assert_close(average_views(lambda image: image, Evaluate(mirror=True), is_map=True)(images), images)


@pytest.mark.parametrize("loss", [CrossEntropy(), CrossEntropy(weights="balanced"), Dice(), Focal()], ids=str)
def test_a_network_learns_masks(loss: Loss, tmp_path: Path) -> None:
    write_scenes(tmp_path / "scenes", images=120)
    run = train(scene_job(loss=loss), Options(run=tmp_path / "run", data_dir=tmp_path))
    summary = json.loads((run.folder / "summary.json").read_text())
    assert summary["metric"]["name"] == "miou"
    assert summary["test_miou"] > 0.7
    assert summary["measured"]["per_class_iou"]["background"] > 0.8
    lines = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["train_pixel_accuracy"] > 0.8
    assert lines[-1]["validation_miou"] == pytest.approx(summary["validation_miou"])
    assert (run.folder / "confusion.png").stat().st_size


@pytest.mark.parametrize(("ignored", "known"), [(255, 3), (2, 2)])
def test_ignored_pixels_count_nowhere(ignored: int, known: int, tmp_path: Path) -> None:
    write_scenes(tmp_path / "scenes", images=40)
    job = scene_job(task=Segment(ignore=ignored), epochs=1)
    run = train(job, Options(run=tmp_path / "run", data_dir=tmp_path))
    confusion = np.array(json.loads((run.folder / "summary.json").read_text())["measured"]["confusion"])
    assert (confusion.sum(1) > 0).sum() == known
    assert confusion.sum() < 8 * 16 * 16 or known == 3
