"""Read the `train` section as typed settings; specnet/settings defines its lines and choices.

Imported when a spec has a `train` section, or an override of one: importing the settings' classes takes time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from specnet import settings
from specnet.attributes import Setting
from specnet.diagnostics import Code, Edit, Fix, Label, make_diagnostic, make_replacement
from specnet.elaborate.binding import bind_attributes
from specnet.elaborate.context import SHAPE_NAMES, Context
from specnet.elaborate.scope import ValueName
from specnet.settings import Training
from specnet.syntax import tree
from specnet.syntax.expressions import Lookup, UndefinedName

Arguments = tuple[tree.Argument, ...]

NONE = "those of plugins, and none is loaded"
"""The choices of a line that has none of its own."""


def read_training(call: tree.Call, context: Context, value: ValueName) -> ValueName:
    """Read `train { LINE CHOICE KEY=VALUE … }`, one setting per line."""
    spans = context.graph.setting_spans
    is_inside = context.scope.parent is not None
    if call.body is None or call.body.arms or call.arguments or context.label or is_inside:
        context.report(Code.E106, "`train` is written `train { … }`, once, outside all blocks", call.word.span)
    elif "train" in spans:
        context.report(Code.E103, "there is already a `train` section", call.word.span)
    else:
        spans["train"] = call.word.span
        context.graph.training = _make_training(_collect_lines(call.body.lines, context), context)
    return value


def override_training(context: Context) -> None:
    """Apply the overrides to a spec that has no `train` section."""
    lines = {name.partition(".")[0] for name in context.overrides}
    if "train" not in context.graph.setting_spans and lines.intersection(settings.list_lines()):
        context.graph.training = _make_training({}, context)


# The lines


def _collect_lines(lines: tree.Lines, context: Context) -> dict[str, list[tree.Call]]:
    """Return the calls of each line by the line's name; reports lines that are no settings, or given twice."""
    found: dict[str, list[tree.Call]] = {}
    for line in lines:
        context.graph.end_after_many_errors(line.span)
        if isinstance(line, tree.Unreadable):
            continue
        calls = _list_calls(line)
        if not calls:
            context.report(Code.E106, "a line of `train` is a setting: a word, values, `KEY=value`", line.span)
        elif _is_acceptable(calls, found, context):
            name = calls[0].word.text
            found.setdefault(name, []).extend((calls[0], *map(_lead_with_word, calls[1:])))
            graph = context.graph
            graph.setting_spans[name] = line.span
            graph.step_spans.setdefault(name, []).extend(call.span for call in calls)
    return found


def _list_calls(line: tree.Line) -> list[tree.Call]:
    """Return the calls of a line; none if it is anything but calls."""
    if not isinstance(line, tree.Chain) or line.label or line.claim:
        return []
    calls = [element for element in line.elements if isinstance(element, tree.Call)]
    return calls if len(calls) == len(line.elements) else []


def _is_acceptable(calls: list[tree.Call], found: Mapping[str, list[tree.Call]], context: Context) -> bool:
    """Return whether a line is valid; reports one that does not exist, is given twice or has too many steps."""
    word = calls[0].word
    name = word.text
    if name not in settings.list_lines():
        if _is_moved(calls[0], context):
            return False
        meant = context.suggest(name, settings.list_lines())
        has = "" if meant else f"it has {', '.join(settings.list_lines())}"
        context.report(Code.E104, f"`train` has no line `{name}`", word.span, help=has, meant=meant)
        return False
    if settings.takes_several(name):
        return True
    if name in found:
        first = Label(found[name][0].word.span, "first here", primary=False)
        context.report(Code.E103, f"`{name}` is given twice", word.span, first)
    elif len(calls) > 1:
        context.report(Code.E106, f"`{name}` takes one step, not a chain", calls[1].span)
    return name not in found and len(calls) == 1


def _is_moved(call: tree.Call, context: Context) -> bool:
    """Return whether a line is an attribute of another, `lr 0.1`; reports it with the fix that moves it there."""
    from specnet.foreign.recipes import find_home

    home = find_home(call.word.text)
    if home is None or len(call.arguments) != 1:
        return False
    source = call.span.source
    move = home.move(source.text, (call.span.start, call.span.end), call.arguments[0].value.span.text)
    edits = tuple(Edit(source.span(start, end), text) for start, end, text in move.changes)
    context.add_diagnostics(
        [make_diagnostic(Code.E104, home.message, call.word.span, fixes=[Fix(move.title, edits, safe=True)])]
    )
    return True


def _lead_with_word(call: tree.Call) -> tree.Call:
    """Return a later step of a chain in the form of the first one, whose word follows that of the line."""
    return replace(call, arguments=(_as_argument(call.word), *call.arguments))


def _as_argument(word: tree.Name) -> tree.Argument:
    return tree.Argument(word.span, None, word)


# The settings


def _make_training(lines: Mapping[str, list[tree.Call]], context: Context) -> Training:
    """Return the settings of the lines with the overrides applied."""
    values: dict[str, Any] = {}
    overrides = _take_overrides(context)
    for name, calls in lines.items():
        given = overrides.pop(name, ())
        steps = [_make_setting(name, call.word, _apply_override(name, call, given), context) for call in calls]
        known = [step for step in steps if step]
        if known:
            values[name] = tuple(known) if settings.takes_several(name) else known[0]
    for name, arguments in overrides.items():
        span = arguments[0].value.span if arguments[0].key is None else arguments[0].span
        setting = _make_setting(
            name, tree.Name(span, name), (*_find_default_choice(name, arguments), *arguments), context
        )
        if setting:
            values[name] = setting
    return Training(**values)


def _make_setting(line: str, word: tree.Name, arguments: Arguments, context: Context) -> Setting | None:
    """Return one setting; None, after a report, if it is not valid."""
    context.graph.end_after_many_errors(word.span)
    choices = settings.get_choices(line)
    kind = choices.get("")
    if kind is None:
        first = arguments[0].value if arguments and arguments[0].key is None else None
        if not isinstance(first, tree.Name) or first.text not in choices:
            _report_choices(line, word, arguments, context)
            return None
        kind, word, arguments = choices[first.text], first, arguments[1:]
    bound = bind_attributes(kind, word, arguments, _make_lookup(context))
    context.add_diagnostics(bound.diagnostics)
    return bound.attributes


def _make_lookup(context: Context) -> Lookup:
    """Return a function that looks up names in a setting, where C, H, W and L have no value."""
    look_up = context.lookup(None)

    def look_up_without_shape(name: tree.Name | tree.Tap) -> Any:
        if isinstance(name, tree.Name) and name.text in SHAPE_NAMES:
            raise UndefinedName(f"a setting has no input shape, so `{name.text}` has no value", name.span)
        return look_up(name)

    return look_up_without_shape


def _report_choices(line: str, word: tree.Name, arguments: Arguments, context: Context) -> None:
    """Report that a line needs a word after its name, or does not know the one that is there."""
    from specnet.foreign.arguments import translate_arguments
    from specnet.foreign.operators import read_hyphens

    choices = settings.get_choices(line)
    listed = ", ".join(f"`{choice}`" for choice in choices)
    first = arguments[0].value if arguments and arguments[0].key is None else None
    given = first if isinstance(first, tree.Name) or first is None else read_hyphens(first)
    named = context.suggest(given.text, choices) if given else ""
    if first and not named and (choice := _find_text_choice(choices, first)):
        _report_text(line, first, choice, listed, context)
    elif given:
        meant, place = named, given.span
        kind = choices.get(meant)
        whole = translate_arguments(meant, kind, arguments[1:], len(kind.positional)) if kind else ""
        place = place.to(arguments[-1].span) if whole else place
        message = f"`{line}` has no choice `{given.text}`"
        context.report(
            Code.E104,
            message,
            place,
            help="" if meant else settings.explain_absent(line, given.text) or f"it has {listed or NONE}",
            meant=whole or meant,
        )
    else:
        context.report(Code.E104, f"`{line}` needs one of {listed or NONE} first", first.span if first else word.span)


def _report_text(line: str, value: tree.Expression, choice: str, listed: str, context: Context) -> None:
    """Report that a line knows no choice of this name, which may be the text that a choice takes."""
    text = value.span.text if isinstance(value, tree.Text) else f'"{value.span.text}"'
    fix = make_replacement(value.span, f"{choice} {text}")
    message = f"`{line}` has no choice `{value.span.text}`"
    context.add_diagnostics([make_diagnostic(Code.E104, message, value.span, help=f"it has {listed}", fixes=[fix])])


def _find_text_choice(choices: Mapping[str, type[Setting]], value: tree.Expression) -> str:
    """Return the choice that takes a text such as the value first: `csv` for "x.csv", `folder` without an ending.

    It is "" where none does, or where several might.
    """
    first = {choice: kind.model_fields[kind.positional[0]] for choice, kind in choices.items() if kind.positional}
    texts = [choice for choice, field in first.items() if field.annotation is str]
    written = value.span.text.strip('"').lower()
    by_ending = [choice for choice in texts if written.endswith(choices[choice].endings)]
    found = by_ending or [choice for choice in texts if not choices[choice].endings]
    return found[0] if len(found) == 1 else ""


# The overrides


def _take_overrides(context: Context) -> dict[str, Arguments]:
    """Take the arguments that `--set LINE=VALUE` and `--set LINE.KEY=VALUE` give, by line."""
    found: dict[str, Arguments] = {}
    for name in list(context.overrides):
        line, _, key = name.partition(".")
        if line in settings.list_lines() and not settings.takes_several(line):
            value = context.overrides.pop(name)
            found[line] = (*found.get(line, ()), _make_argument(name, key, value))
    return found


def _make_argument(name: str, key: str, value: tree.Expression) -> tree.Argument:
    """Return the argument `lr=0.1` of `--set optimizer.lr=0.1`."""
    if not key:
        return tree.Argument(value.span, None, value)
    source = value.span.source
    end = source.text.index(name) + len(name)
    word = tree.Name(source.span(end - len(key), end), key)
    return tree.Argument(source.span(end - len(key), len(source.text)), word, value)


def _apply_override(line: str, call: tree.Call, given: Arguments) -> Arguments:
    """Return the arguments of a line with the overrides applied.

    An override by key replaces what sets the same field, by key, word or position. A value by position replaces the
    positional ones, as `--batch 64` does 1024 in `batch 1024 drop_last`; a choice replaces everything.
    """
    choices, choice, arguments = settings.get_choices(line), call.arguments[:0], call.arguments
    is_by_position = any(argument.key is None for argument in given)
    if "" not in choices:
        if is_by_position:
            return given
        choice, arguments = arguments[:1], arguments[1:]
    kind = choices.get(choice[0].value.text if choice and isinstance(choice[0].value, tree.Name) else "")
    if not given or kind is None:
        return (*call.arguments, *given)
    replaced = {kind.field_of(argument.key.text) for argument in given if argument.key}
    replaced |= set(kind.positional) if is_by_position else set()
    fields = _find_fields(kind, arguments)
    kept = (argument for argument, field in zip(arguments, fields, strict=True) if field not in replaced)
    return (*choice, *kept, *(_read_text(kind, argument) for argument in given))


def _find_fields(kind: type[Setting], arguments: Arguments) -> list[str | None]:
    """Return the field that each argument sets, or None, as the binding of attributes will find it."""
    fields: list[str | None] = []
    for argument in arguments:
        value = argument.value
        if argument.key:
            fields.append(kind.field_of(argument.key.text))
        elif isinstance(value, tree.Name) and value.text in kind.words:
            fields.append(kind.words[value.text][0])
        else:
            fields.append(next((name for name in kind.positional if name not in fields), None))
    return fields


def _read_text(kind: type[Setting], argument: tree.Argument) -> tree.Argument:
    """Return an override of a text, such as a path, as it stands on the command line, where it needs no quotes."""
    field = argument.key and kind.field_of(argument.key.text)
    if not field or kind.model_fields[field].annotation is not str or isinstance(argument.value, tree.Text):
        return argument
    span = argument.value.span
    return replace(argument, value=tree.Text(span, argument.span.text.partition("=")[2]))


def _find_default_choice(line: str, arguments: Arguments) -> Arguments:
    """Return the default choice of a line that the spec leaves out, for an override of one of its keys."""
    default = Training.model_fields[line].default
    word = next((word for word, kind in settings.get_choices(line).items() if type(default) is kind), "")
    return (_as_argument(tree.Name(arguments[0].span, word)),) if word and arguments[0].key else ()
