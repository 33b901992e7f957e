"""What `import specnet` offers: check, compile, draw, train.

A source is a path, or a text if it has a newline in it, or a network made by `NetworkBuilder`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.analyses.memory import BYTES
from specnet.compiler import Checked, check_source
from specnet.graph import Network
from specnet.layers.base.learned import init_of
from specnet.printer.networks import format_network
from specnet.reporters import terminal
from specnet.source import Source

if TYPE_CHECKING:
    import graphviz
    from torch import fx

    from specnet.training import Job, LayerInfo, OutputLayer, Run, Watcher


Spec = str | Path | Network


class SpecError(ValueError):
    """A spec is wrong; the message is what `specnet check` says of it, and `checked` holds it all."""

    def __init__(self, checked: Checked) -> None:
        super().__init__("\n\n".join(terminal(diagnostic) for diagnostic in checked.diagnostics))
        self.checked = checked


def check(
    source: Spec, settings: Mapping[str, str] | None = None, strict: bool = False, allow: Collection[str] = ()
) -> Checked:
    """Checks a spec: shapes, costs and diagnostics. Raises OSError when there is no such file, never for a bad spec.

    `settings` override values by name, as `--set` does. `allow` are the codes of warnings and notes to leave out, as
    `[tool.specnet]` of a pyproject.toml, which is not read here, has them.
    """
    return check_source(_source(source), settings, strict=strict, allow=allow)


def compile(source: Spec, settings: Mapping[str, str] | None = None) -> fx.GraphModule:
    """The network as a torch module that takes and gives N×C×H×W; raises SpecError for a bad spec."""
    from specnet.backends.torch_module import build

    return build(_sound(source, settings).network)


def draw(source: Spec, settings: Mapping[str, str] | None = None, depth: int | None = None) -> graphviz.Digraph:
    """The network's diagram, also of a broken one; scopes below `depth` are one box each."""
    from specnet.backends.diagram import draw as draw_checked

    return draw_checked(check(source, settings), depth)


def train(
    source: Spec,
    settings: Mapping[str, str] | None = None,
    watcher: Watcher | None = None,
    **options: Any,
) -> Run:
    """Trains as `specnet train` does; `options` are those of `specnet.training.Options`. Raises SpecError.

    What goes wrong on the way is a `specnet.training.TrainingError`.
    """
    from specnet.training import Options, Silent
    from specnet.training import train as train_job

    job = job_of(_sound(source, settings))
    return train_job(job, Options(**options, overrides=settings or {}), watcher or Silent())


class Untrainable(ValueError):
    """The network is sound, but no training is known for it."""


def job_of(checked: Checked) -> Job:
    """What training needs of a sound spec; raises Untrainable."""
    from specnet.backends.torch_module import build
    from specnet.settings import Training
    from specnet.training import Job

    network = checked.network
    if len(network.inputs) != 1 or len(network.outputs) != 1 or network.heads:
        raise Untrainable("training needs a network with one input and one output")
    return Job(
        name=network.name,
        spec_text=checked.source.text,
        digest=checked.digest,
        input_shape=network.inputs[0].shape,
        output_shape=network.shapes[network.outputs[0]] or (),
        parameters=checked.totals.parameters,
        module=build(network),
        training=network.training or Training(),
        used=used_by(checked),
        parts=parts_of(network),
        image_memory=_image_memory(checked),
        answer=_answer(checked),
    )


def _image_memory(checked: Checked) -> int:
    """The bytes of one image and of all that layers give for it, in fp32."""
    kept = checked.totals.parameters + checked.totals.buffers
    return (checked.totals.memory or 0) - BYTES * kept


def parts_of(network: Network) -> dict[str, LayerInfo]:
    """The layers with parameters, by their names in the module."""
    from specnet.training import LayerInfo

    found = {}
    for node in network.nodes:
        arriving = network.input_shapes(node)
        if node.layer and arriving and not node.shares and node.layer.parameters(arriving):
            found[node.name] = LayerInfo(node.layer.goes_by, init_of(node.layer))
    return found


def _answer(checked: Checked) -> OutputLayer | None:
    """The last layer that says how many outputs it has, if it says so in a number that the network ends with."""
    from specnet.training import OutputLayer

    network, answering = checked.network, checked.elaborated.answering
    if not answering:
        return None
    name, span = answering
    place, outputs = checked.elaborated.places[name], (network.shapes[network.outputs[0]] or (0,))[-1]
    if place.trace or not re.fullmatch(rf"(K\s*=\s*)?{outputs}", span.text):
        return None
    written, end = place.element.text, span.end - place.element.start
    return OutputLayer(place.element.line, written[: end - len(str(outputs))], written[end:])


def used_by(checked: Checked) -> dict[str, str]:
    """The text of the files that a spec uses, by their paths relative to its own folder."""
    folder = Path(checked.source.name).parent
    return {Path(os.path.relpath(used.name, folder)).as_posix(): used.text for used in checked.elaborated.used}


def _source(source: Spec) -> Source:
    if isinstance(source, Network):
        return Source(f"<{source.name}>", format_network(source))
    if isinstance(source, str) and "\n" in source:
        return Source("<text>", source)
    return Source(str(source), Path(source).read_text(encoding="utf-8-sig"))


def _sound(source: Spec, settings: Mapping[str, str] | None) -> Checked:
    checked = check(source, settings)
    if not checked.ok:
        raise SpecError(checked)
    return checked
