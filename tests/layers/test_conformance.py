"""Every kind of layer against torch: shape, parameters and buffers by name, MACs. A new kind needs a row here.

torch runs on its meta device: shapes without numbers.
"""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from specnet.backends.torch_module import build_module
from specnet.compiler import Checked, check_source
from specnet.layers import kinds
from specnet.source import Source

MAP, VECTOR = "input 13x9x4", "input 20"

ROWS: dict[str, list[str]] = {
    "conv": [
        f"{MAP}\nconv K=6 F=3",
        f"{MAP}\nconv K=6 F=3x2 S=2x1 P=1x0 bias=no",
        f"{MAP}\nconv K=6 F=3x2 S=4x3 floor",
        f"{MAP}\nconv K=8 F=3 D=2x3 P=2 G=2",
        f"{MAP}\nconv K=4 F=3 G=C",
        f"{MAP}\nconv K=6 F=4 S=2 P=same",
        f"{MAP}\nconv K=6 F=4 S=3 P=0:1 floor",
        f"{MAP}\nconv K=6 F=3 P=[0:1, 2]",
    ],
    "deconv": [
        f"{MAP}\ndeconv K=6 F=2 S=2",
        f"{MAP}\ndeconv K=6 F=3x4 S=2x3 P=1 OP=1x2 bias=no",
        f"{MAP}\ndeconv K=6 F=3 D=2x3 G=2",
        f"{MAP}\ndeconv K=6 F=5 S=2 P=same",
        f"{MAP}\ndeconv K=6 F=2x5 S=3x2 P=same",
        f"{MAP}\ndeconv K=6 F=3 S=2 P=[0:1, 2:0]",
    ],
    "filter": [
        f"{MAP}\nfilter gaussian_blur",
        f"{MAP}\nfilter sobel_x S=2x1 P=1",
        f"{MAP}\nfilter box_blur S=2 P=same",
        f"{MAP}\nfilter kernel=[[1, 0], [0, -1], [0.5, 0]]",
    ],
    "pool": [
        f"{MAP}\npool max F=3 S=2",
        f"{MAP}\npool max F=3x2 S=2 P=1 floor",
        f"{MAP}\npool max F=3 S=2 P=1 D=2x1",
        f"{MAP}\npool max F=4 S=3 ceil",
        f"{MAP}\npool max F=2 S=2 P=same",
        f"{MAP}\npool max F=3 S=1 D=2 P=same",
        f"{MAP}\npool max F=3x4 S=2x3 P=0:1 ceil",
        f"{MAP}\npool max F=2 P=0:1 ceil",
        f"{MAP}\npool max global",
        f"{MAP}\npool avg F=2 floor",
        f"{MAP}\npool avg F=3 S=2 P=1 exclude_padding",
        f"{MAP}\npool avg F=4 S=3 ceil",
        f"{MAP}\npool avg F=2 S=1 P=same",
        f"{MAP}\npool avg F=4 S=3 P=same",
        f"{MAP}\npool avg F=4 S=3 P=0:2 ceil exclude_padding",
        f"{MAP}\npool avg F=4 S=3 P=0:2 ceil",
        f"{MAP}\npool avg to=3x2",
    ],
    "upsample": [
        f"{MAP}\nupsample 2",
        f"{MAP}\nupsample 1.5 nearest_exact",
        f"{MAP}\nupsample 2.7 bilinear",
        f"{MAP}\nupsample factor=2x3 bilinear align_corners",
        f"{MAP}\nupsample to=20x31 bicubic",
    ],
    "fc": [f"{MAP}\nfc 10", f"{VECTOR}\nfc 10 bias=no"],
    "flatten": [f"{MAP}\nflatten", f"{VECTOR}\nflatten"],
    "reshape": [f"{MAP}\nreshape 4x9x13", f"{MAP}\nreshape 468", f"{VECTOR}\nreshape 1x1x20"],
    "permute": [f"{MAP}\npermute {order}" for order in ("HWC", "HCW", "WHC", "WCH", "CHW", "CWH")],
    "pad": [f"{MAP}\npad 1", f"{MAP}\npad [0:1, 2] reflect", f"{MAP}\npad 1x20 replicate"],
    "crop": [f"{MAP}\ncrop to=7x8", f"{MAP}\ncrop P=1x2", f"{MAP}\ncrop P=0:1"],
    "slice": [f"{MAP}\nslice 0..C//2", f"{MAP}\nslice 1..4", f"{VECTOR}\nslice 5..20"],
    "shuffle": [f"{MAP}\nshuffle G=2"],
    "space_to_depth": ["input 12x9x4\nspace_to_depth 3"],
    "depth_to_space": [f"{MAP}\ndepth_to_space 2"],
    "add": [f"{MAP}\nadd {{ | identity | relu | conv K=C F=1 }}", f"{VECTOR} -> @a\nfc 20 -> add @a"],
    "mul": [
        f"{MAP}\nmul {{ | identity | pool avg global -> sigmoid }}",
        f"{MAP}\nmul {{ | conv K=1 F=1 -> sigmoid | identity | relu }}",
        f"{VECTOR}\nmul {{ | identity | fc 20 }}",
    ],
    "concat": [
        f"{MAP}\nconcat {{ | identity | conv K=6 F=1 | relu }}",
        f"{MAP} -> @a\nconv K=6 F=4x3 -> concat @a crop=center",
        f"{VECTOR}\nconcat {{ | identity | fc 7 }}",
    ],
    "bn": [f"{MAP}\nbn", f"{MAP}\nbn eps=1e-3 momentum=0.01 affine=no", f"{VECTOR}\nbn"],
    "ln": [f"{MAP}\nln", f"{MAP}\nln eps=1e-6 affine=no", f"{VECTOR}\nln"],
    "gn": [f"{MAP}\ngn G=2", f"{MAP}\ngn G=4 affine=no", f"{VECTOR}\ngn G=5"],
    "instance_norm": [f"{MAP}\ninstance_norm", f"{MAP}\ninstance_norm affine=yes eps=1e-3"],
    "lrn": [f"{MAP}\nlrn", f"{MAP}\nlrn n=4 alpha=1e-3 beta=0.5 k=1"],
    "times": [f"{MAP}\ntimes by=1/9", f"{VECTOR}\ntimes 2"],
    "scale": [f"{MAP}\nscale init=1e-6", f"{MAP}\nscale bias=yes", f"{VECTOR}\nscale"],
    "dropout": [f"{MAP}\ndropout", f"{VECTOR}\ndropout 0.2"],
    "drop_path": [f"{MAP}\ndrop_path 0.1", f"{VECTOR}\ndrop_path 0.2"],
    "prelu": [f"{MAP}\nprelu", f"{MAP}\nprelu channelwise init=0.1", f"{VECTOR}\nprelu channelwise"],
    "gelu": [f"{MAP}\ngelu", f"{MAP}\ngelu approximate=tanh"],
    "elu": [f"{MAP}\nelu", f"{MAP}\nelu alpha=0.5"],
    "leaky_relu": [f"{MAP}\nleaky_relu", f"{MAP}\nleaky_relu slope=0.2"],
    "softmax": [f"{MAP}\nsoftmax", f"{VECTOR}\nsoftmax"],
}
ROWS |= {
    kind: [f"{MAP}\n{kind}", f"{VECTOR}\n{kind}"]
    for kind in ("relu", "relu6", "selu", "silu", "mish", "sigmoid", "tanh", "hard_sigmoid", "hard_swish", "identity")
}

SPECS = [(kind, spec) for kind, specs in ROWS.items() for spec in specs]
each_row = pytest.mark.parametrize("kind, spec", SPECS, ids=[spec.replace("\n", " / ") for _, spec in SPECS])


def checked(spec: str) -> Checked:
    result = check_source(Source("<row>", spec))
    assert result.ok, [diagnostic.message for diagnostic in result.diagnostics]
    return result


def test_every_kind_has_a_row() -> None:
    assert sorted(ROWS) == sorted(kinds())


@each_row
@pytest.mark.parametrize("training", [False, True])
def test_torch_says_the_same(kind: str, spec: str, training: bool) -> None:
    """Shape, parameters and buffers with their names, and MACs, of a batch of two."""
    result = checked(spec)
    network = result.network
    node = network.nodes[-1]
    assert node.kind == kind
    with torch.device("meta"):
        module = build_module(network).train(training)
        arriving = [torch.empty(2, *i.shape[-1:], *i.shape[:-1]) for i in network.inputs]
        with FlopCounterMode(display=False) as flops:
            output = module(*arriving)
    assert node.output is not None
    assert output.shape == (2, *node.output[-1:], *node.output[:-1])
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == _named(result, "parameters")
    assert {name: tuple(b.shape) for name, b in module.named_buffers()} == _named(result, "buffers")
    if kind != "filter":  # its MACs do not count, by the contract: conv, deconv and fc only
        assert flops.get_total_flops() == 2 * 2 * result.totals.macs


def _named(result: Checked, what: str) -> dict[str, tuple[int, ...]]:
    """What our layers say they have, by the names of the table."""
    named = {}
    for node in result.network.nodes:
        arriving = result.network.input_shapes(node)
        assert node.layer is not None and arriving is not None
        tensors = getattr(node.layer, what)(arriving)
        named |= {f"{node.name}.{name}": shape for name, shape in tensors.items()}
    return named


@each_row
def test_the_formula_ends_in_the_output(kind: str, spec: str) -> None:
    """Where a layer shows its arithmetic, the numbers after the last sign are its height and width."""
    network = checked(spec).network
    node = network.nodes[-1]
    arriving = network.input_shapes(node)
    assert node.layer is not None and arriving is not None and node.output is not None
    formula = node.layer.formula(arriving)
    if formula:
        ends = [int(part.split("=")[1].split("→")[-1]) for part in formula.split(";") if "." not in part.split("=")[1]]
        assert set(ends) <= set(node.output[:2])


@pytest.mark.parametrize("kind", kinds())
def test_every_attribute_is_described(kind: str) -> None:
    """Messages and `specnet explain` show these words."""
    from specnet.layers import layer_class

    cls = layer_class(kind)
    assert cls is not None
    for name, field in cls.model_fields.items():
        assert field.description, name
        assert not field.description.endswith("."), name
    assert cls.__doc__ and cls.__doc__.strip()
