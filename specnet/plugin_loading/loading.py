"""Load plugins once, where that is wanted: a command does, or refuses to; a program imports its own, or names them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from enum import Enum
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

from specnet.package import __version__
from specnet.plugin_loading.discovery import Plugin, list_announced, list_folders, list_named
from specnet.plugin_loading.importing import FOLDERS, find_place, import_plugin_module
from specnet.plugin_loading.project import PROJECT_FILE, Project, find_project
from specnet.registry import PLUGIN_API, REGISTRIES, PluginError, Registration, importing, list_registrations

API_NAME = "SPECNET_PLUGIN_API"
"""What a plugin may set to the version of `specnet.plugins` that it is written for."""

PROGRAM = "__main__"
"""The module of what a program or notebook defines itself."""

LONGEST_OUTPUT = 200
"""The characters of what a plugin prints that are shown."""


class Policy(Enum):
    """What becomes of the plugins that projects and installed packages name."""

    LEAVE = "a program imports its plugins itself"
    IMPORT = "a command imports them"
    REFUSE = "the user does not want that"


@dataclass
class _State:
    """What becomes of plugins in this process, which of them it has loaded, and which it has refused to."""

    policy: Policy = Policy.LEAVE
    note: Callable[[str], None] = lambda text: None
    loaded: dict[str, Plugin] = field(default_factory=dict)
    refused: dict[str, Plugin] = field(default_factory=dict)


_STATE = _State()


@contextmanager
def importing_plugins(note: Callable[[str], None]) -> Iterator[None]:
    """Import the plugins of projects and of installed packages within the context; `note` gets what is to be told."""
    with _changing(policy=Policy.IMPORT, note=note, refused={}):
        yield


@contextmanager
def refusing_plugins() -> Iterator[None]:
    """Import no plugins within the context, and remember those that there are."""
    with _changing(policy=Policy.REFUSE, refused={}):
        yield


@contextmanager
def _changing(**values: Any) -> Iterator[None]:
    before = {name: getattr(_STATE, name) for name in values}
    vars(_STATE).update(values)
    try:
        yield
    finally:
        vars(_STATE).update(before)


def list_refused() -> tuple[Plugin, ...]:
    """Return the plugins that were not imported, as the user wanted."""
    return tuple(_STATE.refused.values())


def list_plugins() -> tuple[Plugin, ...]:
    """Return the plugins that are imported: by SpecNet, or by the program, as far as they have registered something."""
    names = dict.fromkeys(each.plugin for each in list_registrations())
    return tuple({**{name: Plugin(name) for name in names}, **_STATE.loaded}.values())


def find_plugin(registration: Registration) -> Plugin:
    """Return the plugin that has registered something."""
    return _STATE.loaded.get(registration.plugin, Plugin(registration.plugin))


def find_failing_place(error: BaseException) -> str:
    """Return the last place in the code of the plugins on the way to an error, `layers.py:3`; "" for none."""
    modules = [sys.modules.get(plugin.module) for plugin in list_plugins()]
    files = [file for module in modules if (file := getattr(module, "__file__", None))]
    return find_place(error, [*FOLDERS, *(str(Path(file).parent) for file in files)])


def load_for_spec(project: Project | None) -> tuple[Plugin, ...]:
    """Import the plugins of a project and of installed packages, unless that is refused; raises PluginError."""
    return _load([*list_named(project), *list_announced()], list_folders(project))


def load_named(modules: Iterable[str]) -> tuple[Plugin, ...]:
    """Import modules that a program names as plugins; raises PluginError."""
    return tuple(_import_once(Plugin(module)) for module in modules)


def _load(plugins: Sequence[Plugin], folders: Sequence[str]) -> tuple[Plugin, ...]:
    if _STATE.policy is not Policy.IMPORT:
        _STATE.refused.update((plugin.module, plugin) for plugin in plugins if _STATE.policy is Policy.REFUSE)
        return ()
    FOLDERS.extend(folder for folder in folders if folder not in FOLDERS)
    return tuple(_import_once(plugin) for plugin in plugins)


# Runs


def load_for_run(needed: Sequence[Plugin], folder: Path) -> None:
    """Import the plugins that a run needs, as far as a project around its folder, the current one or a package does.

    So a run's folder names no code by itself. Raises PluginError where one is not found; another version is a note.
    """
    if _STATE.policy is not Policy.LEAVE and any(_find_serving(plugin) is None for plugin in needed):
        projects = [find_project(place) for place in (folder.resolve(), Path(PROJECT_FILE))]
        known = [*(plugin for project in projects for plugin in list_named(project)), *list_announced()]
        wanted = {each.module: each for each in reversed(known) if any(_serves(each, plugin) for plugin in needed)}
        _load([*wanted.values()], [place for project in projects for place in list_folders(project)])
    for plugin in needed:
        found = _find_serving(plugin)
        if found is None:
            raise PluginError(_explain_missing(plugin, folder))
        if found.version != plugin.version:
            _STATE.note(f"{folder} was made with {_name(plugin)}, and {_name(found)} is loaded")


def _find_serving(needed: Plugin) -> Plugin | None:
    return next((plugin for plugin in list_plugins() if _serves(plugin, needed)), None)


def _serves(plugin: Plugin, needed: Plugin) -> bool:
    """Whether a plugin is the one that is needed, or that is a module within it that a program has imported itself."""
    return f"{needed.module}.".startswith(f"{plugin.module}.") or f"{plugin.module}.".startswith(f"{needed.module}.")


def _name(plugin: Plugin) -> str:
    return f"the plugin {plugin.module} {plugin.version or 'of no version'}"


def _explain_missing(plugin: Plugin, folder: Path) -> str:
    if plugin.module == PROGRAM:
        return f"{folder} needs layers or settings that a program has defined itself; move them to a module: a plugin"
    if _STATE.policy is Policy.REFUSE:
        return f"{folder} needs {_name(plugin)}, and plugins were not to be loaded"
    if _STATE.policy is Policy.LEAVE:
        return f"{folder} needs {_name(plugin)}; write `import {plugin.module}` before"
    return (
        f"{folder} needs {_name(plugin)}, which neither the {PROJECT_FILE} of that folder or of the current one names "
        "nor an installed package announces"
    )


# One plugin


def _import_once(plugin: Plugin) -> Plugin:
    """Import a plugin; what it has registered is taken away again where it fails. Raises PluginError."""
    name = plugin.module
    if loaded := _STATE.loaded.get(name):
        if plugin.home and loaded.home and plugin.home != loaded.home:
            both = f"{loaded.home} and {plugin.home}"
            raise PluginError(f"two projects, {both}, have a plugin {name}; name their specs in separate commands")
        return loaded
    if not all(part.isidentifier() for part in name.split(".")):
        raise PluginError(f"{plugin.origin or 'plugins'}: `{name}` is no name of a module, such as mypkg.layers")
    printed = StringIO()
    try:
        with importing(name), redirect_stdout(printed):
            module = import_plugin_module(name, f"the plugin {plugin}")
        _refuse_other_api(module, plugin)
    except PluginError:
        for registry in REGISTRIES:
            registry.forget(name)
        raise
    _STATE.loaded[name] = replace(plugin, version=plugin.version or _find_version(module))
    _report(_STATE.loaded[name], printed.getvalue())
    return _STATE.loaded[name]


def _find_version(module: ModuleType) -> str:
    package = sys.modules.get(module.__name__.partition(".")[0])
    return str(getattr(module, "__version__", getattr(package, "__version__", "")))


def _refuse_other_api(module: ModuleType, plugin: Plugin) -> None:
    wanted = getattr(module, API_NAME, PLUGIN_API)
    if wanted != PLUGIN_API:
        is_newer = isinstance(wanted, int) and wanted > PLUGIN_API
        advice = "a newer SpecNet" if is_newer else "a newer version of the plugin"
        raise PluginError(
            f"the plugin {plugin} is written for version {wanted!r} of specnet.plugins, "
            f"and SpecNet {__version__} has version {PLUGIN_API}; install {advice}"
        )


def _report(plugin: Plugin, printed: str) -> None:
    if printed.strip():
        text = " ".join(printed.split())
        shown = f"{text[:LONGEST_OUTPUT]} …" if len(text) > LONGEST_OUTPUT else text
        _STATE.note(f"the plugin {plugin.module} prints while it is imported: {shown}")
    if not any(_serves(Plugin(each.plugin), plugin) for each in list_registrations()):
        _STATE.note(f"the plugin {plugin} registers nothing; `@register` stands above each class that specs may use")
