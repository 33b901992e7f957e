"""The plugins of this process, each imported once: by a command, or by a program that names it or imports it itself."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import ModuleType

from specnet.errors import PluginError
from specnet.option_names import name_option
from specnet.package import __version__
from specnet.plugin_loading.discovery import Plugin, list_folders
from specnet.plugin_loading.importing import FOLDERS, find_place, import_plugin_module
from specnet.registry import PLUGIN_API, REGISTRIES, Registration, importing, list_registrations

API_NAME = "SPECNET_PLUGIN_API"
"""What a plugin may set to the version of `specnet.plugins` that it is written for."""

LOADED: dict[str, Plugin] = {}
"""The plugins that SpecNet has imported, by their modules."""

LONGEST_OUTPUT = 200
"""The characters of what a plugin prints that are shown."""


def list_plugins() -> tuple[Plugin, ...]:
    """Return the plugins that are imported: by SpecNet, or by the program, as far as they have registered something."""
    names = dict.fromkeys(each.plugin for each in list_registrations())
    return tuple({**{name: Plugin(name) for name in names}, **LOADED}.values())


def find_plugin(registration: Registration) -> Plugin:
    """Return the plugin that has registered something."""
    return LOADED.get(registration.plugin, Plugin(registration.plugin))


def find_failing_place(error: BaseException) -> str:
    """Return the last place in the code of the plugins on the way to an error, `layers.py:3`; "" for none."""
    modules = [sys.modules.get(plugin.module) for plugin in list_plugins()]
    files = [file for module in modules if (file := getattr(module, "__file__", None))]
    return find_place(error, [*FOLDERS, *(str(Path(file).parent) for file in files)])


def load_named(modules: Iterable[str]) -> tuple[Plugin, ...]:
    """Import modules that a program names as plugins, and warn of what is odd about them; raises PluginError."""
    return tuple(import_once(Plugin(module), lambda text: warnings.warn(text, stacklevel=4)) for module in modules)


def enter_project(home: str) -> None:
    """Look for modules in the folders of a project from now on; raises PluginError for a second one.

    Python keeps one module of each name, so that a module of the first could be taken for one of the second.
    """
    if FOLDERS and home != FOLDERS[0]:
        both = f"two projects with plugins, {FOLDERS[0]} and {home}, in one command"
        raise PluginError(
            f"{both}: modules of one could be taken for the other's; name their specs in separate commands"
        )
    FOLDERS.extend(folder for folder in list_folders(home) if folder not in FOLDERS)


def import_once(plugin: Plugin, note: Callable[[str], None]) -> Plugin:
    """Import a plugin; what it has registered is taken away again where it fails. Raises PluginError.

    `note` gets what it prints, and whether it registers nothing.
    """
    name = plugin.module
    if name in LOADED:
        return LOADED[name]
    if name.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        meant = name.removesuffix(".py").replace("/", ".")
        advice = f"write `{meant}`" if meant != name else "one is mypkg.layers"
        raise PluginError(f"{plugin.origin or 'plugins'}: `{name}` is no name of a module; {advice}")
    printed = StringIO()
    try:
        with importing(name), redirect_stdout(printed):
            module = import_plugin_module(name, f"the plugin {plugin}")
        _refuse_other_api(module, plugin)
    except PluginError as error:
        for registry in REGISTRIES:
            registry.forget(name)
        raise PluginError(f"{error}{_tell_way_out(plugin)}") from None
    LOADED[name] = replace(plugin, version=plugin.version or _find_version(module))
    for text in _list_notes(LOADED[name], printed.getvalue()):
        note(text)
    return LOADED[name]


def _refuse_other_api(module: ModuleType, plugin: Plugin) -> None:
    wanted = getattr(module, API_NAME, PLUGIN_API)
    if wanted != PLUGIN_API:
        is_newer = isinstance(wanted, int) and wanted > PLUGIN_API
        advice = "a newer SpecNet" if is_newer else "a newer version of the plugin"
        raise PluginError(
            f"the plugin {plugin} is written for version {wanted!r} of specnet.plugins, "
            f"and SpecNet {__version__} has version {PLUGIN_API}; install {advice}"
        )


def _tell_way_out(plugin: Plugin) -> str:
    """Return how to do without the plugin of a package, which every command meets; "" for that of a project."""
    is_announced = plugin.origin and not plugin.home
    return f"; without {plugin.origin}, or with {name_option('no_plugins')}, it is not imported" if is_announced else ""


def _find_version(module: ModuleType) -> str:
    package = sys.modules.get(module.__name__.partition(".")[0])
    return str(getattr(module, "__version__", getattr(package, "__version__", "")))


def _list_notes(plugin: Plugin, printed: str) -> Iterable[str]:
    if text := " ".join(printed.split()):
        shown = f"{text[:LONGEST_OUTPUT]} …" if len(text) > LONGEST_OUTPUT else text
        yield f"the plugin {plugin.module} prints while it is imported: {shown}"
    if not any(is_within(each.plugin, plugin.module) for each in list_registrations()):
        yield f"the plugin {plugin} registers nothing; `@register` stands above each class that specs may use"


def is_within(module: str, package: str) -> bool:
    """Whether a module is another one, or in it where that is a package."""
    return f"{module}.".startswith(f"{package}.")
