"""What the names of layers in the source have in common."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate


def split_common(nodes: list[str]) -> tuple[list[str], list[str]]:
    """Return the parts that all names begin with, and the next part of each, "" where there is none."""
    parts = [re.split(r"[._]", node) for node in nodes]
    common = 0
    while parts and all(len(part) > common for part in parts) and len({part[common] for part in parts}) == 1:
        common += 1
    return (parts[0][:common] if parts else []), ["".join(part[common : common + 1]) for part in parts]


def count_prefixes(nodes: Iterable[str]) -> Counter[str]:
    """Return the number of names that begin with each sequence of parts, as `conv2_1`."""
    parts = (re.split(r"[._]", node) for node in nodes)
    return Counter(prefix for each in parts for prefix in accumulate(each, lambda before, part: f"{before}_{part}"))
