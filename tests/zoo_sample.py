"""The networks of the zoo that a test of each of them tries by default: every third, and all in the slow tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

EVERY = 3


def sample(networks: Sequence[Any]) -> list[Any]:
    """Return the networks as parameters of a test, two thirds of which are slow."""
    return [
        pytest.param(each, marks=pytest.mark.slow) if place % EVERY else each for place, each in enumerate(networks)
    ]
