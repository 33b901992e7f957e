"""The table of the published networks in specs/: paper, accuracy, and whose weights each of them takes."""

from __future__ import annotations

import re

from specnet.package import IncompleteInstall, read_package_text
from specnet.records import Record

TABLE = "specs/zoo.tsv"
"""A row for each network, below a line of headings; the fields are separated by tabs."""

CLAIM = re.compile(r"^expect (parameters|macs) ([\d_]+)\s*(?:#|$)", re.MULTILINE)
"""A total that a spec claims; one that depends on a parameter of the network is none of these."""


class PublishedNetwork(Record):
    """A network of the zoo as its paper and its reference implementations have it."""

    spec: str
    """The bare name of its file, such as `resnet50`."""
    year: int
    paper: str
    """Authors, title, and arXiv, DOI, or the address of what has no paper."""
    accuracy: str
    """Top-1 accuracy on ImageNet in % at the size of the spec's input, or at another one (`57.5 at 224`), or a named
    metric (`CIFAR-10 94.01`); empty if none is published.
    """
    source: str
    """The address of the page that states the accuracy."""
    references: tuple[str, ...]
    """The implementations whose weights the spec takes: `torchvision:resnet50`."""


class ClaimedSize(Record):
    """The totals that a spec claims, None where it does not; they need no check, as the tests prove them."""

    parameters: int | None
    macs: int | None


def read_published_networks() -> list[PublishedNetwork]:
    """Return the networks in the order of the table, which is that of their names; raises IncompleteInstall."""
    _, *rows = read_package_text(TABLE).splitlines()
    return [_read_row(row) for row in rows]


def _read_row(row: str) -> PublishedNetwork:
    try:
        spec, year, paper, accuracy, source, references = row.split("\t")
        return PublishedNetwork(spec, int(year), paper, accuracy, source, tuple(references.split()))
    except ValueError:
        raise IncompleteInstall(f"a row of {TABLE} is damaged: {row!r}") from None


def read_claimed_size(spec: str) -> ClaimedSize:
    """Return the totals that a network of the zoo claims; raises IncompleteInstall."""
    claims = {name: int(number) for name, number in CLAIM.findall(read_package_text(f"specs/{spec}.net"))}
    return ClaimedSize(claims.get("parameters"), claims.get("macs"))
