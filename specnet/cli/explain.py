"""specnet explain: the pages of codes, of kinds of layer, of lines of the `train` section; or what there is."""

from __future__ import annotations

import argparse
import re

from specnet.cli.failure import Failure
from specnet.diagnostics import Code
from specnet.package_files import find_package_file
from specnet.suggest import did_you_mean

HELP = "explain a code, a kind of layer or a line of `train`; without one, list them all"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="CODE|KIND", help="as E301, conv or optimizer")


def run(options: argparse.Namespace) -> int:
    """Always 0; raises Failure for a word that nothing is known of, and then prints nothing."""
    texts = [_text(word) for word in options.words]
    print("\n\n".join(texts) if texts else _contents())
    return 0


def _text(word: str) -> str:
    if word.upper() in Code.__members__:
        return page(Code[word.upper()]).rstrip()
    if re.fullmatch(r"[A-Za-z]\d+", word):
        raise Failure(_unknown(word.upper(), "code", list(Code.__members__)))
    return _description(word)


def _contents() -> str:
    """All codes, kinds of layer and lines of the `train` section, a line each."""
    from specnet import settings
    from specnet.cli.reference import listed
    from specnet.layers import kinds, layer_class

    layers = {kind: found for kind in kinds() if (found := layer_class(kind))}
    parts = {
        "codes": "\n".join(f"{code.name}  {code.value}" for code in Code),
        "layers": listed({kind: found.__module__ for kind, found in layers.items()}),
        "lines of `train`": listed({line: f"{settings.__name__}.{line}" for line in settings.lines()}),
    }
    return "\n\n".join(f"{heading}\n\n{text}" for heading, text in parts.items())


def page(code: Code) -> str:
    """Return the Markdown page that explains a code."""
    return find_package_file(f"docs/errors/{code.name}.md").read_text(encoding="utf-8")


def _description(word: str) -> str:
    """What the class of a layer, or those of a setting, say of themselves."""
    from specnet import settings
    from specnet.cli.reference import layer_text, setting_text
    from specnet.layers import kinds, layer_class

    kind = layer_class(word)
    if kind:
        return layer_text(kind)
    by_choice = {choice: line for line in settings.lines() for choice in settings.choices(line) if choice}
    line = word if word in settings.lines() else by_choice.get(word)
    if line:
        return setting_text(line)
    raise Failure(_unknown(word, "code, layer or line of `train`", [*kinds(), *settings.lines(), *by_choice]))


def _unknown(word: str, what: str, possible: list[str]) -> str:
    from specnet.foreign import closest_word

    return f"no {what} is called `{word}`{did_you_mean(closest_word(word, possible))}"
