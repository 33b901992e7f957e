"""init: the starting weights of conv, deconv and fc, `init he`; biases then start from 0."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.attributes import Positive, Setting


class TorchDefault(Setting):
    """As torch has it: uniform within ±1/√fan_in, biases too."""


class He(Setting):
    """Normal with variance 2/fan_in (He, Zhang, Ren, Sun 2015)."""


class Xavier(Setting):
    """Uniform with variance 2/(fan_in + fan_out) (Glorot, Bengio 2010)."""


class Gaussian(Setting):
    """Normal with the standard deviation `std`."""

    std: Positive = 0.01


class Dirac(Setting):
    """The first filters of a conv pass one channel each through; the others, and fc, are torch's."""


class Orthogonal(Setting):
    """Orthonormal rows or columns (Saxe, McClelland, Ganguli 2013)."""


Init = TorchDefault | He | Xavier | Gaussian | Dirac | Orthogonal
"""All distributions of starting weights there are."""

CHOICES: Mapping[str, type[Init]] = {
    "default": TorchDefault,
    "he": He,
    "xavier": Xavier,
    "gaussian": Gaussian,
    "orthogonal": Orthogonal,
    "dirac": Dirac,
}
