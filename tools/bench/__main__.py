"""Measure how long `specnet check` takes beside its own imports, torchinfo and Keras, in CPU seconds of processes.

python tools/bench [--pairs N] [--before CHECKOUT] [--quick]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.programs import Programs
from bench.timing import report


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=7, metavar="N", help="pairs of measurements (default: 7)")
    parser.add_argument("--before", type=Path, metavar="CHECKOUT", help="also measure an earlier checkout of SpecNet")
    parser.add_argument("--quick", action="store_true", help="only check that it runs: one pair of short specs")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs takes a whole number from 1")
    if options.before and not (options.before / "specnet" / "__main__.py").is_file():
        parser.error(f"{options.before} is no checkout of SpecNet")
    return options


def main() -> None:
    options = parse_arguments()
    pairs, length = (1, 10) if options.quick else (options.pairs, 1_000)
    print(f"CPU seconds, user and system, of whole processes: the median of {pairs}; ratios: the median of the pairs")
    with TemporaryDirectory() as folder:
        programs = Programs(Path(folder))
        for comparison in programs.list_comparisons(length):
            if options.before:
                comparison.others["SpecNet before"] = programs.check_with(options.before, comparison.ours)
            for line in report(comparison, pairs):
                print(line, flush=True)


if __name__ == "__main__":
    main()
