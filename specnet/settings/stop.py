"""stop: when to stop before the last epoch, `stop patience=5`."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.attributes import Count, Setting


class Stop(Setting):
    """Stops when validation accuracy has not risen for `patience` epochs; needs a validation part."""

    patience: Count = 5


CHOICES: Mapping[str, type[Stop]] = {"": Stop}
