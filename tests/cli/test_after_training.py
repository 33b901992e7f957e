"""What can be done with a run: it is loaded, measured, asked, exported, listed."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

import specnet  # noqa: E402
from specnet.cli import main  # noqa: E402
from specnet.training import BadRun, CannotRun, DataProblem, Unsuitable, files, read_weights  # noqa: E402
from specnet.training.data.images import DataRequest  # noqa: E402
from specnet.training.data.loading import load  # noqa: E402

pytestmark = pytest.mark.torch

SPEC = """net Tiny
use "blocks/body.net"
use "../shared/dense.net"
let width = 4

input 8x8x3
body K=width
dense 24
fc 3

train {
  data  folder photos
  split validation=0.25
  batch 8
  epochs 30
  optimizer adam lr=0.01
}
"""

PLAIN = SPEC.replace('use "../shared/dense.net"\n', "").replace("dense", "fc")

TWO = """net Two
input image 6x4x1
input facts 5
@image -> fc 3 -> concat @facts
fc 2
"""

COLOURS = {"blue": (20, 30, 220), "green": (10, 200, 30), "red": (220, 20, 10)}


def paint(path: Path, colour: tuple[int, int, int], seed: int, size: tuple[int, int] = (12, 16)) -> None:
    """A noisy picture of one colour, `size` high and wide."""
    noise = np.random.default_rng(seed).integers(-9, 10, (*size, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((np.array(colour) + noise).astype(np.uint8)).save(path)


def paint_set(folder: Path, colours: dict[str, tuple[int, int, int]], each: int) -> None:
    for name, colour in colours.items():
        for number in range(each):
            paint(folder / name / f"{number}.png", colour, number)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a finished run, `run`, whose spec uses files in a folder below it and above it, and its photos."""
    torch.set_num_threads(1)
    home = tmp_path_factory.mktemp("trained")
    (home / "specs/blocks").mkdir(parents=True)
    (home / "shared").mkdir()
    (home / "specs/tiny.net").write_text(SPEC)
    (home / "specs/blocks/body.net").write_text('use "one.net"\nblock body(K) { one K\npool max F=2 }\n')
    (home / "specs/blocks/one.net").write_text("block one(K) { conv K F=3 P=1 -> bn -> relu }\n")
    (home / "shared/dense.net").write_text("block dense(K) { fc K -> relu }\n")
    paint_set(home / "photos/train", COLOURS, 12)
    paint_set(home / "photos/test", COLOURS, 5)
    specnet.train(home / "specs/tiny.net", {"width": "6"}, run=home / "run", data_dir=home)
    return home


@pytest.fixture
def run(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the run, far from the files that its spec used."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SPECNET_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(trained / "run", tmp_path / "moved"))


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls a command: exit code, standard output, standard error."""

    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "bug" not in err
        return code, out, err

    return call


class TestLoading:
    def test_a_moved_run_gives_its_network_back(self, run: Path) -> None:
        loaded = specnet.load_run(run)
        assert not loaded.model.training
        assert loaded.model(torch.zeros(2, 3, 8, 8)).shape == (2, 3)
        assert loaded.classes == tuple(COLOURS)
        assert loaded.summary["test_accuracy"] == 1.0
        assert len(loaded.metrics) == 30
        assert loaded.spec == SPEC
        assert loaded.job.name == "Tiny"
        assert loaded.normalization.shift.shape == (8, 8, 3)
        assert loaded.summary["parameters"] == sum(p.numel() for p in loaded.model.parameters())

    def test_what_the_spec_uses_is_kept(self, run: Path) -> None:
        kept = {path.relative_to(run).as_posix() for path in run.rglob("*.net")}
        assert kept == {"spec.net", "blocks/body.net", "blocks/one.net", "used/up/shared/dense.net"}

    def test_a_moved_run_can_be_resumed(self, run: Path, trained: Path, call: Call) -> None:
        code, out, _ = call("train", "--resume", run, "--data-dir", trained)
        assert code == 0
        assert "test        100.00%" in out

    def test_a_spec_beside_its_blocks_still_checks(self, trained: Path, tmp_path: Path, call: Call) -> None:
        """With another input and another width, as they were given when it was trained."""
        (trained / "specs/plain.net").write_text(PLAIN)
        words = ["--input", "16x16x3", "--set", "width=3", "--epochs", "0.2", "--run", tmp_path / "run"]
        assert call("train", trained / "specs/plain.net", *words, "--data-dir", trained)[0] == 0
        (trained / "specs/plain.net").unlink()
        assert specnet.load_run(tmp_path / "run").model(torch.zeros(1, 3, 16, 16)).shape == (1, 3)
        assert call("check", tmp_path / "run/spec.net")[0] == 0

    def test_weights_and_frozen_parts(self, run: Path, trained: Path, call: Call) -> None:
        spec = trained / "specs/tiny.net"
        words = ["--set", "width=6", "--epochs", "1", "--data-dir", trained, "--run", "again"]
        assert call("train", spec, *words, "--weights", "nowhere")[0] == 2
        assert call("train", spec, *words, "--freeze", "nowhere*")[0] == 2
        code, _, err = call("train", spec, *words, "--weights", run, "--freeze", "body1", "--freeze", "dense*")
        assert code == 0
        assert "11 of 11 tensors are those of" in err
        before, after = (specnet.load_run(folder).model.state_dict() for folder in (run, "again"))
        changed = {name for name, value in before.items() if not value.equal(after[name])}
        assert changed == {"fc1.weight", "fc1.bias"}
        assert json.loads(Path("again/config.json").read_text())["options"]["freeze"] == ["body1", "dense*"]

    def test_weights_of_another_network(self, run: Path, trained: Path, call: Call) -> None:
        other = trained / "specs/other.net"
        other.write_text(SPEC.replace("dense 24", "dense 20").replace("epochs 30", "epochs 1"))
        specnet.train(other, {"width": "6"}, run=run.parent / "other", data_dir=trained)
        shutil.copy(run.parent / "other/model.safetensors", run)
        with pytest.raises(BadRun, match=r"weights of another network, digest [0-9a-f]{12}, than .*spec.net, digest"):
            specnet.load_run(run)
        code, out, err = call("evaluate", run)
        assert (code, out) == (1, "")
        assert "changed: dense1.fc1: fc 20 → dense1.fc1: fc 24" in err

    def test_a_spec_that_was_changed_afterwards(self, run: Path, call: Call) -> None:
        (run / "spec.net").write_text(SPEC.replace("dense 24", "dense 32"))
        code, _, err = call("evaluate", run)
        assert code == 1
        assert "dense1.fc1: fc 24 → dense1.fc1: fc 32" in err

    @pytest.mark.parametrize(
        ("file", "content", "code", "message"),
        [
            ("spec.net", SPEC.replace("fc 3\n", "cnov 3\n"), 1, "cnov"),
            ("spec.net", SPEC.replace("let width = 4", "let breadth = 4"), 1, "has been changed"),
            ("blocks/one.net", None, 2, "one.net cannot be read"),
            ("model.safetensors", None, 2, "there are no weights"),
            ("model.safetensors", "nonsense", 1, "is damaged"),
            ("config.json", "{", 1, "is damaged"),
            ("config.json", None, 2, "holds no run"),
            ("summary.json", "{", 1, "summary.json cannot be read"),
            ("metrics.jsonl", "{", 1, "metrics.jsonl cannot be read"),
        ],
    )
    def test_damage(self, run: Path, call: Call, file: str, content: str | None, code: int, message: str) -> None:
        (run / file).unlink()
        if content is not None:
            (run / file).write_text(content)
        found, out, err = call("evaluate", run)
        assert (found, out) == (code, "")
        assert message in err

    def test_no_such_folder(self, call: Call) -> None:
        assert call("evaluate", "nowhere")[0] == 2


class TestEvaluating:
    def test_its_own_test_set(self, run: Path, trained: Path, call: Call) -> None:
        code, out, _ = call("evaluate", run, "--data-dir", trained)
        assert code == 0
        assert out.startswith("images    15 (test)\naccuracy  100.00%\nloss      ")
        assert out.endswith(
            "       blue  green  red\nblue      5      ·    ·\ngreen     ·      5    ·\nred       ·      ·    5\n"
        )

    def test_json(self, run: Path, trained: Path, call: Call) -> None:
        code, out, _ = call("evaluate", run, "--data-dir", trained, "--format", "json", "--batch", "4")
        found = json.loads(out)
        summary = json.loads((run / "summary.json").read_text())
        assert code == 0
        assert found["accuracy"] == summary["test_accuracy"]
        assert found["per_class_accuracy"] == dict.fromkeys(COLOURS, 1.0)
        assert found["confusion"] == [[5, 0, 0], [0, 5, 0], [0, 0, 5]]
        assert "top5_accuracy" not in found

    def test_another_folder(self, run: Path, call: Call) -> None:
        """Of a folder without parts, all images count; here two classes are swapped."""
        swapped = {"blue": COLOURS["green"], "green": COLOURS["blue"], "red": COLOURS["red"]}
        paint_set(Path("other"), swapped, 2)
        code, out, _ = call("evaluate", run, "--data", "other", "--format", "json")
        found = json.loads(out)
        assert code == 0
        assert found["part"] == "train"
        assert found["confusion"] == [[0, 2, 0], [2, 0, 0], [0, 0, 2]]
        assert found["per_class_accuracy"] == {"blue": 0.0, "green": 0.0, "red": 1.0}

    def test_from_python(self, run: Path, trained: Path) -> None:
        assert specnet.evaluate(run, data_dir=trained).accuracy == 1.0
        assert specnet.evaluate(specnet.load_run(run), data=str(trained / "photos")).images == 15

    def test_other_classes(self, run: Path, call: Call) -> None:
        paint_set(Path("other"), {"blue": COLOURS["blue"], "yellow": (240, 240, 10), "red": COLOURS["red"]}, 2)
        code, out, err = call("evaluate", run, "--data", "other")
        assert (code, out) == (1, "")
        assert "other classes than the run was trained on: it lacks green; it has also yellow" in err
        with pytest.raises(DataProblem):
            specnet.evaluate(run, "other")

    @pytest.mark.parametrize(
        ("words", "code", "message"),
        [
            (["--data", "nowhere"], 2, "no such folder, and no data set of that name"),
            (["--data", "digits"], 1, "other classes"),
            (["--data-dir", "nowhere"], 2, "there is no data folder nowhere"),
            (["--data", "photos"], 2, "no such folder"),
            (["--device", "cuda:99"], 2, "cuda:99"),
            (["--batch", "0"], 2, "not a whole number from 1"),
        ],
    )
    def test_refusals(self, run: Path, trained: Path, call: Call, words: list[str], code: int, message: str) -> None:
        asked = ["--data-dir", trained] if "--device" in words else []
        found, out, err = call("evaluate", run, *asked, *words)
        assert (found, out) == (code, "")
        assert message in err

    def test_grey_images_for_a_colour_network(self, run: Path) -> None:
        for name in COLOURS:
            (Path("grey") / name).mkdir(parents=True)
            Image.new("L", (9, 9), 80).save(Path("grey") / name / "1.png")
        with pytest.raises(Unsuitable, match="reads images of 3 channels"):
            specnet.evaluate(run, "grey")

    def test_without_weights_there_is_nothing_to_measure(self, run: Path) -> None:
        (run / "model.safetensors").unlink()
        with pytest.raises(CannotRun, match="no weights"):
            specnet.evaluate(run)


class TestPredicting:
    def test_a_table(self, run: Path, call: Call) -> None:
        paint(Path("a.png"), COLOURS["red"], 99, (40, 50))
        paint(Path("b.jpg"), COLOURS["blue"], 99)
        code, out, _ = call("predict", run, "a.png", "b.jpg", "--top", "2")
        lines = [line.split() for line in out.splitlines()]
        assert code == 0
        assert [line[0] for line in lines][:2] == ["a.png", "red"]
        assert [line[0] for line in lines][3:5] == ["b.jpg", "blue"]
        assert len(lines) == 6

    def test_json(self, run: Path, call: Call) -> None:
        paint(Path("a.png"), COLOURS["green"], 99)
        code, out, _ = call("predict", run, "a.png", "--format", "json", "--top", "9")
        (found,) = json.loads(out)["predictions"]
        assert code == 0
        assert found["image"] == "a.png"
        assert (found["top"][0]["class"], found["top"][0]["index"]) == ("green", 1)
        assert sum(guess["probability"] for guess in found["top"]) == pytest.approx(1)
        assert len(found["top"]) == 3

    def test_pictures_are_prepared_as_in_training(self, run: Path, trained: Path) -> None:
        """What the network says of a picture of the test set is what its outputs for the loaded set are."""
        loaded = specnet.load_run(run)
        path = trained / "photos/test/red/2.png"
        (found,) = specnet.predict(loaded, [path], top=3)
        data = load(loaded.job.training.data, None, DataRequest((8, 8, 3), trained, print))
        assert data.test is not None
        row = loaded.probabilities(data.test.pixels)[12].tolist()
        assert [guess.probability for guess in found.guesses] == pytest.approx(sorted(row, reverse=True), rel=1e-4)

    @pytest.mark.parametrize("name", ["out.png", "out.svg", "out.PDF"])
    def test_a_picture(self, run: Path, call: Call, name: str) -> None:
        paint(Path("costs $5 & $6.png"), COLOURS["green"], 99)
        code, _, err = call("predict", run, "costs $5 & $6.png", "-o", name)
        assert (code, err) == (0, f"wrote {name}\n")
        assert Path(name).stat().st_size > 5000

    def test_grey_and_transparent_pictures(self, run: Path, call: Call) -> None:
        Image.new("L", (9, 9), 80).save("grey.png")
        Image.new("RGBA", (9, 30), (220, 20, 10, 255)).save("clear.png")
        code, out, _ = call("predict", run, "grey.png", "clear.png", "--top", "1")
        assert code == 0
        assert out.splitlines()[3].split()[0] == "red"

    @pytest.mark.parametrize(
        ("words", "code", "message"),
        [
            (["nowhere.png", "there.png"], 2, "there is no file nowhere.png"),
            (["text.png", "there.png"], 1, "1 of 2 files cannot be read: text.png (no picture of a known kind)"),
            (["."], 2, "there is no file ."),
            (["there.png", "--top", "0"], 2, "not a whole number from 1"),
            (["there.png", "-o", "out.gif"], 2, "ends in .png, .svg, .pdf"),
            (["there.png", "-o", "nowhere/out.png"], 2, "nowhere/out.png cannot be written"),
        ],
    )
    def test_refusals(self, run: Path, call: Call, words: list[str], code: int, message: str) -> None:
        paint(Path("there.png"), COLOURS["red"], 1)
        Path("text.png").write_text("no picture")
        found, out, err = call("predict", run, *words)
        assert (found, out) == (code, "")
        assert message in err


class TestListing:
    @pytest.fixture
    def runs(self, run: Path, trained: Path) -> Path:
        """A finished run, one that was interrupted, one that failed, a damaged one, and a folder of something else."""
        home = Path("runs")
        for name in ("a-finished", "b-interrupted", "c-failed", "d-damaged"):
            shutil.copytree(run, home / name)
        for name in ("b-interrupted", "c-failed"):
            (home / name / "summary.json").unlink()
        (home / "c-failed/failure.json").write_text("{}")
        (home / "c-failed/metrics.jsonl").unlink()
        (home / "d-damaged/config.json").write_text('{"name": 3}')
        (home / "foreign").mkdir()
        (home / "notes.txt").touch()
        return home

    def test_a_table(self, runs: Path, call: Call) -> None:
        code, out, err = call("runs")
        heads, *rows = (re.split(r"\s{2,}", line) for line in out.splitlines())
        assert code == 0
        assert heads == ["run", "network", "started", "epochs", "validation", "test", "parameters", "images/s", "state"]
        assert [row[0] for row in rows] == ["a-finished", "b-interrupted", "c-failed"]
        assert [row[-1] for row in rows] == ["finished", "interrupted", "failed"]
        assert [row[3:6] for row in rows] == [
            ["30 of 30", "100.00%", "100.00%"],
            ["30 of 30", "100.00%", "–"],
            ["0 of 30", "–", "–"],
        ]
        assert "passed over: runs/d-damaged/config.json is damaged" in err
        assert "passed over: runs/foreign holds no run" in err

    def test_json(self, runs: Path, call: Call) -> None:
        code, out, _ = call("runs", runs, "--format", "json")
        found = json.loads(out)["runs"]
        assert code == 0
        assert [entry["state"] for entry in found] == ["finished", "interrupted", "failed"]
        assert found[0]["test_accuracy"] == 1.0
        assert found[0]["run"] == "runs/a-finished"

    def test_a_run_that_is_misspelt(self, runs: Path, call: Call) -> None:
        code, _, err = call("evaluate", "runs/a-finishd")
        assert (code, err) == (2, "error: there is no run runs/a-finishd; did you mean runs/a-finished?\n")

    def test_one_run(self, run: Path, call: Call) -> None:
        assert len(call("runs", run)[1].splitlines()) == 2

    def test_repetitions(self, runs: Path, call: Call) -> None:
        for number, accuracy in enumerate((0.9, 0.94), 1):
            again = shutil.copytree(runs / "a-finished", runs / f"e-{number}")
            config, summary = (json.loads((again / name).read_text()) for name in ("config.json", "summary.json"))
            config["training"]["seed"]["value"] = number
            (again / "config.json").write_text(json.dumps(config))
            summary |= {"test_accuracy": accuracy, "validation_accuracy": None}
            (again / "summary.json").write_text(json.dumps(summary))
        other = shutil.copytree(runs / "e-2", runs / "f-other")
        config["training"]["epochs"]["count"] = 3
        (other / "config.json").write_text(json.dumps(config))
        table, said = call("runs")[1].split("\n\n")
        assert "f-other" in table
        assert re.fullmatch(r"3 runs of \w+ with different seeds or folds: test 94.67% ± 5.03%\n", said)

    def test_curves(self, runs: Path, call: Call) -> None:
        code, _, err = call("runs", "-o", "curves.png")
        assert (code, "wrote curves.png" in err) == (0, True)
        with Image.open("curves.png") as picture:
            assert picture.width > 1000

    def test_one_that_is_going_on(self, runs: Path, call: Call) -> None:
        with files.lock_folder(runs / "b-interrupted"):
            assert "running" in call("runs")[1].splitlines()[2]

    def test_nothing_there(self, tmp_path: Path, call: Call) -> None:
        assert call("runs", tmp_path)[:2] == (0, "")
        assert call("runs", tmp_path / "nowhere")[0] == 2
        assert call("runs", tmp_path, "-o", "x.gif")[0] == 2
        assert call("runs", tmp_path, "-o", "x.png")[0] == 1


class TestExporting:
    @pytest.fixture
    def expected(self, run: Path) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels N×C×H×W from 0 to 255 of five images, and what the network makes of them."""
        loaded = specnet.load_run(run)
        pixels = torch.randint(0, 256, (5, 8, 8, 3), dtype=torch.uint8)
        with torch.inference_mode():
            outputs = loaded.model(loaded.normalization(pixels))
        return pixels.permute(0, 3, 1, 2).float(), outputs.clone()

    def test_safetensors(self, run: Path, call: Call) -> None:
        code, out, err = call("export", run, "--to", "safetensors")
        assert (code, out) == (0, "")
        assert err.startswith("wrote moved.safetensors; the weights by name")
        one, other = (read_weights(path) for path in (run / "model.safetensors", Path("moved.safetensors")))
        assert one.labels == other.labels
        assert all(other.tensors[name].equal(value) for name, value in one.tensors.items())

    def test_pt2(self, run: Path, call: Call, expected: tuple[torch.Tensor, torch.Tensor]) -> None:
        code, _, err = call("export", run, "--to", "pt2", "-o", "out.pt2")
        assert code == 0
        assert "takes pixels from 0 to 255 as float32 N×3×8×8: the normalisation is built in" in err
        labels = {"classes": ""}
        module = torch.export.load("out.pt2", extra_files=labels).module()
        pixels, outputs = expected
        assert torch.allclose(module(pixels), outputs, atol=1e-5)
        assert module(pixels[:1]).shape == (1, 3)
        assert json.loads(labels["classes"]) == list(COLOURS)

    def test_onnx(self, run: Path, call: Call, expected: tuple[torch.Tensor, torch.Tensor]) -> None:
        onnx = pytest.importorskip("onnx")
        pytest.importorskip("onnxscript")
        from onnx.reference import ReferenceEvaluator

        assert call("export", run, "--to", "onnx")[0] == 0
        model = onnx.load("moved.onnx")
        assert json.loads({p.key: p.value for p in model.metadata_props}["classes"]) == list(COLOURS)
        pixels, outputs = expected
        (found,) = ReferenceEvaluator(model).run(None, {"pixels": pixels.numpy()})
        assert np.allclose(found, outputs.numpy(), atol=1e-4)

    def test_onnx_where_it_is_not_installed(self, run: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "onnx", None)
        monkeypatch.delitem(sys.modules, "specnet.backends.onnx", raising=False)
        monkeypatch.delattr("specnet.backends.onnx", raising=False)
        code, _, err = call("export", run, "--to", "onnx")
        assert (code, err) == (2, "error: `--to onnx` needs onnx: pip install 'specnet[export]'\n")
        assert not Path("moved.onnx").exists()

    def test_a_spec(self, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Two inputs, one of them a vector; the same seed gives the same weights."""
        monkeypatch.chdir(tmp_path)
        Path("two.net").write_text(TWO)
        code, _, err = call("export", "two.net", "--to", "pt2")
        assert code == 0
        assert "it takes N×1×6×4, N×5, and its weights are not trained" in err
        assert torch.export.load("two.pt2").module()(torch.ones(3, 1, 6, 4), torch.ones(3, 5)).shape == (3, 2)
        for name in ("a", "b"):
            assert call("export", "two.net", "--to", "safetensors", "-o", name)[0] == 0
        one, other = (read_weights(Path(name)).tensors for name in ("a", "b"))
        assert all(other[name].equal(value) for name, value in one.items())

    @pytest.mark.parametrize(
        ("words", "code", "message"),
        [
            (["nowhere", "--to", "pt2"], 2, "there is no file nowhere"),
            ([".", "--to", "pt2"], 2, "holds no run"),
            (["moved", "--to", "pt2", "--set", "width=3"], 2, "as it was trained"),
            (["moved", "--to", "caffe"], 2, "invalid choice"),
            (["moved", "--to", "safetensors", "-o", "moved"], 2, "is a directory"),
            (["broken.net", "--to", "pt2"], 1, "cnov"),
        ],
    )
    def test_refusals(self, run: Path, call: Call, words: list[str], code: int, message: str) -> None:
        Path("broken.net").write_text("net Broken\ninput 8x8x3\ncnov 3\n")
        found, out, err = call("export", *words)
        assert (found, out) == (code, "")
        assert message in err
