"""A cfg as sections with their options and lines, as Darknet's own parser reads it.

That drops all spaces of a line, reads numbers from the beginning of a value, and takes the first of several options of
one name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from specnet.foreign.darknet import read_option
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import SourceLayer

MOST_SECTIONS = 20_000
"""The largest networks in the wild have about 700."""

MOST_LINES = 1_000_000


SHORT_NAMES = {
    "conv": "convolutional",
    "deconv": "deconvolutional",
    "conn": "connected",
    "max": "maxpool",
    "avg": "avgpool",
    "soft": "softmax",
    "lrn": "normalization",
    "reorg_old": "reorg",
}
"""Darknet's other names of sections."""


@dataclass(frozen=True)
class Section:
    """A section of a cfg: `place` counts those below [net] from 0, as the numbers of `route` and `shortcut` do."""

    source: SourceLayer
    place: int
    options: Mapping[str, Any]

    @property
    def kind(self) -> str:
        return self.source.kind

    def whole(self, name: str, default: int) -> int:
        """Return an option as Darknet reads a whole number: a fraction is cut off, and what is no number is 0."""
        value = self.options.get(name, default)
        if isinstance(value, float):
            return int(value) if isfinite(value) else 0
        return value if isinstance(value, int) else 0

    def numbers(self, name: str) -> tuple[Any, ...]:
        """Return the values of a list; none if the option is not there."""
        value = self.options.get(name, ())
        return value if isinstance(value, tuple) else (value,)


def parse_cfg(text: str, file: str) -> tuple[Section, list[Section]]:
    """Return the section [net] and the others; raises UnreadableModel with the line of a fault."""
    found = list[tuple[str, int, dict[str, Any]]]()
    for line, words in enumerate(text.splitlines(), 1):
        stripped = re.sub(r"[#;].*", "", words).strip("\0 \t")
        if not stripped:
            continue
        if stripped.startswith("["):
            found.append((_read_name(stripped, file, line), line, {}))
            continue
        name, sign, value = stripped.partition("=")
        if not sign or not found:
            what = "an option before the first section" if sign else "neither a section nor an option"
            raise UnreadableModel(f"{file}, line {line}: `{stripped[:40]}` is {what}")
        found[-1][2].setdefault("".join(name.split()), read_option(value))
    return _number(found, file)


def _read_name(line: str, file: str, number: int) -> str:
    name, closed, _ = line[1:].partition("]")
    if not closed or not name.strip():
        raise UnreadableModel(f"{file}, line {number}: `{line[:40]}` is no section; those are `[convolutional]` …")
    return name.strip()


def _number(found: list[tuple[str, int, dict[str, Any]]], file: str) -> tuple[Section, list[Section]]:
    if len(found) > MOST_SECTIONS:
        raise UnreadableModel(f"{file} has {len(found):,} sections; networks of up to {MOST_SECTIONS:,} are read")
    if len(found) < 2 or found[0][0] not in ("net", "network"):
        raise UnreadableModel(f"{file} has no network: a cfg begins with [net], and a section for each layer follows")
    sections = [
        Section(
            SourceLayer(f"layer{place}" if place >= 0 else "net", SHORT_NAMES.get(kind, kind), line), place, options
        )
        for place, (kind, line, options) in enumerate(found, -1)
    ]
    return sections[0], sections[1:]
