"""The handwritten digits that come with scikit-learn: 1,797 images of 8×8 with 17 shades of grey."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from specnet.training.data.images import DataSet, Images
from specnet.training.data.split import cut
from specnet.training.errors import CannotRun

TESTED = 5
"""One image in five is set aside for the test: the set is published without a test part."""


def read() -> DataSet:
    """Both parts; raises CannotRun where scikit-learn is not installed."""
    table = torch.from_numpy(np.loadtxt(_file(), np.uint8, delimiter=","))
    shades = table[:, :64].reshape(-1, 8, 8, 1).double()
    images = Images((shades * 255 / 16).round().to(torch.uint8), table[:, 64].long())
    train, test = cut(images, 0, len(images) // TESTED)
    return DataSet(tuple("0123456789"), train, test=test)


def _file() -> Path:
    """The table itself: importing scikit-learn to have it read takes fifteen times as long."""
    package = find_spec("sklearn")
    if package is None or package.origin is None:
        raise CannotRun("`data digits` needs scikit-learn: pip install 'specnet[train]'")
    return Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
