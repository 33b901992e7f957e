"""The command that trains a run again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from specnet.run_report.origin import format_command
from specnet.training import Options, RunConfig


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        ({}, ""),
        ({"overrides": {"epochs": "3", "width": "2", "input": "8x8x1"}}, "--epochs 3 --set width=2 --input 8x8x1"),
        ({"device": "cuda:1", "precision": "bf16"}, "--device cuda:1 --precision bf16"),
        ({"device": "cuda:0", "processes": 2, "sync_bn": True}, "--gpus 2 --sync-bn"),
        ({"processes": 2, "workers": 0, "skip_bad": True}, "--nproc 2 --workers 0 --skip-bad"),
        ({"data_dir": "/a b", "freeze": ["conv*", "fc"]}, "--data-dir '/a b' --freeze 'conv*' --freeze fc"),
    ],
)
def test_the_command(options: dict[str, Any], flags: str) -> None:
    config = cast(RunConfig, SimpleNamespace(folder=Path("runs/x"), options=Options(**options)))
    assert format_command(config) == f"specnet train runs/x/spec.net {flags}".rstrip()
