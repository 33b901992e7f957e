"""evaluate: what is watched after every epoch beside the validation part, `evaluate test`; it chooses nothing."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.settings.base import Setting


class Evaluate(Setting):
    """A part to watch as training goes on."""


class EvaluateTest(Evaluate):
    """The test set, which is otherwise looked at once, at the end."""


CHOICES: Mapping[str, type[Evaluate]] = {"test": EvaluateTest}
