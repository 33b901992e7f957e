"""Sizes in bytes, where they are expected and where they make no sense."""

from __future__ import annotations

import pytest

from specnet.compiler import Checked, check_source, read_beside
from specnet.fixes import add_fixes
from specnet.source import Source

NETWORK = "input 8x8x3\nconv K=4 F=3\n"
"""A network that takes 1,792 bytes for inference, and 431,424 in training."""


def check(lines: str) -> Checked:
    return check_source(Source("a.net", NETWORK + lines))


@pytest.mark.parametrize(
    "lines",
    [
        "expect memory < 2kB",
        "expect memory == 1792B",
        "expect memory <= 1.75KiB",
        "expect training_memory < 432kB",
        "let budget = 2*1kB\nexpect memory < budget",
        "let budget = 1kB + 800B\nexpect memory < max(budget, 1B)",
        "if 2GB > 1MiB { relu } else { nonsense }",
        "let times = 2GB/1GB\nconv K=times F=1",
        "block b(budget) { if budget > 1GB { relu } }\nb 2GB",
    ],
)
def test_a_size_in_bytes_is_a_value(lines: str) -> None:
    assert [error.message for error in check(lines).errors] == []


@pytest.mark.parametrize(
    ("lines", "message", "label"),
    [
        ("expect memory < 1.5KiB", "the network has 1.75 KiB of memory; expected < 1.5 KiB", "256 B too much"),
        ("expect memory > 2GB", "the network has 1.792 kB of memory; expected > 2 GB", "2 GB too little"),
        ("expect memory < 1792B", "the network has 1,792 B of memory; expected < 1.792 kB", ""),
        ("expect memory < 1_792", "the network has 1,792 bytes of memory; expected < 1,792", ""),
        (
            "expect training_memory < 400kB",
            "the network has 431.4 kB of memory in training; expected < 400 kB",
            "31.42 kB too much",
        ),
    ],
)
def test_what_is_too_large_is_said_in_the_units_of_the_claim(lines: str, message: str, label: str) -> None:
    (error,) = check(lines).errors
    assert (error.message, error.labels[0].text) == (message, label)


@pytest.mark.parametrize(
    ("lines", "message", "fixes"),
    [
        ("expect parameters < 2GB", "`parameters` is a number, not a size in bytes, `2GB`", ["2G"]),
        ("expect macs < 2B", "`macs` is a number, not a size in bytes, `2B`", ["2G"]),
        ("expect macs < 2GiB", "`macs` is a number, not a size in bytes, `2GiB`", []),
        ("let most = 2GB\nexpect macs < most", "`macs` is a number, not a size in bytes, `most`", []),
        ("conv K=3MB F=1", "`conv` takes no size in bytes, `K=3MB`", []),
        ("conv 3MB F=1", "`conv` takes no size in bytes, `3MB`", []),
        ("let width = 3kB\nconv K=width F=1", "`conv` takes no size in bytes, `K=width`", []),
        ("repeat 2kB { relu }", "a number is needed here, not a size in bytes, `2kB`", []),
        ("pool max F=(1kB)x2", "a number is needed here, not a size in bytes, `1kB`", []),
        ("slice 0..1kB", "a number is needed here, not a size in bytes, `1kB`", []),
        ("fc 2 => 2kB", "a claim is a shape, such as `55x55x96` or `1000`", []),
        ("train { batch 2kB }", "`batch` takes no size in bytes, `2kB`", []),
        ("expect vram < 2GB", "`expect` does not know `vram`", ["training_memory"]),
        ("expect gpu_memory < 2GB", "`expect` does not know `gpu_memory`", ["training_memory"]),
        ("expect memory < 2gb", "the unit is written as in `2GB`", ["expect memory < 2GB"]),
        ("expect memory < 2 Gib", "a number and its unit are one word, `2GiB`", ["expect memory < 2GiB"]),
        ("expect memory < 2KB", "the unit is written as in `2kB`", ["expect memory < 2kB"]),
        ("expect parameters < 2m", "the unit is written as in `2M`", ["expect parameters < 2M"]),
    ],
)
def test_a_size_in_bytes_where_it_makes_no_sense(lines: str, message: str, fixes: list[str]) -> None:
    source = Source("a.net", NETWORK + lines)
    (error,) = add_fixes(check_source(source), {}, read_beside).errors
    assert error.message.startswith(message)
    assert [fix.title.partition(",")[0] for fix in error.fixes] == fixes


def test_an_infinite_expectation_is_only_wrong() -> None:
    checked = check("expect memory == 1e999GB")
    (error,) = add_fixes(checked, {}, read_beside).errors
    assert "expected inf" in error.message


def test_an_input_is_no_size_in_bytes() -> None:
    (error,) = check_source(Source("a.net", "input 5kB\nfc 3\n")).errors
    assert error.message.startswith("an input is height×width×channels")
