"""The version of the package, its modules, and the files that come with it: the grammar, the zoo, the pages."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import get_data, iter_modules

from specnet.errors import SpecNetError

__version__ = "0.1.0"

PACKAGE = Path(__file__).parent


class IncompleteInstall(SpecNetError):
    """A part of SpecNet is missing, so that nothing can be said about a spec."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"SpecNet is not completely installed: {missing}; install it again, for instance with pip")


def find_package_file(path: str) -> Path:
    """Return a file or folder, such as `specs`, of the package or of the checkout around it.

    An installed package has them inside, a checkout beside the package. The path may not exist, as in an archive.
    """
    inside = PACKAGE / path
    return inside if inside.exists() else PACKAGE.parent / path


def read_package_text(path: str) -> str:
    """Read a text, such as `grammars/specnet.lark`, of the package, which may be in an archive, or of its checkout.

    Raises IncompleteInstall.
    """
    try:
        data = get_data("specnet", path)
    except OSError:
        data = None
    try:
        return (data or (PACKAGE.parent / path).read_bytes()).decode()
    except OSError:
        raise IncompleteInstall(f"there is no {path} in {PACKAGE}") from None


def list_package_files(folder: str) -> list[str]:
    """Return the paths, for `read_package_text`, of the files in a folder of the package; raises IncompleteInstall."""
    from importlib.resources import files

    inside = files("specnet").joinpath(folder)
    place = inside if inside.is_dir() else PACKAGE.parent / folder
    if not place.is_dir():
        raise IncompleteInstall(f"there is no {folder} in {PACKAGE}")
    return sorted(f"{folder}/{file.name}" for file in place.iterdir())


@cache
def list_modules(package: str) -> tuple[str, ...]:
    """Return the names of the modules in a package, source or bytecode, in order; raises IncompleteInstall if none."""
    found = iter_modules(import_module(package).__path__)
    names = tuple(sorted(module.name for module in found if not module.ispkg))
    if not names:
        raise IncompleteInstall(f"there are no modules in {package}")
    return names
