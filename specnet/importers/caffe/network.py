"""The walk over the layers of a Caffe network, in the order of the file, which is that of execution."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.foreign.caffe import collect_parameters
from specnet.foreign.caffe_layers import BOXES, READ, RECURRENT, REGIONS, TRAINING, complete
from specnet.foreign.translation import translate
from specnet.importers.caffe.data import EXAMPLE, LABELS, Given, is_data, list_declared, list_given, require_shape
from specnet.importers.caffe.prototxt import CaffeLayer, NetText
from specnet.importers.caffe.sizes import compute_size
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate
from specnet.importers.layer_texts import read_layers
from specnet.importers.recorder import Recorder, describe_source
from specnet.importers.rounding import allow_rounding, fit_rounding
from specnet.layers.base import Shape, is_map
from specnet.option_names import name_option

LABEL = "is no image but what training compares with"
UNPOOLING = "Upsample"
"""The type that puts values back to the places of maxima."""

BOX = "belongs to the boxes that are computed beside the network"

Adder = Callable[["NetWalk", CaffeLayer], None]


@dataclass
class NetWalk:
    """The layers so far: values are the blobs by their names, those of layers in place again and again."""

    net: NetText
    recorder: Recorder
    override: Shape | None = None
    unread: dict[str, None] = field(default_factory=dict)
    """Blobs that no layer has read yet, in the order in which they were written."""
    beside: dict[str, str] = field(default_factory=dict)
    """Blobs that are not of the network, and what they are."""
    nodes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The nodes of each layer that has weights, by its name."""
    sharing: dict[str, str] = field(default_factory=dict)
    """The nodes by the names of their weights."""
    merged: dict[int, CaffeLayer] = field(default_factory=dict)
    """The normalisations that a `Scale` behind them completes, by the line of that."""
    completed: set[int] = field(default_factory=set)
    """The lines of these normalisations."""
    places: set[str] = field(default_factory=set)
    """Blobs with the places of maxima, which have a value here as little as labels."""
    declared: set[str] = field(default_factory=set)

    def run(self, adders: Mapping[str, Adder]) -> None:
        """Add all layers."""
        self.merged = find_completed_norms(self.net.layers)
        self.completed = {norm.source.line for norm in self.merged.values()}
        given_by_layers = {top for layer in self.net.layers if not layer.excluded for top in layer.tops}
        for given in (each for each in list_declared(self.net) if each.shape or each.blob not in given_by_layers):
            self._declare(given, None)
        for layer in self.net.layers:
            if layer.excluded:
                self.recorder.leave_out(layer.source, layer.excluded, computes=False)
            elif is_data(layer):
                self._add_data(layer)
            else:
                self._add(layer, adders)

    def _declare(self, given: Given, layer: CaffeLayer | None) -> str:
        """Add an input, unless it is no image; return where its size is from."""
        if given.blob in LABELS or (given.shape is None and self.declared):
            self.beside[given.blob] = LABEL
            self.recorder.forget(given.blob, LABEL)
            return f"`{given.blob}` {LABEL}"
        shape, origin = require_shape(given, layer, None if self.declared else self.override)
        self.recorder.input(given.blob, shape)
        self.declared.add(given.blob)
        return origin

    def _add_data(self, layer: CaffeLayer) -> None:
        """Add the inputs of a layer of data; labels are none."""
        if not layer.tops:
            self.recorder.leave_out(layer.source, "it gives nothing", computes=False)
            return
        given = list_given(layer, self.net.layers)
        origins = [self._declare(each, layer) for each in given]
        is_exact = layer.kind == "Input" and not self.override
        self.recorder.note(layer.source, Fate.EXACT if is_exact else Fate.EQUAL, "" if is_exact else origins[0])
        for top in layer.tops[len(given) :]:
            self.beside[top] = LABEL
            self.recorder.forget(top, LABEL)

    def _add(self, layer: CaffeLayer, adders: Mapping[str, Adder]) -> None:
        """Add a layer that reads blobs, or leave it out with the reason."""
        kind = layer.kind
        fault = "" if kind in adders or kind in READ else _explain_unknown(kind)
        if kind in RECURRENT and self.recorder.is_empty:
            raise UnreadableModel(f"{describe_source(layer.source)} {fault.removeprefix('it ')}")
        if kind in TRAINING or kind.endswith(("Loss", "WithLoss")) or (kind in ("Python",) and _is_loss(layer)):
            self._leave_out_training(layer)
        elif kind in BOXES:
            self.leave_out(
                layer, "it computes boxes from the values that it reads; the network ends with these", computes=False
            )
        elif layer.bottoms and all(bottom in self.beside for bottom in layer.bottoms):
            self.leave_out(
                layer, f"it reads `{layer.bottoms[0]}`, which {self.beside[layer.bottoms[0]]}", computes=False
            )
        elif lost := next((bottom for bottom in layer.bottoms if self.recorder.is_missing(bottom)), None):
            self.recorder.leave_out_unread(layer.source, lost, fault, self._list_new(layer))
        elif fault:
            self.leave_out(layer, fault)
        elif kind != UNPOOLING and (place := next((each for each in layer.bottoms if each in self.places), None)):
            self.leave_out(layer, f"it reads `{place}`, the places of maxima, which are no value here")
        else:
            self._add_known(layer, adders.get(kind, NetWalk.add_translated))

    def _add_known(self, layer: CaffeLayer, add: Callable[[NetWalk, CaffeLayer], object]) -> None:
        """Add a layer of a known type; raises UnreadableModel for parameters that are no numbers."""
        try:
            self.known(layer)
            add(self, layer)
        except UnreadableModel:
            raise
        except (TypeError, ValueError, ArithmeticError, IndexError):
            raise UnreadableModel(
                f"{describe_source(layer.source)} has a parameter of the wrong type, "
                "such as a word in place of a number, or one that does not fit what it reads"
            ) from None

    def _leave_out_training(self, layer: CaffeLayer) -> None:
        reason = "only training and judging need it" if layer.kind != "Silence" else "it only drops what it reads"
        if layer.kind == "Silence":
            for bottom in layer.bottoms:
                self.unread.pop(bottom, None)
        self.leave_out(layer, reason, computes=False, judged=layer.bottoms)

    def leave_out(self, layer: CaffeLayer, reason: str, computes: bool = True, judged: Sequence[str] = ()) -> None:
        """Leave out a layer, and with it what reads its tops; a loss judges what it reads."""
        tops = self._list_new(layer)
        self.recorder.leave_out(layer.source, reason, tops, computes, judged)
        for top in tops if not computes else ():
            self.beside[top] = BOX if layer.kind in BOXES else "was left out"

    def _list_new(self, layer: CaffeLayer) -> list[str]:
        """Return the tops of a layer that are not written in place."""
        return [top for top in layer.tops if top not in layer.bottoms]

    def parameters(self, layer: CaffeLayer) -> dict[str, Any]:
        """Return the parameters of a layer by their names, with heights and widths as pairs."""
        return complete(collect_parameters(layer.message)[0])

    def shapes(self, layer: CaffeLayer) -> tuple[Shape, ...]:
        """Return the shapes of the blobs that a layer reads."""
        return tuple(self.recorder.shape(bottom) for bottom in self.known(layer))

    def known(self, layer: CaffeLayer) -> tuple[str, ...]:
        """Return the blobs that a layer reads; raises UnreadableModel for one that no layer above gives."""
        for bottom in layer.bottoms:
            if not self.recorder.is_known(bottom):
                self._require_given(layer, bottom)
        return layer.bottoms

    def _require_given(self, layer: CaffeLayer, blob: str) -> None:
        """Take a blob that no layer gives for the input, if the user says its shape; raises UnreadableModel if not."""
        if self.declared or not self.override:
            hint = "" if self.declared else f"; if it is the input, give its shape by {name_option('input', EXAMPLE)}"
            raise UnreadableModel(f"{describe_source(layer.source)} reads `{blob}`, which no layer above gives{hint}")
        self._declare(Given(blob, None, ""), layer)

    def add_translated(self, layer: CaffeLayer) -> tuple[str, ...]:
        """Add the layers that the table of Caffe's layers has."""
        found = translate(READ[layer.kind], (), self.parameters(layer))
        if not found.is_known or not layer.tops:
            self.leave_out(layer, "; ".join(found.differences) or "it gives nothing")
            return ()
        fate = Fate.APPROXIMATED if found.differences else Fate.EXACT
        text = allow_rounding(" -> ".join(found.layers))
        if layer.kind == "BatchNorm" and layer.source.line in self.completed:
            text = text.replace(" affine=no", "")
        return self.add(layer, text, fate=fate, reason="; ".join(found.differences))

    def add(
        self,
        layer: CaffeLayer,
        text: str,
        bottoms: Sequence[str] | None = None,
        top: str = "",
        fate: Fate = Fate.EXACT,
        reason: str = "",
        name: str = "",
    ) -> tuple[str, ...]:
        """Add layers in the words of a spec that read blobs, those of the layer unless they are given."""
        read = self.known(layer) if bottoms is None else tuple(bottoms)
        shapes = tuple(self.recorder.shape(each) for each in read)
        made, rule = fit_rounding(self._read_layers(layer, text, shapes), shapes, is_up=" ceil" in text)
        output = top or layer.tops[0]
        if rule and fate is Fate.EXACT:
            fate, reason = Fate.EQUAL, rule
        nodes = self.recorder.add(layer.source, made, read, output, fate, reason, name or layer.source.name)
        self.mark_read(read)
        self.write(output)
        self._remember(layer, nodes)
        if bottoms is None and (size := compute_size(layer.kind, self.parameters(layer), shapes)):
            self.recorder.claim(layer.source, output, size)
        return nodes

    def _read_layers(self, layer: CaffeLayer, text: str, shapes: tuple[Shape, ...]) -> Any:
        try:
            return read_layers(text, shapes)
        except UnreadableModel as error:
            raise UnreadableModel(f"{describe_source(layer.source)}: {error}") from None

    def rename(self, layer: CaffeLayer, reason: str, bottom: str = "", top: str = "") -> None:
        """Record a layer, or one of its tops, that changes nothing."""
        bottom, top = bottom or layer.bottoms[0], top or layer.tops[0]
        self.recorder.rename(layer.source, bottom, top, reason)
        self.mark_read((bottom,))
        self.write(top)

    def mark_read(self, blobs: Sequence[str]) -> None:
        for blob in blobs:
            self.unread.pop(blob, None)

    def write(self, blob: str) -> None:
        self.unread.pop(blob, None)
        self.unread[blob] = None

    def _remember(self, layer: CaffeLayer, nodes: tuple[str, ...]) -> None:
        """Keep the nodes for the weights of a layer, and share them by the names of its `param`."""
        self.nodes[layer.source.name] = (*self.nodes.get(layer.source.name, ()), *nodes)
        named = next(iter(layer.weights), "")
        if named and nodes:
            other = self.sharing.setdefault(named, nodes[0])
            if other == nodes[0]:
                return
            if self.recorder.can_share(nodes[0], other):
                self.recorder.share(nodes[0], other)
                return
            reason = f"its weights are those of `{other}` in the file, and its own here, as its input differs"
            self.recorder.note(layer.source, Fate.APPROXIMATED, reason)

    def is_image(self, blob: str) -> bool:
        return is_map(self.recorder.shape(blob))

    @property
    def outputs(self) -> list[str]:
        """The blobs that no layer reads, the last one first."""
        return [blob for blob in reversed(self.unread) if self.recorder.is_known(blob)]


def _is_loss(layer: CaffeLayer) -> bool:
    return bool(layer.message.values("loss_weight")) or not layer.tops


def _explain_unknown(kind: str) -> str:
    if kind in RECURRENT:
        return f"it has a state from one step to the next: {RECURRENT[kind]}"
    if kind == "Python":
        return "it is code in Python beside the file, which is not run"
    if kind in REGIONS:
        return f"a layer of type {kind} works on regions of an image, of which a spec has none"
    return f"a layer of type {kind} has no counterpart here"


def find_completed_norms(layers: Sequence[CaffeLayer]) -> dict[int, CaffeLayer]:
    """Return each `BatchNorm` with a `Scale` that has a bias and is alone in reading it, by the line of the `Scale`."""
    found, writers, readers = dict[int, CaffeLayer](), dict[str, CaffeLayer](), dict[int, list[CaffeLayer]]()
    for layer in layers:
        if layer.excluded:
            continue
        for bottom in layer.bottoms:
            if bottom in writers:
                readers.setdefault(writers[bottom].source.line, []).append(layer)
        writers.update(dict.fromkeys(layer.tops, layer))
    by_line = {layer.source.line: layer for layer in layers if layer.kind == "BatchNorm" and not layer.excluded}
    for line, reading in readers.items():
        if line in by_line and len(reading) == 1 and completes_norm(reading[0]):
            found[reading[0].source.line] = by_line[line]
    return found


def completes_norm(layer: CaffeLayer) -> bool:
    parameters = complete(collect_parameters(layer.message)[0])
    plain = translate(READ["Scale"], (), parameters) if layer.kind == "Scale" and len(layer.bottoms) == 1 else None
    return plain is not None and plain.layers == ("scale bias=yes",) and not plain.differences
