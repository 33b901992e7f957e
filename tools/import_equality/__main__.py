"""Print the networks of torchvision and timm beside what is imported: `python tools/import_equality [NAME …]`."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from import_equality.architectures import TIMM, TORCHVISION
from import_equality.comparison import compare
from specnet.importers import UnreadableModel

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    wanted = sys.argv[1:]
    for library, names in (("torchvision", TORCHVISION), ("timm", TIMM)):
        for name in names:
            if not wanted or name in wanted:
                try:
                    print(compare(library, name), flush=True)
                except UnreadableModel as error:
                    print(f"{library:<12} {name:<32} FAILS: {error}", flush=True)
