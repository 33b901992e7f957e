"""A cfg as a network here."""

from __future__ import annotations

from specnet.importers.darknet.cfg import parse_cfg
from specnet.importers.darknet.layers import ADDERS
from specnet.importers.darknet.network import CfgWalk, name_value
from specnet.importers.imported import Imported
from specnet.importers.recorder import Recorder
from specnet.importers.request import Request

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
    return recorder.finish(ends[::-1], walk.stored, RULE, len(sections))
