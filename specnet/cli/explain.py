"""specnet explain: print the page of a code or a topic, the reference of a layer or a setting, or a list of all."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from specnet.cli.output import CommandError, print_message, print_text
from specnet.cli.specs import find_project_of, load_plugins
from specnet.diagnostics import AnyCode, Code, PluginCode
from specnet.package import list_package_files, read_package_text
from specnet.plugin_loading.project import PROJECT_FILE
from specnet.suggest import did_you_mean, find_closest_word

HELP = "explain a code, a topic, a layer or a setting; without one, list them all"

SIMILAR = 0.75
"""The similarity, by difflib's ratio, from which a word is offered for another one."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="for example E301, conv, optimizer, padding or P")


def run(options: argparse.Namespace) -> int:
    """Return 0; for an unknown word raise CommandError, and print nothing."""
    if not options.words or not all(map(_is_own, options.words)):
        _load_plugins()
    texts = [_explain(word) for word in options.words]
    print_text("\n\n".join(texts) if texts else _list_all())
    return 0


def _is_own(word: str) -> bool:
    """Whether a word is a code or a layer of SpecNet itself, whose pages need no plugin."""
    if word.upper() in Code.__members__:
        return True
    from specnet.layers import list_own_kinds

    return word in list_own_kinds()


def _load_plugins() -> None:
    """Import the plugins of the current folder, or say why not: what they have is then not explained."""
    try:
        load_plugins(find_project_of(PROJECT_FILE))
    except CommandError as error:
        print_message(f"note: {error}")


def read_page(code: AnyCode) -> str:
    """Return the Markdown page that explains a code; of a plugin's, what its class says."""
    if isinstance(code, PluginCode):
        from specnet.cli.reference import explain_lint

        return explain_lint(code)
    return read_package_text(f"docs/errors/{code.name}.md")


def read_topics() -> Mapping[str, str]:
    """Return the Markdown pages of the topics by the words that name each, which stand in its first line."""
    pages = map(read_package_text, list_package_files("docs/topics"))
    return {word: page.rstrip() for page in pages for word in read_heading(page)[0].split(", ")}


def read_heading(page: str) -> tuple[str, str]:
    """Return the words of a topic and its title."""
    words, _, title = page.partition("\n")[0].removeprefix("# ").partition(": ")
    return words, title


def _explain(word: str) -> str:
    """Return all that a word is: a code, or a topic, a layer, a setting, an attribute; raises CommandError."""
    if word.upper() in Code.__members__:
        return read_page(Code[word.upper()]).rstrip()
    if re.fullmatch(r"[A-Za-z]\d+", word):
        hint = did_you_mean(find_closest_word(word.upper(), Code.__members__))
        raise CommandError(f"no code is called `{word.upper()}`{hint}")
    if found := _find_own_lints(word):
        return "\n\n".join(found)
    texts = [*_find_texts(word)]
    if not texts and "=" in word:  # an argument as it stands on a line: its key, and its value if that is a word
        key, _, value = word.partition("=")
        texts = list(dict.fromkeys([*_find_texts(key), *_find_texts(value)]))
    if not texts and word.startswith("@"):  # a value as a spec has it, `@x` or `@x.H`
        texts = [read_topics()["tap"]]
    if not texts:
        raise _refuse_word(word.partition("=")[0])
    return "\n\n".join(texts)


def _find_own_lints(word: str) -> list[str]:
    """Return the pages of plugins' lints that a word names, with or without their package, and where these stand."""
    from specnet.analyses.lints.own import OWN_LINTS, make_code

    every = OWN_LINTS.list_registrations()
    named = [each for each in every if word in (each.word, each.word.partition("/")[2])]
    return [f"{read_page(make_code(each)).rstrip()}, {each.place}" for each in named]


def _find_texts(word: str) -> Iterator[str]:
    from specnet import settings
    from specnet.cli.reference import explain_attribute, explain_layer, explain_setting
    from specnet.layers import get_layer_class

    topics = read_topics()
    if page := topics.get(word, topics.get(word.lower(), "") if len(word) > 1 else ""):
        yield _add_table(page)
    if kind := get_layer_class(word):
        yield explain_layer(kind)
    for line in settings.list_lines():
        if word == line:
            yield explain_setting(line)
        elif word and word in settings.get_choices(line):
            yield explain_setting(line, word)
    if text := explain_attribute(word):
        yield text


def _add_table(page: str) -> str:
    """Return the page of a topic, that of the zoo with the table of its networks."""
    if not page.startswith("# zoo,"):
        return page
    from specnet.cli.published_networks import format_published_networks

    return f"{page}\n\n{format_published_networks()}"


def _refuse_word(word: str) -> CommandError:
    from specnet import settings
    from specnet.analyses.lints.own import OWN_LINTS
    from specnet.cli.commands import COMMANDS
    from specnet.foreign.words import translate_word
    from specnet.layers import list_kinds

    if word in COMMANDS:
        return CommandError(f"`{word}` is a command: `specnet {word} --help` explains it")
    choices = [choice for line in settings.list_lines() for choice in settings.get_choices(line) if choice]
    possible = (*list_kinds(), *settings.list_lines(), *choices, *read_topics(), *OWN_LINTS.list_words())
    similar = get_close_matches(word, possible, n=1, cutoff=SIMILAR)
    meant = similar[0] if similar else translate_word(word, possible)
    return CommandError(f"no code, topic, layer or setting is called `{word}`{did_you_mean(meant)}")


def _list_all() -> str:
    """Return all codes, topics, kinds of layer and settings, a line each."""
    from specnet import settings
    from specnet.cli.reference import list_words, summarize_modules, summarize_plugins
    from specnet.layers import get_layer_class, list_own_kinds

    layers = {kind: found for kind in list_own_kinds() if (found := get_layer_class(kind))}
    lines = {line: f"{settings.__name__}.{line}" for line in settings.list_lines()}
    topics = dict(sorted((words.split(", ")[0], title) for words, title in map(read_heading, read_topics().values())))
    parts = {
        "codes": "\n".join(f"{code.name}  {code.value}" for code in Code),
        "topics": list_words(topics),
        "layers": list_words(summarize_modules({kind: found.__module__ for kind, found in layers.items()})),
        "lines of `train`": list_words(summarize_modules(lines)),
        "of plugins": list_words(summarize_plugins()),
    }
    return "\n\n".join(f"{heading}\n\n{text}" for heading, text in parts.items() if text)
