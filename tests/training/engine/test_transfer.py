"""Starting from weights that are there, with parts that stay as they are."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest
import torch
from safetensors.torch import save, save_file
from small_jobs import Notebook, job, network, training
from torch import nn

from specnet.settings.data import Folder
from specnet.settings.epochs import Epochs
from specnet.settings.optimizer import Sgd
from specnet.training import (
    BadRun,
    CannotRun,
    Interrupted,
    Options,
    Unsuitable,
    build_loaded_run,
    read_run_config,
    read_weights,
    resume,
    train,
)

SHORT = training(epochs=Epochs(count=0.2), optimizer=Sgd(lr=1e-12))
"""A step or two that change nothing that shows."""


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run to begin with."""
    return train(job(), Options(run=tmp_path_factory.mktemp("earlier") / "run")).folder


@pytest.mark.parametrize("file", [".", "model.safetensors"])
def test_a_replaced_last_layer_begins_anew(earlier: Path, tmp_path: Path, file: str) -> None:
    callback = Notebook()
    run = train(job(SHORT, outputs=(12,)), Options(run=tmp_path / "run", weights=earlier / file), callback)
    assert callback.notes[-1] == (
        f"7 of the network's 9 tensors are those of {earlier / 'model.safetensors'}, 7 by name; "
        "drawn anew: 9 (10×64 there, 12×64 here)"
    )
    theirs, ours = read_weights(earlier / "model.safetensors").tensors, run.module.state_dict()
    assert torch.allclose(ours["4.weight"], theirs["4.weight"])
    options = json.loads((run.folder / "config.json").read_text())["options"]
    assert options["weights"] == str((earlier / file).absolute())


def test_weights_that_the_network_has_no_place_for(earlier: Path, tmp_path: Path) -> None:
    tensors = dict(read_weights(earlier / "model.safetensors").tensors)
    save_file({**tensors, "old.weight": torch.ones(3)}, tmp_path / "more.safetensors")
    callback = Notebook()
    train(job(SHORT), Options(run=tmp_path / "run", weights=tmp_path / "more.safetensors"), callback)
    assert callback.notes[-1].endswith("more.safetensors, 9 by name; not used: old")


ONE_OF_SEVEN = {"4.bias": torch.ones(16), **{f"layer{number}.weight": torch.ones(3) for number in range(7)}}

NOT_FINITE = {
    **{name: tensor.clone() for name, tensor in network().state_dict().items()},
    "4.bias": torch.tensor([torch.nan] * 2 + [torch.inf] + [1.0] * 13),
}


def torch_file(old: bool) -> bytes:
    """What torch.save writes, today or before 1.6."""
    content = BytesIO()
    torch.save({"4.bias": torch.ones(16)}, content, _use_new_zipfile_serialization=not old)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "kind", "message"),
    [
        ("nowhere", None, CannotRun, "there are no weights"),
        ("w.pth", torch_file(old=False), Unsuitable, "another network: by order and shape, it has 0 of the 4 layers"),
        ("w.pth", torch_file(old=True), Unsuitable, "another network: by order and shape, it has 0 of the 4 layers"),
        ("w.onnx", b"\x08\x07\x12\x07pytorch", BadRun, "a file of ONNX, and weights are read from safetensors, torch"),
        ("empty.safetensors", b"", BadRun, "no file of weights: it is empty"),
        ("half.safetensors", save({"4.bias": torch.ones(16)})[:-1], BadRun, "is damaged or only half there"),
        ("nan.safetensors", NOT_FINITE, BadRun, "3 of 16 numbers in 4.bias are not finite"),
        ("other.safetensors", {"conv9.weight": torch.ones(3)}, Unsuitable, "it has 0 of the 4 layers here"),
        (
            "other.safetensors",
            ONE_OF_SEVEN,
            Unsuitable,
            "another network: by order and shape, it has 0 of the 4 layers",
        ),
    ],
    ids=lambda value: "content" if isinstance(value, bytes) else None,  # old files contain addresses
)
def test_weights_that_are_none(tmp_path: Path, name: str, content: object, kind: type[Exception], message: str) -> None:
    """They are refused before the data is read, which may take a minute."""
    if isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    elif isinstance(content, dict):
        save_file(content, tmp_path / name)
    callback = Notebook()
    data = Folder(path="not there")
    with pytest.raises(kind, match=message):
        train(job(training(data=data)), Options(run=tmp_path / "run", weights=tmp_path / name), callback)
    assert not (tmp_path / "run").exists()


def test_a_network_whose_weights_are_all_there_is_not_another(tmp_path: Path) -> None:
    more = {f"head.{number}.weight": torch.ones(3) for number in range(40)}
    save_file({**job().module.state_dict(), **more}, tmp_path / "larger.safetensors")
    train(job(SHORT), Options(run=tmp_path / "run", weights=tmp_path / "larger.safetensors"))


def test_a_run_whose_weights_are_not_finite_is_not_measured(earlier: Path, tmp_path: Path) -> None:
    config, weights = read_run_config(earlier), read_weights(earlier / "model.safetensors")
    weights.tensors["9.bias"][3] = torch.nan
    with pytest.raises(BadRun, match=r"model\.safetensors has no usable weights: 1 of 10 numbers in 9\.bias are not"):
        build_loaded_run(config, job(), weights)


def test_frozen_parts_stay_as_they_are(earlier: Path, tmp_path: Path) -> None:
    """Statistics of frozen norms too; and what was frozen is frozen again after a resume."""

    class Stopping(Notebook):
        def on_epoch_end(self, metrics: object) -> None:
            import signal

            signal.raise_signal(signal.SIGINT)

    options = Options(run=tmp_path / "run", weights=earlier, freeze=["0", "[1-3]"])  # type: ignore[arg-type]
    with pytest.raises(Interrupted):
        train(job(), options, Stopping())
    begun = read_run_config(tmp_path / "run")
    assert begun.options.freeze == ("0", "[1-3]")
    resumed = resume(begun, job(), begun.options)
    theirs, ours = read_weights(earlier / "model.safetensors").tensors, resumed.module.state_dict()
    frozen = [name for name in ours if name[0] in "01"]
    assert len(frozen) == 6
    assert all(ours[name].equal(theirs[name]) for name in frozen)
    assert not any(ours[name].equal(theirs[name]) for name in ours if name not in frozen)


def test_frozen_parameters_get_no_gradient(tmp_path: Path) -> None:
    asked = job(SHORT)
    notebook = Notebook()
    train(asked, Options(run=tmp_path / "run", freeze=("4",)), notebook)
    assert "training 738 of 1,906 parameters; frozen: 4" in notebook.notes
    assert [p.requires_grad for p in asked.module.parameters()] == [True, True, True, False, False, True, True]


def test_a_scope_is_frozen_with_all_that_is_in_it(tmp_path: Path) -> None:
    from specnet.training.engine import initialization

    module = nn.ModuleDict({"body": network(), "head": nn.Linear(2, 2)})
    initialization.freeze_layers(module, ["body"])
    assert [name for name, p in module.named_parameters() if p.requires_grad] == ["head.weight", "head.bias"]
    assert len(initialization.find_frozen_norms(module, ["body"])) == 1


@pytest.mark.parametrize(
    ("pattern", "kind", "message"),
    [
        ("conv*", CannotRun, "is called `conv.`, as `freeze` says"),
        ("[23]", CannotRun, "`freeze` has nothing to freeze in `.23.`: no layer of this name has parameters"),
        ("*", Unsuitable, "`freeze` leaves nothing to train: name fewer layers"),
    ],
)
def test_patterns_that_are_refused(tmp_path: Path, pattern: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        train(job(), Options(run=tmp_path / "run", freeze=(pattern,)))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("pattern", ["9", "[49]"])
def test_a_layer_that_is_drawn_anew_is_not_frozen(earlier: Path, tmp_path: Path, pattern: str) -> None:
    asked = job(training(data=Folder(path="not there")), outputs=(12,))
    with pytest.raises(
        CannotRun, match=r"would leave random weights as they are: .*has none for 9 \(10×64 there, 12×64"
    ):
        train(asked, Options(run=tmp_path / "run", weights=earlier, freeze=(pattern,)))
    assert not (tmp_path / "run").exists()


def test_weights_of_other_names_are_listed_and_what_they_expect_is_said(tmp_path: Path) -> None:
    """Networks for ImageNet have 1,000 outputs."""
    callback, asked = Notebook(), job(SHORT)
    names = {"0": "conv1", "1": "bn1", "4": "conv2", "9": "head"}
    state = {
        ".".join((names[name.partition(".")[0]], name.partition(".")[2])): value
        for name, value in asked.module.state_dict().items()
    }
    state |= {"head.weight": torch.ones(1000, 64), "head.bias": torch.ones(1000)}
    torch.save(state, tmp_path / "w.pth")
    run = train(asked, Options(run=tmp_path / "run", weights=tmp_path / "w.pth"), callback)
    start = next(number for number, note in enumerate(callback.notes) if "tensors are those" in note)
    assert callback.notes[start:] == [
        f"7 of the network's 9 tensors are those of {tmp_path / 'w.pth'}, 7 by order and shape; "
        "drawn anew: 9 (1000×64 there, 10×64 here)",
        "here                   w.pth",
        "0     8×1×3×3          conv1  8×1×3×3",
        "1     8 statistics     bn1    8 statistics",
        "4     16×8×3×3 + bias  conv2  16×8×3×3 + bias",
        "warning: weights for ImageNet from torchvision, timm and pytorchcv expect `normalize imagenet`, "
        "and the spec says `normalize mean_std`",
    ]
    assert torch.allclose(run.module.state_dict()["0.weight"], state["conv1.weight"], atol=1e-6)
