"""The files that a spec uses are kept with the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from specnet.training.runs import run_config


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
    assert run_config.choose_snapshot_path(path).as_posix() == place


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    used = {"blocks/a.net": "a\n", "../b.net": "b\n", "c.net": "c\n"}
    run_config.write_spec_snapshot(tmp_path, "net X\n", used)
    assert run_config.read_used_files(tmp_path, used) == used
    assert (tmp_path / "spec.net").read_text() == "net X\n"
