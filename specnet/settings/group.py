"""group: other rates for some of the parameters, `group norm.bias lr=64x`, `group norm weight_decay=0`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import translate
from typing import Annotated

from pydantic import Field

from specnet.attributes import Multiple, NonNegative, Positive, Setting

SEVERAL = True
"""There may be several groups; the later one overrides the earlier where both match a parameter."""

Rate = Multiple | NonNegative
"""A number, or a multiple of the optimizer's."""


class Group(Setting):
    """Parameters by a pattern of their names: `conv1.weight`, `conv1`, `bias`, `"block*.bias"`, or of their layers'
    kinds: `fc`, `bn.bias`, and `norm` for all that normalise."""

    positional = ("pattern",)

    pattern: Annotated[str, Field(min_length=1)]
    lr: Rate | None = Field(None, description="learning rate, or a multiple of the optimizer's, as 64x")
    weight_decay: Rate | None = Field(None, description="weight decay, or a multiple of the optimizer's, as 0.5x")
    until: Positive | None = Field(None, description="epoch from which these parameters are not trained")

    def matches(self, name: str, words: Sequence[str]) -> bool:
        """Whether the pattern matches a parameter, by its name, `conv1.weight`, or by the words for its layer."""
        return self.selects(set(list_names(name, words)))

    def selects(self, names: Collection[str]) -> bool:
        """Whether the pattern matches one of the names by which parameters are called."""
        has_wildcards = any(sign in self.pattern for sign in "*?[")
        return self.pattern in names or (has_wildcards and any(map(re.compile(translate(self.pattern)).match, names)))


def list_names(name: str, words: Sequence[str]) -> Iterator[str]:
    """Yield the names of `layer1.0.conv1.weight`: it, `weight`, `conv`, `conv.weight`, `layer1`, `layer1.0` …"""
    layer, _, parameter = name.rpartition(".")
    yield from (name, parameter)
    yield from (called for word in words for called in (word, f"{word}.{parameter}"))
    while layer:
        yield layer
        layer = layer.rpartition(".")[0]


CHOICES: Mapping[str, type[Group]] = {"": Group}
