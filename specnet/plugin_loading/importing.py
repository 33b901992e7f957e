"""Import the modules of plugins, and say in one line where and why that fails."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from specnet.errors import PluginError
from specnet.package import PACKAGE, __version__, is_own_module
from specnet.suggest import did_you_mean, find_closest_word

FOLDERS: list[str] = []
"""The folders of projects in which plugins are looked for, beside sys.path."""

MOST_FOLDERS = 3
"""The folders that a message lists."""


@contextmanager
def looking_in(folders: Iterable[str]) -> Iterator[None]:
    """Let Python look for modules in these folders first, as it does in that of a program that is run."""
    added = list(folders)
    sys.path[:0] = added
    try:
        yield
    finally:
        for folder in added:
            if folder in sys.path:  # which the module that was imported may have changed
                sys.path.remove(folder)


def import_plugin_module(name: str, what: str) -> ModuleType:
    """Import a module for `what`, such as a plugin, from a project or from sys.path; raises PluginError."""
    try:
        with looking_in(FOLDERS):
            return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except PluginError as error:
        raise PluginError(*error.args) from None
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise PluginError(_explain_no_module(error.name, name, what)) from None
        raise PluginError(_explain_failed_import(error, what)) from None
    except BaseException as error:
        raise PluginError(_explain_failed_import(error, what)) from None


def import_object(path: str) -> Any:
    """Return what an import path names, such as the class of `mypkg.modules:Swish`; raises PluginError."""
    name, _, attribute = path.partition(":")
    found: Any = import_plugin_module(name, f"`{path}`")
    for part in attribute.split("."):
        if not hasattr(found, part):
            hint = did_you_mean(find_closest_word(part, [each for each in dir(found) if not each.startswith("_")]))
            raise PluginError(f"`{path}`: {getattr(found, '__name__', name)} has no `{part}`{hint}")
        found = getattr(found, part)
    return found


def _explain_no_module(missing: str, name: str, what: str) -> str:
    places = list(dict.fromkeys(place or "." for place in (*FOLDERS, *sys.path) if Path(place).is_dir()))
    shown, more = places[:MOST_FOLDERS], len(places) - MOST_FOLDERS
    named = "" if missing == name else f", for {name},"
    return f"{what}: there is no module {missing}{named} in {', '.join(shown)}" + (
        f" or {more} more folders of sys.path" if more > 0 else ""
    )


def _explain_failed_import(error: BaseException, what: str) -> str:
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__) if _is_file(frame.filename)]
    return explain_failure(error, what, [str(Path(file).parent) for file in frames[:1]])


def _is_file(name: str) -> bool:
    """Whether the code of a traceback's line stands in a file outside SpecNet and the machinery of `import`."""
    return not name.startswith(("<", f"{PACKAGE}{os.sep}", f"{Path(importlib.__file__).parent}{os.sep}"))


def explain_failure(error: BaseException, what: str, homes: Iterable[str]) -> str:
    """Return where in these folders and why code of a plugin fails: `… fails at layers.py:3: ValueError: …`."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{what} cannot be read: {error.msg}, at {error.filename}:{error.lineno}"
    reason = f"{type(error).__name__}: {error}".strip(": ").replace("\n", " ")
    if isinstance(error, SystemExit):
        reason = f"it calls sys.exit({error.code!r})"
    place = find_place(error, homes)
    is_ours = isinstance(error, ImportError) and is_own_module(error.name)
    return f"{what} fails{place and f' at {place}'}: {reason}" + f"; this is SpecNet {__version__}" * is_ours


def find_home(cls: type[Any]) -> str:
    """Return the folder of the code of a class; "" where it has no file."""
    file = getattr(sys.modules.get(getattr(cls, "__module__", "")), "__file__", None)
    return str(Path(file).parent) if file else ""


def find_place(error: BaseException, homes: Iterable[str]) -> str:
    """Return the last place within folders on the way to an error, `/home/ada/mypkg/layers.py:3`; "" for none."""
    inside = tuple(f"{home}{os.sep}" for home in homes if home)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(inside)]
    found = [frame for frame in frames if _is_file(frame.filename)]
    return f"{found[-1].filename}:{found[-1].lineno}" if found else ""
