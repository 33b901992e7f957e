"""Messages of protobuf are read as its own library writes them, and anything else ends in one message."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specnet.importers import UnreadableModel
from specnet.importers.protobuf import Message, map_file, read_fields

onnx = pytest.importorskip("onnx", reason="the messages of ONNX are the reference")


def read(data: bytes) -> Message:
    return Message(memoryview(data))


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5), st.integers(0, 2**31 - 1), st.text(max_size=9))
def test_fields_are_those_that_were_written(dims: list[int], kind: int, name: str) -> None:
    numbers = [0.5, -2.0]
    written = onnx.TensorProto(dims=dims, data_type=kind, name=name, float_data=numbers, double_data=numbers)
    message = read(written.SerializeToString())
    assert message.integers(1) == dims
    assert (message.integer(2), message.text(8)) == (kind, name)
    assert message.floats(4) == message.floats(10, size=8) == numbers


def test_nested_messages_and_their_defaults() -> None:
    node = onnx.NodeProto(name="a", op_type="Conv", input=["x", "w"], attribute=[onnx.AttributeProto(name="k", f=1.5)])
    graph = read(onnx.GraphProto(node=[node, node]).SerializeToString())
    assert [each.texts(1) for each in graph.messages(1)] == [["x", "w"]] * 2
    assert graph.messages(1)[0].message(5).float(2) == 1.5
    assert not graph.message(99).has(1)
    assert graph.message(99).text(1, "none") == "none"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x08", "cut off within a number"),
        (b"\x08" + b"\xff" * 11, "within a number"),
        (b"\x12\xff\xff\xff\xff\x0f\x00", "field 2 has 4,294,967,295 bytes, of which 1 are there"),
        (b"\x0b\x00", "of no known kind"),
        (b"\x00\x00", "without a number"),
        (b"\x0d\x00\x00", "field 1 has 4 bytes, of which 2 are there"),
    ],
)
def test_damage_is_named(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableModel, match=message):
        [*read_fields(memoryview(data))]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        for field in read_fields(memoryview(data)):
            assert field.number > 0
    except UnreadableModel as error:
        assert str(error)


def test_a_file_is_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"")
    assert len(map_file(path)) == 0
    path.write_bytes(b"\x08\x07")
    assert Message(map_file(path)).integer(1) == 7


def test_what_stands_behind_a_large_field_of_a_mapped_file_is_read_and_so_is_the_field(tmp_path: Path) -> None:
    size = 1 << 20
    header = bytes([0x0A, 0x80, 0x80, 0x40])  # field 1, of 2^20 bytes
    (tmp_path / "large").write_bytes(header + bytes(range(256)) * (size // 256) + bytes([0x10, 0x07]))
    message = Message(map_file(tmp_path / "large"))
    assert message.integer(2) == 7
    assert bytes(message.parts(1)[0][:4]) == bytes(range(4)) and len(message.parts(1)[0]) == size
