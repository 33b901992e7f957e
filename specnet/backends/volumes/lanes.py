"""The order of volumes along a row, and the lanes in which branches run beside the trunk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count

from specnet.backends.volumes.volume import FoldedVolumes

ASIDE = -10_000
"""The distance from a head to the end of the trunk, which never goes on there."""


def rank_volumes(folded: FoldedVolumes) -> Mapping[str, int]:
    """Return the place of each volume along the row: behind all that it reads; inputs stand before their reader."""
    ranks: dict[str, int] = {}
    for name in folded.volumes:
        ranks[name] = max((ranks[source] + 1 for source in folded.before[name]), default=0)
    for name, volume in folded.volumes.items():
        if volume.is_input and folded.behind[name]:
            ranks[name] = max(0, min(ranks[reader] for reader in folded.behind[name]) - 1)
    return ranks


def find_heirs(folded: FoldedVolumes) -> Mapping[str, str]:
    """Return for each volume the reader that goes on in its lane: the one from which it is farthest to an end.

    Of several, a stream goes on where it is added, and not where another stream reads it.
    """
    residuals = {(link.source, link.target) for link in folded.links if link.is_residual}
    rest: dict[str, int] = {}
    heirs: dict[str, str] = {}
    for name in reversed([*folded.volumes]):
        readers = folded.behind[name]
        rest[name] = max((rest[reader] + 1 for reader in readers), default=0 if name in folded.outputs else ASIDE)
        if readers:
            heirs[name] = max(readers, key=lambda reader: (rest[reader], (name, reader) in residuals))
    return heirs


def assign_lanes(folded: FoldedVolumes, ranks: Mapping[str, int]) -> Mapping[str, int]:
    """Return the lane of each volume: 0 for the trunk, then 1 below it, -1 above it, and so on."""
    heirs, lanes, free_from = find_heirs(folded), dict[str, int](), dict[int, int]()
    inherits = set(heirs.values())
    for name in sorted(folded.volumes, key=lambda name: (ranks[name], name not in inherits)):
        inherited = [lanes[source] for source in folded.before[name] if heirs[source] == name]
        free = (lane for lane in _list_lanes() if free_from.get(lane, 0) <= ranks[name])
        lane = lanes[name] = min(inherited, key=abs) if inherited else next(free)
        free_from[lane] = ranks[heirs.get(name, name)] + 1
    return lanes


def _list_lanes() -> Iterator[int]:
    yield 0
    for lane in count(1):
        yield from (lane, -lane)
