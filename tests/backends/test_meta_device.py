"""Modules of plugins, measured by torch without computing anything, against the modules themselves."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

import specnet
from specnet.backends.meta_device import measure_module
from specnet.cli import main
from specnet.diagnostics import Code
from specnet.jobs import make_job
from specnet.layers.base.shapes import LayerError
from specnet.plugins import Arity, Count, Family, Layer, ModuleLayer, TorchCall, register


class Stem(nn.Module):
    """A conv, its norm, and rows that are cut off."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(channels, width, 3, stride=2), nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(self.conv(x))[:, :, 1:]  # type: ignore[no-any-return]


class Odd(nn.Module):
    """Returns something else than a layer should, or fails."""

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def forward(self, x: torch.Tensor) -> Any:
        match self.what:
            case "pair":
                return x, x
            case "flat":
                return x.reshape(-1)
            case "sequence":
                return x.flatten(2)
            case "clip":
                return x[:, None]
            case "item":
                return x * x.sum().item()
        raise RuntimeError(self.what)


@pytest.fixture(autouse=True)
def nets(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `nets` that can be imported, with the classes of this one."""
    made = ModuleType("nets")
    vars(made).update({"Stem": Stem, "Odd": Odd, "number": 3, "make": lambda: 3})
    monkeypatch.setitem(sys.modules, "nets", made)


def test_a_module_is_measured_as_it_is() -> None:
    found = measure_module("nets:Stem", {"channels": 3, "width": 5}, ((16, 12, 3),))
    module = Stem(3, 5).eval()
    _, channels, height, width = module(torch.zeros(1, 3, 16, 12)).shape
    assert found.output == (height, width, channels)
    assert found.parameters == {name: tuple(value.shape) for name, value in module.named_parameters()}
    assert found.buffers == {name: tuple(value.shape) for name, value in module.named_buffers()}


def test_a_module_may_return_a_sequence() -> None:
    assert measure_module("nets:Odd", {"what": "sequence"}, ((8, 8, 3),)).output == (3, 64)


@pytest.mark.parametrize(
    ("path", "arguments", "message"),
    [
        ("nowhere:Stem", {}, "`nowhere:Stem`: there is no module nowhere in "),
        ("nets:Sten", {}, "`nets:Sten`: nets has no `Sten`; did you mean `Stem`?"),
        ("nets:Stem", {"widht": 3}, "`nets:Stem(widht=3)` fails: TypeError: "),
        ("nets:make", {}, "`nets:make` is no torch.nn.Module"),
        ("nets:number", {}, "`nets:number()` fails: TypeError: 'int' object is not callable"),
        ("nets:Odd", {"what": "pair"}, "`nets:Odd` returns a tuple, and a layer has one tensor"),
        ("nets:Odd", {"what": "flat"}, "384 for a batch of 2, and a layer N×C×H×W, N×length×channels or N×length"),
        ("nets:Odd", {"what": "clip"}, "`nets:Odd` returns 2×1×3×8×8 for a batch of 2"),
        ("nets:Odd", {"what": "item"}, "a rule for its shape, `output`, needs no torch"),
        ("nets:Odd", {"what": "boom"}, "test_meta_device.py:"),
    ],
)
def test_a_module_that_cannot_be_measured(path: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(LayerError) as caught:
        measure_module(path, arguments, ((8, 8, 3),))
    assert caught.value.code is Code.E308
    assert caught.value.fact.startswith("cannot be measured: ")
    assert message in caught.value.fact


def test_a_layer_is_what_its_module_is(tmp_path: Path) -> None:
    @register
    class OurStem(ModuleLayer):
        family: ClassVar[Family] = Family.CONVOLUTION
        module: ClassVar[str] = "nets:Stem"
        positional = ("width",)

        width: Count

        def arguments(self, inputs: Any) -> dict[str, Any]:
            return {"channels": inputs[0][-1], "width": self.width}

    checked = specnet.check("input 16x12x3\nour_stem 5 -> relu\nour_stem 7\nfc 4\n")
    assert checked.ok
    stem = checked.network.by_name["our_stem1"]
    assert stem.output == (6, 5, 5)
    assert checked.costs["our_stem1"].parameters == sum(p.numel() for p in Stem(3, 5).parameters())
    assert checked.totals.macs is None
    assert checked.totals.memory is None
    assert checked.totals.receptive_field is None
    module = specnet.compile("input 16x12x3\nour_stem 5 -> relu\nour_stem 7\nfc 4\n")
    assert module(torch.zeros(2, 3, 16, 12)).shape == (2, 4)
    assert sum(p.numel() for p in module.parameters()) == checked.totals.parameters
    assert "our_stem1.conv.weight" in module.state_dict()


def test_without_torch_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    @register
    class Asking(ModuleLayer):
        family: ClassVar[Family] = Family.CONVOLUTION
        module: ClassVar[str] = "nets:Stem"

    monkeypatch.delitem(sys.modules, "specnet.backends.meta_device")
    monkeypatch.setitem(sys.modules, "torch", None)
    (error,) = specnet.check("input 8\nasking\n").diagnostics
    assert error.code is Code.E308
    assert "there is no torch: pip install 'specnet[train]', or give its class `output`" in error.message


class Claiming(ModuleLayer):
    """A layer around `Stem` whose class says something else."""

    family: ClassVar[Family] = Family.CONVOLUTION
    module: ClassVar[str] = "nets:Stem"

    def arguments(self, inputs: Any) -> dict[str, Any]:
        return {"channels": inputs[0][-1], "width": 5}


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (
            {"output": lambda self, inputs: (7, 5, 5)},
            "`stem1`: of 16×12×3 its `output` makes 7×5×5, and torch returns 6×5×5",
        ),
        (
            {"parameters": lambda self, inputs: {"conv.weight": (5, 3, 3, 3)}},
            "`stem1`: by its class the tensor `conv.bias` has no such shape, and in torch it has the shape (5,)",
        ),
        (
            {"buffers": lambda self, inputs: {"more": (2, 3)}},
            "`stem1`: by its class the tensor `more` has the shape (2, 3), and in torch it has no such shape",
        ),
    ],
)
def test_a_class_that_says_something_else_than_torch(claim: dict[str, Any], message: str) -> None:
    register("stem")(type("Stemming", (Claiming,), {**claim, "__module__": __name__}))
    assert specnet.check("input 16x12x3\nstem\n").ok, "nothing of torch is asked"
    with pytest.raises(specnet.PluginError) as caught:
        specnet.compile("input 16x12x3\nstem\n")
    assert str(caught.value) == message


def test_a_function_or_a_join_is_compared_too() -> None:
    @register
    class Taller(Layer):
        family: ClassVar[Family] = Family.JOIN
        arity: ClassVar[Arity] = Arity(2, 2)

        def output(self, inputs: Any) -> tuple[int, ...]:
            height, width, channels = inputs[0]
            return (height + inputs[1][0], width, channels + 1)

        def torch(self, inputs: Any) -> tuple[TorchCall, ...]:
            return (TorchCall("torch.cat", joins="list", dim=2),)

    with pytest.raises(specnet.PluginError, match="its `output` makes 16×8×4, and torch returns 16×8×3"):
        specnet.compile("input 8x8x3 -> @x\nrelu\ntaller @x\n")


class Calling(Layer):
    """A layer of the calls that a test gives it."""

    family: ClassVar[Family] = Family.ACTIVATION
    calls: ClassVar[tuple[TorchCall, ...]]

    def output(self, inputs: Any) -> Any:
        return inputs[0]

    def torch(self, inputs: Any) -> tuple[TorchCall, ...]:
        return self.calls


def register_calling(*calls: TorchCall, **members: Any) -> None:
    register("calling")(type("OurCalling", (Calling,), {"calls": calls, "__module__": __name__, **members}))


def test_what_depends_on_values_is_computed() -> None:
    register_calling(TorchCall("nets:Odd", what="item"), output=lambda self, inputs: (8, 8, 4))
    with pytest.raises(specnet.PluginError, match="its `output` makes 8×8×4, and torch returns 8×8×3"):
        specnet.compile("input 8x8x3\ncalling\n")
    register_calling(TorchCall("nets:Odd", what="item"))
    torch.manual_seed(3)
    specnet.compile("input 8x8x3\ncalling\n")
    after = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(after, torch.rand(1)), "the program's random numbers are its own"


def test_a_lazy_module_is_refused() -> None:
    register_calling(TorchCall("nn.LazyLinear", out_features=8))
    with pytest.raises(specnet.PluginError, match=r"`nn\.LazyLinear` is lazy: its tensors have no shape before"):
        specnet.compile("input 8\ncalling\n")


def test_what_torch_cannot_compute_here_is_told() -> None:
    register_calling(TorchCall("nets:Odd", what="boom"))
    with pytest.warns(UserWarning, match="the shape of `calling` is not compared with torch, as `nets:Odd` fails at"):
        specnet.compile("input 8x8x3\ncalling\n")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (TorchCall("nn.Softshrnk"), "`nn.Softshrnk`: torch.nn has no `Softshrnk`; did you mean `Softshrink`?"),
        (TorchCall("torch.nothing_at_all"), "`torch.nothing_at_all`: torch has no `nothing_at_all`"),
        (TorchCall("nets:Stem", chanels=3), "`nets:Stem` fails: TypeError: "),
        (TorchCall("nn.Conv2d", in_channels=3), "`nn.Conv2d` fails: TypeError: "),
    ],
)
def test_a_call_of_what_there_is_not(call: TorchCall, message: str) -> None:
    register_calling(call)
    with pytest.raises(specnet.PluginError) as caught:
        specnet.compile("input 8x8x3\ncalling\n")
    assert str(caught.value).startswith(f"`calling1`: {message}")


@pytest.mark.parametrize(
    "members",
    [{"output": lambda self, inputs: (4, 4, 9)}, {"parameters": lambda self, inputs: {"weight": (1000,)}}],
    ids=["output", "parameters"],
)
def test_source_is_compared_as_the_module_is(
    members: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    register_calling(TorchCall("nn.Softshrink"), **members)
    spec = tmp_path / "a.net"
    spec.write_text("input 8x8x3\ncalling\n")
    with pytest.raises(specnet.PluginError) as caught:
        specnet.compile(spec)
    assert main(["compile", str(spec), "-o", str(tmp_path / "a.py")]) == 2
    assert capsys.readouterr().err == f"error: {caught.value}\n"
    assert not (tmp_path / "a.py").exists()


def test_source_without_torch_says_that_it_is_not_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    register_calling(TorchCall("nn.Softshrink"))
    (tmp_path / "a.net").write_text("input 8x8x3\ncalling\n")
    monkeypatch.delitem(sys.modules, "specnet.backends.meta_device")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["compile", str(tmp_path / "a.net")]) == 0
    captured = capsys.readouterr()
    assert "nn.Softshrink()" in captured.out
    assert captured.err == "note: layers of plugins are not compared with their modules, as there is no torch\n"


def test_weights_of_a_plugin_are_drawn_from_the_seed() -> None:
    @register
    class OurStem(Claiming):
        """What `Stem` draws as it is made."""

    spec = "input 16x12x3\nour_stem\nfc 2\ntrain {\n  data synthetic classes=2\n  seed 3\n}\n"
    one, other = (make_job(specnet.check(spec)).module.state_dict() for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)
