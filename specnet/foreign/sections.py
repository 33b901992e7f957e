"""Translate layers of Darknet, `[convolutional]` and a line per value, and Caffe, `layer { type: "Convolution" … }`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from specnet.foreign.bad_line import BadLine, find_changes
from specnet.foreign.words import ATTRIBUTES, translate_word
from specnet.syntax.parser_input import find_statement_end
from specnet.syntax.recovery import Hint

KINDS = ("conv", "deconv", "pool", "fc", "relu", "prelu", "sigmoid", "tanh", "bn", "dropout", "softmax")
"""The kinds of layer that a section may become."""

DARKNET = re.compile(
    r"[ \t]*(?P<head>\[(?P<kind>\w+)\])[ \t\0\r]*(?P<body>(?:\n[ \t]*(?:\w+[ \t]*=[^\n]*|[#\0][^\n]*)?(?=\n|\Z))*)"
)
CAFFE = re.compile(r"\s*(?P<head>layers?)\s*\{")
ALONE = re.compile(r"[ \t]*(?P<pair>(?P<key>[A-Za-z_]\w*)[ \t]*[=:][ \t]*[\w.]+)[ \t\0\r]*$", re.MULTILINE)


def recognise_section(line: BadLine) -> Hint | None:
    """Recognise a layer over several lines, or one value of such a layer on a line of its own."""
    text, code, statement, start = line.text, line.code, line.statement, line.bounds[0]
    if section := DARKNET.match(code, start):
        pairs = dict(re.findall(r"^\s*(\w+)\s*=\s*(\S+)", text[slice(*section.span("body"))], re.MULTILINE))
        end = section.start("body") + len(section["body"].rstrip())
        return _make_hint("Darknet", text, section, end, {"type": section["kind"]} | pairs)
    if section := CAFFE.match(code, statement):
        end = statement + len(text[statement : find_statement_end(text, statement)].rstrip())
        pairs = dict(re.findall(r'(\w+)\s*:\s*"?([^\s"}]+)', text[statement:end]))
        return _make_hint("Caffe", text, section, end, pairs)
    if (alone := ALONE.match(code, start)) and (letter := translate_word(alone["key"], ATTRIBUTES)):
        message = f"`{alone['pair']}` stands alone; a value follows the word of its layer, as `{letter}=`"
        return Hint(message, alone.start("pair"), alone.end("pair"))
    return None


def _make_hint(tool: str, text: str, section: re.Match[str], end: int, pairs: Mapping[str, str]) -> Hint:
    """Translate a section to one line, padded so that later lines keep their numbers."""
    start = section.start("head")
    title = " -> ".join(_translate_section(pairs))
    label = f"{pairs['name']}: " if title and pairs.get("name", "").isidentifier() else ""
    replacement = label + title
    bad = text[start:end]
    changes = find_changes(bad, replacement + "\n" * bad.count("\n"), start) if title else ()
    message = f"`{section['head']}` begins a layer as {tool} has it; here a layer is one line"
    return Hint(message, start, section.end("head"), changes, replacement, region=(start, end))


def _translate_section(pairs: Mapping[str, str]) -> Iterator[str]:
    """Yield the layer, then the bn and the activation of the same section of Darknet; nothing for an unknown kind."""
    kind = translate_word(pairs.get("type", ""), KINDS)
    if pairs.get("type") == "net":
        yield "input " + "x".join(pairs.get(side, "1") for side in ("height", "width", "channels"))
    elif kind:
        bare = [pairs["pool"].lower().replace("ave", "avg")] if kind == "pool" and "pool" in pairs else []
        yield " ".join((kind, *bare, *_translate_attributes(kind, pairs)))
        yield from ["bn"] if pairs.get("batch_normalize") == "1" else []
        activation = pairs.get("activation", "linear").replace("leaky", "leaky_relu slope=0.1")
        yield from [activation] if activation != "linear" else []


def _translate_attributes(kind: str, pairs: Mapping[str, str]) -> Iterator[str]:
    for key, value in pairs.items():
        letter = translate_word(key, (*ATTRIBUTES, "p"))
        if key == "pad" and "size" in pairs:  # Darknet pads so that the size stays
            value = str(int(pairs["size"]) // 2) if pairs["size"].isdigit() and value == "1" else value
        if letter:
            yield value if (kind, letter) in {("fc", "K"), ("dropout", "p")} else f"{letter}={value}"
