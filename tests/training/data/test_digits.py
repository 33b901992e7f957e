"""The digits that come with scikit-learn, and installations without them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from specnet.training import CannotRun
from specnet.training.data import sets


def test_a_scikit_learn_without_its_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sets, "find_spec", lambda name: SimpleNamespace(origin=str(tmp_path / "__init__.py")))
    with pytest.raises(CannotRun, match="has no digits: there is no "):
        sets._digits_file()
