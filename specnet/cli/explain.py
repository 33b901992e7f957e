"""specnet explain: print the page of a code, the reference of a layer or a setting, or a list of all."""

from __future__ import annotations

import argparse
import re

from specnet.cli.output import CommandError, print_text
from specnet.diagnostics import Code
from specnet.package import read_package_text
from specnet.suggest import did_you_mean

HELP = "explain a code, a layer or a setting; without one, list them all"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="CODE|KIND", help="for example E301, conv or optimizer")


def run(options: argparse.Namespace) -> int:
    """Return 0; for an unknown word raise CommandError, and print nothing."""
    texts = [_explain(word) for word in options.words]
    print_text("\n\n".join(texts) if texts else _list_all())
    return 0


def read_page(code: Code) -> str:
    """Return the Markdown page that explains a code."""
    return read_package_text(f"docs/errors/{code.name}.md")


def _explain(word: str) -> str:
    """Return the text about a code, a kind of layer, a setting or a choice of it; raises CommandError."""
    if word.upper() in Code.__members__:
        return read_page(Code[word.upper()]).rstrip()
    if re.fullmatch(r"[A-Za-z]\d+", word):
        raise _refuse_word(word.upper(), "code", list(Code.__members__))
    from specnet import settings
    from specnet.cli.reference import explain_layer, explain_setting
    from specnet.layers import get_layer_class, list_kinds

    if kind := get_layer_class(word):
        return explain_layer(kind)
    by_choice = {choice: line for line in settings.list_lines() for choice in settings.get_choices(line) if choice}
    if line := word if word in settings.list_lines() else by_choice.get(word):
        return explain_setting(line)
    raise _refuse_word(word, "code, layer or setting", [*list_kinds(), *settings.list_lines(), *by_choice])


def _refuse_word(word: str, what: str, possible: list[str]) -> CommandError:
    from specnet.foreign import find_closest_word

    return CommandError(f"no {what} is called `{word}`{did_you_mean(find_closest_word(word, possible))}")


def _list_all() -> str:
    """Return all codes, kinds of layer and settings, a line each."""
    from specnet import settings
    from specnet.cli.reference import list_modules
    from specnet.layers import get_layer_class, list_kinds

    layers = {kind: found for kind in list_kinds() if (found := get_layer_class(kind))}
    lines = {line: f"{settings.__name__}.{line}" for line in settings.list_lines()}
    parts = {
        "codes": "\n".join(f"{code.name}  {code.value}" for code in Code),
        "layers": list_modules({kind: found.__module__ for kind, found in layers.items()}),
        "lines of `train`": list_modules(lines),
    }
    return "\n\n".join(f"{heading}\n\n{text}" for heading, text in parts.items())
