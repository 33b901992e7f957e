"""Compare each network of the zoo with its reference implementations, and write docs/zoo.md: see --help."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from reference_equality.comparison import IncomparableNetworks, measure_difference
from reference_equality.implementations import make_reference
from reference_equality.page import count_lines, read_figures, write_page

from specnet.cli.published_networks import find_size
from specnet.suggest import did_you_mean, find_closest_word
from specnet.weights import WeightsError
from specnet.zoo import PublishedNetwork, read_published_networks

HEADINGS = ("spec", "lines", "parameters", "MACs", "reference", "difference")
LINE = "{:22} {:>5} {:>12} {:>15}  {:34} {}"


def main() -> int:
    """Return 1 if a network differs from its reference, or cannot be compared."""
    options = make_parser().parse_args()
    networks = {network.spec: network for network in read_published_networks()}
    if unknown := [name for name in options.only if name not in networks]:
        hint = did_you_mean(find_closest_word(unknown[0], networks))
        print(f"error: specs/zoo.tsv has no network `{unknown[0]}`{hint}", file=sys.stderr)
        return 2
    print(LINE.format(*HEADINGS))
    figures, problems = {}, 0
    for network in [networks[name] for name in options.only] or networks.values():
        for reference, figure, is_equal in compare(network):
            figures[f"{network.spec} {reference}"] = figure
            problems += not is_equal
    if not problems:
        write_page(networks.values(), read_figures() | figures)
    return 1 if problems else 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reference_equality",
        description="Put the random weights of reference implementations into the networks of the zoo, compare what "
        "they compute, and write docs/zoo.md if all are equal. Needs the libraries of the extra `oracle`.",
    )
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="the networks to compare; else all")
    return parser


def compare(network: PublishedNetwork) -> Iterator[tuple[str, str, bool]]:
    """Print a line for each reference of a network; yield it with the difference, and whether that is rounding."""
    totals = find_size(network.spec)
    size = (count_lines(network.spec), f"{totals.parameters:,}", f"{totals.macs:,}")
    if not network.references:
        print(LINE.format(network.spec, *size, "none", ""), flush=True)
    for reference in network.references:
        figure, is_equal = measure(network.spec, reference)
        gc.collect()  # modules are in cycles, and those of VGG take two gigabytes
        print(LINE.format(network.spec, *size, reference, figure), flush=True)
        yield reference, figure, is_equal


def measure(spec: str, reference: str) -> tuple[str, bool]:
    """Return the difference of a network from a reference, or why there is none, and whether they are equal."""
    try:
        made = make_reference(reference)
        difference = measure_difference(spec, made)
    except ImportError as error:
        return f"not compared: {error.name or error} is not installed: pip install '.[oracle]'", False
    except (IncomparableNetworks, WeightsError) as error:
        return f"not comparable: {error}", False
    is_equal = difference <= made.tolerance
    return f"{difference:.0e}" if difference else "0", is_equal


if __name__ == "__main__":
    sys.exit(main())
