"""The files that a spec uses are kept with the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from specnet.training import kept_spec


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("blocks.net", "blocks.net"),
        ("blocks/basic.net", "blocks/basic.net"),
        ("blocks/plain.txt", "blocks/plain.txt"),
        ("../lib/basic.net", "used/up/lib/basic.net"),
        ("../../basic.net", "used/up/up/basic.net"),
        ("spec.net", "used/spec.net"),
        ("config.json", "used/config.json"),
        ("checkpoint/basic.net", "used/checkpoint/basic.net"),
        ("used/basic.net", "used/used/basic.net"),
    ],
)
def test_where_a_used_file_lies(path: str, place: str) -> None:
    assert kept_spec.kept_at(path).as_posix() == place


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    used = {"blocks/a.net": "a\n", "../b.net": "b\n", "c.net": "c\n"}
    kept_spec.keep(tmp_path, "net X\n", used)
    assert kept_spec.read_used(tmp_path, used) == used
    assert (tmp_path / "spec.net").read_text() == "net X\n"
