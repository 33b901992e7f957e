"""The registry and the files of views agree, and every parameter is one that a request has."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module

from paths import ROOT

from specnet.insight.registry import VIEWS
from specnet.insight.request import PARAMETERS, Request


def test_every_view_is_a_file() -> None:
    files = {path.stem for path in (ROOT / "specnet/insight/views").glob("*.py")} - {"__init__"}
    assert files == set(VIEWS)
    assert all(hasattr(import_module(f"specnet.insight.views.{name}"), "compute") for name in VIEWS)


def test_every_parameter_is_described() -> None:
    assert {name for info in VIEWS.values() for name in info.takes} == set(PARAMETERS)
    assert set(PARAMETERS) <= {field.name for field in fields(Request)}
