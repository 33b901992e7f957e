"""The padding of windows as Keras has it: `valid`, `same` where that means the same, else a layer before the window."""

from __future__ import annotations

from dataclasses import replace

from specnet.backends.channels_last.network import KEEPDIMS
from specnet.backends.channels_last.operations import Operation
from specnet.backends.channels_last.places import Operations, group_places, spread_padding
from specnet.backends.channels_last.windows import COUNTED, is_same_padding
from specnet.graph import Network

PAD, FILL = "pad window", "fill"
"""An operation that pads a map before a window, with −∞ where its argument FILL is true."""

WINDOWS = ("nn.Conv2d", "nn.MaxPool2d", "nn.AvgPool2d")
UNPADDED = ((0, 0), (0, 0))

NOT_NEGATIVE = ("nn.ReLU", "nn.ReLU6", "nn.Sigmoid", "nn.Hardsigmoid", "nn.Softmax")
KEEP_SIGN = ("nn.MaxPool2d", "nn.AvgPool2d", "nn.Dropout", "torch.cat", "torch.add", "torch.mul", "torch.narrow", PAD)


def settle_paddings(network: Network, operations: Operations) -> dict[str, tuple[Operation, ...]]:
    """Return the operations with the paddings of Keras; all windows at one place of a block are padded in one way."""
    found = dict(operations)
    rectified = _find_rectified(network, operations)
    for names in group_places(network):
        windows = {name: each for name in names for each in operations[name] if _is_padded_window(each)}
        if not windows:
            continue
        words = {name: _find_word(each) for name, each in windows.items()}
        is_explicit = not all(words.values())
        for name, window in windows.items():
            is_zero = "Max" not in window.target or all(
                network.by_name[each].inputs[0] in rectified for each in windows
            )
            settled = _pad_explicitly(window, is_zero) if is_explicit else (_set_padding(window, words[name]),)
            place = found[name].index(window)
            found[name] = (*found[name][:place], *settled, *found[name][place + 1 :])
    return found


def _is_padded_window(operation: Operation) -> bool:
    return operation.target in WINDOWS and KEEPDIMS not in operation.arguments


def _find_word(operation: Operation) -> str:
    """Return `valid`, or `same` where that is the padding; "" where neither is."""
    sides = _get_sides(operation)
    if sides == UNPADDED:
        return "valid"
    if COUNTED in operation.arguments and (operation.arguments[COUNTED] or not _is_symmetric(operation)):
        return ""  # some of Keras's backends count a padding that is not the same on both sides
    return "same" if is_same_padding(operation, sides) else ""


def _is_symmetric(operation: Operation) -> bool:
    return all(before == after for before, after in _get_sides(operation))


def _get_sides(operation: Operation) -> tuple[tuple[int, int], tuple[int, int]]:
    height, width = spread_padding(operation.arguments["padding"])
    return height, width


def _set_padding(operation: Operation, word: str) -> Operation:
    return replace(operation, arguments={**operation.arguments, "padding": word})


def _pad_explicitly(window: Operation, is_zero: bool) -> tuple[Operation, ...]:
    """Return a padding and the window, or the window alone where an average counts no padding."""
    if window.arguments.get(COUNTED) is False:
        return (window,)
    (height, width, channels), (rows, columns) = window.inputs[0], _get_sides(window)
    padded = (height + sum(rows), width + sum(columns), channels)
    pad = Operation(PAD, {"padding": window.arguments["padding"], FILL: not is_zero}, window.inputs, padded)
    return pad, replace(_set_padding(window, "valid"), inputs=(padded,))


def _find_rectified(network: Network, operations: Operations) -> set[str]:
    """Return the values that are nowhere negative."""
    found = set[str]()
    for node in network.nodes:
        targets = [each.target for each in operations[node.name]]
        keeps = all(target in KEEP_SIGN for target in targets) and all(value in found for value in node.inputs)
        if (targets and targets[-1] in NOT_NEGATIVE) or keeps:
            found.add(node.name)
    return found
