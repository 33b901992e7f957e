"""The `train` section → typed settings. Which lines and choices there are is said by specnet/settings alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from specnet.diagnostics import Code, Label
from specnet.elaborate.binding import bind
from specnet.elaborate.scope import Label as LineLabel
from specnet.elaborate.scope import Scope, Value
from specnet.foreign import closest_word
from specnet.syntax import tree
from specnet.syntax.expressions import Lookup, NoSuchName

if TYPE_CHECKING:
    from specnet.elaborate.lines import Elaborator
    from specnet.settings import Training
    from specnet.settings.base import Setting


def train(elaborator: Elaborator, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
    """`train { LINE CHOICE KEY=VALUE … }`, a line a setting."""
    build = elaborator.build
    if call.body is None or call.body.arms or call.arguments or label or scope.parent is not None:
        build.say(Code.E106, "`train` is written `train { … }`, once, outside all blocks", call.word.span)
    elif "train" in build.settings:
        build.say(Code.E103, "there is a `train` section already", call.word.span)
    else:
        build.settings["train"] = call.word.span
        build.training = _training(elaborator, _lines(elaborator, call.body.lines), scope)
    return value


def override(elaborator: Elaborator, scope: Scope) -> None:
    """Applies the overrides to a spec that has no `train` section."""
    from specnet.settings import lines

    if "train" not in elaborator.build.settings and any(
        name.partition(".")[0] in lines() for name in elaborator.overrides
    ):
        elaborator.build.training = _training(elaborator, {}, scope)


def _lines(elaborator: Elaborator, lines: tree.Lines) -> dict[str, tuple[tree.Call, ...]]:
    """The calls of each line by the line's name; says which lines are none, or there twice."""
    from specnet import settings

    found: dict[str, tuple[tree.Call, ...]] = {}
    for line in lines:
        if isinstance(line, tree.Unreadable):
            continue
        calls = [e for e in line.elements if isinstance(e, tree.Call)] if isinstance(line, tree.Chain) else []
        if not isinstance(line, tree.Chain) or len(calls) != len(line.elements) or line.label or line.claim:
            message = "a line of `train` is a setting: a word, values, `KEY=value`"
            elaborator.build.say(Code.E106, message, line.span)
            continue
        name = calls[0].word.text
        if name not in settings.lines():
            meant = closest_word(name, list(settings.lines()))
            message = f"`train` has no line `{name}`"
            has = "" if meant else f"it has {', '.join(settings.lines())}"
            elaborator.build.say(Code.E104, message, calls[0].word.span, help=has, meant=meant)
        elif name in found and not settings.takes_several(name):
            first = Label(found[name][0].word.span, "first here", primary=False)
            elaborator.build.say(Code.E103, f"`{name}` is there twice", calls[0].word.span, first)
        elif len(calls) > 1 and not settings.takes_several(name):
            elaborator.build.say(Code.E106, f"`{name}` takes one step, not a chain", calls[1].span)
        else:
            found[name] = (*found.get(name, ()), calls[0], *map(_led_by_its_word, calls[1:]))
            elaborator.build.settings[name] = line.span
            elaborator.build.steps_of[name] = [*elaborator.build.steps_of.get(name, ()), *(call.span for call in calls)]
    return found


def _training(elaborator: Elaborator, lines: Mapping[str, tuple[tree.Call, ...]], scope: Scope) -> Training:
    """The settings of the lines, with those that are overridden."""
    from specnet.settings import Training, takes_several

    values: dict[str, Any] = {}
    overrides = _overrides(elaborator)
    for name, calls in lines.items():
        given = overrides.pop(name, ())
        steps = [_step(elaborator, name, call.word, _overridden(name, call, given), scope) for call in calls]
        known = [step for step in steps if step]
        if known:
            values[name] = tuple(known) if takes_several(name) else known[0]
    for name, arguments in overrides.items():
        word = arguments[0].value.span if arguments[0].key is None else arguments[0].span
        step = _step(elaborator, name, tree.Name(word, name), (*_default_choice(name, arguments), *arguments), scope)
        if step:
            values[name] = step
    return Training(**values)


def _step(
    elaborator: Elaborator, line: str, word: tree.Name, arguments: tuple[tree.Argument, ...], scope: Scope
) -> Setting | None:
    """One setting; says what is wrong with it."""
    from specnet.settings import choices

    possible = choices(line)
    kind = possible.get("")
    if kind is None:
        first = arguments[0].value if arguments and arguments[0].key is None else None
        if not isinstance(first, tree.Name) or first.text not in possible:
            _say_choices(elaborator, line, word, first, list(possible))
            return None
        kind, word, arguments = possible[first.text], first, arguments[1:]
    bound = bind(kind, word, arguments, _lookup(elaborator, scope))
    for diagnostic in bound.diagnostics:
        elaborator.build.complain(diagnostic)
    return bound.attributes


def _lookup(elaborator: Elaborator, scope: Scope) -> Lookup:
    """What names mean in a setting: values, but no shape, as none arrives there."""
    look = elaborator.lookup(scope, None)

    def value(name: tree.Name | tree.Tap) -> object:
        if isinstance(name, tree.Name) and name.text in ("C", "H", "W"):
            raise NoSuchName(f"no shape arrives at a setting, so `{name.text}` has no value", name.span)
        return look(name)

    return value


def _say_choices(
    elaborator: Elaborator, line: str, word: tree.Name, first: tree.Expression | None, possible: list[str]
) -> None:
    """`optimizer` needs a word after it, or does not know the one that is there."""
    listed = ", ".join(f"`{choice}`" for choice in possible)
    if isinstance(first, tree.Name):
        meant = closest_word(first.text, possible)
        message = f"`{line}` has no choice `{first.text}`"
        elaborator.build.say(Code.E104, message, first.span, help="" if meant else f"it has {listed}", meant=meant)
    else:
        elaborator.build.say(Code.E104, f"`{line}` needs one of {listed} first", word.span)


def _led_by_its_word(call: tree.Call) -> tree.Call:
    """A later step of a chain in the form of the first one, whose own word follows that of the line."""
    return replace(call, arguments=(_as_argument(call.word), *call.arguments))


def _as_argument(word: tree.Name) -> tree.Argument:
    return tree.Argument(word.span, None, word)


def _overrides(elaborator: Elaborator) -> dict[str, tuple[tree.Argument, ...]]:
    """The arguments that `--set LINE=VALUE` and `--set LINE.KEY=VALUE` give, by line."""
    from specnet import settings

    found: dict[str, tuple[tree.Argument, ...]] = {}
    for name in list(elaborator.overrides):
        line, _, key = name.partition(".")
        if line in settings.lines() and not settings.takes_several(line):
            value = elaborator.overrides.pop(name)
            found[line] = (*found.get(line, ()), _given(name, key, value))
    return found


def _given(name: str, key: str, value: tree.Expression) -> tree.Argument:
    """`lr=0.1` of `--set optimizer.lr=0.1`."""
    if not key:
        return tree.Argument(value.span, None, value)
    source = value.span.source
    end = source.text.index(name) + len(name)
    word = tree.Name(source.span(end - len(key), end), key)
    return tree.Argument(source.span(end - len(key), len(source.text)), word, value)


def _overridden(line: str, call: tree.Call, given: tuple[tree.Argument, ...]) -> tuple[tree.Argument, ...]:
    """A line's arguments with those that override them.

    A value by position takes the place of another, `--batch 64` of 1024 in `batch 1024 drop_last`; a choice, of all.
    """
    from specnet.settings import choices

    keys, kind = {argument.key.text for argument in given if argument.key}, choices(line).get("")
    kept = [argument for argument in call.arguments if not (argument.key and argument.key.text in keys)]
    if any(argument.key is None for argument in given):
        kept = [argument for argument in kept if kind and (argument.key or _is_word(argument, kind))]
    return (*kept, *given)


def _is_word(argument: tree.Argument, kind: type[Setting]) -> bool:
    return isinstance(argument.value, tree.Name) and argument.value.text in kind.words


def _default_choice(line: str, arguments: tuple[tree.Argument, ...]) -> tuple[tree.Argument, ...]:
    """The word of a line's default, for an override of a line that the spec leaves out."""
    from specnet.settings import Training, choices

    default = Training.model_fields[line].default
    word = next((w for w, kind in choices(line).items() if type(default) is kind), "")
    return (_as_argument(tree.Name(arguments[0].span, word)),) if word and arguments[0].key else ()
