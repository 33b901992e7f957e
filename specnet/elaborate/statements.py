"""The words that are not layers: net, input, default, round, use, same, head, train; and `block`, `expect`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from specnet.attributes import LARGEST, Attributes
from specnet.diagnostics import Code, Label
from specnet.elaborate.binding import collect
from specnet.elaborate.build import Expectation, Place
from specnet.elaborate.scope import UNSET, Default, Scope, Value
from specnet.elaborate.scope import Label as LineLabel
from specnet.elaborate.sharing import difference
from specnet.elaborate.training import train
from specnet.foreign import closest_word
from specnet.graph import Head
from specnet.layers import kinds, layer_class
from specnet.naming import escape_attribute
from specnet.printer.values import quote_value
from specnet.syntax import tree

if TYPE_CHECKING:
    from specnet.elaborate.lines import Elaborator

Statement = Callable[["Elaborator", tree.Call, Scope, Value, LineLabel | None], Value]


def net(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """`net NAME "description"`"""
    values = [argument.value for argument in call.arguments if argument.key is None]
    texts = [v.text if isinstance(v, tree.Name) else v.value for v in values if isinstance(v, tree.Name | tree.Text)]
    if not _belongs(elaborator, call, scope, label):
        return value
    if len(texts) != len(call.arguments) or not 1 <= len(texts) <= 2:
        elaborator.build.say(Code.E106, '`net` is written `net NAME "description"`', call.span)
    elif elaborator.build.name:
        elaborator.build.say(Code.E103, "the network already has a name", call.span)
    else:
        elaborator.build.name, elaborator.build.description = texts[0], texts[1] if len(texts) == 2 else ""
    return value


def input_(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """`input 227x227x3`, `input left 105x105x1`"""
    if not _belongs(elaborator, call, scope, label):
        return value
    *names, size = [argument.value for argument in call.arguments] or [call.word]
    name = names[0] if names else None
    if size is call.word or len(names) > 1 or (name and not isinstance(name, tree.Name)):
        message = "`input` is written `input HEIGHTxWIDTHxCHANNELS`, with a name before the size if it has one"
        elaborator.build.say(Code.E106, message, call.span)
        return elaborator.build.add_input(scope.name_for("input", None), None, Place(call.span, call.word.span))
    text = escape_attribute(name.text) if isinstance(name, tree.Name) else "input"
    if text in scope.names:
        elaborator.build.say(Code.E103, f"there is an input `{text}` already", call.span)
    scope.names.add(text)
    overridden = elaborator.overrides.pop(f"input.{text}", elaborator.overrides.pop("input", None))
    shape = _shape(elaborator, overridden or size, scope)
    place = Place(call.span, call.word.span, {"shape": size.span})
    scope.taps.setdefault(text, text)
    elaborator.build.declared[text] = name.span if name else size.span
    return elaborator.build.add_input(text, shape, place)


def _shape(elaborator: Elaborator, size: tree.Expression, scope: Scope) -> tuple[int, ...] | None:
    """An input's shape; says what is wrong with it."""
    value = None if isinstance(size, tree.Tap) else elaborator.value_of(size, scope, None)
    if value is UNSET:
        return None
    sizes = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(v, int) and not isinstance(v, bool) for v in sizes) or len(sizes) not in (1, 3):
        message = f"an input is height×width×channels, as 227x227x3, or one length, not {quote_value(value)}"
        elaborator.build.say(Code.E112, message, size.span)
        return None
    for v in sizes:
        if not 1 <= v <= LARGEST:
            bound = f"at least 1, not {v}" if v < 1 else f"at most {LARGEST:,}, not {quote_value(v)}"
            elaborator.build.say(Code.E306, f"a size must be {bound}", size.span)
            return None
    return sizes


def round_(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """`round floor`: every rounding of the file is accepted."""
    written = [a.value.text for a in call.arguments if a.key is None and isinstance(a.value, tree.Name)]
    if written != ["floor"] or len(call.arguments) != 1:
        elaborator.build.say(Code.E106, "`round` is written `round floor`", call.span)
        return value
    for kind in kinds():
        found = layer_class(kind)
        if found and "rounding" in found.model_fields:
            scope.defaults.setdefault(kind, {})["rounding"] = Default("floor", call.span)
    return value


def default(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """`default KIND KEY=VALUE …` for the lines that follow."""
    first = call.arguments[0].value if call.arguments else None
    if not isinstance(first, tree.Name) or call.arguments[0].key:
        elaborator.build.say(Code.E106, "`default` is written `default KIND KEY=VALUE …`", call.span)
        return value
    kind = layer_class(first.text)
    if kind is None:
        message = f"no kind of layer is called `{first.text}`"
        elaborator.build.say(Code.E101, message, first.span, meant=closest_word(first.text, list(kinds())))
        return value
    given = collect(kind, first, call.arguments[1:], elaborator.lookup(scope, value))
    for diagnostic in given.diagnostics:
        elaborator.build.complain(diagnostic)
    chosen = {name: Default(given.values[name], given.spans[name]) for name in given.values}
    scope.defaults.setdefault(first.text, {}).update(chosen)
    return value


def use(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """`use "blocks/resnet.net"`: the blocks of another file, relative to this one."""
    path = call.arguments[0].value if len(call.arguments) == 1 else None
    if not isinstance(path, tree.Text):
        elaborator.build.say(Code.E106, '`use` is written `use "FILE"`', call.span)
    elif _belongs(elaborator, call, scope, label):
        elaborator.use(path, scope)
    return value


def same(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """`same LABEL`: a labelled line once more, with the same weights."""
    name = call.arguments[0].value if len(call.arguments) == 1 else None
    if not isinstance(name, tree.Name):
        elaborator.build.say(Code.E106, "`same` is written `same LABEL`", call.span)
        return None
    if name.text not in scope.labelled:
        meant = closest_word(name.text, list(scope.labelled))
        message = f"no line above has the label `{name.text}`"
        elaborator.build.say(Code.E202, message, name.span, trace=scope.trace, meant=meant)
        return None
    first = len(elaborator.build.nodes)
    end = elaborator.again(name.text, scope, value, label)
    nodes = {node.name: node for node in elaborator.build.nodes}
    originals = [nodes[original] for original in scope.labelled[name.text][1]]
    why = difference(elaborator.build, originals, elaborator.build.nodes[first:]) if end else ""
    if why:
        elaborator.build.forget(first)
        message, line = f"`{name.text}` cannot be the same here: {why}", scope.labels[name.text].span
        elaborator.build.say(Code.E305, message, call.span, Label(line, "first here", primary=False), trace=scope.trace)
    return None if why else end


def head(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """`head NAME weight=0.3 { … }`: an output on the side; what arrives goes on unchanged."""
    given = collect(_HeadAttributes, call.word, call.arguments, elaborator.lookup(scope, value))
    for diagnostic in given.diagnostics:
        elaborator.build.complain(diagnostic)
    if "name" not in given.values or not call.body or call.body.arms:
        elaborator.build.say(Code.E106, "`head` is written `head NAME weight=0.3 { … }`", call.word.span)
        return value
    name = scope.name_for("head", LineLabel(escape_attribute(str(given.values["name"]))))
    end = elaborator.run(call.body.lines, elaborator.scope_of_head(scope, name), value)
    if end is not None:
        elaborator.build.heads.append(Head(name, end, float(given.values.get("weight", 1.0))))
    return value


class _HeadAttributes(Attributes):
    positional = ("name",)

    name: str
    weight: float = 1.0


def define_block(elaborator: Elaborator, block: tree.Block, scope: Scope) -> None:
    """`block NAME(PARAMETERS) { … }`"""
    name = block.name.text
    known = scope.block(name)
    if known:
        first = Label(known[0].name.span, "first here", primary=False)
        elaborator.build.say(Code.E103, f"there is a block `{name}` already", block.name.span, first)
    elif name in STATEMENTS or name in kinds():
        what = "a layer" if name in kinds() else "a word of the language"
        message = f"a block cannot be called `{name}`: that is {what}"
        elaborator.build.say(Code.E107, message, block.name.span)
    elif block.body.arms:
        elaborator.build.say(Code.E106, "`block` takes no arms", block.body.span)
    else:
        _check_parameters(elaborator, block)
        scope.blocks[name] = block, scope
        elaborator.build.declared[name] = block.name.span


def _check_parameters(elaborator: Elaborator, block: tree.Block) -> None:
    seen = dict[str, tree.Parameter]()
    for parameter in block.parameters:
        name = parameter.name.text
        if name in ("C", "H", "W"):
            message = f"`{name}` cannot be declared: it is the shape that arrives at each layer"
            elaborator.build.say(Code.E107, message, parameter.name.span)
        elif name in seen:
            first = Label(seen[name].span, "first here", primary=False)
            elaborator.build.say(Code.E103, f"the parameter `{name}` is there twice", parameter.span, first)
        seen[name] = parameter


def expect(elaborator: Elaborator, line: tree.Expect, scope: Scope, value: Value) -> None:
    """`expect parameters 62_378_344`, `expect macs < 1.2G`; compared when the network is complete."""
    number = elaborator.value_of(line.value, scope, value)
    if isinstance(number, int | float) and not isinstance(number, bool):
        quantity = line.quantity
        expectation = Expectation(quantity.text, line.comparison, number, quantity.span, line.value.span)
        elaborator.build.expectations.append(expectation)


def _belongs(elaborator: Elaborator, call: tree.Call, scope: Scope, label: LineLabel | None) -> bool:
    """Whether a statement stands where it may: in the file itself, without a label or braces."""
    word = call.word.text
    if scope.parent is not None:
        message = f"`{word}` belongs outside all blocks and repetitions"
        elaborator.build.say(Code.E106, message, call.word.span)
        return False
    if label or call.body or call.alternative is not None:
        what = "label" if label else "braces"
        elaborator.build.say(Code.E106, f"`{word}` takes no {what}", call.word.span)
        return False
    return True


STATEMENTS: dict[str, Statement] = {
    "net": net,
    "input": input_,
    "default": default,
    "round": round_,
    "use": use,
    "same": same,
    "head": head,
    "train": train,
}
"""The words that begin a line of their own."""
