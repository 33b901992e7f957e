"""Walk the lines in the order of the file, and dispatch each line and element to the function for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from specnet.diagnostics import Code, Edit, Fix, Translated, make_diagnostic
from specnet.elaborate.blocks import call_block, define_block
from specnet.elaborate.context import Context, Walker
from specnet.elaborate.control_flow import walk_if, walk_loop, walk_same
from specnet.elaborate.layer_parameters import explain_layers_parameter
from specnet.elaborate.layers import add_join, add_layer
from specnet.elaborate.scope import UNSET, ValueName
from specnet.elaborate.statements import (
    accept_rounding,
    add_expectation,
    add_head,
    add_input,
    check_claim,
    define_variable,
    name_network,
    set_default,
    use_blocks,
)
from specnet.graph import ValueRef
from specnet.layers import get_layer_class, list_kinds
from specnet.naming import escape_name
from specnet.source import Span
from specnet.suggest import did_you_mean
from specnet.syntax import tree
from specnet.syntax.limits import MAX_DEPTH, LimitExceeded

if TYPE_CHECKING:  # imported when a spec has an error
    from specnet.foreign.chains import Draft


def _read_training(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Read `train { … }`; the classes of the settings are imported only now."""
    from specnet.elaborate import training

    return training.read_training(call, context, value)


Statement = Callable[[tree.Call, Context, ValueName], ValueName]

STATEMENTS: Mapping[str, Statement] = {
    "net": name_network,
    "input": add_input,
    "default": set_default,
    "round": accept_rounding,
    "use": use_blocks,
    "same": walk_same,
    "head": add_head,
    "train": _read_training,
}
"""The words that begin a line of their own."""

KEYWORDS = ("let", "block", "expect", "repeat", "for", "if")
"""The words of the grammar that begin a line."""

NAMING = ("input", "head")
"""The statements whose first value is the name of a node."""


def walk_lines(lines: tree.Lines, context: Context, value: ValueName) -> ValueName:
    """Return the value after the last line, given the one before the first; raises LimitExceeded."""
    if context.depth >= MAX_DEPTH:
        span = lines[0].span if lines else next(reversed(context.graph.places.values())).element
        raise LimitExceeded(f"blocks and braces are nested more than {MAX_DEPTH} deep", span)
    inner = context.replace(label=None, depth=context.depth + 1)
    context.scope.reserved.update(_find_given_names(lines))
    for line in lines:
        value = _walk_line(line, inner, value)
    return value


def _find_given_names(lines: tree.Lines) -> Iterator[str]:
    """Yield the names that these lines give to nodes, and those in their arms and conditions, which share one scope."""
    for line in lines:
        if isinstance(line, tree.Chain):
            if line.label:
                yield escape_name(line.label.text)
            for element in line.elements:
                yield from _find_given_names_within(element)


def _find_given_names_within(element: tree.Element) -> Iterator[str]:
    if isinstance(element, tree.Call) and element.word.text in NAMING and element.arguments:
        name = element.arguments[0].value
        yield from [escape_name(name.text)] if isinstance(name, tree.Name) else []
    elif isinstance(element, tree.Call | tree.If) and element.body:
        for inner in (element.body.lines, *element.body.arms):
            yield from _find_given_names(inner)


def _walk_line(line: tree.Line, context: Context, value: ValueName) -> ValueName:
    context.graph.end_after_many_errors(line.span)
    if isinstance(line, tree.Let | tree.Expect):
        context.graph.count_step(line.span)
    match line:
        case tree.Let():
            define_variable(line, context, value)
        case tree.Block():
            define_block(line, context, STATEMENTS)
        case tree.Expect():
            add_expectation(line, context, value)
        case tree.Chain():
            return _walk_chain(line, context, value)
        case tree.Unreadable():
            text = line.span.source.line(line.span.line).lstrip()
            context.graph.has_gaps = True
            context.graph.lacks_blocks |= text.startswith(("block", "use"))
            return None
    return value


def _walk_chain(chain: tree.Chain, context: Context, value: ValueName) -> ValueName:
    scope, graph = context.scope, context.graph
    labelled = context.with_label(context.take_label(chain.label, "label") if chain.label else None)
    first = len(graph.nodes)
    for position, element in enumerate(chain.elements):
        if isinstance(element, tree.Resume) and position == 0:
            value = _name_alone(chain, element, context, value) or _resume(element.tap, context)
        elif isinstance(element, tree.Resume):
            _name_value(element, context, value)
        else:
            value = walk_element(element, labelled, value)
    if labelled.label and chain.label:
        if chain.label.text not in scope.taps and chain.label.text not in tree.RESERVED_TAPS:
            scope.name_tap(chain.label.text, value, chain.label.span)
        scope.labelled[chain.label.text] = chain, [node.name for node in graph.nodes[first:]]
    if chain.claim is not None:
        check_claim(chain, chain.claim, context, value)
    return value


def _name_alone(chain: tree.Chain, element: tree.Resume, context: Context, value: ValueName) -> ValueName:
    """Name the value above after reporting `@name` alone on a line, which lacks its arrow; return None elsewhere."""
    name, scope = element.tap.name, context.scope
    is_alone = len(chain.elements) == 1 and not chain.label and chain.claim is None
    if not (is_alone and value) or "." in name or name in tree.RESERVED_TAPS or scope.find_tap(name)[0]:
        return None
    from specnet.elaborate.tap_errors import recognise_naming

    found = None if context.suggest(name, scope.visible_taps()) else recognise_naming(element.tap)
    if found is None:
        return None
    context.add_diagnostics([found], scope.trace)
    scope.name_tap(name, value, element.span)
    return value


def _resume(tap: tree.Tap, context: Context) -> ValueName:
    """Return the value that a line resumes from: `@name` at its start."""
    given = context.evaluate(tap, None)
    if given is UNSET:
        return None
    if not isinstance(given, ValueRef):
        from specnet.elaborate.tap_errors import explain_number

        message = f"a line begins with a value, and `@{tap.name}` is a number"
        context.add_diagnostics([explain_number(message, tap, context.scope)], context.scope.trace)
        return None
    return given.name


def _name_value(element: tree.Resume, context: Context, value: ValueName) -> None:
    """Name a value: `-> @name`."""
    name = element.tap.name
    if name in tree.RESERVED_TAPS or "." in name:
        from specnet.elaborate.tap_errors import explain_dotted_name, explain_reserved_name

        found = explain_dotted_name(name, element.span) if "." in name else explain_reserved_name(name, element.span)
        context.add_diagnostics([found], context.scope.trace)
        return
    if name in context.scope.taps:
        from specnet.elaborate.tap_errors import explain_second_name

        found = explain_second_name(element, context.scope, context.graph.log.declared.get(name))
        context.add_diagnostics([found])
    context.scope.name_tap(name, value, element.span)
    context.declare(name, element.span)


def walk_element(element: tree.Element, context: Context, value: ValueName) -> ValueName:
    """Return the value after one element of a line."""
    context.graph.count_step(_span_before_braces(element))
    match element:
        case tree.Call():
            return _walk_call(element, context, value)
        case tree.If():
            return walk_if(element, context, value)
        case tree.Repeat() | tree.For():
            return walk_loop(element, context, value)
        case tree.Resume():
            _name_value(element, context, value)
            return value


def _span_before_braces(element: tree.Element) -> Span:
    """Return the part of an element that is evaluated once, whatever the lines within its braces are."""
    body = element.body if not isinstance(element, tree.Resume) else None
    return Span(element.span.source, element.span.start, body.span.start) if body else element.span


def _walk_call(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    word = call.word.text
    if context.scope.find_block(word):
        return call_block(call, context, value)
    if word in STATEMENTS:
        return STATEMENTS[word](call, context, value)
    kind = get_layer_class(word)
    if kind is None:
        if not context.graph.lacks_blocks:
            _report_unknown_word(call, context)
        return None
    return (add_join if kind.arity.joins else add_layer)(kind, call, context, value)


def _report_unknown_word(call: tree.Call, context: Context) -> None:
    from specnet.foreign.arguments import complete_keys
    from specnet.foreign.calls import translate_layer_call, translate_words
    from specnet.foreign.counterparts import find_lines
    from specnet.foreign.keys import translate_sized_word
    from specnet.foreign.order import begins_line, recognise_early_call, recognise_early_carry, recognise_label
    from specnet.foreign.patterns import IDLE
    from specnet.foreign.words import is_certain

    word = call.word.text
    if early := recognise_early_call(call.word.span) or recognise_early_carry(call) or recognise_label(call):
        context.add_diagnostics([early], context.scope.trace)
        return
    if word in ("from", "import", "return") or IDLE.match(call.span.text):
        _report_program(call, context)
        return
    fact = f"no layer or block is called `{word}`"
    is_variable, variable = context.scope.find_variable(word)
    if is_variable and not (call.given or isinstance(variable, ValueRef) or context.scope.find_tap(word)[1]):
        if variable is not UNSET or context.is_uncalled:  # else the line that defines it is wrong
            message = f"`{word}` is a number or word here, and no layer"
            context.report_in_call(Code.E101, message, call.word.span, help=explain_layers_parameter(word))
        return
    if draft := translate_layer_call(call.span.text, call.span.source.text) or translate_words(call):
        _report_foreign_layer(fact, draft, call, context)
        return
    if sized := translate_sized_word(call):
        context.add_diagnostics([sized], context.scope.trace)
        return
    if lines := find_lines(word):
        context.report_in_call(Code.E101, fact, call.word.span, help=lines)
        return
    tap = "" if call.arguments or call.body or not (_is_value(word, context) and begins_line(call.span)) else f"@{word}"
    words = (*list_kinds(), *context.scope.visible_blocks(), *STATEMENTS, *KEYWORDS)
    resembled = tap or context.suggest(word, words)
    whole = "" if tap else _join_taps(resembled, call, context) or complete_keys(resembled, call)
    meant, place = (whole, call.span) if whole else (resembled, call.word.span)
    where = "" if meant else "`specnet explain` lists all layers"
    sure = bool(tap or not resembled) or is_certain(word, resembled)
    context.report_in_call(Code.E101, fact, place, help=where, meant=meant, is_certain=sure)


def _join_taps(word: str, call: tree.Call, context: Context) -> str:
    """Return `concat @a @b` for a join of another tool's name, `cat a b`; "" for anything else."""
    kind = get_layer_class(word)
    names = [each.value.text for each in call.arguments if not each.key and isinstance(each.value, tree.Name)]
    is_join = kind is not None and kind.arity.joins and len(names) == len(call.arguments) > 0
    return " ".join([word, *(f"@{name}" for name in names)]) if is_join and _all_values(names, context) else ""


def _all_values(names: list[str], context: Context) -> bool:
    return all(_is_value(name, context) for name in names)


def _report_program(call: tree.Call, context: Context) -> None:
    """Report a line of a program that adds no layer: `import torch`, `return x`."""
    from specnet.foreign.tools import is_import_read

    is_read = is_import_read(call.span.text, call.span.source.text)
    fixes = [] if is_read else [Fix("without this line", (Edit(call.span, ""),), safe=True)]
    notes = ["it can go once no other line needs it"] if is_read else []
    message = f"`{call.span.text}` is Python, and adds no layer"
    found = make_diagnostic(Code.E101, message, call.span, notes=notes, fixes=fixes)
    context.add_diagnostics([found], context.scope.trace)


def _report_foreign_layer(fact: str, draft: Draft, call: tree.Call, context: Context) -> None:
    """Report a layer of another tool, with its translation and what that does not say of it."""
    text = " -> ".join(draft.layers)
    fix = Fix(text, (Edit(call.span, text),), draft.is_exact, Translated(call.span, draft.inputs))
    message = f"{fact}{did_you_mean(text)}" if draft.is_known else fact
    fixes = [fix] if draft.is_known else []
    found = make_diagnostic(Code.E101, message, call.span, notes=draft.notes, fixes=fixes)
    context.add_diagnostics([found], context.scope.trace)


def _is_value(name: str, context: Context) -> bool:
    """Return whether a name stands for a value of the network: that of a tap, a label or an argument."""
    return context.scope.find_tap(name)[0] or isinstance(context.scope.find_variable(name)[1], ValueRef)


WALKER = Walker(walk_lines, walk_element)
"""The functions of this module, passed down to those that walk lines within braces."""
