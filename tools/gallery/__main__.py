"""Make the pictures of docs/gallery by the commands on its page: python tools/gallery [--others].

With --others, other tools draw their pictures, as far as they are installed, into docs/gallery/others.
"""

from __future__ import annotations

import argparse
import sys
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from gallery.others import describe_ours, save_all
from gallery.page import make_all


def main() -> int:
    parser = argparse.ArgumentParser(prog="gallery", description=__doc__.partition("\n")[0])
    parser.add_argument("--others", action="store_true", help="make the pictures of other tools instead")
    options = parser.parse_args()
    if options.others:
        from PIL import Image

        Image.MAX_IMAGE_PIXELS = None  # the strips of others are long
        for line in chain(describe_ours(), save_all()):
            print(line, flush=True)
        return 0
    findings = list(make_all())
    print(*findings, sep="\n", end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
