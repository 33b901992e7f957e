"""The functions of `import specnet` that need no torch: check, draw.

A source is a path, or a text if it has a newline in it, or a network made by `NetworkBuilder`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import graphviz

from specnet.compiler import Checked, check_source
from specnet.errors import SpecNetError
from specnet.graph import Network
from specnet.printer.networks import format_network
from specnet.printer.values import format_value
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source
from specnet.spec_files import find_in_zoo, read_regular_file, suggest_file

Spec = str | Path | Network
"""A source: a path or the bare name of a published network, a text with a newline in it, or a network."""

Settings = Mapping[str, object]
"""Values by name, as `--set` takes them: texts, or the values that these stand for."""


class SpecError(SpecNetError, ValueError):
    """A spec has errors: the message is the output of `specnet check`, `checked` holds the diagnostics."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(*"\n\n".join(map(format_diagnostic, checked.shown)).split("\n"))
        self.checked = checked


def check(source: Spec, settings: Settings | None = None, strict: bool = False, allow: Collection[str] = ()) -> Checked:
    """Check a spec: shapes, costs and diagnostics. Never raises for a bad spec.

    `settings` override values by name, as `--set` does. `allow` lists the codes of warnings and notes to leave out, as
    `[tool.specnet]` of a pyproject.toml does, which is not read here. Raises OSError if the file cannot be read, and
    OverrideError for a name that the spec does not have.
    """
    return check_source(_read_source(source), format_settings(settings), strict=strict, allow=allow)


def format_settings(settings: Settings | None) -> dict[str, str]:
    """Return settings as the texts that `--set` takes: `{"epochs": 1}` is `epochs=1`."""
    given = settings or {}
    return {name: value if isinstance(value, str) else format_value(value) for name, value in given.items()}


def draw(source: Spec, settings: Settings | None = None, depth: int | None = None) -> graphviz.Digraph:
    """Draw the diagram of a network, sound or not; blocks and repetitions below `depth` are one box each.

    Raises ValueError for a negative depth.
    """
    if depth is not None and depth < 0:
        raise ValueError(f"depth is a number of levels from 0, not {depth}")
    from specnet.backends.diagram import draw as draw_checked

    return draw_checked(check(source, settings), depth)


def _read_source(source: Spec) -> Source:
    if isinstance(source, Network):
        return Source(f"<{source.name}>", format_network(source))
    if isinstance(source, str) and "\n" in source:
        return Source("<text>", source)
    return _read_file(source)


def _read_file(name: str | Path) -> Source:
    path = (find_in_zoo(name) if isinstance(name, str) else None) or Path(name)
    try:
        return Source(str(path), read_regular_file(path))
    except FileNotFoundError as error:
        hint = suggest_file(str(name)) or "; a text has a newline in it" * (" " in str(name))
        raise FileNotFoundError(error.errno, f"there is no such file{hint}", str(name)) from None


def check_sound(source: Spec, settings: Settings | None) -> Checked:
    """Check a spec; raises SpecError unless it is sound."""
    checked = check(source, settings)
    if not checked.ok:
        raise SpecError(checked)
    return checked
