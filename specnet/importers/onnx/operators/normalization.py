"""Normalisation, and dropout, which does nothing when a network is only run."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from specnet.importers.onnx.building import Conversion

if TYPE_CHECKING:
    from numpy import ndarray


def convert_batch_norm(conversion: Conversion) -> None:
    if not conversion.node.get("spatial", 1):
        raise conversion.refuse("it normalises each place by itself")
    inputs = [conversion.input(place) for place in range(5)]
    attributes = {"eps": conversion.node.get("epsilon", 1e-5), "momentum": 1 - conversion.node.get("momentum", 0.9)}
    _check_channels(conversion, (1, 2, 3, 4))
    conversion.give("batch_norm", inputs, conversion.shape(), **_round(attributes))


def _round(attributes: dict[str, float]) -> dict[str, float]:
    """Return numbers that were stored as floats of 32 bits as a person writes them."""
    return {name: float(f"{value:.7g}") for name, value in attributes.items()}


def _read_eps(conversion: Conversion) -> float:
    return _round({"eps": conversion.node.get("epsilon", 1e-5)})["eps"]


def _check_channels(conversion: Conversion, places: tuple[int, ...]) -> None:
    channels = conversion.shape()[1]
    for place in places:
        if conversion.shape(place) != (channels,):
            raise conversion.error(f"has parameters of another size than the {channels} channels of its input")


def convert_instance_norm(conversion: Conversion) -> None:
    _check_channels(conversion, (1, 2))
    inputs = [conversion.input(place) for place in range(3)]
    conversion.give("instance_norm", inputs, conversion.shape(), eps=_read_eps(conversion))


def convert_group_norm(conversion: Conversion) -> None:
    """The scales are one a channel, or until opset 20 one a group."""
    groups, channels = conversion.node.get("num_groups", 1), conversion.shape()[1]
    inputs = [conversion.input()]
    for place in (1, 2):
        name = conversion.input(place)
        size = conversion.shape(place)
        if size == (groups,) and size != (channels,) and conversion.program.is_constant(name):
            repeat = partial(_repeat, count=channels // groups)
            name = conversion.program.derive(name, (channels,), repeat, "by channel")
        inputs.append(name)
    conversion.give("group_norm", inputs, conversion.shape(), groups=groups, eps=_read_eps(conversion))


def _repeat(array: ndarray, count: int) -> ndarray:
    return array.repeat(count)


def convert_layer_norm(conversion: Conversion) -> None:
    axes = len(conversion.shape()) - conversion.axis(-1)
    inputs = conversion.input(), conversion.input(1), conversion.optional(2)
    conversion.give("layer_norm", inputs, conversion.shape(), axes=axes, eps=_read_eps(conversion))


def convert_rms_norm(conversion: Conversion) -> None:
    axes = len(conversion.shape()) - conversion.axis(-1)
    inputs = conversion.input(), conversion.input(1)
    conversion.give("rms_norm", inputs, conversion.shape(), axes=axes, eps=_read_eps(conversion))


def convert_lrn(conversion: Conversion) -> None:
    get = conversion.node.get
    numbers = {"alpha": get("alpha", 1e-4), "beta": get("beta", 0.75), "k": get("bias", 1.0)}
    size = get("size", 1)
    conversion.give("local_response_norm", [conversion.input()], conversion.shape(), size=size, **_round(numbers))


def convert_dropout(conversion: Conversion) -> None:
    share = conversion.number(1, "ratio", 0.5)
    conversion.give("dropout", [conversion.input()], conversion.shape(), p=share)


CONVERTED = {
    "BatchNormalization": convert_batch_norm,
    "InstanceNormalization": convert_instance_norm,
    "GroupNormalization": convert_group_norm,
    "LayerNormalization": convert_layer_norm,
    "RMSNormalization": convert_rms_norm,
    "LRN": convert_lrn,
    "Dropout": convert_dropout,
}
