"""What is asked of a view: its parameters, checked one by one. No torch, so that help is printed at once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.argument_types import require_path, require_type, require_whole
from specnet.insight.registry import VIEWS, ViewInfo
from specnet.suggest import did_you_mean, find_closest_word

if TYPE_CHECKING:
    from specnet.training.data.images import Images

METHODS = ("tsne", "pca")


@dataclass(frozen=True)
class Request:
    """The parameters of a view; those that it does not take keep these defaults.

    `note` is told, in a sentence, what the user should know. `data_dir` is the folder of the data sets; `parts` are the
    parts of the run's data, where they have been read already. A search looks through at most `most`
    images, or through all.
    """

    image: str = ""
    layer: str = ""
    class_name: str | None = None
    unit: int | None = None
    count: int = sys.maxsize
    seed: int = 0
    wrong: bool = False
    method: str = "tsne"
    data_dir: Path | None = None
    parts: Mapping[str, Images] | None = field(default=None, repr=False)
    most: int | None = None
    note: Callable[[str], None] = field(default=lambda text: None, repr=False)


@dataclass(frozen=True)
class Parameter:
    """What a parameter means, its value's name in help, and the check of a value, which raises.

    A whole number has a `least` value, a word may have `choices`.
    """

    meaning: str
    metavar: str
    check: Callable[[str, object], None]
    least: int | None = None
    choices: tuple[str, ...] = ()


def _require_text(name: str, value: object) -> None:
    require_type(name, value, str, "a name")


def _require_method(name: str, value: object) -> None:
    if value not in METHODS:
        raise ValueError(f"the {name} is {' or '.join(METHODS)}, and {value!r} is neither")


def _require_switch(name: str, value: object) -> None:
    require_type(name, value, bool, "True or False")


def _require_positive(name: str, value: object) -> None:
    require_whole(name, value, 1)


def _require_natural(name: str, value: object) -> None:
    require_whole(name, value, 0)


PARAMETERS: Mapping[str, Parameter] = {
    "image": Parameter(
        "an image file, or an image of the run's data: test:17, train:0, validation:3", "IMAGE", require_path
    ),
    "layer": Parameter("a layer, by its name in the table of `specnet check`", "LAYER", _require_text),
    "class_name": Parameter("explain this class instead of the likeliest one", "NAME", _require_text),
    "unit": Parameter("only this unit, counted from 0", "N", _require_natural, 0),
    "count": Parameter("take at most N images, units or maps", "N", _require_positive, 1),
    "seed": Parameter("the seed of what is random", "N", _require_natural, 0),
    "method": Parameter("how points are laid out in two dimensions", "METHOD", _require_method, choices=METHODS),
    "wrong": Parameter("the wrong ones that the network is surest of", "", _require_switch),
}
"""The parameters of all views by their names in Python."""


def make_request(view: str, values: Mapping[str, Any], data_dir: Path | None, note: Callable[[str], None]) -> Request:
    """Return the request for a view; raises ValueError and TypeError for parameters that it does not take or lacks."""
    info = find_view(view)
    for name, value in values.items():
        if name not in info.takes:
            hint = did_you_mean(find_closest_word(name, info.takes)) or _list_parameters(info)
            raise ValueError(f"the view `{view}` takes no `{name}`{hint}")
        if value is not None or name in info.needs:
            PARAMETERS[name].check(name, value)
    if missing := [name for name in info.needs if name not in values]:
        raise ValueError(f"the view `{view}` needs `{missing[0]}`: {PARAMETERS[missing[0]].meaning}")
    given = {name: value for name, value in values.items() if value is not None}
    defaults = {name: value for name, value in info.options.items() if value is not None}
    chosen: dict[str, Any] = {**defaults, **given}
    if "image" in chosen:
        chosen["image"] = str(chosen["image"])
    return Request(**chosen, data_dir=data_dir, note=note)


def _list_parameters(info: ViewInfo) -> str:
    return f"; it takes {', '.join(info.takes)}" if info.takes else "; it takes none"


def find_view(name: str) -> ViewInfo:
    """Return what is known of a view; raises ValueError for one that there is not."""
    if name not in VIEWS:
        hint = did_you_mean(find_closest_word(name, VIEWS))
        raise ValueError(f"there is no view `{name}`{hint or '; there are ' + ', '.join(VIEWS)}")
    return VIEWS[name]
