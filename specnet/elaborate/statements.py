"""Execute the statements net, input, let, default, round, use, head and expect, and check claims, `=> SHAPE`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from specnet.attributes import LARGEST, Attributes, NonNegative
from specnet.byte_sizes import ByteSize
from specnet.diagnostics import Code, Label, make_diagnostic, make_replacement
from specnet.elaborate.binding import bind_attributes, collect_arguments
from specnet.elaborate.blocks import report_shape_name
from specnet.elaborate.context import SHAPE_NAMES, Context
from specnet.elaborate.graph_builder import Claim, Expectation, Place
from specnet.elaborate.layer_parameters import is_layer_word
from specnet.elaborate.like import refuse_default
from specnet.elaborate.scope import UNSET, Default, ValueName
from specnet.elaborate.used_files import use_file
from specnet.graph import Head
from specnet.layers import get_layer_class, list_kinds
from specnet.layers.base import Shape, format_shape
from specnet.layers.base.shapes import NOUNS
from specnet.printer.values import quote_value
from specnet.source import Span
from specnet.syntax import tree
from specnet.syntax.expressions import has_value


def define_variable(line: tree.Let, context: Context, value: ValueName) -> None:
    """Define a variable, `let NAME = VALUE`; an override replaces the value."""
    name, scope = line.name.text, context.scope
    if name in SHAPE_NAMES:
        report_shape_name(line.name, context)
    elif name in scope.variables:
        context.report(Code.E103, f"`{name}` already has a value", line.name.span)
    else:
        is_overridden = scope.parent is None and name in context.overrides
        expression = context.overrides.pop(name) if is_overridden else line.value
        scope.variables[name] = _evaluate_variable(line, expression, context, value)
        context.declare(name, expression.span if is_overridden else line.name.span)


def _evaluate_variable(line: tree.Let, expression: tree.Expression, context: Context, value: ValueName) -> Any:
    """Return the value of `let act = relu`; UNSET, after a report, for a layer, which only a block can stand for."""
    is_layer = isinstance(expression, tree.Name) and is_layer_word(expression.text, context)
    if not is_layer or has_value(expression, context.lookup(value)):
        return context.evaluate(expression, value, admits_text=True)
    message = "`let` gives a name to a value; layers with a name are a block"
    fixes = [make_replacement(line.span, f"block {line.name.text} {{ {expression.span.text} }}")]
    context.add_diagnostics([make_diagnostic(Code.E102, message, expression.span, fixes=fixes)], context.scope.trace)
    return UNSET


NO_COUNT = (bool, ByteSize)
"""The whole numbers that are no numbers of pixels or channels."""

SIZES = 3
"""The number of sizes of an input that is no vector: `32*32*3` is one written with stars, `28*28` a vector's length."""


def name_network(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Name the network: `net NAME "description"`."""
    values = [argument.value for argument in call.arguments if argument.key is None]
    texts = [v.text if isinstance(v, tree.Name) else v.value for v in values if isinstance(v, tree.Name | tree.Text)]
    graph = context.graph
    if not _is_at_top(call, context):
        return value
    if len(texts) != len(call.arguments) or not 1 <= len(texts) <= 2:
        context.report(Code.E106, '`net` is written `net NAME "description"`', call.span)
    elif graph.name:
        context.report(Code.E103, "the network already has a name", call.span)
    else:
        graph.name, graph.description = texts[0], texts[1] if len(texts) == 2 else ""
    return value


def add_input(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Add an input: `input 227x227x3`, `input left 105x105x1`."""
    if not _is_at_top(call, context):
        return value
    values = [argument.value for argument in call.arguments if argument.key is None]
    match values:
        case [size] if len(call.arguments) == 1:
            return _add_input(None, size, call, context)
        case [tree.Name(text=text) as name, size] if len(call.arguments) == 2 and "." not in text:
            return _add_input(name, size, call, context)
    if not call.arguments and context.graph.inputs:
        first = context.graph.inputs[0].name
        context.report(Code.E106, "an input is declared once", call.span, meant=f"@{first}")
        return first
    message = "`input` is written `input HEIGHTxWIDTHxCHANNELS`, with a name before the size if it has one"
    context.report(Code.E106, message, call.span)
    return _add_unknown_input(call, values, context)


def _add_unknown_input(call: tree.Call, values: Sequence[tree.Expression], context: Context) -> str:
    """Add an input that cannot be read, under the name that it begins with, so that lines below may read it."""
    match values:
        case [tree.Name(text=text) as name, *_] if "." not in text:
            value = _take_input_name(name, name, context)
            context.scope.taps.setdefault(text, value)
        case _:
            value = context.scope.take_name("input", None)
    return context.graph.add_input(value, None, Place(call.span, call.word.span))


def _add_input(name: tree.Name | None, size: tree.Expression, call: tree.Call, context: Context) -> str:
    scope, overrides = context.scope, context.overrides
    text = _take_input_name(name, size, context)
    override = overrides.pop(f"input.{text}", overrides.pop("input", None))
    shape = _evaluate_shape(override or size, context)
    scope.taps.setdefault(name.text if name else text, text)
    place = Place(override.span, call.word.span) if override else Place(call.span, call.word.span, {"shape": size.span})
    return context.graph.add_input(text, shape, place)


def _take_input_name(name: tree.Name | None, size: tree.Expression, context: Context) -> str:
    """Return the name of an input; after a report, another one if it is taken."""
    if name is None and context.graph.inputs:
        message = f"several inputs need names, as in `input NAME {size.span.text}`"
        context.report(Code.E103, message, size.span)
    else:
        label = context.take_label(name or tree.Name(size.span, "input"), "name")
        if label:
            return label.text
    return context.scope.take_name("input", None)


def _evaluate_shape(size: tree.Expression, context: Context) -> Shape | None:
    """Return the shape of an input; None, after a report, if it is not valid."""
    if _is_written_with_stars(size, context, least=SIZES):
        return None
    value = None if isinstance(size, tree.Tap) else context.evaluate(size, None)
    if value is UNSET:
        return None
    sizes = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(size, int) and not isinstance(size, NO_COUNT) for size in sizes) or len(sizes) > SIZES:
        forms = "height×width×channels, such as 227x227x3, length×channels, such as 197x768, or a length"
        message = f"an input is {forms}, not {quote_value(value)}"
        context.report(Code.E112, message, size.span)
        return None
    for number in sizes:
        if not 1 <= number <= LARGEST:
            bound = f"at least 1, not {number}" if number < 1 else f"at most {LARGEST:,}, not {quote_value(number)}"
            context.report(Code.E306, f"a size must be {bound}", size.span)
            return None
    return sizes


def _is_written_with_stars(size: tree.Expression, context: Context, least: int = 2) -> bool:
    """Return whether a size is written `32*32*3`, with at least so many factors; reports it."""
    if not isinstance(size, tree.Binary):
        return False
    from specnet.foreign.operators import recognise_size

    written = recognise_size(size, least)
    context.add_diagnostics([written] if written else [])
    return written is not None


def accept_rounding(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Accept all rounding of the file: `round floor`."""
    words = [a.value.text for a in call.arguments if a.key is None and isinstance(a.value, tree.Name)]
    if words != ["floor"] or len(call.arguments) != 1:
        context.report(Code.E106, "`round` is written `round floor`", call.span)
        return value
    context.scope.rounding = Default("floor", call.span)
    return value


def set_default(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Set default attributes for the lines below: `default KIND KEY=VALUE …`."""
    first = call.arguments[0].value if call.arguments else None
    if not isinstance(first, tree.Name) or call.arguments[0].key:
        context.report(Code.E106, "`default` is written `default KIND KEY=VALUE …`", call.span)
        return value
    kind = get_layer_class(first.text)
    if kind is None:
        if context.scope.find_block(first.text):
            message = (
                f"`default` is for layers, and `{first.text}` is a block, whose parameters have their defaults there"
            )
            context.report(Code.E101, message, first.span)
            return value
        message = f"no kind of layer is called `{first.text}`"
        context.report(Code.E101, message, first.span, meant=context.suggest(first.text, list_kinds()))
        return value
    arguments = refuse_default(kind, first, call.arguments[1:], context)
    given = collect_arguments(kind, first, arguments, context.lookup(value))
    context.add_diagnostics(given.diagnostics)
    defaults = {name: Default(given.values[name], given.spans[name]) for name in given.values}
    context.scope.defaults.setdefault(first.text, {}).update(defaults)
    return value


def use_blocks(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Import the blocks of another file, relative to this one: `use "blocks/resnet.net"`."""
    path = call.arguments[0].value if len(call.arguments) == 1 else None
    if not isinstance(path, tree.Text):
        given = call.arguments[0].value.span if call.arguments else call.span
        fixes = [make_replacement(given, f'"{given.text}"', safe=True)] if call.arguments else []
        message = '`use` is written `use "FILE"`'
        context.graph.lacks_blocks = True
        context.add_diagnostics([make_diagnostic(Code.E106, message, given, fixes=fixes)])
    elif _is_at_top(call, context):
        use_file(path, context)
    return value


def add_head(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Add an auxiliary output, `head NAME weight=0.3 { … }`; the lines below continue with the value before it."""
    values = [argument for argument in call.arguments if argument.key is None]
    given = values[0].value if values else None
    if not isinstance(given, tree.Name) or "." in given.text or not call.body or call.body.arms:
        context.report(Code.E106, "`head` is written `head NAME weight=0.3 { … }`", call.word.span)
        return value
    others = [argument for argument in call.arguments if argument.value is not given]
    bound = bind_attributes(_HeadAttributes, call.word, others, context.lookup(value))
    context.add_diagnostics(bound.diagnostics)
    scope = context.scope
    name = scope.take_name("head", context.take_label(given, "name"))
    end = context.within(scope.make_inner(name.removeprefix(scope.path))).walk(call.body.lines, value)
    if end is not None:
        context.graph.heads.append(Head(name, end, bound.attributes.weight if bound.attributes else 1.0))
    return value


class _HeadAttributes(Attributes):
    weight: NonNegative = 1.0


def _is_at_top(call: tree.Call, context: Context) -> bool:
    """Return whether a statement is at the top level, without label and braces; reports it otherwise."""
    word = call.word.text
    if context.scope.parent is not None or context.depth > 1:
        context.report(Code.E106, f"`{word}` belongs outside all blocks, arms and repetitions", call.word.span)
        return False
    if context.label or call.body or call.alternative is not None:
        what = "label" if context.label else "braces"
        context.report(Code.E106, f"`{word}` takes no {what}", call.word.span)
        return False
    return True


def check_claim(chain: tree.Chain, claim: tree.Expression, context: Context, value: ValueName) -> None:
    """Compare the shape at the end of a line with the claimed one, with which checking continues.

    A claim that is restated does not hold with overrides only: checking continues without it, and without one of more
    sizes than any value has.
    """
    claimed = context.evaluate(claim, value)
    shape = claimed if isinstance(claimed, tuple) else (claimed,)
    if claimed is UNSET or value is None:
        return
    if not all(isinstance(size, int) and not isinstance(size, NO_COUNT) and size > 0 for size in shape):
        context.report(Code.E112, "a claim is a shape, such as `55x55x96` or `1000`", claim.span)
        return
    graph = context.graph
    actual = graph.shapes[value]
    if actual != shape and _is_written_with_stars(claim, context):
        return
    if actual != shape and graph.restates(claim.span):
        if actual:
            graph.restated[value] = Claim(shape, claim.span, chain.span, actual)
        return
    graph.claims[value] = Claim(shape, claim.span, chain.span, actual)
    if actual is not None and actual != shape:
        _report_wrong_claim(claim.span, shape, actual, context, value)
        graph.broken.add(value)
    graph.shapes[value] = shape if len(shape) in NOUNS else actual


def _report_wrong_claim(claim: Span, shape: Shape, actual: Shape, context: Context, value: str) -> None:
    """Report a wrong claim, but a mistake in a block at the first call of the block only."""
    message = f"`{value}` gives {format_shape(actual)}, not {format_shape(shape)} as claimed"
    origin, log = _label_origin(value, claim, context), context.graph.log
    if origin and origin.span in log.reported:
        return
    places = [origin] if origin else []
    log.add(make_diagnostic(Code.E401, message, claim, *places, trace=context.scope.trace, node=value))
    log.reported.update(label.span for label in places)


def _label_origin(value: str, claim: Span, context: Context) -> Label | None:
    """Return a label for the layer that gave a value its shape; None if it is on the line of the claim."""
    origin = context.graph.shape_origins.get(value, value)
    element = context.graph.places[origin].element
    return None if element.line == claim.line else Label(element, f"made here, by `{origin}`", primary=False)


def add_expectation(line: tree.Expect, context: Context, value: ValueName) -> None:
    """Record an expectation, `expect macs < 1.2G`, which is compared when the network is complete."""
    number = context.evaluate(line.value, value)
    if isinstance(number, int | float) and not isinstance(number, bool):
        quantity = line.quantity
        expectation = Expectation(quantity.text, line.comparison, number, quantity.span, line.value.span)
        context.graph.expectations.append(expectation)
