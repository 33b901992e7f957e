"""The functions of `import specnet` that need no torch: check, draw.

A source is a path, or a text if it has a newline in it, or a network made by `NetworkBuilder`.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from errno import ENAMETOOLONG
from numbers import Integral, Real
from pathlib import Path
from typing import Any, get_args

from specnet.analyses.devices import DATA_SHEETS, Device
from specnet.analyses.usage import Usage
from specnet.argument_types import describe_value, require_choice, require_path, require_type, require_whole
from specnet.attributes import BeforeAfter, Interval, Multiple
from specnet.backends.diagram.options import Direction, DrawingOptions, Quantity, ThemeName
from specnet.builder import NetworkBuilder
from specnet.compiler import Checked, check_source, read_beside
from specnet.drawing import Drawing, Style
from specnet.errors import SpecNetError
from specnet.graph import Network
from specnet.measured_devices import read_measured_devices
from specnet.option_names import name_override
from specnet.plugin_loading.loaded import list_plugins, load_named
from specnet.printer.networks import format_network
from specnet.printer.values import format_value
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source
from specnet.spec_files import find_in_zoo, read_regular_file, suggest_file

Spec = str | Path | Network
"""A source: a path or the bare name of a published network, a text with a newline in it, or a network."""

Settings = Mapping[str, object]
"""Values by name, as `--set` takes them: texts, or the values that these stand for."""

SOURCE = "a path, the name of a published network, a text with a newline in it, or a network of NetworkBuilder"

SETTINGS = 'a dictionary of values by name, such as {"epochs": 5}'

VALUE = "a text, a number, yes or no as a bool, or a tuple of numbers"


class SpecError(SpecNetError, ValueError):
    """A spec has errors: the message is the output of `specnet check`, `checked` holds the diagnostics."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(*"\n\n".join(map(format_diagnostic, checked.shown)).split("\n"))
        self.checked = checked


def check(
    source: Spec,
    settings: Settings | None = None,
    strict: bool = False,
    allow: Collection[str] = (),
    plugins: Collection[str] = (),
) -> Checked:
    """Check a spec: shapes, costs and diagnostics, with fixes that are verified. Never raises for a bad spec.

    `settings` override values by name, as `--set` does. `allow` lists the codes of warnings and notes to leave out, as
    `[tool.specnet]` of a pyproject.toml does, which is not read here; `plugins` are modules to import, as a program may
    do itself before. Raises OSError if the file cannot be read, OverrideError for a name that the spec does not have,
    PluginError where a plugin fails, and TypeError or ValueError for any other argument that makes no sense.
    """
    require_type("strict", strict, bool, "True or False")
    codes = list_codes(allow)
    load_named(list_modules(plugins))
    read, overrides = read_source(source), format_settings(settings)
    checked = replace(check_source(read, overrides, strict=strict, allow=codes), plugins=list_plugins())
    if checked.ok:
        return checked
    from specnet.fixes import add_fixes

    return add_fixes(checked, overrides, read_beside)


def _display(checked: Checked) -> dict[str, Any]:
    from specnet.page.media import NetworkDisplay, describe_display

    return describe_display(NetworkDisplay(checked))


Checked.display = _display


def list_codes(allow: Collection[str]) -> tuple[str, ...]:
    """Return the codes to leave out; raises TypeError."""
    return _list_texts("allow", allow, 'a list of codes such as ["N503"]')


def list_modules(plugins: Collection[str]) -> tuple[str, ...]:
    """Return the modules that are plugins; raises TypeError."""
    return _list_texts("plugins", plugins, 'a list of modules such as ["mypkg.layers"]')


def _list_texts(name: str, values: Collection[str], meaning: str) -> tuple[str, ...]:
    require_type(name, values, Collection, meaning)
    if isinstance(values, str | bytes) or not all(isinstance(each, str) for each in values):
        raise TypeError(f"`{name}` is {meaning}, not {describe_value(values)}")
    return tuple(values)


def format_settings(settings: Settings | None) -> dict[str, str]:
    """Return settings as the texts that `--set` takes: `{"epochs": 1}` is `epochs=1`; raises TypeError, ValueError."""
    if settings is None:
        return {}
    require_type("settings", settings, Mapping, SETTINGS)
    return {name: _format_setting(name, value) for name, value in settings.items()}


def _format_setting(name: object, value: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"`settings` is {SETTINGS}, where the names are texts, not {describe_value(name)}")
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if isinstance(text, str):
        if not text.strip():
            raise ValueError(f"`{name_override(name)}` is {VALUE}, not an empty text")
        return text
    try:
        return format_value(_simplify(value))
    except TypeError:
        raise TypeError(f"`{name_override(name)}` is {VALUE}, not {describe_value(value)}") from None


def _simplify(value: Any) -> Any:
    """Return a value with numbers of other libraries, such as numpy's, as Python's own; raises TypeError."""
    match value:
        case bool() | str() | Interval() | BeforeAfter() | Multiple():
            return value
        case Integral():
            return int(value)
        case Real():
            return float(value)
        case tuple() | list():
            return type(value)(map(_simplify, value))
    raise TypeError


def draw(
    source: Spec | Checked,
    settings: Settings | None = None,
    depth: int | None = None,
    *,
    style: Style = "layers",
    expand: bool = False,
    direction: Direction = "auto",
    theme: ThemeName = "light",
    heat: Quantity | None = None,
    device: str | None = None,
    title: bool = True,
    plugins: Collection[str] = (),
) -> Drawing:
    """Draw a network, checked or not, sound or not, as a drawing that shows itself and has `save(path)`.

    Blocks and repetitions below `depth` are one box each; without one, they are open as far as is readable on a page.
    `style` is layers or volumes, `direction` auto, tb or lr, `theme` light, dark or print. `heat` colours the boxes by
    their share of the parameters, macs, memory of training or time of a step on a `device`. Without `title`, there is
    no legend either. `plugins` are those of `check`. Raises ValueError for another value, and what `check` raises;
    `save` raises DrawingError where Graphviz or matplotlib is missing.
    """
    if depth is not None:
        require_whole("depth", depth, 0)
    require_type("expand", expand, bool, "True or False")
    require_type("title", title, bool, "True or False")
    for name, value, choices in (
        ("style", style, get_args(Style)),
        ("direction", direction, get_args(Direction)),
        ("theme", theme, get_args(ThemeName)),
        ("heat", heat, (None, *get_args(Quantity))),
    ):
        require_choice(name, value, choices)
    if device is not None:
        require_type("device", device, str, "the name of a device")
        if heat != "time":
            raise ValueError('`device` goes with heat="time"')
    if style == "volumes":
        _refuse_layers_options(expand=expand, direction=direction != "auto", heat=heat is not None)
    usage = Usage(device=_find_device(device)) if heat == "time" else None
    options = DrawingOptions(depth, expand, direction, theme, heat, usage, title)
    return Drawing(_check_once(source, settings, plugins), style, options)


def _check_once(source: Spec | Checked, settings: Settings | None, plugins: Collection[str]) -> Checked:
    if not isinstance(source, Checked):
        return check(source, settings, plugins=plugins)
    if settings:
        raise ValueError("`settings` are those of a spec that is checked now; give them to `check`")
    return source


def _refuse_layers_options(**given: bool) -> None:
    for name, is_given in given.items():
        if is_given:
            raise ValueError(f'`{name}` goes with style="layers"')


def _find_device(name: str | None) -> Device:
    """Return the device of a name, or the first one that was measured here; raises ValueError."""
    measured = read_measured_devices()
    devices = DATA_SHEETS | measured
    chosen = name or next(iter(measured), None)
    require_choice("device", chosen, devices)
    return devices[str(chosen)]


def read_source(source: Spec) -> Source:
    """Return the text of a spec, with the name that messages call it; raises OSError, TypeError and ValueError."""
    if isinstance(source, Network):
        return Source(f"<{source.name}>", format_network(source))
    if isinstance(source, str) and "\n" in source:
        return Source("<text>", source)
    if isinstance(source, NetworkBuilder):
        raise TypeError("`source` is the NetworkBuilder itself; its method `network` makes the network")
    require_path("source", source, SOURCE)
    return _read_file(source)


def _read_file(name: str | Path) -> Source:
    path = (find_in_zoo(name) if isinstance(name, str) else None) or Path(name)
    try:
        return Source(str(path), read_regular_file(path))
    except FileNotFoundError as error:
        hint = suggest_file(str(name)) or "; a text has a newline in it" * (" " in str(name))
        raise FileNotFoundError(error.errno, f"there is no such file{hint}", str(name)) from None
    except OSError as error:
        if error.errno != ENAMETOOLONG:
            raise
        raise ValueError(f"`source` is {SOURCE}, not {describe_value(str(name))}") from None


def check_sound(source: Spec, settings: Settings | None, plugins: Collection[str] = ()) -> Checked:
    """Check a spec; raises SpecError unless it is sound."""
    checked = check(source, settings, plugins=plugins)
    if not checked.ok:
        raise SpecError(checked)
    return checked
