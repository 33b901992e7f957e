"""A cfg as a network here."""

from __future__ import annotations

from dataclasses import replace

from specnet.importers.darknet.cfg import Section, parse_cfg
from specnet.importers.darknet.layers import ADDERS
from specnet.importers.darknet.network import CfgWalk, name_value
from specnet.importers.darknet.settings import read_training
from specnet.importers.darknet.weights import load_arrays
from specnet.importers.imported import Imported
from specnet.importers.recorder import Recorder
from specnet.importers.request import Request
from specnet.printer.networks import format_training

FORMAT = "Darknet cfg"

RULE = "as a .weights file has them, with running statistics"


def read_cfg(request: Request) -> Imported:
    """Read a network; raises UnreadableModel, OSError."""
    net, sections = parse_cfg(request.read_text(), request.source)
    recorder = Recorder(FORMAT, request.stem)
    walk = CfgWalk(recorder)
    walk.add_input(net, request.input_shape)
    walk.run(sections, ADDERS)
    last = name_value(sections[-1].place)
    ends = walk.ends if recorder.is_missing(last) or last in walk.ends else [*walk.ends, last]
    _describe_training(net, recorder, ends)
    imported = recorder.finish(ends[::-1], walk.stored, RULE, len(sections))
    if request.weights is None:
        return imported
    return replace(imported, arrays=load_arrays(request.weights, sections, walk.nodes, imported.network))


def _describe_training(net: Section, recorder: Recorder, ends: list[str]) -> None:
    """Write how the network is trained; as settings only for a classifier, as boxes have no task here."""
    training = read_training(net)
    settings = training.finish()
    shape = recorder.shape(ends[-1]) if ends else ()
    if settings and all(size == 1 for size in shape[:-1]):
        recorder.training = settings
    elif settings:
        lines = format_training(settings).splitlines()
        recorder.remarks += ["it was trained with", *(f"  {line}" for line in lines)]
    recorder.remarks += training.remarks
