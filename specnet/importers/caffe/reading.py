"""A prototxt, of a network or of a solver that names one, as a network here."""

from __future__ import annotations

from specnet.importers.caffe.adders import ADDERS
from specnet.importers.caffe.network import NetWalk
from specnet.importers.caffe.prototxt import NetText, parse_prototxt, read_net
from specnet.importers.imported import Imported
from specnet.importers.recorder import Recorder
from specnet.importers.request import Request

FORMAT = "Caffe prototxt"


def read_prototxt(request: Request) -> Imported:
    """Read a network, or the network of a solver; raises UnreadableModel, OSError."""
    fields, lines = parse_prototxt(request.read_text(), request.source)
    net = read_net(fields, lines, request.source)
    return make_network(net, request)


def make_network(net: NetText, request: Request) -> Imported:
    recorder = Recorder(FORMAT, net.name or request.stem)
    walk = NetWalk(net, recorder, request.input_shape)
    walk.run(ADDERS)
    if any(layer.excluded for layer in net.layers):
        recorder.remarks.append(f"of the file, {net.state} is here")
    return recorder.finish(walk.outputs, layers=sum(not layer.excluded for layer in net.layers))
