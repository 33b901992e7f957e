"""docs/zoo.md: every published network, and how near its outputs are to those of its reference implementations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from specnet.cli.published_networks import find_size
from specnet.zoo import ClaimedSize, PublishedNetwork

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "zoo.md"
SPECS = ROOT / "specs"

FIGURE = re.compile(r"([\d.e-]+)&nbsp;`([a-z]+:\w+)`")
"""A relative difference with its reference, as a cell has them."""

HEADINGS = ("network", "year", "paper", "lines", "parameters", "MACs", "accuracy", "difference from the reference")

TEXT = """# The published networks

`specnet explain zoo` lists them, too. Each is a file of [specs/](../specs), which every command takes by its bare name,
and a row of [specs/zoo.tsv](../specs/zoo.tsv).

- **lines** are those of the file and of the blocks that it uses, without blank ones.
- **accuracy** is top-1 on ImageNet in %, for one central crop of the size of the spec's input, or of the size that is
  given, or the named metric, as the page that it links to states it.
- **difference from the reference**: random weights of the implementation in torchvision, timm, pytorchcv or Keras are
  put into the spec, layer by layer, as [`--weights`](weights.md) does it. Both compute the same two random images of
  the size of the spec's input; the figure is max\\|a − b\\| / max\\|b\\| of the outputs a of the spec and b of the
  reference. It is measured in double precision, in which equal networks agree to 1e-10 and any other padding,
  activation or `eps` shows. Keras computes in single precision, in which equal networks agree to 1e-5. A network
  without a reference is in none of these libraries, or follows its paper where they do not.

`python tools/reference_equality` measures all of it and writes this page; `--only NAME` measures one network.

"""


def read_figures() -> dict[str, str]:
    """Return the differences on the page by their references."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    return {
        f"{row.split('`')[1]} {reference}": figure
        for row in text.splitlines()
        for figure, reference in FIGURE.findall(row)
    }


def write_page(networks: Iterable[PublishedNetwork], figures: Mapping[str, str]) -> None:
    PAGE.write_text(format_page(networks, figures), encoding="utf-8")


def format_page(networks: Iterable[PublishedNetwork], figures: Mapping[str, str]) -> str:
    """Return the page; `figures` has the difference of each `SPEC REFERENCE`, and others are not measured."""
    rows = [HEADINGS, ("---", "---:", "---", "---:", "---:", "---:", "---", "---")]
    sized = [(network, find_size(network.spec)) for network in networks]
    sized.sort(key=lambda pair: (pair[0].year, pair[1].parameters or 0))
    rows += [_format_row(network, size, figures) for network, size in sized]
    return TEXT + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _format_row(network: PublishedNetwork, size: ClaimedSize, figures: Mapping[str, str]) -> tuple[str, ...]:
    found = {each: figures.get(f"{network.spec} {each}", "") for each in network.references}
    return (
        f"[`{network.spec}`](../specs/{network.spec}.net)",
        str(network.year),
        link_paper(network.paper),
        str(count_lines(network.spec)),
        f"{size.parameters:,}",
        f"{size.macs:,}",
        f"[{network.accuracy}]({network.source})" if network.accuracy else "",
        ", ".join(f"{figure or 'not measured'}&nbsp;`{each}`" for each, figure in found.items()),
    )


def link_paper(paper: str) -> str:
    """Return a citation with its arXiv number, DOI or address as a link."""
    text, _, identifier = paper.rpartition(", ")
    kind, _, number = identifier.partition(":")
    address = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}.get(kind)
    return f"{text}, [{identifier}]({address}{number})" if address else f"{text}, <{identifier}>"


def count_lines(spec: str) -> int:
    """Return the number of lines of a spec and of the blocks that it uses that are not blank."""
    text = (SPECS / f"{spec}.net").read_text(encoding="utf-8")
    used = [(SPECS / path).read_text(encoding="utf-8") for path in re.findall(r'^use "(.*)"', text, re.MULTILINE)]
    return sum(bool(line.strip()) for each in (text, *used) for line in each.splitlines())
