"""The replay of both passes against torch's own accounting, and the sums that follow from it."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch._subclasses.fake_tensor import FakeTensorMode
from zoo_sample import sample

from specnet.analyses.cost import measure_memory
from specnet.analyses.execution_plan import Plan, UnknownMemory
from specnet.analyses.inference_peak import measure_inference_peak
from specnet.analyses.memory import NOTHING, Conditions, Memory, Precision
from specnet.analyses.passes import replay_inference, replay_training
from specnet.api import check
from specnet.backends.torch_module import build_module
from specnet.builder import NetworkBuilder
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.layers.base import Shapes
from specnet.layers.fc import Fc
from specnet.layers.relu import Relu
from specnet.settings import Training
from specnet.settings.average import Ema
from specnet.settings.batch import Batch
from specnet.settings.optimizer import Adam, Muon, Optimizer, RmsProp, Sgd
from specnet.source import Source
from tests.paths import ROOT, SPECS
from tests.torch_memory import MakeOptimizer, count_saved, make_inputs, measure_forward, measure_step

OPTIMIZERS: dict[str, tuple[Optimizer, MakeOptimizer]] = {
    "sgd": (Sgd(), partial(torch.optim.SGD, fused=True)),
    "momentum": (Sgd(momentum=0.9), partial(torch.optim.SGD, momentum=0.9, fused=True)),
    "adam": (Adam(), partial(torch.optim.Adam, fused=True)),
}

ON_CPU = Conditions(device="cpu")

BATCHES = {
    "lenet5": 128,
    "alexnet": 128,
    "vgg16": 32,
    "resnet50": 32,
    "mobilenet-v2": 32,
    "densenet121": 32,
    "unet": 2,
    "googlenet": 32,
    "efficientnet-b0": 32,
}


def zoo(name: str) -> Network:
    return check(ROOT / "specs" / f"{name}.net").network


def network_of(text: str) -> Network:
    checked = check_source(Source("a.net", text))
    assert checked.ok, checked.diagnostics
    return checked.network


def kept_before_loss(memory: Memory, batch: int) -> int:
    first = next(i for i, moment in enumerate(memory.moments) if moment.phase == "loss")
    return memory.moments[first - 1].kept.of(batch)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize(
    "name", [name if name in ("lenet5", "alexnet") else pytest.param(name, marks=pytest.mark.slow) for name in BATCHES]
)
def test_a_training_step_takes_what_torch_accounts_for(name: str, optimizer: str) -> None:
    """Within a thousandth, of which the optimizer's counters of steps are a part."""
    setting, make_optimizer = OPTIMIZERS[optimizer]
    network, batch = zoo(name), BATCHES[name]
    memory = replay_training(network, Training(optimizer=setting), ON_CPU)
    saved, peak = measure_step(network, batch, make_optimizer)
    assert kept_before_loss(memory, batch) == saved
    assert memory.peak(batch) == pytest.approx(peak, rel=2e-3)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name == "densenet121" else name  # as resnet50 and googlenet
        for name in [*BATCHES, "siamese", "googlenet-heads", "dcgan"]
    ],
)
def test_inference_takes_what_torch_accounts_for(name: str) -> None:
    network = zoo(name)
    assert replay_inference(network, ON_CPU).peak(3) == pytest.approx(measure_forward(network, 3), rel=1e-3)


@pytest.mark.parametrize("name", ["siamese", "googlenet-heads", "alexnet-2012"])
def test_shared_weights_heads_and_groups(name: str) -> None:
    network = zoo(name)
    saved, peak = measure_step(network, 4, OPTIMIZERS["sgd"][1])
    memory = replay_training(network, Training(optimizer=Sgd()), ON_CPU)
    assert kept_before_loss(memory, 4) == saved
    assert memory.peak(4) == pytest.approx(peak, rel=1e-2)


def test_a_frozen_layer_keeps_nothing() -> None:
    network = zoo("airbench94")
    with torch.device("meta"):
        saved = count_saved(build_module(network), make_inputs(network, 2))
    assert kept_before_loss(replay_training(network, Training(), ON_CPU), 2) == saved


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "mobilenet-v2", "vgg11-bn"])
def test_bf16_keeps_what_autocast_keeps(name: str) -> None:
    """On a CPU, batch normalisation keeps its statistics in bf16, too."""
    network = zoo(name)
    with FakeTensorMode():
        saved = count_saved(build_module(network), make_inputs(network, 2), torch.bfloat16)
    kept = kept_before_loss(replay_training(network, Training(), Conditions("bf16", "cpu")), 2)
    assert kept == pytest.approx(saved, rel=1e-3)


JOINED = "input 16x16x8\nconv K=8 F=1\n{}\nconv K=8 F=1\npool avg global\nfc 3"

PAIRS = (
    "add { | identity | pool avg global }",
    "sub { | identity | tanh }",
    "sub { | identity | pool avg global }",
    "sub { | pool avg F=1x16 | pool avg F=16x1 }",
    "mul { | identity | sigmoid }",
    "mul { | identity | pool avg global -> sigmoid }",
    "mul { | pool avg F=1x16 | pool avg F=16x1 }",
    "maximum { | identity | tanh }",
    "maximum { | pool avg F=1x16 | identity }",
    "softmax groups=2",
)
TRIPLES = (
    "add { | relu | tanh | sigmoid }",
    "add { | pool avg F=1x16 | pool avg F=16x1 | identity }",
    "mul { | relu | tanh | sigmoid }",
    "mul { | identity | pool avg F=1x16 | pool avg F=16x1 }",
    "mul { | pool avg F=1x16 | pool avg F=16x1 | identity }",
    "maximum { | relu | tanh | sigmoid }",
)


def compare_step(network: Network) -> None:
    """A step of 16 images keeps what torch keeps, and takes what it accounts for."""
    saved, peak = measure_step(network, 16, OPTIMIZERS["sgd"][1])
    memory = replay_training(network, Training(optimizer=Sgd()), ON_CPU)
    assert kept_before_loss(memory, 16) == saved
    assert memory.peak(16) == pytest.approx(peak, rel=2e-2)


@pytest.mark.parametrize("join", [*PAIRS, *TRIPLES])
def test_a_step_with_a_join_takes_what_torch_accounts_for(join: str) -> None:
    """The peak lies in the join or beside it, as all maps are equally large."""
    network = network_of(JOINED.format(join))
    compare_step(network)


RESIZED = (
    "conv K=8 F=1 -> relu -> @a\npool max F=2 -> conv K=8 F=1 -> upsample like=@a -> concat @a",
    "conv K=8 F=1 -> relu -> @a\npool max F=2 -> conv K=8 F=1 -> upsample bilinear like=@a -> tanh",
    "conv K=8 F=1 -> tanh -> @a\npad 3 -> conv K=8 F=1 -> crop like=@a -> add @a",
)


@pytest.mark.parametrize("layers", RESIZED)
def test_the_value_that_gives_a_size_lives_as_long_as_torch_needs_it(layers: str) -> None:
    """No gradient reaches it from there, and the backward pass needs nothing of it."""
    network = network_of(JOINED.format(layers))
    compare_step(network)
    assert replay_inference(network, ON_CPU).peak(16) == pytest.approx(measure_forward(network, 16), rel=1e-2)
    assert measure_inference_peak(network) == max(moment.live.of(1) for moment in replay_inference(network).moments)


@pytest.mark.parametrize("join", PAIRS)
def test_inference_with_a_join_takes_what_torch_accounts_for(join: str) -> None:
    """Of more than two inputs torch frees the first ones early, which the replay does not see."""
    network = network_of(JOINED.format(join))
    assert replay_inference(network, ON_CPU).peak(16) == pytest.approx(measure_forward(network, 16), rel=1e-2)


SMALL = "input 8x8x3\nconv1: conv K=4 F=3 P=1 -> relu -> flatten -> fc 10"
PIXELS, MAP, WEIGHTS = 4 * 8 * 8 * 3, 4 * 8 * 8 * 4, 4 * (4 * 3 * 9 + 4 + 10 * 256 + 10)


def test_inference_holds_what_a_layer_reads_and_writes() -> None:
    assert replay_inference(network_of(SMALL)).peak(1) == WEIGHTS + PIXELS + 2 * MAP


def test_a_layer_has_its_parameters_and_its_output_unless_that_is_a_view() -> None:
    checked = check_source(Source("a.net", SMALL))
    assert measure_memory(checked.network, checked.costs) == {
        "conv1": 4 * (4 * 3 * 9 + 4) + MAP,
        "conv1_relu": MAP,
        "conv1_flatten": 0,
        "conv1_fc": 4 * (10 * 256 + 10 + 10),
    }


def test_each_kept_tensor_belongs_to_the_layer_that_makes_it() -> None:
    memory = replay_training(network_of(SMALL), Training())
    kept = {name: layer.kept.per_image for name, layer in memory.layers.items()}
    assert kept == {"input": PIXELS, "conv1": 0, "conv1_relu": MAP, "conv1_flatten": 0, "conv1_fc": 4 * 10 + 8}
    assert (memory.parameters, memory.gradients, memory.state) == (WEIGHTS, WEIGHTS, 2 * WEIGHTS)
    assert memory.throughout == 3 * WEIGHTS


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("name", ["lenet5", "resnet18", "densenet121"])
def test_the_layers_keep_all_that_is_kept(name: str, precision: Precision) -> None:
    memory = replay_training(zoo(name), Training(), Conditions(precision))
    total = sum(layer.kept.of(7) for layer in memory.layers.values())
    assert memory.kept.of(7) == total


def test_bf16_takes_less_than_fp32_and_a_boolean_mask_less_than_numbers() -> None:
    network = network_of("input 100\nfc 100 -> dropout 0.5 -> fc 10")
    sizes = {
        (precision, device): kept_before_loss(replay_training(network, Training(), Conditions(precision, device)), 1)
        for precision in ("fp32", "bf16")
        for device in ("cpu", "cuda")
    }
    weights = 100 * 10  # the first layer needs none for a gradient of its input
    assert sizes == {
        ("fp32", "cpu"): 4 * (100 + 100 + 100),
        ("fp32", "cuda"): 4 * (100 + 100) + 100,
        ("bf16", "cpu"): 2 * (100 + 100 + 100) + 2 * weights,
        ("bf16", "cuda"): 2 * (100 + 100) + 100 + 2 * weights,
    }


@pytest.mark.parametrize(("kind", "width"), [("bn", 2), ("instance_norm", 2), ("gn G=2", 4), ("ln", 4)])
def test_a_gpu_computes_some_normalisations_in_fp32(kind: str, width: int) -> None:
    """Those are on torch's list of what autocast computes in fp32, which others are not."""
    network = network_of(f"input 5x5x8\nconv1: conv K=8 F=1 -> {kind} -> conv K=8 F=1")
    plan = Plan(network, Conditions("bf16", "cuda"), is_training=True)
    assert plan.widths[network.nodes[1].name] == width


def test_only_the_power_of_lrn_is_computed_in_fp32() -> None:
    network = network_of("input 5x5x8\nconv K=8 F=1 -> lrn n=5 -> conv K=8 F=1")
    kept = replay_training(network, Training(), Conditions("bf16", "cuda")).layers["lrn1"].kept
    assert kept.per_image == 5 * 5 * (2 * (8 + 4) + 4 * (8 + 8))  # the padded squares; their mean, and its power


@pytest.mark.parametrize("name", ["lenet5", "vgg16", "densenet121"])
@given(available=st.integers(10**6, 10**12))
def test_the_largest_batch_fits_and_the_next_does_not(name: str, available: int) -> None:
    memory = MEMORIES[name]
    batch = memory.find_largest_batch(available)
    assert not batch or memory.upper_peak(batch) <= available
    assert memory.upper_peak(batch + 1) > available


MEMORIES = {name: replay_training(zoo(name), Training()) for name in ("lenet5", "vgg16", "densenet121")}


def test_settings_that_take_memory() -> None:
    network = network_of(SMALL)
    plain = replay_training(network, Training(optimizer=Sgd()))
    averaged = replay_training(network, Training(optimizer=Sgd(), average=Ema(decay=0.9)))
    assert averaged.peak(4) == plain.peak(4) + WEIGHTS
    muon = replay_training(network, Training(optimizer=Muon()))
    assert muon.state == WEIGHTS + 4 * (4 + 10)
    frozen = replay_training(network, Training(), Conditions(frozen={"conv1.weight", "conv1.bias"}))
    assert frozen.gradients == 4 * (10 * 256 + 10)
    assert frozen.layers["input"].kept == frozen.layers["conv1"].kept == NOTHING


def test_a_step_computes_its_batch_in_parts() -> None:
    """While a part is computed, the gradients of earlier ones live, and those that are added to them."""
    whole, parts = Training(batch=Batch(size=100)), Training(batch=Batch(size=100, accumulate=3))
    assert (whole.batch.part, parts.batch.part) == (100, 34)
    network = network_of("input 100\nfc1: fc 1000\nfc2: fc 10")
    assert replay_training(network, parts).peak(1) == replay_training(network, whole).peak(1) + 4 * 101_000


@pytest.mark.parametrize(
    ("setting", "make_optimizer"),
    [(RmsProp(), torch.optim.RMSprop), (RmsProp(momentum=0.5), partial(torch.optim.RMSprop, momentum=0.5))],
)
def test_an_update_borrows_memory(setting: Optimizer, make_optimizer: MakeOptimizer) -> None:
    network = network_of("input 1000\nfc 1000 -> relu -> fc 1000 -> relu -> fc 10")
    _, peak = measure_step(network, 4, partial(make_optimizer, foreach=True))
    assert replay_training(network, Training(optimizer=setting), ON_CPU).peak(4) == pytest.approx(peak, rel=1e-2)


def test_muon_borrows_two_of_its_largest_matrix() -> None:
    network = network_of("input 1000\nfc 2000 -> relu -> fc 10")
    memory = replay_training(network, Training(optimizer=Muon()))
    assert memory.moments[-1].transient.fixed == 2 * 4 * 1000 * 2000


def test_a_layer_that_does_not_say_what_it_keeps() -> None:
    class Silent(Relu):
        def kept(self, inputs: Shapes) -> None:
            return None

    builder = NetworkBuilder("silent")
    network = builder.network(builder.add(Silent(), builder.add(Fc(out_features=3), builder.input((5,)))))
    assert replay_inference(network).peak(1)
    with pytest.raises(UnknownMemory, match=network.nodes[1].name):
        replay_training(network, Training())


STEPS = """
import sys
import torch
import specnet
from specnet.training.resources import keep_freed_memory

module, batch = specnet.compile(sys.argv[1]), int(sys.argv[2])
with keep_freed_memory():
    optimizer = torch.optim.Adam(module.parameters(), fused=True)
    for _ in range(2):
        outputs = module(torch.randn(batch, *map(int, sys.argv[3:])))
        torch.nn.functional.cross_entropy(outputs, torch.zeros(batch, *outputs.shape[2:], dtype=torch.int64)).backward()
        optimizer.step()
        optimizer.zero_grad()
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is read from Linux")
@pytest.mark.parametrize(
    ("name", "batch"),
    [
        ("lenet5", 128),
        ("alexnet", 32),
        ("vgg16", 2),
        ("resnet50", 8),
        ("mobilenet-v2", 8),
        ("densenet121", 4),
        ("unet", 1),
    ],
)
def test_a_process_takes_memory_in_the_range(name: str, batch: int) -> None:
    network = zoo(name)
    *size, channels = network.inputs[0].shape
    arguments = [str(ROOT / "specs" / f"{name}.net"), str(batch), str(channels), *map(str, size)]
    found = subprocess.run([sys.executable, "-c", STEPS, *arguments], capture_output=True, text=True, check=True)
    least, most = replay_training(network, Training(), ON_CPU).resident_range(batch)
    assert least <= int(found.stdout) <= most


@pytest.mark.parametrize("spec", sample(sorted(SPECS.glob("*.net"))), ids=lambda path: path.stem)
def test_the_memory_of_the_report_is_that_of_a_replay(spec: Path) -> None:
    checked = check_source(Source(str(spec), spec.read_text(encoding="utf-8")))
    assert checked.totals.memory == replay_inference(checked.network).peak(1)


@pytest.mark.parametrize("name", [*BATCHES, "siamese", "googlenet-heads", "alexnet-2012", "se-resnet50", "xception"])
def test_the_peak_of_inference_is_that_of_the_replay(name: str) -> None:
    network = zoo(name)
    assert measure_inference_peak(network) == max(m.live.of(1) for m in replay_inference(network).moments)


@pytest.mark.parametrize(
    "layers",
    [
        "conv K=4 F=1 -> crop P=1 -> flatten -> fc 3",
        "conv K=4 F=1 -> permute WHC -> relu -> fc 3",
        "dropout 0.5 -> identity -> flatten -> dropout 0.1",
        "conv K=4 F=4 S=2 P=same -> add { | relu | identity | bn } -> lrn",
        "conv K=4 F=1 -> @a\nrelu\nconcat @a",
        "flatten -> slice 0..7",
        "conv K=4 F=1 -> slice 2..7 axis=H -> flatten -> fc 3",
        "concat axis=W { | conv K=4 F=1 | slice 1..3 axis=W } -> slice 0..4 -> relu",
    ],
)
def test_the_peak_of_inference_of_views(layers: str) -> None:
    network = network_of(f"input 8x8x4\n{layers}")
    assert measure_inference_peak(network) == max(m.live.of(1) for m in replay_inference(network).moments)
