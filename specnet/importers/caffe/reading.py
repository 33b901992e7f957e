"""A prototxt, of a network or of a solver that names one, as a network here."""

from __future__ import annotations

from dataclasses import replace

from specnet.foreign.caffe_messages import Message
from specnet.importers.caffe.adders import ADDERS
from specnet.importers.caffe.caffemodel import load_arrays
from specnet.importers.caffe.network import NetWalk
from specnet.importers.caffe.prototxt import NetText, parse_prototxt, read_net
from specnet.importers.caffe.solver import find_net, is_solver, read_training
from specnet.importers.imported import Imported
from specnet.importers.recorder import Recorder
from specnet.importers.request import Request

FORMAT = "Caffe prototxt"


def read_prototxt(request: Request) -> Imported:
    """Read a network, or the network of a solver; raises UnreadableModel, OSError."""
    fields, lines = parse_prototxt(request.read_text(), request.source)
    inner = fields.messages("net_param", "train_net_param")
    if is_solver(fields):
        if inner:
            return make_network(read_net(inner[0], lines, request.source), request, fields)
        source = str(find_net(fields, request.path))
        request = replace(request, source=source)
        other, lines = parse_prototxt(request.read_text(), source)
        return make_network(read_net(other, lines, source), request, fields)
    return make_network(read_net(fields, lines, request.source), request)


def make_network(net: NetText, request: Request, solver: Message | None = None) -> Imported:
    """Return a network with what became of its layers, and with a `train` section if it has a solver."""
    recorder = Recorder(FORMAT, net.name or request.stem)
    walk = NetWalk(net, recorder, request.input_shape)
    walk.run(ADDERS)
    if any(layer.excluded for layer in net.layers):
        recorder.remarks.append(f"of the file, {net.state} is here")
    if solver is not None:
        training = read_training(solver, net)
        recorder.training = training.finish()
        recorder.remarks += training.remarks
    imported = recorder.finish(walk.outputs, layers=sum(not layer.excluded for layer in net.layers))
    if request.weights is None:
        return imported
    return replace(imported, arrays=load_arrays(request.weights, walk, imported.network))
