"""Segmentation: its figures are those of scikit-learn and torchmetrics, and a network learns the mask of an image."""

from __future__ import annotations

import json
import signal
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from oracles import import_or_skip
from paths import SPECS
from PIL import Image
from safetensors.torch import load_file
from scenes_of_squares import scene_job, write_scenes
from sklearn.metrics import accuracy_score, jaccard_score
from torch import Tensor

import specnet
from specnet.settings.augment import Flip, RandomCrop, Rotate
from specnet.settings.batch import Batch
from specnet.settings.evaluate import Evaluate
from specnet.settings.loss import CrossEntropy, Dice, Focal, Loss
from specnet.settings.tasks.segment import Segment
from specnet.training import (
    MODEL,
    Callback,
    Interrupted,
    Metrics,
    Options,
    build_loaded_run,
    predict,
    read_run_config,
    read_weights,
    resume,
    train,
)
from specnet.training.data.image_decoding import ImageFormat
from specnet.training.engine.evaluator import average_views
from specnet.training.figures.masks import UNKNOWN
from specnet.training.optim.losses import build_loss
from specnet.training.optim.mask_losses import IGNORED
from specnet.training.tasks.objective import make_objective
from specnet.training.tasks.results import measure_batches
from specnet.training.tasks.segment import SegmentationMetrics, place_scores

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


def test_the_figures_of_one_mask_are_those_of_its_classes() -> None:
    """A class that is only in the answer takes from the others, and is no figure of its own."""
    outputs, masks = draw(5)
    masks = masks.masked_fill((masks == 1) | (masks == 4), IGNORED)
    counts = masks != IGNORED
    truth, said = masks[counts].numpy(), outputs.argmax(1)[counts].numpy()
    metrics = measure(outputs, masks)
    each = jaccard_score(truth, said, labels=[0, 2, 3], average=None)
    assert metrics.masked_ious == pytest.approx(each.tolist(), abs=1e-6)
    assert metrics.miou == pytest.approx(sum(each) / 5, abs=1e-6)


@pytest.mark.parametrize("classes", [3, 5])
def test_figures_are_those_of_torchmetrics(classes: int) -> None:
    torchmetrics = import_or_skip("torchmetrics.classification")
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


@pytest.mark.usefixtures("drawn_figures")
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


FORM = ImageFormat((16, 16), 1)

PLACED = {
    "its own size": (FORM, (16, 16), (16, 16), (slice(None), slice(None))),
    "twice the size": (FORM, (16, 16), (32, 32), (slice(None), slice(None))),
    "wide, of which the centre is read": (FORM, (16, 16), (16, 32), (slice(None), slice(8, 24))),
    "a margin is read, and not answered for": (FORM, (8, 8), (32, 32), (slice(8, 24), slice(8, 24))),
    "resized out of proportion first": (ImageFormat((16, 16), 1, (16, 16)), (16, 16), (48, 16), (slice(None),) * 2),
    "a share of the shorter side": (ImageFormat((16, 16), 1, None, crop=0.5), (16, 16), (32, 32), (slice(8, 24),) * 2),
}


@pytest.mark.parametrize("how", PLACED)
def test_an_answer_is_laid_where_the_network_has_looked(how: str) -> None:
    form, answered, size, window = PLACED[how]
    scores = torch.zeros(3, *answered)
    scores[1, :, : answered[1] // 2], scores[2, :, answered[1] // 2 :] = 1, 1
    placed = place_scores(scores, size, form)
    assert placed.shape == size
    inside = placed[window]
    assert (inside[:, : inside.shape[1] // 2] == 1).all() and (inside[:, inside.shape[1] // 2 :] == 2).all()
    beside = np.ones(size, bool)
    beside[window] = False
    assert (placed[beside] == UNKNOWN).all()


def test_masks_are_written_in_the_size_of_their_files(tmp_path: Path) -> None:
    write_scenes(tmp_path / "scenes", images=60)
    run = train(scene_job(epochs=3), Options(run=tmp_path / "run", data_dir=tmp_path))
    write_scenes(tmp_path / "large", images=2, parts=("test",), size=40)
    images = sorted((tmp_path / "large/test/images").iterdir())
    loaded = build_loaded_run(read_run_config(run.folder), scene_job(), read_weights(run.folder / MODEL))
    for prediction in predict(loaded, images):
        pictures = prediction.answer.draw(prediction.image, loaded.image_format)
        mask, overlay = (Image.open(BytesIO(content)) for content in pictures.values())
        assert list(pictures) == ["", "-overlay"]
        assert mask.mode == "P" and mask.size == overlay.size == (40, 40) and overlay.mode == "RGB"
        assert set(np.unique(np.array(mask))) <= {0, 1, 2}
        record = prediction.answer.to_record()["classes"]
        assert sum(each["share"] for each in record) == pytest.approx(1)
        assert len(prediction.answer.to_rows()) == len(record)
        assert "of the pixels" in prediction.answer.describe()[0]


class Stopping(Callback):
    """Interrupts a run after its first epoch, as Ctrl-C does."""

    def on_epoch_end(self, metrics: Metrics) -> None:
        if metrics["epoch"] == 1:
            signal.raise_signal(signal.SIGINT)


def test_a_run_that_is_stopped_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    write_scenes(tmp_path / "scenes", images=50)
    recipe = {
        "batch": Batch(size=16, accumulate=2),
        "augment": (RandomCrop(pad=2), Flip(), Rotate(degrees=10)),
        "loss": Dice(cross_entropy=1.0),
    }
    whole, stopped = (Options(run=tmp_path / name, data_dir=tmp_path) for name in ("whole", "stopped"))
    train(scene_job(epochs=2, **recipe), whole)
    with pytest.raises(Interrupted):
        train(scene_job(epochs=2, **recipe), stopped, Stopping())
    resume(read_run_config(tmp_path / "stopped"), scene_job(epochs=2, **recipe), stopped)
    first, second = (load_file(tmp_path / name / MODEL) for name in ("whole", "stopped"))
    assert first.keys() == second.keys()
    assert all(first[name].equal(second[name]) for name in first)


@pytest.mark.slow
def test_the_u_net_of_the_paper_is_trained_with_the_centre_of_the_masks(tmp_path: Path) -> None:
    """Its outputs are 388×388 of 572×572; one step takes a minute."""
    write_scenes(tmp_path / "scenes", images=2, parts=("train",), size=572)
    text = (SPECS / "unet.net").read_text(encoding="utf-8")
    data = 'folder "scenes" masks="masks" names="grey,bright"'
    recipe = f"train {{\n  task segment ignore=2\n  data {data}\n  batch 1\n  epochs 0.5\n}}\n"
    run = specnet.train(f"{text}\n{recipe}", data_dir=tmp_path, run=tmp_path / "run")
    (line,) = (run.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    assert 0 < json.loads(line)["train_pixel_accuracy"] <= 1
