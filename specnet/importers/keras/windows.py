"""Convolutions and pools, which take in the zeros that a layer before them pads with, and those of sequences."""

from __future__ import annotations

from typing import Any

from specnet.foreign.values import format_foreign_value, make_pair
from specnet.importers.imported import Fate
from specnet.importers.keras.by_table import by_table, translate_step, update_names
from specnet.importers.keras.combined import WITHIN, find_cut, is_within
from specnet.importers.keras.meanings import (
    Meaning,
    NoMeaning,
    Situation,
    is_whole,
    read_one,
    to_value,
)
from specnet.importers.keras.sides import Sides, read_sides
from specnet.importers.keras.steps import Step
from specnet.importers.layer_texts import has_layers

WINDOWS = frozenset({"Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Convolution2D", "SeparableConvolution2D"})
"""Layers whose padding is zeros."""

MAXIMA = frozenset({"MaxPooling2D", "MaxPool2D"})
"""Layers whose padding never wins, as zeros do not among values that are not negative."""

AVERAGES = frozenset({"AveragePooling2D", "AvgPool2D"})
"""Layers whose explicit padding counts as zeros here."""


def pad_or_wait(step: Step, situation: Situation) -> Meaning:
    """Return a `pad`, or nothing where the only layer behind can pad with the same zeros."""
    value = read_one(step)
    sides = read_sides(step.layer.config.get("padding", 1))
    reader = situation.find_only_reader(step.output)
    if value not in situation.paddings and reader and _can_take(reader, step, sides, situation):
        situation.paddings[step.output] = sides
        return Meaning("", f"its zeros are the padding of `{reader.name}`", Fate.EQUAL)
    return Meaning(f"pad P={format_foreign_value(sides)}")


def _can_take(reader: Step, step: Step, sides: Sides, situation: Situation) -> bool:
    """Whether a layer can pad as a ZeroPadding2D before it does."""
    config = reader.layer.config
    if reader.reads != (step.output,) or (config.get("padding") or config.get("border_mode", "valid")) != "valid":
        return False
    if reader.layer.cls in WINDOWS:
        return reader.layer.cls != "Convolution2D" or "border_mode" in config or "padding" in config
    is_maximum = reader.layer.cls in MAXIMA and step.reads[0] in situation.not_negative
    if not is_maximum and reader.layer.cls not in AVERAGES:
        return False
    window = make_pair(to_value(config.get("pool_size", 2)))
    operation = "max" if is_maximum else "avg"
    text = f"pool {operation} F={format_foreign_value(window)} P={format_foreign_value(sides)} floor"
    return has_layers(text, [situation.shape(step.reads[0])])


def slide(step: Step, situation: Situation) -> Meaning:
    """Translate a convolution or a pool, with the zeros that wait before it."""
    name = "border_mode" if "border_mode" in step.layer.config else "padding"
    sides = situation.paddings.get(read_one(step)) or _find_even_sides(step, step.layer.config.get(name))
    return translate_step(step, situation, **({name: sides} if sides else {}), **_omit_strides(step))


def slide_back(step: Step, situation: Situation) -> Meaning:
    """Translate a transposed convolution, with what a Cropping2D behind it cuts off."""
    read_one(step)
    found = find_cut(step, situation)
    if not found:
        return translate_step(step, situation)
    sides, added = found
    more = {"output_padding": added} if any(added) else {}
    return translate_step(step, situation, padding=sides, **more)


def cut(step: Step, situation: Situation) -> Meaning:
    """Translate Cropping2D, unless it cuts the output of a transposed convolution, whose padding that is."""
    return WITHIN if is_within(step, situation) else by_table(step, situation)


def _omit_strides(step: Step) -> dict[str, None]:
    """Return the strides of a pool as none where they are the window, which is what none means."""
    window, strides = (to_value(step.layer.config.get(name)) for name in ("pool_size", "strides"))
    return {"strides": None} if window is not None and window == strides else {}


def _find_even_sides(step: Step, padding: object) -> Sides | None:
    """Return the sides of `same` where they are so many pixels at both ends, whatever the size of the map."""
    config = update_names(step.layer.config)
    window = config.get("pool_size" if step.layer.cls in MAXIMA else "kernel_size")
    strides = config.get("strides") or config.get("subsample") or (window if step.layer.cls in MAXIMA else 1)
    if padding != "same" or step.layer.cls not in WINDOWS | MAXIMA or make_pair(to_value(strides)) != (1, 1):
        return None
    dilations = make_pair(to_value(config.get("dilation_rate") or 1))
    reached = [step * (size - 1) for size, step in zip(make_pair(to_value(window)), dilations, strict=True)]
    if any(total % 2 for total in reached):
        return None
    rows, columns = (total // 2 for total in reached)
    return (rows, rows), (columns, columns)


def slide_sequence(step: Step, situation: Situation) -> Meaning:
    """Translate a layer of a sequence as that of a map of one column."""
    shape = situation.shape(read_one(step))
    if len(shape) != 2:
        raise NoMeaning("it reads no sequence")
    words = _describe_sequence_layer(step)
    text = f"map {shape[0]}x1 -> {words} -> tokens"
    fate, reason = Fate.EQUAL, "a sequence is a map of one column"
    return Meaning(let_round_middle(text, shape), reason, fate)


def let_round_middle(text: str, shape: tuple[int, ...]) -> str:
    """Return a chain between `map` and `tokens` whose window is rounded down where a spec has to say so."""
    if has_layers(text, [shape]):
        return text
    first, window, *others = text.split(" -> ")
    return " -> ".join([first, f"{window} floor", *others])


def _describe_sequence_layer(step: Step) -> str:
    config = step.layer.config
    kind = step.layer.cls.removesuffix("1D")
    if kind in ("Conv", "Convolution"):
        return _describe_convolution(config)
    if kind in ("MaxPooling", "AveragePooling", "MaxPool", "AvgPool"):
        window = _read_single(config.get("pool_size", config.get("pool_length", 2)))
        stride = _read_single(config.get("strides") or config.get("stride") or window)
        padding = " P=same" if config.get("padding", config.get("border_mode")) == "same" else ""
        operation = "max" if kind.startswith("Max") else "avg"
        return f"pool {operation} F={window}x1 S={stride}x1{padding}"
    if kind == "UpSampling":
        return f"upsample {_read_single(config.get('size', 2))}x1"
    name, word = ("padding", "pad") if kind == "ZeroPadding" else ("cropping", "crop")
    before, after = make_pair(to_value(config.get(name, 1)))
    return f"{word} P=[{before}:{after}, 0]"


def _describe_convolution(config: Any) -> str:
    window = _read_single(config.get("kernel_size") or config.get("filter_length"))
    stride = _read_single(config.get("strides") or config.get("subsample_length") or 1)
    step = _read_single(config.get("dilation_rate") or 1)
    filters = config.get("filters") or config.get("nb_filter")
    mode = config.get("padding") or config.get("border_mode") or "valid"
    padding = {"valid": "", "same": " P=same", "causal": f" P=[{step * (window - 1)}:0, 0]"}.get(str(mode))
    if padding is None or not is_whole(filters) or config.get("activation") not in (None, "linear", "relu"):
        raise NoMeaning("its settings have no counterpart here")
    bias = "" if config.get("use_bias", config.get("bias", True)) else " bias=no"
    groups = config.get("groups") or 1
    numbers = f" S={stride}x1 D={step}x1 G={groups}".replace(" S=1x1", "").replace(" D=1x1", "").replace(" G=1", "")
    relu = " -> relu" if config.get("activation") == "relu" else ""
    return f"conv K={filters} F={window}x1{numbers}{padding}{bias}{relu}"


def _read_single(value: Any) -> int:
    number = value[0] if isinstance(value, list | tuple) and len(value) == 1 else value
    if not is_whole(number) or number < 1:
        raise NoMeaning(f"its window is {value!r}"[:80])
    return int(number)
