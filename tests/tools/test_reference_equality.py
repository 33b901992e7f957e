"""The comparison with reference implementations: what it finds equal, what it refuses, and the page that it writes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from reference_equality import __main__ as program
from reference_equality import libraries, page
from reference_equality.comparison import IncomparableNetworks, compare_outputs, measure_difference
from reference_equality.implementations import TorchReference, find_keras_scale, randomize
from torch import nn

from specnet.weights import UnfitWeights
from specnet.zoo import PublishedNetwork, read_published_networks

SPEC = "net T\ninput 6x6x2\nconv K=3 F=3 -> bn -> relu\nfc 4\n"

NEEDS_OPERATORS = """\
from reference_equality import libraries

if not libraries.DECLARED:
    raise RuntimeError("operator torchvision::nms does not exist")
"""

NETWORK = PublishedNetwork(
    "lenet5", 1998, "LeCun, A title, arXiv:1512.03385", "99.1", "https://a.org", ("timm:lenet", "keras:LeNet")
)


def make_module(epsilon: float = 1e-5, filters: int = 3, outputs: int = 4) -> TorchReference:
    layers = (nn.Conv2d(2, filters, 3), nn.BatchNorm2d(filters, epsilon), nn.ReLU(), nn.Flatten())
    return TorchReference(randomize(nn.Sequential(*layers, nn.Linear(16 * filters, outputs))))


@pytest.fixture
def spec(tmp_path: Path) -> str:
    (tmp_path / "t.net").write_text(SPEC, encoding="utf-8")
    return str(tmp_path / "t.net")


def test_rounding_is_within_the_tolerance_and_another_epsilon_is_not(spec: str) -> None:
    assert measure_difference(spec, make_module()) <= TorchReference.tolerance
    assert measure_difference(spec, make_module(epsilon=1.01e-5)) > TorchReference.tolerance


def test_heads_are_left_out_where_the_reference_has_none_in_evaluation(spec: str, tmp_path: Path) -> None:
    text = SPEC.replace("fc 4", "head side { fc 5 }\nfc 4")
    Path(spec).write_text(text, encoding="utf-8")
    module = make_module().module
    module.add_module("side", nn.Linear(48, 5))
    module.forward = module[:-1].forward  # type: ignore[method-assign]
    assert measure_difference(spec, TorchReference(module)) <= TorchReference.tolerance


def test_other_layers_are_refused(spec: str) -> None:
    with pytest.raises(UnfitWeights):
        measure_difference(spec, make_module(filters=5))
    with pytest.raises(IncomparableNetworks, match="no weights for fc"):
        measure_difference(spec, make_module(outputs=5))


def test_a_reference_for_another_size_is_refused(spec: str) -> None:
    Path(spec).write_text(SPEC.replace("6x6x2", "7x6x2").replace("fc 4", "pool avg to=4x4 -> fc 4"), encoding="utf-8")
    with pytest.raises(IncomparableNetworks, match="does not take images of the spec's size: mat1 and mat2"):
        measure_difference(spec, make_module())


def test_outputs_are_compared_by_their_largest_value() -> None:
    theirs = torch.tensor([[1.0, -4.0], [2.0, 3.0]])
    ours = theirs.reshape(2, 2, 1, 1) + torch.tensor([0.0, 0.5]).reshape(1, 2, 1, 1)
    assert compare_outputs([theirs, ours], [theirs, theirs]) == 0.5 / 4


def test_outputs_of_other_shapes_or_of_no_image_are_refused() -> None:
    theirs = torch.tensor([[1.0, -4.0], [2.0, 3.0]])
    with pytest.raises(IncomparableNetworks, match=r"shapes \[\(2, 2\)\] here and \[\(2, 1\)|\(2,\)"):
        compare_outputs([theirs], [theirs[:, :1]])
    with pytest.raises(IncomparableNetworks, match="hardly depend on the image"):
        compare_outputs([theirs], [torch.ones(2, 2)])


def test_layers_that_scale_the_images_are_undone() -> None:
    rescaling = type("Rescaling", (), {"scale": 1 / 255})
    model = SimpleNamespace(layers=[object(), rescaling(), rescaling()])
    assert find_keras_scale(model) == pytest.approx(255**-2)
    assert find_keras_scale(SimpleNamespace(layers=[object()])) == 1


def test_the_page_keeps_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "PAGE", tmp_path / "zoo.md")
    assert page.read_figures() == {}
    page.write_page([NETWORK], {"lenet5 timm:lenet": "4e-16"})
    assert page.read_figures() == {"lenet5 timm:lenet": "4e-16"}
    row = page.PAGE.read_text(encoding="utf-8").splitlines()[-1]
    assert row == (
        "| [`lenet5`](../specs/lenet5.net) | 1998 | LeCun, A title, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385)"
        " | 11 | 61,706 | 416,520 | [99.1](https://a.org) | 4e-16&nbsp;`timm:lenet`, not measured&nbsp;`keras:LeNet` |"
    )


def test_the_page_of_the_documentation_is_as_the_tool_writes_it() -> None:
    """A row is added by `python tools/reference_equality --only NAME`."""
    networks = {network.spec: network for network in read_published_networks()}
    rows = page.PAGE.read_text(encoding="utf-8").partition("| --- |")[2].splitlines()[1:]
    named = [row.split("`")[1] for row in rows]
    assert page.format_page([networks[name] for name in named], page.read_figures()) == page.PAGE.read_text("utf-8")


@pytest.mark.slow
def test_the_page_has_every_network() -> None:
    assert page.format_page(read_published_networks(), page.read_figures()) == page.PAGE.read_text("utf-8")
    assert "not measured" not in page.PAGE.read_text(encoding="utf-8").partition("| --- |")[2]


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["reference_equality", *words])
    return program.main()


def test_a_network_that_differs_is_reported_and_not_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[dict[str, str]] = []
    monkeypatch.setattr(program, "write_page", lambda networks, figures: written.append(figures))
    monkeypatch.setattr(program, "make_reference", lambda name: make_module())
    differences = iter([0.0, 3e-16, 2e-5])
    monkeypatch.setattr(program, "measure_difference", lambda spec, reference: next(differences))
    assert run(monkeypatch, "--only", "resnet18") == 0
    assert written[0].items() >= {"resnet18 torchvision:resnet18": "0", "resnet18 pytorchcv:resnet18": "3e-16"}.items()
    assert run(monkeypatch, "--only", "nin", "resnet34") == 1
    assert len(written) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split() == ["nin", "17", "7,595,176", "1,105,996,320", "none"]
    assert lines[-1].split() == ["resnet34", "23", "21,797,672", "3,663,761,408", "torchvision:resnet34", "2e-05"]


def test_what_cannot_be_compared_says_why(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'", name="torchvision")

    monkeypatch.setattr(program, "make_reference", refuse)
    assert run(monkeypatch, "--only", "resnet34") == 1
    assert "not compared: torchvision is not installed: pip install '.[oracle]'" in capsys.readouterr().out
    assert run(monkeypatch, "--only", "resnet43") == 2
    assert capsys.readouterr().err == "error: specs/zoo.tsv has no network `resnet43`; did you mean `resnet34`?\n"


@pytest.fixture
def own_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a package torchvision that asks for its operators, as the real one does, in its place."""
    kept = {name: sys.modules.pop(name) for name in [*sys.modules] if name.partition(".")[0] == "torchvision"}
    monkeypatch.setattr(libraries, "DECLARED", [])
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "torchvision").mkdir()
    yield tmp_path / "torchvision" / "__init__.py"
    sys.modules.pop("torchvision", None)
    sys.modules.update(kept)


def test_torchvision_of_another_torch_is_imported(own_torchvision: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libraries, "_declare_operators", lambda: libraries.DECLARED.append(None))
    own_torchvision.write_text(
        "from reference_equality import libraries\nif not libraries.DECLARED: raise RuntimeError\n"
    )
    assert libraries.import_library("torchvision").__name__ == "torchvision"
    assert libraries.DECLARED


def test_a_library_that_is_missing_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        libraries.import_library("no_such_library")
