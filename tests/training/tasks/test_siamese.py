"""task siamese: which images are paired, networks with two inputs and with an embedding, and every command on them."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score

import specnet
from specnet.cli import main
from specnet.settings.loss import Contrastive
from specnet.settings.tasks.siamese import Siamese
from specnet.training import Callback, Interrupted, Progress
from specnet.training.engine import loop
from specnet.training.randomness import make_generator
from specnet.training.tasks.siamese import SiameseObjective, draw_partners

RECIPE = """
train {
  task      siamese
  data      digits
  split     validation=200
  augment   crop pad=1
  optimizer adam lr=3e-3
  batch     256
  epochs    2
  LOSS
}
"""

SCORE = """
input left  8x8x1
input right 8x8x1
@left
branch: conv K=8 F=3 P=1 -> relu -> pool max F=2
@right -> same branch -> @other
@branch -> concat @other
fc 32 -> relu -> fc 1
"""

EMBEDDING = "input 8x8x1\nconv K=8 F=3 P=1 -> relu -> pool max F=2\nfc 16\n"

SPECS = {
    "hinge": SCORE + RECIPE.replace("LOSS", ""),
    "binary": SCORE + RECIPE.replace("LOSS", "loss binary_cross_entropy"),
    "contrastive": EMBEDDING + RECIPE.replace("LOSS", "loss contrastive margin=2"),
    "triplet": EMBEDDING + RECIPE.replace("LOSS", "loss triplet margin=0.5"),
}


@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 3))
def test_partners_are_other_images_of_the_same_class_for_one_half(labels: list[int], seed: int) -> None:
    given, counts = torch.tensor(labels), Counter(labels)
    partners = draw_partners(given, make_generator(seed, "partners"))
    same = (given[partners] == given).tolist()
    alone = [counts[label] == 1 for label in labels]
    if len(counts) == 1:
        assert all(same)
    else:
        assert not any(is_same and is_alone for is_same, is_alone in zip(same, alone, strict=True))
        assert abs(sum(same) - len(labels) / 2) <= 0.5 + sum(alone)
    if len(labels) > 1:
        assert all(partner != place for place, partner in enumerate(partners.tolist()))


def test_partners_are_drawn_evenly() -> None:
    labels = torch.arange(3).repeat(4)
    draws = [draw_partners(labels, make_generator(seed, "partners"))[0].item() for seed in range(3000)]
    counts = Counter(draws)
    assert all(counts[place] == pytest.approx(3000 / 2 / 3, rel=0.15) for place in (3, 6, 9))
    assert all(counts[place] == pytest.approx(3000 / 2 / 8, rel=0.3) for place in range(12) if labels[place])


def test_they_follow_the_seed_and_the_epoch_and_stay_the_same_in_evaluations() -> None:
    objective, labels = SiameseObjective(Siamese(), ("a", "b"), Contrastive()), torch.arange(100) % 5
    draws = [objective.draw_partners(labels, seed, epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0), (0, 0))]
    assert draws[0].equal(draws[3])
    assert not draws[0].equal(draws[1]) and not draws[0].equal(draws[2])
    found = objective.find_partners(labels)
    assert found is not None and found.equal(objective.draw_partners(labels, 0, None))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("pairs")
    for name, spec in SPECS.items():
        specnet.train(spec, run=home / name)
    for number in range(3):
        Image.fromarray(np.full((8, 8), 60 * number, np.uint8)).save(home / f"grey{number}.png")
    return home


@pytest.mark.parametrize(("name", "least"), [("hinge", 0.3), ("binary", 0.3), ("contrastive", 0.65), ("triplet", 0.65)])
def test_a_network_learns_which_digits_are_the_same(trained: Path, name: str, least: float) -> None:
    """In ten steps, an embedding does; a score has just begun to."""
    summary = json.loads((trained / name / "summary.json").read_text())
    assert summary["measured"]["auc"] > least
    assert (trained / name / "pairs.png").is_file()


@pytest.mark.parametrize("name", ["hinge", "contrastive"])
def test_the_area_of_a_run_is_that_of_scikit_learn(trained: Path, name: str) -> None:
    run = specnet.load_run(trained / name)
    view = specnet.show(run, "predictions", count=360)
    rows = view.record()["predictions"]
    scores = [row["score"] if name == "hinge" else -row["distance"] for row in rows]
    area = roc_auc_score([row["true"] for row in rows], scores)
    assert run.summary["measured"]["auc"] == pytest.approx(area, abs=0.01)  # the training ran in bf16, perhaps
    assert np.mean([row["correct"] for row in rows]) == pytest.approx(run.summary["test_accuracy"], abs=0.01)


@pytest.mark.parametrize("name", ["hinge", "contrastive"])
def test_commands(
    trained: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(trained)

    def call(*words: str) -> tuple[int, str, str]:
        return main(list(words)), *capsys.readouterr()

    whole, parts = (json.loads(call("evaluate", name, "--format", "json", "--batch", n)[1]) for n in ("360", "7"))
    assert parts["accuracy"] == whole["accuracy"]
    code, out, _ = call("evaluate", name)
    assert code == 0 and "AUC" in out and "different classes" in out
    code, out, _ = call("predict", name, "grey0.png", "grey1.png", "grey2.png", "grey2.png")
    assert code == 0 and out.count("and grey") == 2
    code, out, _ = call("predict", name, "grey2.png", "grey2.png", "--format", "json")
    (found,) = json.loads(out)["predictions"]
    assert found["other"] == "grey2.png"
    if name == "contrastive":
        assert found["same"] and found["distance"] == pytest.approx(0, abs=1e-3)
    for words in (["grey0.png"], ["."]):
        code, _, err = call("predict", name, *words)
        assert code == 2 and "name one or more pairs of image files" in err
    assert call("show", name, "predictions", "--wrong")[0] == 0
    assert call("report", name)[0] == 0
    assert "What it says" in (trained / name / "report.html").read_text()
    assert call("runs", ".")[0] == 0


@pytest.mark.parametrize("view", ["dead", "maximise"])
def test_views_of_a_single_image_are_refused_where_the_network_reads_two(trained: Path, view: str) -> None:
    values = {"layer": "fc1"} if view == "maximise" else {}
    with pytest.raises(specnet.TrainingError, match=f"the view `{view}` gives the network one image, and it reads 2"):
        specnet.show(trained / "hinge", view, **values)


class Stopping(Callback):
    """Interrupts the training in the middle of the second epoch."""

    def on_progress(self, progress: Progress) -> None:
        if progress.stage == "training" and progress.epoch == 2 and progress.done == 2:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("name", ["hinge", "triplet"])
def test_a_resumed_run_has_the_same_bits(
    trained: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "REPORT_INTERVAL", 0.0)
    with pytest.raises(Interrupted):
        specnet.train(SPECS[name], run=tmp_path / "run", callback=Stopping())
    specnet.resume(tmp_path / "run")
    one, other = (load_file(folder / "model.safetensors") for folder in (tmp_path / "run", trained / name))
    assert all(one[key].equal(other[key]) for key in other)


def find_refusal(spec: str) -> str:
    (found,) = [each for each in specnet.check(spec).diagnostics if each.code.name == "W508"]
    return found.message


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (EMBEDDING + RECIPE.replace("LOSS", ""), "give it two inputs, or take `loss contrastive`"),
        (SCORE + RECIPE.replace("LOSS", "loss triplet"), "take a network with one input"),
        (SCORE.replace("fc 1\n", "fc 2\n") + RECIPE.replace("LOSS", ""), "one score of both images: end it in `fc 1`"),
        (SCORE + RECIPE.replace("LOSS", "evaluate mirror"), "averages views of one image"),
        (SCORE + RECIPE.replace("LOSS", "").replace("crop pad=1", "mixup 0.2"), "mixes two images"),
        (SCORE + RECIPE.replace("LOSS", "loss cross_entropy"), "`hinge`"),
    ],
)
def test_what_cannot_be_trained_is_refused_by_check_and_train(spec: str, problem: str, tmp_path: Path) -> None:
    refusal = find_refusal(spec)
    assert problem in refusal
    with pytest.raises(specnet.TrainingError, match=re.escape(refusal)):
        specnet.train(spec, run=tmp_path / "run")


def test_inputs_of_unlike_shapes_are_refused() -> None:
    branches = "@left -> fc 4 -> @one\n@right -> fc 4 -> @other\n@one -> concat @other\nfc 1\n"
    spec = f"input left 8x8x1\ninput right 9x9x1\n{branches}" + RECIPE.replace("LOSS", "")
    assert "the inputs are 8×8×1 and 9×9×1, and both images of a pair have one size" in find_refusal(spec)


@pytest.mark.parametrize("name", ["hinge", "contrastive"])
def test_an_exported_program_computes_the_same(
    trained: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["export", str(trained / name), "--to", "pt2", "-o", str(tmp_path / "x.pt2")]) == 0
    program = torch.export.load(tmp_path / "x.pt2").module()
    run = specnet.load_run(trained / name)
    pixels = torch.randint(0, 256, (6, 8, 8, 1)).to(torch.uint8)
    given = pixels.permute(0, 3, 1, 2).float()
    with torch.no_grad():
        if name == "hinge":
            found, expected = program(given[:3], given[3:]), run.compute_outputs(pixels[:3], pixels[3:])
        else:
            found, expected = program(given), run.model(run.normalization(pixels))
    assert torch.allclose(found, expected, atol=1e-5)


def get_objective() -> SiameseObjective:
    return SiameseObjective(Siamese(), ("a", "b", "c", "d"), Contrastive())


@pytest.mark.parametrize(
    ("labels", "problem"),
    [
        ([0, 1, 2, 3], "one image of each class, so that no pair is of one class"),
        ([1, 1, 1], "images of one class alone, so that no pair is of different classes"),
        ([0, 0, 1], ""),
    ],
)
def test_pairs_of_one_kind_teach_nothing(labels: list[int], problem: str) -> None:
    found = get_objective().explain_unlearnable(torch.tensor(labels))
    assert problem in found
    assert bool(found) == bool(problem)


@pytest.mark.parametrize(
    ("labels", "warning"),
    [
        ([0, 1, 2], "the validation part has one image of each class"),
        ([0, 0, 1, 2], "2 of 4 images of the validation part are the only ones of their class"),
        ([0] * 10 + [1], ""),
    ],
)
def test_images_without_another_of_their_class_are_warned_of(labels: list[int], warning: str) -> None:
    parts = {"train": torch.tensor([0, 0, 1, 1]), "validation": torch.tensor(labels)}
    found = list(get_objective().list_warnings(parts))
    assert len(found) == bool(warning)
    assert all(line.startswith(warning) for line in found)


def test_a_set_with_one_image_of_each_class_is_refused(tmp_path: Path) -> None:
    data = np.arange(8 * 64, dtype=np.uint8).reshape(8, 8, 8), list(range(8))
    spec = re.sub("data .*|split .*", "", SPECS["triplet"])
    with pytest.raises(specnet.TrainingError, match="one image of each class, so that no pair is of one class"):
        specnet.train(spec, data=data, run=tmp_path / "run")
    assert not (tmp_path / "run").exists()
