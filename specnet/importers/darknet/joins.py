"""Sections that join the values of others: route, shortcut, scale_channels and sam."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from specnet.importers.darknet.cfg import Section
from specnet.importers.darknet.network import CfgWalk, name_value
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate
from specnet.importers.recorder import describe_source
from specnet.layers.base import Shape, is_map

OVERLAP = "Darknet adds the channels and pixels that both maps have: {}"
SPREAD = "Darknet adds a smaller map to every {}th pixel; here it is enlarged and added to all"
LEARNED = "`{}` weighs the values that it adds by learned numbers, which a spec has for each channel alone"


def add_route(walk: CfgWalk, section: Section) -> None:
    """Join channels of the layers that a section names, or of one of several parts of each."""
    values = [walk.resolve(section, number) for number in section.numbers("layers")]
    if not values:
        raise UnreadableModel(f"{describe_source(section.source)} names no layers")
    if not walk.require(section, values):
        return
    parts, part = section.whole("groups", 1), section.whole("group_id", 0)
    if parts > 1:
        values = [_take_part(walk, section, value, parts, part, place) for place, value in enumerate(values)]
    if len(values) == 1 and parts > 1:
        walk.recorder.alias(name_value(section.place), values[0])
        return
    values = _align(walk, section, values)
    if len(values) == 1:
        walk.read.update(values)
        walk.recorder.rename(section.source, values[0], name_value(section.place), "", Fate.EXACT)
    elif _fit(walk, section, values):
        walk.add(section, "concat", values)
        own = [walk.shape(value) for value in values]
        walk.claim(section, (*own[0][:-1], sum(shape[-1] for shape in own)))


def _take_part(walk: CfgWalk, section: Section, value: str, parts: int, part: int, place: int) -> str:
    channels = walk.shape(value)[-1] // parts
    piece = f"{name_value(section.place)}/part{place}"
    name = section.source.name if len(section.numbers("layers")) == 1 else f"{section.source.name}_part{place}"
    walk.add(section, f"slice {part * channels}..{(part + 1) * channels}", [value], value=piece, name=name)
    return piece


def _align(walk: CfgWalk, section: Section, values: Sequence[str]) -> list[str]:
    """Return vectors as maps of one pixel, if there are maps among the values."""
    has_map = any(is_map(walk.shape(value)) for value in values)
    return [walk.make_map(section, value) if has_map else value for value in values]


def _fit(walk: CfgWalk, section: Section, values: Sequence[str]) -> bool:
    sizes = {walk.shape(value)[:-1] for value in values}
    if len(sizes) > 1:
        what = ", ".join(sorted("×".join(map(str, size)) for size in sizes))
        reason = f"it joins maps of different sizes, {what}, which Darknet takes for a map without one"
        walk.recorder.leave_out(section.source, reason, [name_value(section.place)])
    return len(sizes) == 1


def add_shortcut(walk: CfgWalk, section: Section) -> None:
    """Add the layers that a section names to the one above, where they overlap."""
    others = [walk.resolve(section, number) for number in section.numbers("from")]
    if not walk.require(section, others):
        return
    if not others:
        raise UnreadableModel(f"{describe_source(section.source)} names no layer to add")
    above = walk.above(section)
    value, size = above, walk.shape(above)
    activation = section.options.get("activation", "linear")
    kind = section.options.get("weights_type", "none")
    if kind != "none":
        value, others = _weigh(walk, section, value, others, str(kind))
    equal = [other for other in others if walk.shape(other) == size]
    for place, other in enumerate(others):
        if walk.shape(other) != size:
            value = _add_overlap(walk, section, value, other, f"{name_value(section.place)}/sum{place}")
    if equal:
        walk.add(section, "add", [value, *equal])
    else:
        walk.recorder.alias(name_value(section.place), value)
    walk.activate(section, str(activation))
    walk.claim(section, size)


def _weigh(walk: CfgWalk, section: Section, value: str, others: list[str], kind: str) -> tuple[str, list[str]]:
    """Return the values, each multiplied by a learned number for each channel."""
    scaled = []
    walk.stored += (len(others) + 1) * (walk.shape(value)[-1] if kind == "per_channel" else 1)
    for place, each in enumerate((value, *others)):
        weighed = f"{name_value(section.place)}/weighed{place}"
        walk.add(section, "scale", [each], value=weighed, name=f"{section.source.name}_scale{place}")
        scaled.append(weighed)
    is_plain = kind == "per_channel" and section.options.get("weights_normalization", "none") == "none"
    if not is_plain:
        walk.recorder.note(section.source, Fate.APPROXIMATED, LEARNED.format(f"weights_type={kind}"))
    return scaled[0], scaled[1:]


def _add_overlap(walk: CfgWalk, section: Section, value: str, other: str, result: str) -> str:
    """Add a map of another size: its first channels to the first channels, every nth pixel, or to every nth."""
    size, name = walk.shape(value), section.source.name
    part = _match_size(walk, section, other, size, result)
    ours, theirs = size[-1], walk.shape(part)[-1]
    what = f"{theirs} of {ours} channels" if theirs < ours else "the rest is left"
    reason = OVERLAP.format(what)
    if theirs == ours:
        walk.add(section, "add", [value, part], Fate.EQUAL, reason, result, f"{name}_sum")
        return result
    pieces = [f"{result}/first", f"{result}/rest"]
    walk.add(section, f"slice 0..{theirs}", [value], value=pieces[0], name=f"{name}_first")
    walk.add(section, f"slice {theirs}..{ours}", [value], value=pieces[1], name=f"{name}_rest")
    walk.add(section, "add", [pieces[0], part], Fate.EQUAL, reason, f"{result}/added", f"{name}_sum")
    walk.add(section, "concat", [f"{result}/added", pieces[1]], Fate.EQUAL, reason, result, name)
    return result


def _match_size(walk: CfgWalk, section: Section, other: str, size: Shape, result: str) -> str:
    """Return a map cut to the height, width and at most the channels of another."""
    shape, name = walk.shape(other), section.source.name
    if not (is_map(shape) and is_map(size)):
        raise UnreadableModel(f"{describe_source(section.source)} adds a vector to a map")
    if shape[:2] != size[:2]:
        other = _match_pixels(walk, section, other, size, f"{result}/pixels")
    if shape[-1] > size[-1]:
        cut = f"{result}/channels"
        walk.add(section, f"slice 0..{size[-1]}", [other], value=cut, name=f"{name}_channels")
        return cut
    return other


def _match_pixels(walk: CfgWalk, section: Section, other: str, size: Shape, result: str) -> str:
    shape, name = walk.shape(other), section.source.name
    stride, sample = max(1, shape[0] // size[0]), max(1, size[0] // shape[0])
    if sample > 1:
        text = f"upsample to={size[0]}x{size[1]}"
        walk.add(section, text, [other], Fate.APPROXIMATED, SPREAD.format(sample), result, f"{name}_enlarged")
        return result
    rows, columns = (len(range(0, each, stride)) for each in shape[:2])
    text = f"pool max F=1 S={stride}" if stride > 1 else ""
    if (rows, columns) != size[:2]:
        rest = [(side - whole) for side, whole in zip((rows, columns), size[:2], strict=True)]
        if min(rest) < 0:
            walk.recorder.note(section.source, Fate.APPROXIMATED, SPREAD.format(1))
            text = f"upsample to={size[0]}x{size[1]}"
        else:
            text += f"{' -> ' if text else ''}crop P=[0:{rest[0]}, 0:{rest[1]}]"
    walk.add(section, text, [other], value=result, name=f"{name}_pixels")
    return result


def add_product(walk: CfgWalk, section: Section) -> None:
    """Multiply a layer by the one above: by a number for each channel (`scale_channels`) or element (`sam`)."""
    numbers = section.numbers("from")
    if not numbers:
        raise UnreadableModel(f"{describe_source(section.source)} names no layer to multiply")
    others = [walk.resolve(section, number) for number in numbers[:1]]
    if not walk.require(section, others):
        return
    values = _align(walk, section, [walk.above(section), *others])
    walk.add(section, "mul", values)
    walk.activate(section, str(section.options.get("activation", "linear")))
    whole = max((walk.shape(value) for value in values), key=prod)
    walk.claim(section, whole)
