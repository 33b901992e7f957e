"""Fixes that change an input: a size at which the layers fit, or the order of height, width and channels."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from specnet.analyses.input_sizes import find_fitting_sizes
from specnet.compiler import Checked
from specnet.diagnostics import Diagnostic, Edit
from specnet.fixes.candidates import Candidate, Change
from specnet.fixes.causes import judge
from specnet.fixes.goals import Goal, find_upstream
from specnet.fixes.verification import Verifier
from specnet.layers.base import Shape, format_shape
from specnet.layers.base.shapes import is_channels_first
from specnet.source import Span

CHANNELS = (3, 1)
"""The channels of colour images and of grey ones."""

SIZES = re.compile(r"\d+(?:x\d+)+")
"""Sizes that are written as numbers."""

MOST_SIZES = 3
"""The largest number of sizes to try for an input."""

FARTHER = 0.3
"""The cost of changing the input for a layer that does not read it directly."""


def complete_input(checked: Checked, diagnostic: Diagnostic) -> Iterator[Candidate]:
    """Yield an input of four sizes without the size of the batch."""
    places = checked.elaborated.places
    name = next(
        (n.name for n in checked.network.inputs if places[n.name].attributes.get("shape") == diagnostic.span), ""
    )
    if name and diagnostic.span:
        yield from _rewrite_shape(checked, name, diagnostic.span)


def add_channels(checked: Checked, name: str) -> Iterator[Candidate]:
    """Yield an input of two sizes with channels."""
    span = checked.elaborated.places[name].attributes.get("shape")
    if span:
        yield from _rewrite_shape(checked, name, span)


def _rewrite_shape(checked: Checked, name: str, span: Span) -> Iterator[Candidate]:
    if not SIZES.fullmatch(span.text):
        return
    for cost, shape in enumerate(_list_whole_shapes(checked, tuple(map(int, span.text.split("x"))))):
        text = "x".join(map(str, shape))
        yield Candidate((Change(_describe(name, span), text, "", Edit(span, text)),), 1.0 + cost / 10)


def _list_whole_shapes(checked: Checked, sizes: Shape) -> list[Shape]:
    """Return shapes of three sizes for one of two or four: the channels are those of the data, else of usual images."""
    training = checked.network.training
    if len(sizes) == 2:
        known = training.data.image if training else None
        return [(*sizes, channels) for channels in (known[2:] if known else CHANNELS)]
    image = sizes[1:]
    return [(*image[1:], image[0]) if is_channels_first(image) else image] if len(sizes) == 4 else []


def change_inputs(checked: Checked, goal: Goal) -> Iterator[Candidate]:
    """Yield the sizes of each input, nearest first, with which the goal is met."""
    upstream = find_upstream(checked.network, goal.node)
    for given in checked.network.inputs:
        place = checked.elaborated.places[given.name]
        if given.name in upstream and given.shape and "shape" in place.attributes:
            fitting = find_fitting_sizes(checked.network, given.name, goal.node)
            met = (shape for shape, through in fitting if goal.is_met(checked.network, through))
            for shape in islice(met, MOST_SIZES):
                yield _change_input(checked, goal, given.name, given.shape, shape)


def _change_input(checked: Checked, goal: Goal, name: str, now: Shape, shape: Shape) -> Candidate:
    span = checked.elaborated.places[name].attributes["shape"]
    text = "x".join(map(str, shape))
    changed = sum(abs(new - old) / old for new, old in zip(shape, now, strict=True))
    origin = checked.network.shape_origin(goal.node)
    is_direct = origin is None or name in origin.inputs
    change = Change(_describe(name, span), text, "", Edit(span, text))
    cost = 0.95 + min(changed, 1.0) + (0.0 if is_direct else FARTHER)
    return judge(checked, Candidate((change,), cost, {}, {name: shape}))


def note_fitting_input(checked: Checked, goal: Goal, verifier: Verifier) -> Iterator[str]:
    """Yield a note of the nearest size at which an input that an override gives fits; raises BudgetSpent."""
    upstream = find_upstream(checked.network, goal.node)
    for given in checked.network.inputs:
        if given.name in upstream and given.shape and "shape" not in checked.elaborated.places[given.name].attributes:
            fitting = find_fitting_sizes(checked.network, given.name)
            for shape, _ in islice(fitting, MOST_SIZES):
                if verifier.check_input(given.name, shape).ok:
                    yield f"the nearest input that fits is {format_shape(shape)}; `specnet sizes` lists all that do"
                    break


def put_channels_last(checked: Checked) -> Iterator[Candidate]:
    """Yield a change that writes the inputs in PyTorch's order, such as `1x28x28`, as `28x28x1`."""
    changes = list[Change]()
    for name in (given.name for given in checked.network.inputs):
        shape, place = checked.network.shapes[name], checked.elaborated.places[name]
        if shape and is_channels_first(shape) and "shape" in place.attributes:
            span, text = place.attributes["shape"], "x".join(map(str, (*shape[1:], shape[0])))
            words = f"{text} (height, width, channels)"
            changes.append(Change(_describe(name, span), words, "", Edit(span, text)))
    if changes:
        yield Candidate(tuple(changes), 0.0)


def _describe(name: str, shape: Span) -> str:
    return f"input {shape.text}" if name == "input" else f"input {name} {shape.text}"
