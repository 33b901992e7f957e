"""Which images of a batch a rank works on."""

from __future__ import annotations

from dataclasses import dataclass

LEAST = 2
"""Images that a rank works on at least, for a single one has no variance to normalise by."""


@dataclass(frozen=True)
class Share:
    """The places from `start` to `stop` − 1 of a batch of `whole` images, of which the first `counted` count.

    Where there are too few images for all ranks, the last ranks go through two that others have, too, and count none:
    they must take part in what all ranks do together.
    """

    start: int
    stop: int
    counted: int
    whole: int
    ranks: int = 1

    @property
    def places(self) -> slice:
        return slice(self.start, self.stop)

    @property
    def weight(self) -> float:
        """The factor of the share's mean loss that makes the mean of all ranks' gradients the whole batch's."""
        return self.counted * self.ranks / self.whole

    def parts(self, wanted: int) -> int:
        """In how many parts the share is learned: as many on every rank, for all take each of them together."""
        least = self.whole // self.ranks if self.whole >= self.ranks * LEAST else LEAST
        return min(wanted, max(1, least // LEAST))


def share_of(rank: int, ranks: int, whole: int) -> Share:
    """The share of one of so many ranks in a batch of `whole` images; the shares are as equal as they can be."""
    working = max(1, min(ranks, whole // LEAST))
    if rank >= working:
        return Share(0, min(LEAST, whole), 0, whole, ranks)
    start, stop = whole * rank // working, whole * (rank + 1) // working
    return Share(start, stop, stop - start, whole, ranks)
