"""The inputs of a network: its `input` fields, `Input` layers, and the layers that read data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from specnet.foreign.caffe import list_parameters
from specnet.foreign.caffe_layers import DATA
from specnet.foreign.caffe_messages import Message
from specnet.importers.caffe.prototxt import CaffeLayer, NetText
from specnet.importers.errors import UnreadableModel
from specnet.importers.recorder import describe_source
from specnet.importers.training import find_data_set
from specnet.layers.base import Shape, format_shape
from specnet.option_names import name_option

COLOURS = 3
"""The channels of an image where nothing says otherwise, as Caffe decodes pictures."""

EXAMPLE = "224x224x3"

LABELS = frozenset({"label", "labels", "sample_weight", "clip_markers", "cont", "clip"})
"""Names of blobs that are no images."""


class Given(NamedTuple):
    """A blob that comes from outside: its shape here, if the file has it, and where that is from."""

    blob: str
    shape: Shape | None
    origin: str


def convert_dims(dims: Sequence[Any], blob: str) -> Shape:
    """Return the shape of N×C×H×W, N×L×C or N×C as it is here; raises UnreadableModel for other dimensions."""
    if not all(isinstance(dim, int) for dim in dims):
        raise UnreadableModel(f"the input `{blob}` has a dimension that is no whole number: {[*dims]}")
    own = tuple(int(dim) for dim in dims[1:])
    if len(own) > 3:
        raise UnreadableModel(f"the input `{blob}` has {len(dims)} axes: images have 4, N×C×H×W, and no time")
    return (own[1], own[2], own[0]) if len(own) == 3 else own or (1,)


def list_declared(net: NetText) -> list[Given]:
    """Return the inputs of `input: "data"` with their `input_dim` or `input_shape`."""
    blobs = list(map(str, net.fields.values("input")))
    flat = net.fields.values("input_dim")
    shapes = [shape.values("dim") for shape in net.fields.messages("input_shape")]
    shapes = shapes or [flat[place : place + 4] for place in range(0, len(flat), 4)]
    found = []
    for place, blob in enumerate(blobs):
        dims = shapes[place] if place < len(shapes) else []
        found.append(Given(blob, convert_dims(dims, blob) if dims else None, "its dimensions"))
    return found


def is_data(layer: CaffeLayer) -> bool:
    """Whether a layer gives data: it is of such a type, or it reads nothing."""
    return not layer.bottoms and (layer.kind in DATA or layer.kind.endswith("Data") or bool(layer.tops))


def list_given(layer: CaffeLayer, others: Sequence[CaffeLayer]) -> list[Given]:
    """Return the blobs of a layer of data; where it does not say their size, another phase's layer may."""
    if layer.kind in ("Input", "DummyData"):
        return _list_shapes(layer)
    shape, origin = _measure_images(layer)
    for other in others if shape is None else ():
        if shape is None and layer.tops[0] in other.tops and other.excluded and is_data(other):
            shape, origin = _measure_images(other)
            origin += f" of the layer in line {other.source.line}"
    images = [Given(top, shape if place == 0 else None, origin) for place, top in enumerate(layer.tops)]
    return images[:1]


def _list_shapes(layer: CaffeLayer) -> list[Given]:
    fields = Message(list_parameters(layer.message))
    shapes = [shape.values("dim") for shape in fields.messages("shape")]
    if not shapes and fields.values("channels"):
        columns = [fields.values(side) for side in ("num", "channels", "height", "width")]
        shapes = [list(row) for row in zip(*columns, strict=False)]
    shapes = shapes[:1] * len(layer.tops) if len(shapes) == 1 else shapes
    found = []
    for place, top in enumerate(layer.tops):
        dims = shapes[place] if place < len(shapes) else []
        found.append(Given(top, convert_dims(dims, top) if dims else None, "its dimensions"))
    return found


def _measure_images(layer: CaffeLayer) -> tuple[Shape | None, str]:
    """Return the shape of the images of a layer, and in words where it is from; None if nothing says it."""
    fields = Message(list_parameters(layer.message))
    fields.extend([field for resized in fields.messages("resize_param") for field in resized])
    own = {side: fields.values(side) for side in ("height", "width", "channels")}
    if all(own.values()):
        return _make_shape(own["height"][-1], own["width"][-1], own["channels"][-1]), "its dimensions"
    channels, colours = _count_channels(fields)
    if crop := fields.values("crop_size"):
        return _make_shape(crop[-1], crop[-1], channels), f"`crop_size`, with {colours}"
    for high, wide in (("crop_h", "crop_w"), ("new_height", "new_width"), ("height", "width")):
        sizes = fields.values(high)[-1:], fields.values(wide)[-1:]
        if all(sizes) and all(isinstance(each[0], int) and each[0] for each in sizes):
            return _make_shape(sizes[0][0], sizes[1][0], channels), f"`{high}` and `{wide}`, with {colours}"
    return find_data_set(fields.text("source")).shape, "the data set that its source is called after"


def _count_channels(fields: Message) -> tuple[int, str]:
    if fields.text("force_gray") == "True" or fields.text("is_color") == "False":
        return 1, "the one channel of grey images"
    means = len(fields.values("mean_value"))
    return (means, f"the {means} channels of its means") if means > 1 else (COLOURS, "three channels for colours")


def _make_shape(height: Any, width: Any, channels: Any) -> Shape | None:
    sizes = height, width, channels
    return sizes if all(isinstance(size, int) and size > 0 for size in sizes) else None


def require_shape(given: Given, layer: CaffeLayer | None, override: Shape | None) -> tuple[Shape, str]:
    """Return the shape of an input, and where it is from; raises UnreadableModel if neither file nor user says it."""
    if override:
        return override, f"its size is given beside the file, {format_shape(override)}"
    if given.shape is None:
        who = describe_source(layer.source) if layer else f"the input `{given.blob}`"
        raise UnreadableModel(f"{who} does not say the size of its images; give it by {name_option('input', EXAMPLE)}")
    return given.shape, f"its images are the input, {format_shape(given.shape)} by {given.origin}"
