"""Whether plugins are imported: a command does that, or refuses to; a program imports its own.

Every check runs through here, so that what imports a plugin is itself imported only where there is one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from specnet.plugin_loading.discovery import Plugin, list_announced, list_named
from specnet.plugin_loading.project import Project

Policy = Literal["leave", "import", "refuse"]
"""What becomes of plugins that projects and packages name: a program leaves them, a command imports or refuses them."""


class _State:
    """The policy of this process, who is told what there is to be told, and the plugins that were refused.

    `imported` are the others by their modules, with the folder of the project that names each.
    """

    def __init__(self) -> None:
        self.policy: Policy = "leave"
        self.note: Callable[[str], None] = lambda text: None
        self.refused: dict[str, Plugin] = {}
        self.imported: dict[str, str] = {}


STATE = _State()


@contextmanager
def importing_plugins(note: Callable[[str], None]) -> Iterator[None]:
    """Import the plugins of projects and of installed packages within the context; `note` gets what is to be told."""
    try:
        with _changing(policy="import", note=note, refused={}):
            yield
    finally:
        _show_only({*STATE.imported.values()})


@contextmanager
def refusing_plugins() -> Iterator[None]:
    """Import no plugins within the context, and remember those that there are."""
    with _changing(policy="refuse", refused={}):
        yield


@contextmanager
def _changing(**values: Any) -> Iterator[None]:
    before = {name: getattr(STATE, name) for name in values}
    vars(STATE).update(values)
    try:
        yield
    finally:
        vars(STATE).update(before)


def tell(text: str) -> None:
    """Tell the user of a command, or warn the programmer, of something odd about a plugin."""
    if STATE.policy == "leave":
        warnings.warn(text, stacklevel=3)
    else:
        STATE.note(text)


def list_refused() -> tuple[Plugin, ...]:
    """Return the plugins that were not imported, as the user wanted."""
    return tuple(STATE.refused.values())


def load_for_spec(project: Project | None) -> tuple[Plugin, ...]:
    """Import the plugins of a project and of installed packages, unless that is refused; raises PluginError.

    What another project has registered in this process is hidden.
    """
    plugins = [*list_named(project), *list_announced()]
    loaded = load(plugins)
    _show_only({"", *(plugin.home for plugin in plugins)})
    return loaded


def _show_only(homes: Collection[str]) -> None:
    """Hide what the plugins of projects in other folders have registered."""
    if STATE.imported:
        from specnet.registry import hide  # only now, as it leads to pydantic

        hide(module for module, home in STATE.imported.items() if home not in homes)


def load(plugins: Sequence[Plugin]) -> tuple[Plugin, ...]:
    """Import plugins as the policy says; raises PluginError."""
    if STATE.policy != "import":
        STATE.refused.update((plugin.module, plugin) for plugin in plugins if STATE.policy == "refuse")
        return ()
    if not plugins:
        return ()
    from specnet.plugin_loading.loaded import enter_project, import_once

    for home in {plugin.home: plugin for plugin in plugins if plugin.home}:
        enter_project(home)
    STATE.imported.update((plugin.module, plugin.home) for plugin in plugins)
    return tuple(import_once(plugin, STATE.note) for plugin in plugins)
