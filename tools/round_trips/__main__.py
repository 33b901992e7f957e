"""Print what comes back of networks that are exported as ONNX: `python -m round_trips [SPEC …]`, the zoo by default."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from round_trips.comparison import compare

ZOO = Path(__file__).parents[2] / "specs"

if __name__ == "__main__":
    specs = [Path(each) for each in sys.argv[1:]] or sorted(ZOO.glob("*.net"))
    for spec in specs:
        with tempfile.TemporaryDirectory() as folder:
            print(compare(spec, Path(folder)), flush=True)
