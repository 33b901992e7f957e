"""Attributes that most layers of a kind have in common, which a `default` line says once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from specnet.importers.folding.items import Join, Leaf, Sequence, find_written
from specnet.layers.base.layer import LIKE, Layer

LEAST = 3
"""The number of layers that must have the attribute."""

Defaults = Mapping[str, Mapping[str, Any]]
"""By kind of layer, the fields with another default than their class has."""


def find_defaults(written: Iterable[Sequence]) -> Defaults:
    """Return the attributes that most of the layers of a kind have, as they are written."""
    counts: dict[tuple[type, str], Counter[Any]] = defaultdict(Counter)
    kinds: dict[type, str] = {}
    for items in written:
        for item in find_written(items):
            if isinstance(item, Leaf | Join) and item.node.layer:
                kinds[type(item.node.layer)] = item.node.kind
                _count(item, counts)
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for (cls, name), values in counts.items():
        value, times = values.most_common(1)[0]
        field = cls.model_fields[name]  # type: ignore[attr-defined]
        if times >= LEAST and 2 * times > values.total() and value != field.default and None not in values:
            found[kinds[cls]][name] = value
    return found


def _count(item: Leaf | Join, counts: dict[tuple[type, str], Counter[Any]]) -> None:
    cls = type(item.node.layer)
    assert issubclass(cls, Layer)
    for name, field in cls.model_fields.items():
        value = getattr(item.node.layer, name)
        is_named = name in (*item.given, *cls.positional, LIKE)
        if not (is_named or field.is_required()) and (isinstance(value, bool | float | None) or value == "same"):
            counts[cls, name][value] += 1
