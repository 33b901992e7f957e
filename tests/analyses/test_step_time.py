"""The roofline of a step: by hand, and what must hold for every device."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest

from specnet.analyses.devices import DATA_SHEETS, UNLIMITED, Device, Rate
from specnet.analyses.step_time import LayerTime, StepTime, UnknownRate, predict_step
from specnet.api import check
from specnet.compiler import check_source
from specnet.graph import Network
from specnet.layers.base.traits import Workload
from specnet.settings import Training
from specnet.settings.optimizer import Adam, Sgd
from specnet.source import Source
from tests.paths import ROOT


def make_device(rate: Rate, bandwidth: float = 1e30, layers: Rate = UNLIMITED) -> Device:
    return Device("cpu", "a toy", "measured", {"fp32": dict.fromkeys(Workload, rate)}, bandwidth, layers, 1)


def network_of(text: str) -> Network:
    checked = check_source(Source("a.net", text))
    assert checked.ok, checked.diagnostics
    return checked.network


def predict(text: str, device: Device, batch: int = 1) -> StepTime:
    return predict_step(network_of(text), Training(optimizer=Sgd()), device, "fp32", batch)


CONV = "input 8x8x3\nconv1: conv K=4 F=3 P=1 -> relu -> flatten\nfc1: fc 10"
MACS = 8 * 8 * 4 * 27


def test_operations_bind_where_bandwidth_does_not() -> None:
    layers = predict(CONV, make_device(Rate(1000, 500)), batch=5).layers
    assert layers["conv1"] == LayerTime(
        forward=5 * MACS / 1000,
        backward=5 * MACS / 500 / 2,  # the image needs no gradient
        operations=5 * MACS,
        moved=4 * (5 * (8 * 8 * 3 + 8 * 8 * 4) + 4 * 27 + 4),
        bound="compute",
    )
    assert layers["fc1"].backward == 5 * 2560 / 500
    assert layers["conv1_flatten"] == LayerTime()


def test_bandwidth_binds_where_operations_do_not() -> None:
    step = predict(CONV, make_device(UNLIMITED, bandwidth=100))
    relu = step.layers["conv1_relu"]
    assert (relu.moved, relu.bound) == (2 * 4 * 8 * 8 * 4, "memory")
    assert relu.forward == relu.moved / 100
    assert relu.backward == 2 * relu.moved / 100
    assert step.layers["conv1"].bound == "memory"


def test_a_rate_of_bytes() -> None:
    relu = predict(CONV, make_device(Rate(50, 20))).layers["conv1_relu"]
    assert relu.forward == relu.moved / 50
    assert relu.backward == relu.moved / 20


def test_starting_a_layer_takes_time_and_a_view_none() -> None:
    step = predict(CONV, make_device(UNLIMITED, layers=Rate(10, 5)))
    assert step.forward == pytest.approx(3 / 10)
    assert step.backward == pytest.approx(3 / 5)


def test_a_gpu_runs_earlier_layers_while_one_is_started() -> None:
    slow_to_start, slow_to_run = Rate(10, 5), Rate(1000, 500)
    kernels = predict(CONV, make_device(slow_to_run)).layers["conv1"]
    device = replace(make_device(slow_to_run, layers=slow_to_start), name="cuda:0")
    layers = predict(CONV, device).layers
    assert (layers["conv1"].forward, layers["conv1"].backward) == (kernels.forward, kernels.backward)
    quick = predict(CONV, replace(make_device(UNLIMITED, layers=slow_to_start), name="cuda:0"))
    assert (quick.forward, quick.backward) == (pytest.approx(3 / 10), pytest.approx(3 / 5))


@pytest.mark.parametrize(("optimizer", "elements"), [(Sgd(), 3), (Sgd(momentum=0.9), 5), (Adam(), 7)])
def test_the_update_reads_and_writes_parameters(optimizer: Sgd | Adam, elements: int) -> None:
    step = predict_step(network_of(CONV), Training(optimizer=optimizer), make_device(UNLIMITED, 100), "fp32", 1)
    assert step.optimizer == 4 * elements * (4 * 27 + 4 + 2560 + 10) / 100


def test_a_frozen_layer_at_the_input_has_no_backward_pass() -> None:
    text = CONV.replace("P=1", "P=1 freeze=all")
    layers = predict(text, make_device(Rate(1000, 500))).layers
    assert layers["conv1"].backward == layers["conv1_relu"].backward == 0


def test_a_sum_passes_its_gradient_on() -> None:
    text = "input 8x8x4\nconv K=4 F=1 -> @a\nconv K=4 F=1 -> add @a"
    assert predict(text, make_device(Rate(1000, 500))).layers["add1"].backward == 0


@pytest.mark.parametrize("name", DATA_SHEETS)
def test_a_data_sheet_has_the_rates_of_every_workload(name: str) -> None:
    device = DATA_SHEETS[name]
    for rates in device.rates.values():
        assert rates.keys() == set(Workload)
    assert device.rates["fp32"][Workload.MATMUL].forward < max(
        rates[Workload.MATMUL].forward for precision, rates in device.rates.items() if precision != "fp32"
    )
    assert 0 < device.bandwidth < inf and device.memory > 10**10


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "mobilenet-v2", "densenet121", "unet", "siamese"])
def test_a_larger_batch_takes_longer_and_less_for_each_image(name: str) -> None:
    network = check(ROOT / "specs" / f"{name}.net").network
    steps = [predict_step(network, Training(), DATA_SHEETS["h100"], "bf16", batch) for batch in (1, 8, 64, 512)]
    assert [step.total for step in steps] == sorted(step.total for step in steps)
    assert [step.images_per_second for step in steps] == sorted(step.images_per_second for step in steps)
    assert steps[0].total == pytest.approx(steps[0].forward + steps[0].backward + steps[0].optimizer)


def test_a_device_without_the_precision() -> None:
    with pytest.raises(UnknownRate, match="bf16"):
        predict_step(network_of(CONV), Training(), DATA_SHEETS["t4"], "bf16", 1)
