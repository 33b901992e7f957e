"""Outputs that are equal but for rounding in single precision."""

from __future__ import annotations

import torch
from torch import Tensor


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    """Compare outputs relative to the largest, of which there must be different ones."""
    assert theirs.std() > 1e-2 * theirs.abs().max() > 0
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))
