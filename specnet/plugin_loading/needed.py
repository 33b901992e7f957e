"""Import the plugins that a run needs, which it has recorded by name: a run's folder names no code by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from specnet.errors import PluginError
from specnet.plugin_loading.discovery import Plugin, list_announced, list_named
from specnet.plugin_loading.loaded import is_within, list_plugins
from specnet.plugin_loading.loading import STATE, load
from specnet.plugin_loading.project import PROJECT_FILE, find_project

PROGRAM = "__main__"
"""The module of what a program or notebook defines itself."""


def load_for_run(needed: Sequence[Plugin], folder: Path) -> None:
    """Import the plugins that a run needs, as far as a project around its folder, the current one or a package does.

    Raises PluginError where one is not found, and ProjectError; another version is a note.
    """
    if STATE.policy == "import" and any(_find_serving(plugin) is None for plugin in needed):
        projects = [find_project(place) for place in (folder.resolve(), Path(PROJECT_FILE))]
        known = [*(plugin for project in projects for plugin in list_named(project)), *list_announced()]
        serving = [next((each for each in known if _serves(each, plugin)), None) for plugin in needed]
        load([*{each.module: each for each in serving if each}.values()])
    for plugin in needed:
        found = _find_serving(plugin)
        if found is None:
            raise PluginError(_explain_missing(plugin, folder))
        if found.version != plugin.version:
            STATE.note(f"{folder} was made with {_name(plugin)}, and {_name(found)} is loaded")


def _find_serving(needed: Plugin) -> Plugin | None:
    return next((plugin for plugin in list_plugins() if _serves(plugin, needed)), None)


def _serves(plugin: Plugin, needed: Plugin) -> bool:
    """Whether a plugin is the one that is needed, or one is a module in the other: a program may import either."""
    return is_within(needed.module, plugin.module) or is_within(plugin.module, needed.module)


def _name(plugin: Plugin) -> str:
    return f"the plugin {plugin.module} {plugin.version or 'of no version'}"


def _explain_missing(plugin: Plugin, folder: Path) -> str:
    if plugin.module == PROGRAM:
        return f"{folder} needs layers or settings that a program has defined itself; move them to a module: a plugin"
    if STATE.policy == "refuse":
        return f"{folder} needs {_name(plugin)}, and plugins were not to be loaded"
    if STATE.policy == "leave":
        return f"{folder} needs {_name(plugin)}; write `import {plugin.module}` before"
    return (
        f"{folder} needs {_name(plugin)}, which neither the {PROJECT_FILE} of that folder or of the current one names "
        "nor an installed package announces"
    )
