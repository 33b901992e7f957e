"""The padding of windows as it is in the end, with what torch's ceil_mode adds."""

from __future__ import annotations

from dataclasses import replace

from specnet.backends.channels_last.operations import Operation, Sides
from specnet.backends.channels_last.places import spread
from specnet.layers.base.padding import compute_same_padding

CEIL, COUNTED = "ceil_mode", "count_include_pad"


def settle_window(operation: Operation) -> Operation:
    """Return a pool with a stride and a padding that say what ceil_mode says, and without that; other operations as is.

    The pixels that ceil_mode adds are not counted in an average.
    """
    if CEIL not in operation.arguments:
        return operation
    arguments = dict(operation.arguments)
    arguments["stride"] = arguments["stride"] or arguments["kernel_size"]
    if arguments.pop(CEIL):
        declared = arguments["padding"]
        arguments["padding"] = find_read_sides(replace(operation, arguments=arguments))
        is_wider = any(found[1] > given[1] for found, given in zip(arguments["padding"], declared, strict=True))
        if arguments.get(COUNTED) and is_wider:
            arguments[COUNTED] = False if declared == ((0, 0), (0, 0)) else None
    return replace(operation, arguments=arguments)


def find_read_sides(operation: Operation) -> Sides:
    """Return the padding before, and after it the padding up to the end of the last window."""
    arguments, sides = operation.arguments, []
    dilation = spread(arguments.get("dilation", 1))
    for axis, (before, _) in enumerate(arguments["padding"]):
        extent = dilation[axis] * (spread(arguments["kernel_size"])[axis] - 1) + 1
        end = (operation.output[axis] - 1) * spread(arguments["stride"])[axis] + extent
        sides.append((before, max(end - before - operation.inputs[0][axis], 0)))
    return sides[0], sides[1]


def is_same_padding(operation: Operation, sides: Sides) -> bool:
    """Return whether Keras's and TensorFlow's padding `same` is this padding for the size of this map."""
    arguments, found = operation.arguments, []
    for axis in (0, 1):
        size, stride = operation.inputs[0][axis], spread(arguments["stride"])[axis]
        window, dilation = spread(arguments["kernel_size"])[axis], spread(arguments.get("dilation", 1))[axis]
        found.append(compute_same_padding(size, window, stride, dilation))
        if operation.output[axis] != -(-size // stride):
            return False
    read = find_read_sides(replace(operation, arguments={**arguments, "padding": sides}))
    return read == tuple(found)


def find_inexact_scale(operation: Operation) -> tuple[float, float] | None:
    """Return the factors of an interpolation that do not lead to whole pixels, and so set the places that it reads."""
    given = operation.arguments.get("scale_factor")
    if not given:
        return None
    scale = given if isinstance(given, tuple) else (given, given)
    sizes = zip(operation.inputs[0][:2], operation.output[:2], scale, strict=True)
    return scale if any(size * factor != new for size, new, factor in sizes) else None
