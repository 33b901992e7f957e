"""`package.module:function` gives the network that the user's module computes, or one message."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from specnet.importers import ImportResult, UnreadableModel, import_model
from specnet.importers.carrying import carry_weights

NETWORKS = '''
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(x + self.bn(self.conv(x)))


class Small(nn.Module):
    def __init__(self, channels=8):
        super().__init__()
        self.stem = nn.Conv2d(3, channels, 3, 2, 1)
        self.layers = nn.Sequential(Block(channels), Block(channels))
        self.fc = nn.Linear(channels, 10)

    def forward(self, x):
        return self.fc(self.layers(self.stem(x)).mean((2, 3)))


class Halves(nn.Module):
    """Channels in two halves, one of which is gated."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.out = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        left, right = self.conv(x).chunk(2, 1)
        x = torch.cat([F.silu(left), right * torch.sigmoid(left)], 1)
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        return F.interpolate(self.out(x), scale_factor=2)


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return self.conv(self.conv(self.stem(x)).relu())


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        x = self.conv(x)
        return {"main": x.relu(), "side": x.sigmoid()}


class Choosing(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


class Strange(nn.Module):
    def forward(self, x):
        return torch.fft.fft2(x).real


def broken():
    raise ValueError("no such size")


number = 3
'''


@pytest.fixture(autouse=True)
def networks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "networks_of_a_user.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield
    sys.modules.pop("networks_of_a_user", None)


def read(name: str, shape: tuple[int, ...] | None = (16, 16, 3)) -> ImportResult:
    return import_model(f"networks_of_a_user:{name}", shape)


@pytest.mark.parametrize("name", ["Small", "Small(4)", "Small(channels=12)", "Halves"])
def test_the_network_computes_what_the_module_computes(name: str) -> None:
    result = read(name)
    assert not result.imported.lost
    assert result.checked.totals.parameters == result.imported.totals.parameters
    assert "differ by at most" in carry_weights(result).summary


def test_layers_are_named_after_modules() -> None:
    entries = {entry.source.name: entry for entry in read("Small").imported.entries}
    assert entries["layers.1.conv"].source.kind == "Conv2d"
    assert entries["layers.1.conv"].nodes == ("layers.1.conv",)
    assert entries["layers.1.add"].nodes == ("layers.1.add",)


def test_scopes_are_the_modules_around_a_layer() -> None:
    scopes = read("Small").imported.scopes["layers.1.conv"]
    assert [(scope.name, scope.cls) for scope in scopes] == [("layers", "Sequential"), ("layers.1", "Block")]


def test_other_outputs_are_heads() -> None:
    network = read("Two").imported.network
    assert len(network.heads) == 1
    assert network.by_name[network.heads[0].value].kind == "sigmoid"


def test_a_shape_that_nobody_says_is_assumed_and_said() -> None:
    result = read("Two", None)
    assert result.checked.network.inputs[0].shape == (224, 224, 3)
    assert any("224x224x3" in remark for remark in result.imported.remarks)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "ValueError: no such size .*networks_of_a_user.py:"),
        ("absent", "has no attribute 'absent'"),
        ("number", "'int' object is not callable"),
        ("Small(channels)", "arguments are literals of Python"),
        ("Choosing", "data-dependent expression .*networks_of_a_user.py:"),
        ("Strange", "no layer of the file has a counterpart here"),
    ],
)
def test_what_cannot_be_read_is_one_message(name: str, message: str) -> None:
    with pytest.raises(UnreadableModel, match=message):
        read(name)


def test_a_module_that_is_not_there_is_one_message() -> None:
    with pytest.raises(UnreadableModel, match="No module named 'absent'"):
        import_model("absent.models:net")


def test_a_module_that_is_called_twice_shares_its_weights() -> None:
    result = read("Twice")
    _, first, second = (node for node in result.checked.network.nodes if node.kind == "conv")
    assert second.shares == first.name
    assert result.checked.totals.parameters == result.imported.totals.parameters
    assert "differ by at most" in carry_weights(result).summary


def test_weights_beside_the_module_are_loaded_into_it(tmp_path: Path) -> None:
    import torch

    tensors = read("Small(4)").imported.arrays
    state = {name.replace("layers_", "layers."): torch.ones(array.shape) for name, array in tensors.items()}
    torch.save(state, path := tmp_path / "state.pth")
    (weight,) = (
        array for name, array in import_model("networks_of_a_user:Small(4)", (16, 16, 3), path).imported.arrays.items()
        if name == "fc.weight"
    )  # fmt: skip
    assert (weight.read() == 1).all()


def test_weights_of_another_module_are_refused(tmp_path: Path) -> None:
    import torch

    torch.save({"conv.weight": torch.ones(3)}, path := tmp_path / "other.pth")
    with pytest.raises(UnreadableModel, match="does not fit the module"):
        import_model("networks_of_a_user:Small", (16, 16, 3), path)


def test_weights_on_the_device_meta_end_in_a_message() -> None:
    result = import_model('torch.nn:Conv2d(3, 4, 3, device="meta")', (8, 8, 3))
    with pytest.raises(UnreadableModel, match="on the device `meta`"):
        carry_weights(result)
