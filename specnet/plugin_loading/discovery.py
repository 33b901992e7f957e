"""The plugins that there are: those that a project names, and those that installed packages announce."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from specnet.plugin_loading.project import Project
from specnet.records import Record

GROUP = "specnet.plugins"
"""The group of entry points by which an installed package announces its plugins."""

METADATA = ".dist-info"


class Plugin(Record):
    """A module that registers what specs may use, who names it, and its version; all but the first may be "".

    `home` is the folder of the project that names it.
    """

    module: str
    origin: str = ""
    version: str = ""
    home: str = field(default="", compare=False)

    def to_record(self) -> dict[str, str]:
        """Return the plugin as the values of JSON."""
        return {"module": self.module, "origin": self.origin, "version": self.version}

    def __str__(self) -> str:
        named = f"{self.module} {self.version}".rstrip()
        return f"{named} ({self.origin})" if self.origin else named


def list_named(project: Project | None) -> list[Plugin]:
    """Return the plugins of a project."""
    if project is None:
        return []
    file = project.file.resolve()
    shown = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
    origin, home = f"plugins of {shown}", str(file.parent)
    return [Plugin(module, origin, project.version, home) for module in project.plugins]


def list_folders(home: str) -> list[str]:
    """Return where the modules of a project with plugins are looked for: in its folder, and in `src` in it."""
    return [str(place) for place in (Path(home), Path(home, "src")) if place.is_dir()]


def list_announced() -> list[Plugin]:
    """Return the plugins that installed packages announce.

    Their files are read here, as the import of importlib.metadata alone takes a tenth of a check.
    """
    found: dict[str, Plugin] = {}
    for folder in dict.fromkeys(sys.path):
        for name, text in _read_entry_points(folder or "."):
            package, _, version = name.removesuffix(METADATA).partition("-")
            for module in _parse_group(text):
                found.setdefault(module, Plugin(module, f"the package {package}", version))
    return list(found.values())


def _read_entry_points(folder: str) -> Iterator[tuple[str, str]]:
    """Yield the metadata folder of each package in a folder that has entry points of the group, and their text."""
    try:
        names = [name for name in os.listdir(folder) if name.endswith(METADATA)]  # noqa: PTH208, a tenth of the time
    except OSError:
        return
    for name in names:
        try:
            with open(f"{folder}/{name}/entry_points.txt", encoding="utf-8") as file:  # noqa: PTH123, as above
                text = file.read()
        except (OSError, ValueError):
            continue
        if GROUP in text:
            yield name, text


def _parse_group(text: str) -> Iterator[str]:
    """Yield the modules of the group in an entry_points.txt, of `module:object [extra]` the first."""
    group = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            group = line.strip("[] ")
        elif group == GROUP and "=" in line and not line.startswith(("#", ";")):
            yield line.partition("=")[2].partition("[")[0].partition(":")[0].strip()
