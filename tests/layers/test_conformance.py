"""Every kind of layer against torch: shape, parameters and buffers by name, MACs, and all else that it says of itself.

A new kind needs a row here. Shapes and MACs are compared on torch's meta device, without numbers.
"""

from __future__ import annotations

from math import prod

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from specnet.backends.torch_module import build_module
from specnet.builder import NetworkBuilder
from specnet.compiler import Checked, check_source
from specnet.layers import list_kinds
from specnet.layers.base import Family, Layer, LayerError, Shape, Shapes, order_as_torch
from specnet.layers.base.traits import SAME_POSITION, Elements, Reach, Reading, Storage, Trait
from specnet.source import Source

MAP, SEQUENCE, VECTOR = "input 13x9x4", "input 14x12", "input 20"

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
        f"{SEQUENCE}\npool avg global",
        f"{SEQUENCE}\npool max global",
    ],
    "upsample": [
        f"{MAP}\nupsample 2",
        f"{MAP}\nupsample 1.5 nearest_exact",
        f"{MAP}\nupsample 2.7 bilinear",
        f"{MAP}\nupsample factor=2x3 bilinear align_corners",
        f"{MAP}\nupsample to=20x31 bicubic",
        f"{MAP} -> @a\npool max F=3x2 floor -> upsample like=@a",
        f"{MAP} -> @a\npad [0:2, 1] -> upsample bilinear align_corners like=@a",
        f"{MAP} -> @a\nconv K=3 F=4 -> upsample bicubic like=@a",
    ],
    "fc": [f"{MAP}\nfc 10", f"{VECTOR}\nfc 10 bias=no", f"{SEQUENCE}\nfc 10"],
    "flatten": [f"{MAP}\nflatten", f"{VECTOR}\nflatten", f"{SEQUENCE}\nflatten"],
    "reshape": [
        f"{MAP}\nreshape 4x9x13",
        f"{MAP}\nreshape 468",
        f"{VECTOR}\nreshape 1x1x20",
        f"{MAP}\nreshape 117x4",
        f"{SEQUENCE}\nreshape 2x7x12",
    ],
    "permute": [
        *(f"{MAP}\npermute {order}" for order in ("HWC", "HCW", "WHC", "WCH", "CHW", "CWH")),
        f"{SEQUENCE}\npermute CL",
    ],
    "tokens": [f"{MAP}\ntokens"],
    "map": [f"{SEQUENCE}\nmap 2x7", f"{MAP} -> @a\nconv K=3 F=1 -> tokens -> map like=@a"],
    "token": [f"{SEQUENCE}\ntoken 0", f"{SEQUENCE}\ntoken 13"],
    "class_token": [f"{SEQUENCE}\nclass_token"],
    "positions": [
        f"{SEQUENCE}\npositions learned",
        f"{MAP}\npositions learned std=1",
        f"{SEQUENCE}\npositions sine",
        f"{MAP}\npositions sine",
    ],
    "attention": [
        f"{SEQUENCE}\nattention heads=3",
        f"{MAP}\nattention heads=2 qkv_bias=no",
        f"{SEQUENCE}\nattention heads=2 bias=relative",
        f"{SEQUENCE}\nattention heads=2 window=7 shift=3 bias=relative",
        f"{MAP}\nattention heads=2 bias=relative",
        "input 14x21x4\nattention heads=2 window=7",
        f"{SEQUENCE}\nattention heads=2 window=7 shift=3",
        "input 14x21x4\nattention heads=2 window=7 shift=3",
        "input 14x12x4\nattention heads=2 window=7x4 shift=3 bias=relative",
        "input 7x7x4\nattention heads=2 window=7 shift=3",
        "input 12x8x4\nattention heads=2 patch=2",
        "input 12x8x4\nattention heads=2 patch=2 bias=relative",
        "input 12x8x4\nattention heads=2 reduce=4",
        f"{SEQUENCE} -> @a\nslice 0..6 -> attention @a heads=2",
        f"{MAP} -> @a\nconv K=6 F=3 -> attention @a heads=2 qkv_bias=no",
        f"{MAP} -> @a\nconv K=6 F=3 -> tokens -> attention @a heads=2",
    ],
    "pad": [f"{MAP}\npad 1", f"{MAP}\npad [0:1, 2] reflect", f"{MAP}\npad 1x20 replicate"],
    "crop": [
        f"{MAP}\ncrop to=7x8",
        f"{MAP}\ncrop P=1x2",
        f"{MAP}\ncrop P=0:1",
        f"{MAP} -> @a\npad [2, 1:2] -> crop like=@a",
    ],
    "slice": [
        f"{MAP}\nslice 0..C//2",
        f"{MAP}\nslice 1..4",
        f"{MAP}\nslice 2..13 axis=H",
        f"{MAP}\nslice 0..W//2 axis=W",
        f"{VECTOR}\nslice 5..20",
        f"{SEQUENCE}\nslice 1..4",
        f"{SEQUENCE}\nslice 1..L axis=L",
    ],
    "shuffle": [f"{MAP}\nshuffle G=2"],
    "space_to_depth": [
        "input 12x9x4\nspace_to_depth 3",
        *(f"input 12x9x4\nspace_to_depth 3 order={order}" for order in ("HWC", "HCW", "WHC", "WCH", "CWH")),
    ],
    "depth_to_space": [
        f"{MAP}\ndepth_to_space 2",
        *(f"{MAP}\ndepth_to_space 2 order={order}" for order in ("HWC", "HCW", "WHC", "WCH", "CWH")),
    ],
    "add": [
        f"{MAP}\nadd {{ | identity | relu | conv K=C F=1 }}",
        f"{MAP}\nadd {{ | identity | conv K=1 F=1 | pool avg global }}",
        f"{MAP}\nadd {{ | pool avg F=1x9 | pool avg F=13x1 | identity }}",
        f"{VECTOR} -> @a\nfc 20 -> add @a",
        f"{SEQUENCE} -> @a\nfc 12 -> add @a",
        f"{SEQUENCE}\nadd {{ | identity | fc 1 | pool avg global -> reshape 1x12 }}",
    ],
    "sub": [
        f"{MAP}\nsub {{ | identity | conv K=C F=3 P=1 }}",
        f"{MAP}\nsub {{ | identity | pool avg global }}",
        f"{MAP}\nsub {{ | pool avg F=1x9 | pool avg F=13x1 }}",
        f"{VECTOR} -> @a\nfc 20 -> sub @a",
    ],
    "maximum": [
        f"{MAP}\nmaximum {{ | conv K=8 F=1 | conv K=8 F=1 }}",
        f"{MAP}\nmaximum {{ | identity | relu | pool avg global }}",
        f"{MAP}\nmaximum {{ | pool avg F=1x9 | pool avg F=13x1 | conv K=1 F=1 }}",
        f"{VECTOR}\nmaximum {{ | fc 6 | fc 6 | fc 6 }}",
    ],
    "mul": [
        f"{MAP}\nmul {{ | identity | pool avg global -> sigmoid }}",
        f"{MAP}\nmul {{ | conv K=1 F=1 -> sigmoid | identity | relu }}",
        f"{MAP}\nmul {{ | identity | pool avg F=1x9 -> sigmoid | pool avg F=13x1 -> sigmoid }}",
        f"{MAP}\nmul {{ | pool avg F=1x9 | pool avg F=13x1 }}",
        f"{VECTOR}\nmul {{ | identity | fc 20 }}",
    ],
    "concat": [
        f"{MAP}\nconcat {{ | identity | conv K=6 F=1 | relu }}",
        f"{MAP} -> @a\nconv K=6 F=4x3 -> concat @a crop=center",
        f"{MAP}\nconcat axis=H {{ | identity | conv K=4 F=3x1 | relu }}",
        f"{MAP}\nconcat axis=W {{ | pool avg F=1x9 | conv K=4 F=1x3 }}",
        f"{VECTOR}\nconcat {{ | identity | fc 7 }}",
        f"{SEQUENCE}\nconcat {{ | identity | fc 7 }}",
        f"{SEQUENCE}\nconcat axis=L {{ | identity | slice 0..5 axis=L }}",
    ],
    "bn": [f"{MAP}\nbn", f"{MAP}\nbn eps=1e-3 momentum=0.01 affine=no", f"{VECTOR}\nbn"],
    "ln": [f"{MAP}\nln", f"{MAP}\nln eps=1e-6 affine=no", f"{VECTOR}\nln", f"{SEQUENCE}\nln"],
    "rms_norm": [f"{MAP}\nrms_norm", f"{SEQUENCE}\nrms_norm affine=no", f"{VECTOR}\nrms_norm eps=1e-5"],
    "grn": [f"{MAP}\ngrn", f"{SEQUENCE}\ngrn"],
    "gn": [f"{MAP}\ngn G=2", f"{MAP}\ngn G=4 affine=no", f"{VECTOR}\ngn G=5"],
    "instance_norm": [f"{MAP}\ninstance_norm", f"{MAP}\ninstance_norm affine=yes eps=1e-3"],
    "lrn": [f"{MAP}\nlrn", f"{MAP}\nlrn n=4 alpha=1e-3 beta=0.5 k=1"],
    "times": [f"{MAP}\ntimes by=1/9", f"{VECTOR}\ntimes 2"],
    "scale": [f"{MAP}\nscale init=1e-6", f"{MAP}\nscale bias=yes", f"{VECTOR}\nscale", f"{SEQUENCE}\nscale bias=yes"],
    "dropout": [f"{MAP}\ndropout", f"{VECTOR}\ndropout 0.2", f"{SEQUENCE}\ndropout"],
    "drop_path": [f"{MAP}\ndrop_path 0.1", f"{VECTOR}\ndrop_path 0.2", f"{SEQUENCE}\ndrop_path 0.2"],
    "prelu": [
        f"{MAP}\nprelu",
        f"{MAP}\nprelu channelwise init=0.1",
        f"{VECTOR}\nprelu channelwise",
        f"{SEQUENCE}\nprelu",
    ],
    "gelu": [f"{MAP}\ngelu", f"{MAP}\ngelu approximate=tanh"],
    "elu": [f"{MAP}\nelu", f"{MAP}\nelu alpha=0.5"],
    "leaky_relu": [f"{MAP}\nleaky_relu", f"{MAP}\nleaky_relu slope=0.2"],
    "softmax": [
        f"{MAP}\nsoftmax",
        f"{VECTOR}\nsoftmax",
        f"{SEQUENCE}\nsoftmax",
        f"{SEQUENCE}\nsoftmax groups=2",
        f"{MAP}\nsoftmax groups=2",
        f"{VECTOR}\nsoftmax groups=4",
        f"{VECTOR}\nfc 6 -> reshape 1x1x6 -> softmax groups=3",
    ],
}
ROWS |= {
    kind: [f"{MAP}\n{kind}", f"{VECTOR}\n{kind}", f"{SEQUENCE}\n{kind}"]
    for kind in ("relu", "relu6", "selu", "silu", "mish", "sigmoid", "tanh", "hard_sigmoid", "hard_swish", "identity")
}

SPECS = [(kind, spec) for kind, specs in ROWS.items() for spec in specs]
each_row = pytest.mark.parametrize("kind, spec", SPECS, ids=[spec.replace("\n", " / ") for _, spec in SPECS])


def checked(spec: str) -> Checked:
    result = check_source(Source("<row>", spec))
    assert result.ok, [diagnostic.message for diagnostic in result.diagnostics]
    return result


def test_every_kind_has_a_row() -> None:
    missing, unknown = set(list_kinds()) - ROWS.keys(), ROWS.keys() - set(list_kinds())
    assert not missing, f"ROWS lacks {sorted(missing)}: add one or more specs that end in a layer of each kind"
    assert not unknown, f"ROWS has {sorted(unknown)}, which are no kinds"


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
        arriving = [torch.empty(2, *order_as_torch(i.shape)) for i in network.inputs]
        with FlopCounterMode(display=False) as flops:
            output = module(*arriving)
    assert node.output is not None
    assert output.shape == (2, *order_as_torch(node.output))
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == _named(result, "parameters")
    assert {name: tuple(b.shape) for name, b in module.named_buffers()} == _named(result, "buffers")
    assert result.totals.macs is not None
    if kind not in NOT_COUNTED:
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


@each_row
def test_the_steps_of_a_layer_are_all_of_it(kind: str, spec: str) -> None:
    """Their parameters and MACs are the layer's, the last one returns its output, and each reads what there is."""
    alone = Alone(spec)
    layer, shapes = alone.layer, alone.shapes
    if steps := layer.steps(shapes):
        parameters = layer.parameters(shapes)
        assert sum(step.parameters for step in steps) == sum(prod(shape) for shape in parameters.values())
        assert sum(step.macs for step in steps) == layer.macs(shapes)
        assert steps[-1].shape == alone.output
        names = [step.name for step in steps]
        read = [source for step in steps for source in step.inputs]
        assert {*read} == {*range(len(shapes)), *names[:-1]} and len({*names}) == len(names)
        known = [{*range(len(shapes)), *names[:place]} for place in range(len(steps))]
        assert all({*step.inputs} <= each for step, each in zip(steps, known, strict=True))


@pytest.mark.parametrize("kind", list_kinds())
def test_every_attribute_is_described(kind: str) -> None:
    """Messages and `specnet explain` show these words."""
    from specnet.layers import get_layer_class

    cls = get_layer_class(kind)
    assert cls is not None
    for name, field in cls.model_fields.items():
        assert field.description, name
        assert not field.description.endswith("."), name
    assert cls.__doc__ and cls.__doc__.strip()


# What a layer says beside its shape. A kind that does not say it is unknown in every total; these rows want it said.

UNKNOWN_FIELDS: set[str] = set()
"""Kinds whose receptive field is unknown on purpose."""

NOT_COUNTED = {"filter"}
"""Kinds that torch counts and the contract does not: conv, deconv, fc and products of matrices only."""


class Alone:
    """The layer of a row as a network of its own, in evaluation."""

    def __init__(self, spec: str) -> None:
        network = checked(spec).network
        node, shapes = network.nodes[-1], network.input_shapes(network.nodes[-1])
        assert node.layer is not None and shapes is not None and node.output is not None
        self.layer, self.shapes, self.output = node.layer, shapes, node.output
        builder = NetworkBuilder("alone")
        names = [builder.input(shape, f"input{i}") for i, shape in enumerate(shapes)]
        torch.manual_seed(1)
        self.module = build_module(builder.network(builder.add(node.layer, *names))).double().eval()
        for parameter in self.module.parameters():  # some are 0 before training, when they hide what a layer computes
            if not parameter.any():
                torch.nn.init.normal_(parameter)

    def draw(self) -> list[Tensor]:
        """Random images for each input, N×C×H×W, or sequences, N×L×C."""
        sizes = [(1, *order_as_torch(shape)) for shape in self.shapes]
        return [torch.randn(size, dtype=torch.double, requires_grad=True) for size in sizes]

    def __call__(self, *inputs: Tensor) -> Tensor:
        output: Tensor = self.module(*inputs)
        return output

    def touched(self, at: tuple[int | slice, ...]) -> list[Tensor]:
        """For each input, the elements that an output element, or some of them, depends on: C×H×W or L×C."""
        reached = [torch.zeros(order_as_torch(shape), dtype=torch.bool) for shape in self.shapes]
        for _ in range(8):  # a maximum depends on one element of each window, a rectifier on none below 0
            inputs = self.draw()
            chosen = self(*inputs)[(0, *at)]
            gradients = torch.autograd.grad((chosen * torch.randn_like(chosen)).sum(), inputs, allow_unused=True)
            for seen, gradient in zip(reached, gradients, strict=True):
                seen |= torch.zeros_like(seen) if gradient is None else gradient[0] != 0
        return reached


OTHER_SHAPES = [
    (20,),
    (1,),
    (14, 12),
    (16, 4),
    (1, 12),
    (7, 1),
    (13, 9, 4),
    (1, 1, 4),
    (1, 9, 4),
    (4, 4, 1),
    (3, 2, 8),
    (12, 12, 16),
]


def other_inputs(amount: int, may_have_more: bool) -> list[Shapes]:
    """Inputs of one shape, of two different ones, and one more where a layer takes any number."""
    alike = [(shape,) * count for shape in OTHER_SHAPES for count in {amount, amount + may_have_more}]
    mixed = [(a, b, *(a,) * (amount - 2)) for a in OTHER_SHAPES for b in OTHER_SHAPES if a != b and amount > 1]
    return [*alike, *mixed]


@each_row
def test_other_shapes_are_refused_or_agree_with_torch(kind: str, spec: str) -> None:
    row = Alone(spec)
    for shapes in other_inputs(len(row.shapes), row.layer.arity.most is None):
        try:
            output = row.layer.output(shapes)
        except LayerError:
            continue
        builder = NetworkBuilder("other")
        names = [builder.input(shape, f"input{i}") for i, shape in enumerate(shapes)]
        with torch.device("meta"):
            module = build_module(builder.network(builder.add(row.layer, *names))).eval()
            found = module(*(torch.empty(2, *order_as_torch(shape)) for shape in shapes))
        assert found.shape == (2, *order_as_torch(output)), f"{shapes}: {output}"
        assert not row.layer.preserves_shape or output == shapes[0]


@each_row
@pytest.mark.parametrize("axis", [0, 1])
def test_what_holds_of_a_map_holds_of_one_a_period_larger(kind: str, spec: str, axis: int) -> None:
    """From the row's own shapes on, verdicts repeat and outputs grow by the same amount."""
    row = Alone(spec)
    if any(len(shape) != 3 for shape in row.shapes):
        return
    period = row.layer.period[axis]
    judged = [_judge(row.layer, _grow(row.shapes, axis, pixels)) for pixels in range(3 * period)]
    if not any(takes for _, takes, _ in judged[1:]):  # one number of elements alone
        return
    for first, second, third in zip(judged[:period], judged[period : 2 * period], judged[2 * period :], strict=True):
        assert first[1:] == second[1:] == third[1:]
        if first[0] and second[0] and third[0]:
            pairs = zip(first[0], second[0], third[0], strict=True)
            assert all(before + after == 2 * between for before, between, after in pairs)


def _grow(shapes: Shapes, axis: int, pixels: int) -> Shapes:
    """Add pixels along an axis to all inputs but those that are repeated along it, which stay."""
    is_repeated = any(shape[axis] > 1 for shape in shapes)
    return tuple(
        tuple(size + pixels * (place == axis and not (size == 1 and is_repeated)) for place, size in enumerate(shape))
        for shape in shapes
    )


def _judge(layer: Layer, shapes: Shapes) -> tuple[Shape | None, bool, tuple[bool, bool] | None]:
    """Return the output, whether the layer takes the shapes, and whether it rounds along each axis."""
    try:
        output = layer.output(shapes)
    except LayerError:
        return None, False, None
    return output, True, layer.rounds(shapes)


@pytest.mark.parametrize("kind", ROWS)
def test_a_kind_that_preserves_shapes_says_so(kind: str) -> None:
    """A kind none of whose rows changes the shape of its one input."""
    rows = [Alone(spec) for spec in ROWS[kind]]
    changes = any(row.output != row.shapes[0] for row in rows) or any(len(row.shapes) > 1 for row in rows)
    assert changes or rows[0].layer.preserves_shape


@each_row
def test_what_is_said_of_a_layer_is_said(kind: str, spec: str) -> None:
    row = Alone(spec)
    assert row.layer.macs(row.shapes) is not None, "macs() says nothing: 0 where there are none"
    assert row.layer.storage is not None, "`storage` says nothing"
    assert row.layer.kept(row.shapes) is not None, "kept() says nothing: Kept() where torch keeps nothing"
    field = row.layer.receptive_field(row.shapes)
    assert (field is None) == (kind in UNKNOWN_FIELDS), "receptive_field() says nothing"
    assert field is None or len(field) == len(row.shapes)
    assert all(hasattr(row.layer, name) for name in (row.layer.output_field, *row.layer.positional) if name)


@each_row
def test_a_layer_takes_as_many_inputs_as_it_says(kind: str, spec: str) -> None:
    row = Alone(spec)
    arity = row.layer.input_count
    assert arity.admits(len(row.shapes))
    builder = NetworkBuilder("more")
    names = [builder.input(row.shapes[0], f"input{i}") for i in range(1 + (arity.most or len(row.shapes)))]
    wrong = [names[: arity.least - 1], *([names] if arity.most else [])]
    for few in wrong:
        with pytest.raises(ValueError, match=f"takes {arity}, not"):
            builder.add(row.layer, *few)


@each_row
def test_the_gradient_reaches_what_a_layer_says_it_reads(kind: str, spec: str) -> None:
    """Statistics of a whole map, which a normalisation draws, do not count."""
    row = Alone(spec)
    readings = row.layer.receptive_field(row.shapes)
    if readings is None or Trait.NORMALISES in row.layer.traits:
        return
    for number, (reading, shape) in enumerate(zip(readings, row.shapes, strict=True)):
        if isinstance(reading, Elements) or len(shape) < 3:
            _check_elements(row, number, reading)
        else:
            for axis, reach in enumerate(reading):
                _check_reach(row, number, axis, reach)


def _check_elements(row: Alone, number: int, reading: Reading) -> None:
    """A few output elements depend on all elements, on one, or on the one at the same place."""
    sizes = order_as_torch(row.output)
    for k in range(5):
        at = tuple(size * k // 5 for size in sizes)
        reached = row.touched(at)[number]
        if reading is Elements.ALL:
            assert reached.all()
        elif reading is Elements.NONE:
            assert not reached.any()
        elif reading is Elements.SOME:
            assert 1 < reached.sum() < reached.numel()
        elif len(sizes) == 1 or reading in (Elements.MOVED, Elements.POSITIONS):
            assert reached.sum() <= 1 and (number or len(row.shapes) > 1 or reached.any() or _is_own(row))
        if reading == SAME_POSITION:
            assert {place[0] for place in reached.nonzero().tolist()} <= {at[0]}


def _is_own(row: Alone) -> bool:
    """Whether an output element may be a number that the layer has learned, as in a class token."""
    return Trait.EMBEDS in row.layer.traits


def _check_reach(row: Alone, number: int, axis: int, reach: Reach) -> None:
    """Along one axis of the output, the extents that its positions read, and how they move."""
    along = 1 + (axis if reach.axis is None else reach.axis)  # of C×H×W
    middle = [size // 2 for size in row.output[:2]]
    size = row.shapes[number][along - 1]
    extents, others = dict[int, tuple[int, int]](), set[tuple[int, int]]()
    for position in range(row.output[axis]):
        middle[axis] = position
        elements = row.touched((slice(None), *middle))[number].nonzero()
        if len(elements):
            extents[position] = int(elements[:, along].min()), int(elements[:, along].max())
            others.add((int(elements[:, 3 - along].min()), int(elements[:, 3 - along].max())))
    has_zero_weights = getattr(row.layer, "mode", "") == "bicubic"  # at the places of the input's own pixels
    said = {at: reach.read(at) for at in extents}
    for at, (first, last) in extents.items():
        if said[at][0] >= 0 and said[at][1] < size and not has_zero_weights:
            assert (first, last) == said[at]
        elif Trait.PADS not in row.layer.traits:  # near an edge, or where a map is mirrored
            assert said[at][0] <= first <= last <= said[at][1]
    assert max(last - first for first, last in extents.values()) == min(max(b - a for a, b in said.values()), size - 1)
    assert len(others) == 1, "along one axis of the output, it reads other positions of the other axis, too"


@each_row
def test_an_output_is_stored_as_its_layer_says(kind: str, spec: str) -> None:
    row = Alone(spec)
    inputs = [image.detach() for image in row.draw()]
    shared = {image.untyped_storage().data_ptr() for image in inputs}
    is_shared = row(*inputs).untyped_storage().data_ptr() in shared
    assert is_shared == (row.layer.storage is not Storage.OWN)
    if row.layer.storage is Storage.OWN_IN_TRAINING:
        assert row.layer.family is Family.REGULARISATION


@each_row
def test_a_layer_has_the_traits_that_it_says(kind: str, spec: str) -> None:
    row = Alone(spec)
    traits, names = row.layer.traits, set(row.layer.parameters(row.shapes))
    has_matrix = any(len(shape) > 1 for shape in row.layer.parameters(row.shapes).values())
    assert (Trait.LEARNS_WEIGHT in traits or Trait.EMBEDS in traits) == has_matrix
    assert (Trait.ADDS_BIAS in traits) == ("bias" in names and Trait.NORMALISES not in traits)
    assert Trait.LINEAR in traits or Trait.TRANSPARENT not in traits
    if row.layer.input_count.joins:
        return
    one, other, zero = row.draw()[0], row.draw()[0], torch.zeros_like(row.draw()[0])
    is_linear = torch.allclose(row(one) + row(other), row(one + other) + row(zero))
    assert (Trait.LINEAR in traits) == is_linear
    assert Trait.IDENTITY not in traits or row(one).equal(one)
    within = row(one.sigmoid())
    assert Trait.UNIT_RANGE not in traits or bool(((row(one) >= 0) & (row(one) <= 1)).all())
    assert Trait.KEEPS_UNIT_RANGE not in traits or "bicubic" in spec or bool(((within >= 0) & (within <= 1)).all())
    if Trait.RECTIFIES in traits:
        assert row(-one.abs()).square().mean() < row(one.abs()).square().mean() / 3
    assert (Trait.ZEROES in traits) == bool((row(-5 - one.abs()) == 0).all() and (row(one.abs()) != 0).any())
    if Trait.SATURATES in traits:
        assert torch.allclose(row(one.sign() * 50), row(one.sign() * 60))


@each_row
def test_a_value_that_a_fix_may_try_is_of_a_field(kind: str, spec: str) -> None:
    row = Alone(spec)
    for claim in (None, row.output):
        fields = {alternative.field for alternative in row.layer.alternatives(row.shapes, claim)}
        assert fields <= set(type(row.layer).model_fields)
