"""The version of the package, its modules, and the files that come with it: the grammar, the zoo, the pages."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import get_data, iter_modules
from typing import Any

from specnet.errors import SpecNetError
from specnet.file_access import is_there

__version__ = "0.1.0"

PACKAGE = Path(__file__).parent


class IncompleteInstall(SpecNetError):
    """A part of SpecNet is missing, so that nothing can be said about a spec."""

    def __init__(self, missing: str) -> None:
        super().__init__(f"SpecNet is not completely installed: {missing}; install it again, for instance with pip")


def is_own_module(name: str | None) -> bool:
    return name is not None and name.partition(".")[0] == PACKAGE.name


def describe_missing_module(error: ImportError) -> str:
    """Return which module is missing or damaged, for IncompleteInstall."""
    if isinstance(error, ModuleNotFoundError):
        return f"there is no module {error.name}"
    return f"{error.name or 'a module'} cannot be imported: {error.msg}"


def find_package_file(path: str) -> Path:
    """Return a file or folder, such as `specs`, of the package or of the checkout around it.

    An installed package has them inside, a checkout beside the package. The path may not exist, as in an archive.
    """
    inside = PACKAGE / path
    return inside if is_there(inside) else PACKAGE.parent / path


def read_package_text(path: str) -> str:
    """Read a text, such as `grammars/specnet.lark`, of the package, which may be in an archive, or of its checkout.

    Raises IncompleteInstall.
    """
    try:
        data = get_data("specnet", path)
    except OSError:
        data = None
    try:
        data = (PACKAGE.parent / path).read_bytes() if data is None else data
    except OSError:
        raise IncompleteInstall(f"there is no {path} in {PACKAGE}") from None
    if not data:
        raise IncompleteInstall(f"{path} in {PACKAGE} is empty")
    return data.decode()


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
    names = tuple(sorted(module.name for module in found if not module.ispkg and module.name.isidentifier()))
    if not names:
        raise IncompleteInstall(f"there are no modules in {package}")
    return names


def load_from_module(module: str, name: str) -> Any:
    """Return what a module of the package calls `name`; raises IncompleteInstall where the module is damaged."""
    try:
        return getattr(import_module(module), name)
    except (AttributeError, SyntaxError):
        raise IncompleteInstall(f"the module {module} is damaged: it has no {name}") from None


def refuse_lost_module(module: str) -> None:
    """Raise IncompleteInstall if pip has installed a module, by its own list, which is no longer there."""
    path = f"{module.replace('.', '/')}.py"
    if path in _list_installed():
        raise IncompleteInstall(f"there is no {path} in {PACKAGE.parent}")


@cache
def _list_installed() -> frozenset[str]:
    """Return the paths of all files that were installed beside this one; none for a checkout, which has no list."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        installed = distribution(PACKAGE.name)
    except PackageNotFoundError:
        return frozenset()
    paths = frozenset(file.as_posix() for file in installed.files or ())
    return paths if Path(str(installed.locate_file(PACKAGE.name))) == PACKAGE else frozenset()


def make_python_command(module: str) -> list[str]:
    """Return the command that runs a module in another process of this Python.

    Python looks for modules in the current folder, which may be anybody's, only where this process does.
    """
    safe = [] if {"", str(Path.cwd())} & {*sys.path} else ["-P"]
    return [sys.executable, *safe, "-m", module]
