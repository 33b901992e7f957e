"""What a reader records becomes a network, and an entry for every layer of the source."""

from __future__ import annotations

import pytest

from specnet.importers import Fate, SourceLayer, UnreadableModel
from specnet.importers.recorder import Recorder

CONV, NORM, POOL, LOSS = (
    SourceLayer("conv1/7x7_s2", "Convolution", 3),
    SourceLayer("norm", "LRN", 9),
    SourceLayer("in", "Pooling"),
    SourceLayer("loss", "SoftmaxWithLoss"),
)


def test_layers_are_named_after_those_of_the_source() -> None:
    recorder = Recorder("Caffe prototxt", 'A "net"')
    recorder.input("data", (32, 32, 3))
    assert recorder.add(CONV, "conv K=8 F=7 S=2 P=3 -> relu", ["data"], "data") == ("conv1_7x7_s2", "conv1_7x7_s2_relu")
    recorder.add(POOL, "pool avg global", ["data"], "p", Fate.EQUAL, "a rule")
    recorder.leave_out(LOSS, "only training needs it", computes=False)
    imported = recorder.finish()
    assert [node.name for node in imported.network.nodes] == ["conv1_7x7_s2", "conv1_7x7_s2_relu", "in_"]
    assert imported.network.name == "A net"
    assert [entry.fate for entry in imported.entries] == [Fate.EXACT, Fate.EQUAL, Fate.LEFT_OUT]
    assert not imported.lost


def test_what_reads_a_layer_that_was_left_out_is_left_out() -> None:
    recorder = Recorder("Caffe prototxt", "Net")
    recorder.input("data", (8, 8, 3))
    recorder.add(CONV, "relu", ["data"], "a")
    recorder.leave_out(NORM, "it has no counterpart here", ["b"])
    recorder.add(POOL, "pool avg global", ["b"], "c")
    imported = recorder.finish()
    assert [entry.source.name for entry in imported.lost] == ["norm", "in"]
    assert imported.lost[1].reasons == ("it reads `b`, which was left out",)
    assert imported.network.outputs == ("conv1_7x7_s2",)


def test_outputs_at_the_side_are_heads() -> None:
    recorder = Recorder("Darknet cfg", "Net")
    recorder.input("data", (8, 8, 3))
    recorder.add(CONV, "conv K=4 F=1", ["data"], "a")
    recorder.add(POOL, "pool max F=2", ["data"], "b")
    network = recorder.finish().network
    assert network.outputs == ("in_",)
    assert [head.value for head in network.heads] == ["conv1_7x7_s2"]


@pytest.mark.parametrize(
    "layers, inputs, message",
    [
        ("add", ["data", "small"], "the LRN `norm` (line 9)"),
        ("relu", ["nothing"], "the LRN `norm` (line 9) reads `nothing`, which no layer before it gives"),
        ("conv K=3 F=99", ["data"], "the LRN `norm` (line 9)"),
    ],
)
def test_what_cannot_be_names_its_layer(layers: str, inputs: list[str], message: str) -> None:
    recorder = Recorder("Caffe prototxt", "Net")
    recorder.input("data", (8, 8, 3))
    recorder.add(POOL, "pool max F=2", ["data"], "small")
    with pytest.raises(UnreadableModel) as raised:
        recorder.add(NORM, layers, inputs, "out")
    assert str(raised.value).startswith(message)


def test_what_only_a_loss_reads_is_no_output() -> None:
    recorder = Recorder("a format", "Small")
    recorder.input("data", (8, 8, 1))
    target, loss = SourceLayer("target", "Flatten"), SourceLayer("loss", "Loss")
    recorder.add(target, "flatten", ["data"], "target")
    recorder.add(SourceLayer("code", "Dense"), "fc 64", ["data"], "code")
    recorder.leave_out(loss, "only training needs it", computes=False, judged=["code", "target"])
    imported = recorder.finish()
    assert [node.name for node in imported.network.nodes] == ["code_"] and not imported.network.heads
    fates = {entry.source: (entry.fate, entry.computes) for entry in imported.entries}
    assert fates[target] == (Fate.LEFT_OUT, False)
