"""A layer of Darknet, `[convolutional]` and a line a value, or of Caffe, `layer { type: "Convolution" … }`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from specnet.syntax.habits.habit import Habit, Place, changes_to
from specnet.syntax.habits.words import ATTRIBUTES, ours
from specnet.syntax.statements import end_of_statement

KINDS = ("conv", "deconv", "pool", "fc", "relu", "prelu", "sigmoid", "tanh", "bn", "dropout", "softmax")
"""What a section may be translated to."""

DARKNET = re.compile(
    r"[ \t]*(?P<head>\[(?P<kind>\w+)\])[ \t\0\r]*(?P<body>(?:\n[ \t]*(?:\w+[ \t]*=[^\n]*|[#\0][^\n]*)?(?=\n|\Z))*)"
)
CAFFE = re.compile(r"\s*(?P<head>layers?)\s*\{")
ALONE = re.compile(r"[ \t]*(?P<pair>(?P<key>[A-Za-z_]\w*)[ \t]*[=:][ \t]*[\w.]+)[ \t\0\r]*$", re.MULTILINE)


def recognised(place: Place) -> Habit | None:
    """A layer over several lines, or one value of such a layer on a line of its own."""
    text, code, statement, start = place.text, place.code, place.statement, place.line[0]
    if section := DARKNET.match(code, start):
        pairs = dict(re.findall(r"^\s*(\w+)\s*=\s*(\S+)", text[slice(*section.span("body"))], re.MULTILINE))
        end = section.start("body") + len(section["body"].rstrip())
        return _habit("Darknet", text, section, end, {"type": section["kind"]} | pairs)
    if section := CAFFE.match(code, statement):
        end = statement + len(text[statement : end_of_statement(text, statement)].rstrip())
        return _habit("Caffe", text, section, end, dict(re.findall(r'(\w+)\s*:\s*"?([^\s"}]+)', text[statement:end])))
    if (alone := ALONE.match(code, start)) and (letter := ours(alone["key"], ATTRIBUTES)):
        message = f"`{alone['pair']}` stands alone; a value stands behind the word of its layer, as `{letter}=`"
        return Habit(message, alone.start("pair"), alone.end("pair"))
    return None


def _habit(tool: str, text: str, section: re.Match[str], end: int, pairs: Mapping[str, str]) -> Habit:
    """The section in one line, over as many lines as it had."""
    start = section.start("head")
    title = " -> ".join(_elements(pairs))
    label = f"{pairs['name']}: " if title and pairs.get("name", "").isidentifier() else ""
    meant = label + title
    bad = text[start:end]
    changes = changes_to(bad, meant + "\n" * bad.count("\n"), start) if title else ()
    message = f"`{section['head']}` begins a layer as {tool} has it; here a layer is one line"
    return Habit(message, start, section.end("head"), changes, meant, region=(start, end))


def _elements(pairs: Mapping[str, str]) -> Iterator[str]:
    """The layer, then what Darknet says of it in the same section; nothing for a kind that is not known."""
    kind = ours(pairs.get("type", ""), KINDS)
    if pairs.get("type") == "net":
        yield "input " + "x".join(pairs.get(side, "1") for side in ("height", "width", "channels"))
    elif kind:
        bare = [pairs["pool"].lower().replace("ave", "avg")] if kind == "pool" and "pool" in pairs else []
        yield " ".join((kind, *bare, *_attributes(kind, pairs)))
        yield from ["bn"] if pairs.get("batch_normalize") == "1" else []
        activation = pairs.get("activation", "linear").replace("leaky", "leaky_relu slope=0.1")
        yield from [activation] if activation != "linear" else []


def _attributes(kind: str, pairs: Mapping[str, str]) -> Iterator[str]:
    for key, value in pairs.items():
        letter = ours(key, (*ATTRIBUTES, "p"))
        if key == "pad" and "size" in pairs:  # Darknet: as much as keeps the size
            value = str(int(pairs["size"]) // 2) if pairs["size"].isdigit() and value == "1" else value
        if letter:
            yield value if (kind, letter) in {("fc", "K"), ("dropout", "p")} else f"{letter}={value}"
