"""group: other rates for some of the parameters, `group norm.bias lr=64x`, `group norm weight_decay=0`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from specnet.attributes import Multiple
from specnet.settings.base import NonNegative, Positive, Setting

SEVERAL = True
"""There may be several groups; where two concern one parameter, the later one counts."""

Rate = Multiple | NonNegative
"""A number, or so many times the optimizer's."""


class Group(Setting):
    """Parameters by a pattern of their names: `conv1.weight`, `conv1`, `bias`, `"block*.bias"`, or of their layers'
    kinds: `fc`, `bn.bias`, and `norm` for all that normalise."""

    positional = ("pattern",)

    pattern: Annotated[str, Field(min_length=1)]
    lr: Rate | None = Field(None, description="learning rate, or so many times the optimizer's, as 64x")
    weight_decay: Rate | None = Field(None, description="weight decay, or so many times the optimizer's, as 0.5x")
    until: Positive | None = Field(None, description="epochs after which these parameters stay as they are")

    def concerns(self, name: str, words: Sequence[str]) -> bool:
        """Whether a parameter is one of the group, by its name, `conv1.weight`, and the words its layer goes by."""
        return any(fnmatchcase(called, self.pattern) for called in _called(name, words))


def _called(name: str, words: Sequence[str]) -> Iterator[str]:
    """All that `layer1.0.conv1.weight` goes by: it, `weight`, `conv`, `conv.weight`, `layer1`, `layer1.0` and so on."""
    layer, _, parameter = name.rpartition(".")
    yield from (name, parameter)
    yield from (called for word in words for called in (word, f"{word}.{parameter}"))
    while layer:
        yield layer
        layer = layer.rpartition(".")[0]


CHOICES: Mapping[str, type[Group]] = {"": Group}
