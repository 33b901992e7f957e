"""Recognise lines of a `train` section as elsewhere: `optimizer = SGD(lr=0.1)`, and attributes on a line of their own,
`learning_rate = 0.1`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from specnet import settings, suggest
from specnet.attributes import Setting
from specnet.foreign.bad_line import BadLine, find_changes
from specnet.foreign.words import find_closest_word, translate_anywhere, translate_word
from specnet.settings import Training
from specnet.syntax.parser_input import MASK, TextChange, mask_file
from specnet.syntax.recovery import Hint

SECTION = re.compile(r"^[ \t]*train[ \t]*\{", re.MULTILINE)

CALL = re.compile(
    r"(?P<line>[a-z_]+)[ \t]*[=:]?[ \t]*(?:\w+\.)*(?P<name>[A-Za-z]\w*)[ \t]*\((?P<arguments>.*)\)[ \t]*;?[ \t]*"
)
ASSIGNMENT = re.compile(r"(?P<name>[a-z_]\w*)[ \t]*(?P<sign>[=:])[ \t]*(?P<value>[\w.]+)[ \t]*;?[ \t]*")
KEYWORD_ARGUMENT = re.compile(r"(?P<key>[a-z_]\w*)[ \t]*=[ \t]*(?P<value>[\w.+-]+)")
POSITIONAL_ARGUMENT = re.compile(r"[\w.]*\(\)|model|net")
"""An argument that a spec does not need: `model.parameters()`."""

CONSTANTS = {"True": "yes", "False": "no"}


def recognise_setting(line: BadLine) -> Hint | None:
    """Recognise a line of a `train` section that cannot be read."""
    start, end = line.bounds
    if not SECTION.match(line.code, line.statement):
        return None
    code = line.code[start:end].rstrip(f"{MASK} \t\r")
    first, indent = start + len(code) - len(code.lstrip()), code[: len(code) - len(code.lstrip())]
    call, assignment = CALL.fullmatch(code.strip()), ASSIGNMENT.fullmatch(code.strip())
    if call and (text := _translate_call(call)):
        message = f"`{call['name']}(…)` is a call of Python; here a setting is a word, then `KEY=value`"
        changes = find_changes(code, indent + text, start)
        return Hint(message, first, start + len(code), changes, indent + text, text, is_safe=True, is_assumed=True)
    if assignment and assignment["name"] in settings.list_lines():
        text = f"{indent}{assignment['name']} {assignment['value']}"
        message = f"a value follows its word without `{assignment['sign']}`"
        changes = find_changes(code, text, start)
        return Hint(message, first, start + len(code), changes, text, is_safe=True, is_assumed=True)
    if assignment and (home := find_home(assignment["name"])):
        move = home.move(line.text, (first, start + len(code)), assignment["value"])
        return Hint(home.message, first, start + len(code), move.changes, "", move.title, is_safe=True)
    return None


def _translate_call(call: re.Match[str]) -> str:
    """Return `sgd lr=0.1` for `SGD(lr=0.1)`; "" unless all of it has a meaning here."""
    line = call["line"]
    choices = settings.get_choices(line) if line in settings.list_lines() else {}
    choice = find_closest_word(call["name"], tuple(choices))
    if not choice:
        return ""
    words = [line, choice]
    for argument in filter(None, map(str.strip, call["arguments"].split(","))):
        found = KEYWORD_ARGUMENT.fullmatch(argument)
        key = _find_key(found["key"], choices[choice]) if found else ""
        if found and key:
            words.append(f"{key}={CONSTANTS.get(found['value'], found['value'])}")
        elif not POSITIONAL_ARGUMENT.fullmatch(argument):
            return ""
    return " ".join(words)


def _find_key(key: str, kind: type[Setting]) -> str:
    return find_closest_word(key, tuple(map(kind.key_of, kind.model_fields)))


# Attributes on a line of their own


@dataclass(frozen=True)
class Move:
    """The changes that move an attribute to its line, and their title."""

    title: str
    changes: tuple[TextChange, ...]


@dataclass(frozen=True)
class Home:
    """The line of `train` and the choice on it to which an attribute belongs; `name` is the attribute as written."""

    name: str
    key: str
    line: str
    choice: str

    @property
    def message(self) -> str:
        return f"`train` has no line `{self.name}`: that is `{self.key}=` on the line `{self.line}`"

    def move(self, text: str, place: tuple[int, int], value: str) -> Move:
        """Return the move of the line at a place to the end of the line that the attribute belongs to, or a new one."""
        argument = f"{self.key}={value}"
        found = _find_line(text, self.line)
        if found is None:
            whole = f"{self.line} {self.choice} {argument}".replace("  ", " ")
            return Move(whole, ((*place, whole),))
        end = found.start() + len(found[0].rstrip())
        start, after = text.rfind("\n", 0, place[0]) + 1, text.find("\n", place[1]) + 1 or len(text)
        return Move(f"{found[0].strip()} {argument}", ((end, end, f" {argument}"), (start, after, "")))


@lru_cache
def _find_line(text: str, line: str) -> re.Match[str] | None:
    """Return the first line of `train` that begins with a word, up to its comment."""
    section = SECTION.search(text)
    pattern = re.compile(rf"^[ \t]*{line}\b[^\n{{}}{MASK}]*", re.MULTILINE)
    return pattern.search(mask_file(text), section.end() if section else 0)


def find_home(name: str) -> Home | None:
    """Return where an attribute belongs that is given as a line of its own: `lr` to `optimizer`."""
    known = translate_anywhere(name) or name
    found = [
        (not choice or isinstance(Training.model_fields[line].default, kind), Home(name, known, line, choice))
        for line in settings.list_lines()
        for choice, kind in settings.get_choices(line).items()
        if known in map(kind.key_of, kind.model_fields)
    ]
    return next((home for is_usual, home in found if is_usual), found[0][1] if found else None)


# Names of settings, as `--set` and Python's `settings` take them


def find_setting(name: str) -> str:
    """Return the setting that a name means, `optimizer.lr` for `lr`, `learning-rate` or `train.optimizer.lr`; or ""."""
    line, _, key = name.replace("-", "_").removeprefix("train.").rpartition(".")
    lines, fields = _list_lines(), _list_fields()
    if line:
        return f"{line}.{key}" if line in lines else ""
    return key if key in lines else fields.get(key) or fields.get(translate_word(key, tuple(fields)), "")


def guess_setting(name: str) -> str:
    """Return the setting that a name means, also a misspelt one; "" unless one is close."""
    line, _, key = name.removeprefix("train.").rpartition(".")
    lines, fields = _list_lines(), _list_fields()
    if known := find_setting(name):
        return known
    if line:
        meant = suggest.find_closest_word(line, lines)
        return f"{meant}.{key}" if meant else ""
    meant = suggest.find_closest_word(key, fields)
    return find_closest_word(key, lines) or (fields[meant] if meant and suggest.is_misspelling(key, meant) else "")


def _list_lines() -> tuple[str, ...]:
    """Return the lines that can be set as a whole, which a chain of steps cannot."""
    return tuple(line for line in settings.list_lines() if not settings.takes_several(line))


def _list_fields() -> dict[str, str]:
    """Return the settings by the names of their attributes; `lr` is that of the optimizer, which is usually meant."""
    return {
        field: f"{line}.{field}"
        for line in reversed(("optimizer", "stop", *_list_lines()))
        for kind in settings.get_choices(line).values()
        for field in kind.model_fields
    }
