"""The functions of `import specnet`: check, compile, draw, train.

A source is a path, or a text if it has a newline in it, or a network made by `NetworkBuilder`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.compiler import Checked, check_source
from specnet.errors import SpecNetError
from specnet.graph import Network
from specnet.printer.networks import format_network
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source
from specnet.spec_files import find_in_zoo, read_regular_file, suggest_file

if TYPE_CHECKING:
    import graphviz
    from torch import fx

    from specnet.training import Callback, Run

Spec = str | Path | Network
"""A source: a path, a text with a newline in it, or a network."""


class SpecError(SpecNetError, ValueError):
    """A spec has errors: the message is the output of `specnet check`, `checked` holds the diagnostics."""

    def __init__(self, checked: Checked) -> None:
        super().__init__(*"\n\n".join(map(format_diagnostic, checked.shown)).split("\n"))
        self.checked = checked


def check(
    source: Spec, settings: Mapping[str, str] | None = None, strict: bool = False, allow: Collection[str] = ()
) -> Checked:
    """Check a spec: shapes, costs and diagnostics. Never raises for a bad spec.

    `settings` override values by name, as `--set` does. `allow` lists the codes of warnings and notes to leave out, as
    `[tool.specnet]` of a pyproject.toml does, which is not read here. Raises OSError if the file cannot be read, and
    OverrideError for a name that the spec does not have.
    """
    return check_source(_read_source(source), settings, strict=strict, allow=allow)


def compile(source: Spec, settings: Mapping[str, str] | None = None) -> fx.GraphModule:
    """Build the network as a torch module that takes and returns N×C×H×W; raises SpecError."""
    from specnet.backends.torch_module import build_module

    return build_module(_check_sound(source, settings).network)


def draw(source: Spec, settings: Mapping[str, str] | None = None, depth: int | None = None) -> graphviz.Digraph:
    """Draw the diagram of a network, sound or not; blocks and repetitions below `depth` are one box each."""
    from specnet.backends.diagram import draw as draw_checked

    return draw_checked(check(source, settings), depth)


def train(
    source: Spec,
    settings: Mapping[str, str] | None = None,
    callback: Callback | None = None,
    **options: Any,
) -> Run:
    """Train a network as `specnet train` does, with the `options` of `specnet.training.Options`.

    Raises SpecError, UntrainableError and TrainingError.
    """
    from specnet.jobs import make_job
    from specnet.training import Callback, Options
    from specnet.training import train as train_job

    job = make_job(_check_sound(source, settings))
    return train_job(job, Options(**options, overrides=settings or {}), callback or Callback())


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
        raise FileNotFoundError(error.errno, f"there is no such file{suggest_file(str(name))}", str(name)) from None


def _check_sound(source: Spec, settings: Mapping[str, str] | None) -> Checked:
    checked = check(source, settings)
    if not checked.ok:
        raise SpecError(checked)
    return checked
