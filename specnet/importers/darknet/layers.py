"""Sections of one input that take more than a row of the table of Darknet's sections."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from specnet.importers.darknet.cfg import Section
from specnet.importers.darknet.joins import add_product, add_route, add_shortcut
from specnet.importers.darknet.network import Adder, CfgWalk, name_value
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate
from specnet.importers.recorder import describe_source
from specnet.layers.base import is_map

BLURS = {1: "filter gaussian_blur P=1", 2: "filter kernel=[[0.25, 0.25], [0.25, 0.25]]"}
"""The fixed filters of `antialiasing`, which take the stride of their layer."""

MOST_BLOCKS = 64
"""The most blocks of channels of which a maximum is written out."""

SHARED = "its weights are those of layer {} in the file, and are its own here, which are trained apart"

LOCAL = "its filters differ from pixel to pixel (a locally connected layer), and those of a spec do not"


def add_convolution(walk: CfgWalk, section: Section) -> None:
    """Add a convolution; with `antialiasing` it has a stride of 1, and a fixed filter behind it has its stride."""
    above, filters = walk.above(section), section.whole("filters", 1)
    size, groups = section.whole("size", 1), max(1, section.whole("groups", 1))
    channels = walk.shape(above)[-1]
    walk.count(channels // groups * filters * size * size, filters, bool(section.whole("batch_normalize", 0)))
    options = {name: value for name, value in section.options.items() if name != "share_index"}
    blur = section.whole("antialiasing", 0)
    if not blur:
        walk.add_translated(section, [above], options)
    else:
        _add_blurred(walk, section, options, blur)
    walk.claim(section, _measure_convolution(walk, section, filters))
    if "share_index" in section.options:
        walk.recorder.note(section.source, Fate.APPROXIMATED, SHARED.format(section.options["share_index"]))


def _add_blurred(walk: CfgWalk, section: Section, options: dict[str, object], blur: int) -> None:
    stride = section.whole("stride", 1)
    plain = {**options, "stride": 1}
    plain.pop("antialiasing")
    walk.add_translated(section, [walk.above(section)], plain)
    value = name_value(section.place)
    if blur not in BLURS:
        walk.recorder.note(section.source, Fate.APPROXIMATED, f"`antialiasing={blur}` has no counterpart here")
        return
    text = BLURS[blur] + (f" S={stride} floor" if stride > 1 else "")
    walk.add(section, text, [value], Fate.EQUAL, "`antialiasing` is a fixed filter", name=f"{section.source.name}_blur")


def _measure_convolution(walk: CfgWalk, section: Section, filters: int) -> tuple[int, ...]:
    """Return the output as Darknet computes it: (N + 2P - F)/S + 1, without the dilation."""
    size = section.whole("size", 1)
    padding = size // 2 if section.whole("pad", 0) else section.whole("padding", 0)
    stride = max(1, section.whole("stride", 1))
    strides = [max(1, section.whole(f"stride_{side}", stride)) for side in "yx"]
    shape = walk.shape(walk.above(section))
    sides = shape[:2] if is_map(shape) else (1, 1)
    rows, columns = ((side + 2 * padding - size) // step + 1 for side, step in zip(sides, strides, strict=True))
    return rows, columns, filters


def add_deconvolution(walk: CfgWalk, section: Section) -> None:
    above, filters, size = walk.above(section), section.whole("filters", 1), section.whole("size", 1)
    walk.count(walk.shape(above)[-1] * filters * size * size, filters, bool(section.whole("batch_normalize", 0)))
    walk.add_translated(section, [above])


def add_connected(walk: CfgWalk, section: Section) -> None:
    above, filters = walk.above(section), section.whole("output", 1)
    walk.count(prod(walk.shape(above)) * filters, filters, bool(section.whole("batch_normalize", 0)))
    walk.add_translated(section, [above])


def add_batchnorm(walk: CfgWalk, section: Section) -> None:
    above = walk.above(section)
    walk.count(0, walk.shape(above)[-1], is_normalised=True)
    walk.add_translated(section, [above])


def add_local(walk: CfgWalk, section: Section) -> None:
    walk.recorder.leave_out(section.source, LOCAL, [name_value(section.place)])


def add_maxpool(walk: CfgWalk, section: Section) -> None:
    """Add a maximum over windows, or over blocks of channels."""
    above = walk.above(section)
    if section.whole("maxpool_depth", 0):
        _add_depth_maximum(walk, section)
    elif section.whole("antialiasing", 0):
        _add_blurred(walk, section, dict(section.options), section.whole("antialiasing", 0))
    else:
        walk.add_translated(section, [above])
        walk.claim(section, _measure_pool(walk, section))


def _measure_pool(walk: CfgWalk, section: Section) -> tuple[int, ...]:
    """Return the output as Darknet computes it: (N + P - F)/S + 1, with P of all sides together."""
    stride = max(1, section.whole("stride", 1))
    size = section.whole("size", stride)
    padding = section.whole("padding", size - 1)
    shape = walk.shape(walk.above(section))
    sides = shape[:2] if is_map(shape) else (1, 1)
    rows, columns = ((side + padding - size) // stride + 1 for side in sides)
    return rows, columns, shape[-1]


def _add_depth_maximum(walk: CfgWalk, section: Section) -> None:
    above, wanted = walk.above(section), max(1, section.whole("out_channels", 1))
    channels = walk.shape(above)[-1]
    blocks = channels // wanted
    if channels % wanted or blocks > MOST_BLOCKS:
        reason = f"it is the maximum of {channels} channels in {wanted}, which has no counterpart here"
        walk.recorder.leave_out(section.source, reason, [name_value(section.place)])
        return
    parts = []
    for place in range(blocks):
        part = f"{name_value(section.place)}/block{place}"
        text = f"slice {place * wanted}..{(place + 1) * wanted}"
        walk.add(section, text, [above], value=part, name=f"{section.source.name}_block{place}")
        parts.append(part)
    reason = "it is the maximum of blocks of channels"
    walk.add(section, "maximum" if len(parts) > 1 else "", parts, Fate.EQUAL, reason)


def add_upsample(walk: CfgWalk, section: Section) -> None:
    """Enlarge a map, multiplied by `scale`; a stride below 0 makes it smaller, as the sum of blocks."""
    stride, scale = section.whole("stride", 2), section.options.get("scale", 1)
    factor = float(scale) if isinstance(scale, (int, float)) else 1.0
    if stride < 0:
        text, factor = f"pool avg F={-stride}", factor * stride * stride
    else:
        text = f"upsample {stride}"
    times = f" -> times by={factor:g}" if factor != 1 else ""
    walk.add(section, text + times, [walk.above(section)])


def add_softmax(walk: CfgWalk, section: Section) -> None:
    """Add a softmax of the values divided by a temperature."""
    temperature = section.options.get("temperature", 1)
    options = {name: value for name, value in section.options.items() if name not in ("temperature", "groups")}
    above = walk.above(section)
    if isinstance(temperature, (int, float)) and temperature not in (0, 1):
        value = f"{name_value(section.place)}/divided"
        reason = "the temperature divides what the softmax reads"
        name = f"{section.source.name}_divided"
        walk.add(section, f"times by={1 / temperature:.9g}", [above], Fate.EQUAL, reason, value, name)
        above = value
    if (groups := section.whole("groups", 1)) > 1:
        options["groups"] = groups
    walk.add_translated(section, [above], options)


def add_reorg(walk: CfgWalk, section: Section) -> None:
    """Make channels of pixels, as Darknet's first `reorg` did, or as `reorg3d` does."""
    stride, above = section.whole("stride", 1), walk.above(section)
    shape = walk.shape(above)
    fits = is_map(shape) and stride > 0 and not (shape[0] % stride or shape[1] % stride)
    if not fits or section.whole("reverse", 0) or (section.kind == "reorg" and shape[2] % stride**2):
        reason = f"it arranges {'×'.join(map(str, shape))} in blocks of {stride} in reverse, or with a remainder"
        walk.recorder.leave_out(section.source, reason, [name_value(section.place)])
        return
    walk.add_translated(section, [above])
    if section.kind == "reorg":
        walk.recorder.note(
            section.source, Fate.EQUAL, "Darknet's order of channels, which reads the map in another shape"
        )


def add_l2norm(walk: CfgWalk, section: Section) -> None:
    """Divide the channels of each pixel by the root of the sum of their squares."""
    above = walk.above(section)
    factor = walk.shape(above)[-1] ** -0.5
    reason = "the root of a sum is that of a mean, times a factor"
    walk.add(section, f"rms_norm affine=no -> times by={factor:.9g}", [above], Fate.EQUAL, reason)


def add_silence(walk: CfgWalk, section: Section) -> None:
    walk.recorder.rename(section.source, walk.above(section), name_value(section.place), "it changes nothing")


def add_crop(walk: CfgWalk, section: Section) -> None:
    """Cut an image to its centre."""
    if section.whole("crop_height", 1) < 1 or section.whole("crop_width", 1) < 1:
        raise UnreadableModel(f"{describe_source(section.source)} leaves no pixel")
    walk.add_translated(section, [walk.above(section)])
    if not section.whole("noadjust", 0):
        walk.recorder.note(section.source, Fate.APPROXIMATED, "without `noadjust` Darknet also maps 0 to 1 to -1 to 1")


ADDERS: Mapping[str, Adder] = {
    "batchnorm": add_batchnorm,
    "connected": add_connected,
    "convolutional": add_convolution,
    "crop": add_crop,
    "deconvolutional": add_deconvolution,
    "empty": add_silence,
    "l2norm": add_l2norm,
    "local": add_local,
    "maxpool": add_maxpool,
    "reorg": add_reorg,
    "reorg3d": add_reorg,
    "route": add_route,
    "sam": add_product,
    "scale_channels": add_product,
    "shortcut": add_shortcut,
    "silence": add_silence,
    "softmax": add_softmax,
    "upsample": add_upsample,
}
