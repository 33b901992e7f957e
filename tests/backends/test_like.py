"""`upsample like=@x` and `crop like=@x`: the module brings a map to the size that another one has while it runs."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F  # noqa: N812, the name that everyone knows
from torch import Tensor, nn

from specnet.backends.torch_module import build_module
from tests.backends.same_modules import assert_same, network, written

UNET = """
input 24x20x3
one: conv K=4 F=3 P=1 -> relu -> @skip
pool max F=2 floor
two: conv K=8 F=3 P=1 -> relu
upsample {} like=@skip -> concat @skip
three: conv K=5 F=1
"""

STREAMS = """
input 24x20x3
conv K=4 F=3 P=1 -> @fine
conv K=6 F=3 S=2 P=1 floor -> @coarse
repeat 2 carry @fine @coarse {
  @fine   -> conv K=6 F=3 S=2 P=1 floor -> @down
  @coarse -> conv K=4 F=1 -> upsample bilinear like=@fine -> add @fine -> @fine
  @down   -> add @coarse -> @coarse
}
@fine -> pool avg F=3 S=1 -> @small
@coarse -> upsample 3 -> crop like=@small -> concat @small -> conv K=2 F=1
"""

BLOCKS = """
input 24x20x3
block down(K) { conv K=K F=3 P=1 -> relu -> @full -> pool max F=2 floor }
block up(K, skip) { upsample like=skip -> concat skip -> conv K=K F=3 P=1 -> relu }
one: down 4
two: down 8
conv K=8 F=3 P=1
up 8 @two.full
up 4 @one.full
side: pool max F=2 floor -> upsample like=@one.full
same side
"""

SIZES = [(24, 20), (25, 31), (17, 9)]

MODES = {
    "": {"mode": "nearest"},
    "bilinear": {"mode": "bilinear", "align_corners": False},
    "bicubic align_corners": {"mode": "bicubic", "align_corners": True},
}


def draw(height: int, width: int) -> Tensor:
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(height))


def by_hand(module: nn.Module, x: Tensor, mode: str) -> Tensor:
    """UNET with the module's weights, written with torch alone."""
    one, two, three = (module.get_submodule(name) for name in ("one", "two", "three"))
    skip = one(x).relu()
    x = two(F.max_pool2d(skip, 2)).relu()
    x = F.interpolate(x, size=skip.shape[-2:], **MODES[mode])  # type: ignore[arg-type]
    return three(torch.cat([x, skip], 1))  # type: ignore[no-any-return]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", SIZES)
def test_a_unet_takes_inputs_of_any_size(mode: str, size: tuple[int, int]) -> None:
    module = build_module(network(UNET.format(mode))).eval()
    assert torch.equal(module(draw(*size)), by_hand(module, draw(*size), mode))


@pytest.mark.parametrize("text", [UNET.format("bilinear"), STREAMS, BLOCKS], ids=["unet", "streams", "blocks"])
def test_the_source_does_the_same_at_other_sizes(text: str) -> None:
    built = network(text)
    assert_same(built)
    in_memory, generated = build_module(built).eval(), written(built)().eval()
    generated.load_state_dict(in_memory.state_dict())
    for size in SIZES:
        assert torch.equal(in_memory(draw(*size)), generated(draw(*size)))


@pytest.mark.parametrize("ends", [(3, 3), (3, 4), (1, 0), (0, 3)])
def test_a_crop_takes_the_centre(ends: tuple[int, int]) -> None:
    """An odd pixel is cut off at the end, as `crop to=` does."""
    before, after = ends
    text = f"input 9x8x3 -> @x\npad P={before}:{after} -> crop "
    module, fixed = build_module(network(text + "like=@x")), build_module(network(text + "to=9x8"))
    assert torch.equal(module(draw(9, 8)), fixed(draw(9, 8)))
    padded = F.pad(draw(14, 5), (before, after, before, after))
    top = (before + after) // 2
    assert torch.equal(module(draw(14, 5)), padded[:, :, top : top + 14, top : top + 5])


def test_no_gradient_reaches_the_value_that_gives_the_size() -> None:
    module = build_module(network("input a 4x4x2\ninput b 9x7x2\n@a -> upsample bilinear like=@b"))
    a, b = (torch.randn(1, 2, *size, requires_grad=True) for size in ((4, 4), (9, 7)))
    module(a, b).sum().backward()
    assert a.grad is not None and b.grad is None


@pytest.mark.slow
def test_an_exported_program_takes_other_sizes() -> None:
    module = build_module(network(UNET.format("bilinear"))).eval()
    height, width = (torch.export.Dim(name, min=4, max=512) for name in ("height", "width"))
    program = torch.export.export(module, (draw(24, 20),), dynamic_shapes=({2: height, 3: width},)).module()
    for size in SIZES:
        torch.testing.assert_close(program(draw(*size)), module(draw(*size)))


@pytest.mark.slow
def test_an_onnx_model_computes_the_same() -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from onnx.reference import ReferenceEvaluator

    from specnet.backends.onnx import export_model

    module = build_module(network(STREAMS)).eval()
    model = onnx.load_from_string(export_model(module, (draw(24, 20),), {}))
    (found,) = ReferenceEvaluator(model).run(None, {model.graph.input[0].name: draw(24, 20).numpy()})
    torch.testing.assert_close(torch.from_numpy(found), module(draw(24, 20)).detach(), rtol=1e-4, atol=1e-5)
