"""Print what comes back of networks that are written in another format: `python -m round_trips onnx|keras [SPEC …]`.

Without SPECs, all networks of the zoo are written.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

from round_trips.comparison import compare, compare_in_keras

ZOO = Path(__file__).parents[2] / "specs"

FORMATS = {"onnx": compare, "keras": compare_in_keras}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("specs", nargs="*", type=Path, metavar="SPEC")
    options = parser.parse_args()
    specs, same = options.specs or sorted(ZOO.glob("*.net")), 0
    for spec in specs:
        with tempfile.TemporaryDirectory() as folder:
            comparison = FORMATS[options.format](spec, Path(folder))
        same += comparison.is_same
        print(comparison, flush=True)
    print(f"{same} of {len(specs)} are the same graph")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
