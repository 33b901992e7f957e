"""The table of `specnet explain zoo`: the published networks by year, with the accuracy and who states it."""

from __future__ import annotations

from collections.abc import Sequence

from specnet.package import read_package_text
from specnet.reporters.table import align_rows
from specnet.zoo import ClaimedSize, PublishedNetwork, read_claimed_size, read_published_networks

HEADINGS = ("year", "network", "parameters", "MACs", "accuracy", "source")
NUMBERS = (2, 3, 5)

MEANING = """\
Accuracy is top-1 on ImageNet in %, for one central crop of the size of the spec's input, or of the size that is given,
or the named metric, as its source states it:"""


def format_published_networks() -> str:
    """Return the table by year and parameters, with the numbered sources below; raises IncompleteInstall."""
    sized = [(network, find_size(network.spec)) for network in read_published_networks()]
    sized.sort(key=lambda pair: (pair[0].year, pair[1].parameters or 0))
    sources = list(dict.fromkeys(network.source for network, _ in sized if network.source))
    rows = [_format_row(network, size, sources) for network, size in sized]
    addresses = align_rows([(str(number), source) for number, source in enumerate(sources, 1)], right=(0,))
    return "\n".join([*align_rows([HEADINGS, *rows], NUMBERS), "", MEANING, "", *addresses])


def find_size(spec: str) -> ClaimedSize:
    """Return the totals of a spec, which is checked only if it claims none: sixty checks would take seconds."""
    claimed = read_claimed_size(spec)
    if claimed.parameters is not None and claimed.macs is not None:
        return claimed
    from specnet.compiler import check_source
    from specnet.source import Source

    totals = check_source(Source(f"{spec}.net", read_package_text(f"specs/{spec}.net"))).totals
    return ClaimedSize(totals.parameters, totals.macs)


def _format_row(network: PublishedNetwork, size: ClaimedSize, sources: Sequence[str]) -> tuple[str, ...]:
    numbers = ("" if number is None else f"{number:,}" for number in (size.parameters, size.macs))
    source = str(sources.index(network.source) + 1) if network.source else ""
    return (str(network.year), network.spec, *numbers, network.accuracy, source)
