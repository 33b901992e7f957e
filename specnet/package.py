"""The version of the package, and the files that come with it: the grammar, the zoo, the pages of the codes."""

from __future__ import annotations

from pathlib import Path

__version__ = "0.1.0"

PACKAGE = Path(__file__).parent


def find_package_file(path: str) -> Path:
    """Return a file or folder, such as `grammars/specnet.lark`, of the package or of the checkout around it.

    An installed package has them inside, a checkout beside the package. The path may not exist.
    """
    inside = PACKAGE / path
    return inside if inside.exists() else PACKAGE.parent / path
