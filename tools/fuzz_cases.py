"""Make random specs: small ones, those of the zoo and broken ones, changed by line, by token or by byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from specnet.layers import get_layer_class, list_kinds
from specnet.settings import get_choices, list_lines

ROOT = Path(__file__).parents[1]

TOKEN = re.compile(
    r"\s+|\"[^\"\n]*\"?|#[^\n]*|@?[A-Za-z_][\w.]*|\d[\d_.]*(?:[eE]-?\d+)?\w*|->|=>|//|\.\.|[<>=!]=|.", re.DOTALL
)

NUMBERS = (
    *("0", "1", "2", "3", "4", "7", "8", "16", "0.5", "1.5", "64x", "3x3", "2x1", "8x8x4", "0..4", "0:1"),
    *("5e-4", "1e308", "1e999", "0.0", "2147483647", "2147483648", "99999999999999999999", "1_000", "1k", "3G", "٣"),
)
SIGNS = (
    *("->", "=>", "|", "{", "}", "(", ")", "[", "]", "=", "==", "<", ">=", "!=", "+", "-", "*", "/", "//", "%", ":"),
    *("..", ",", "@", "\n", "\n->", " ", "#", '"', "×", "–", "→", "\t", "\r\n", ";"),
)
WORDS = (
    *("net", "input", "let", "block", "expect", "default", "round", "use", "train", "head", "same", "repeat", "for"),
    *("in", "if", "else", "or", "and", "not", "identity", "yes", "no", "C", "H", "W", "K", "min(", "max(", "floor("),
    *("global", "parameters", "macs", "memory", "receptive_field", "branch", "conv1", "a", "@a", "@skip", "weight"),
)
NAMES = (
    *("f", "F", "torch", "nn", "self", "forward", "input", "modules", "training", "_modules", "__init__", "__class__"),
    *("_forward_hooks", "train", "x", "x1", "super", "class", "None", "print", "state_dict", "T_destination", "conv"),
    *("net", "in", "if", "let", "C", "identity", "weight", "bias", "Network", "math", "Tensor", "relu1", "conv1_bn"),
)
TEXTS = (
    *("\x1b[31mred\x07", "\r::error::x", "\u202etfel", "\u200b", "\ud800", "\\N{DASH}", "\\", "\\\\", '"""', "\\u12"),
    *("%s {0} {{}}", "<b>&amp;", "a" * 300, "猫", "\x00", "\ufeff", "\u2028", "\x85", "'''", "$x", "\\\\\\"),
)
LINES = (
    *("relu", "bn", "dropout 0.1", "conv K=C F=3 P=1", "conv K=4 F=1 bias=no -> bn -> relu", "identity", "round floor"),
    *("head h weight=0.5 { pool avg global -> fc 2 }", "let n = 2*C", "conv K=(C//2+1) F=1", "scale"),
    *("repeat 2 { conv K=C F=3 P=1 -> relu }", "concat { | relu | identity }", "default bn momentum=0.2", "tap: relu"),
    *(
        "mul { | identity | sigmoid }",
        "sub { | identity | tanh }",
        "maximum { | identity | pool avg global }",
        "softmax groups=2",
        "for K in 4 8 { conv K=K F=1 }",
        "flatten",
        "pool max F=2",
        "round floor",
        "gelu",
        "tokens -> attention heads=2 -> map like=@in",
        "attention heads=2 window=2 shift=1 bias=relative",
        "positions learned",
        "map 4x4",
        "class_token",
        "grn",
    ),
    *("if C > 2 { relu } else { tanh }", "relu -> @tap1", "pool avg global", "upsample 2", "times 0.5", "ln"),
    *("train { data digits }", 'use "small_blocks.net"', "input other 8x8x4", "head weight=[1]", "fc 10 -> softmax"),
    *("nn.Conv2d(3, 64, kernel_size=3, padding=1),", "x = layers.Conv2D(32, 3, activation='relu')(x)", "[maxpool]"),
    *('layer { type: "Pooling" pooling_param { pool: MAX } }', "self.fc = nn.Linear(512, 10)", "}", "{"),
    *("filters=32", "expect macs", "add { | relu | tanh }"),
)
"""Lines to insert; the first half fits behind many layers."""

FILE_NAMES = (
    "a.net",
    'b"c.net',
    "back\\slash.net",
    "\x1b[1m.net",
    "new\nline.net",
    "%s{0}.net",
    "\\N{x}.net",
    "猫.net",
)

CHARACTERS = "\x00\x07\x1b\r\n\t\f\x85\u2028\u202e\ufeff\ud800\udfff\uffff\"'\\{}|@#"

Change = Callable[[Random, str], str]


@dataclass(frozen=True)
class Case:
    """The text of a spec and the name that it is checked under."""

    name: str
    text: str


def make_case(chance: Random) -> Case:
    """Return a random spec: a seed with some changes."""
    text = chance.choice(_read_seeds()[chance.choice((*["small"] * 5, "zoo", *["broken"] * 2))])
    most, changes = chance.choice(((2, GENTLE), (2, GENTLE), (2, GENTLE), (4, TOKENS), (4, BYTES)))
    for _ in range(chance.randint(1, most)):
        text = chance.choice(changes)(chance, text)
    return Case(chance.choice(FILE_NAMES) if chance.random() < 0.1 else "case.net", text)


@cache
def _read_seeds() -> Mapping[str, list[str]]:
    folders = {"small": ROOT / "tools" / "fuzz_seeds", "zoo": ROOT / "specs", "broken": ROOT / "tests" / "errors"}
    return {name: [_read(path) for path in sorted(folder.glob("*.net"))] for name, folder in folders.items()}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


@cache
def read_used_files() -> Mapping[str, str]:
    """Return the files that a spec may use, by their paths."""
    blocks = {f"blocks/{path.name}": _read(path) for path in (ROOT / "specs" / "blocks").glob("*.net")}
    return blocks | {"small_blocks.net": _read(ROOT / "tools" / "fuzz_seeds" / "small_blocks.net")}


@cache
def _list_words() -> list[str]:
    """Return all words that a spec may hold: of the language, kinds, settings, their choices and attributes."""
    kinds = [kind for word in list_kinds() if (kind := get_layer_class(word))]
    choices = [choice for line in list_lines() for choice in get_choices(line).items()]
    classes = [*kinds, *(kind for _, kind in choices)]
    keys = [f"{each.key_of(field)}=" for each in classes for field in each.model_fields]
    words = [word for each in classes for word in each.words]
    return sorted({*WORDS, *NAMES, *list_kinds(), *list_lines(), *(word for word, _ in choices), *keys, *words})


# Changes of lines, after which a spec often stays sound


def _insert_line(chance: Random, text: str) -> str:
    return _at_line(chance, text, lambda line: [line, chance.choice(LINES)])


def _insert_fitting_line(chance: Random, text: str) -> str:
    return _at_line(chance, text, lambda line: [line, chance.choice(LINES[: len(LINES) // 2])])


def _label_line(chance: Random, text: str) -> str:
    return _at_line(chance, text, lambda line: [f"{chance.choice(NAMES)}: {line}"])


def _wrap_line(chance: Random, text: str) -> str:
    frame = chance.choice(
        (
            "repeat 2 {{ {} }}",
            "if C > 1 {{ {} }}",
            "concat {{ | {} | identity }}",
            "head h {{ {} -> fc 2 }}",
            "{} -> @t",
        )
    )
    return _at_line(chance, text, lambda line: [frame.format(line)])


def _duplicate_line(chance: Random, text: str) -> str:
    return _at_line(chance, text, lambda line: [line, line])


def _delete_line(chance: Random, text: str) -> str:
    return _at_line(chance, text, lambda line: [])


def _at_line(chance: Random, text: str, change: Callable[[str], list[str]]) -> str:
    lines = text.split("\n")
    place = chance.randrange(len(lines))
    return "\n".join([*lines[:place], *change(lines[place]), *lines[place + 1 :]])


def _rename(chance: Random, text: str) -> str:
    """Give one name another spelling wherever it stands."""
    names = sorted(set(re.findall(r"^(\w+):|block (\w+)|@(\w+)|^net (\w+)|input (\w+) \d", text, re.M)))
    found = ["".join(groups) for groups in names]
    if not found:
        return text
    return re.sub(rf"(?<![\w.]){re.escape(chance.choice(found))}(?![\w=])", chance.choice(NAMES), text)


def _change_number(chance: Random, text: str) -> str:
    return _replace_token(chance, text, lambda token: token[:1].isdigit(), ("1", "2", "3", "4", "8", "12", "32"))


def _change_text(chance: Random, text: str) -> str:
    titled = text if '"' in text else f'net Titled "title"\n{text}'
    return _replace_token(chance, titled, lambda token: token.startswith('"'), [f'"{each}"' for each in TEXTS])


def _replace_token(chance: Random, text: str, is_meant: Callable[[str], bool], by: list[str] | tuple[str, ...]) -> str:
    tokens = TOKEN.findall(text)
    places = [place for place, token in enumerate(tokens) if is_meant(token)]
    if places:
        tokens[chance.choice(places)] = chance.choice(by)
    return "".join(tokens)


# Changes of tokens and bytes, after which it seldom does


def _change_tokens(chance: Random, text: str) -> str:
    tokens = TOKEN.findall(text) or [""]
    place, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
    match chance.randrange(5):
        case 0:
            tokens[place] = ""
        case 1:
            tokens[place] *= 2
        case 2:
            tokens[place], tokens[other] = tokens[other], tokens[place]
        case 3:
            tokens[place] = _make_token(chance)
        case _:
            tokens.insert(place, f" {_make_token(chance)} ")
    return "".join(tokens)


def _make_token(chance: Random) -> str:
    return chance.choice(chance.choice((_list_words(), _list_words(), NUMBERS, SIGNS, SIGNS, TEXTS)))


def _splice(chance: Random, text: str) -> str:
    """Replace the end of a spec by the end of another."""
    other = chance.choice(_read_seeds()[chance.choice(("small", "broken"))])
    return text[: chance.randint(0, len(text))] + other[chance.randint(0, len(other)) :]


def _change_bytes(chance: Random, text: str) -> str:
    data = bytearray(text.encode("utf-8", "surrogatepass") or b"\n")
    place = chance.randrange(len(data))
    match chance.randrange(4):
        case 0:
            data[place] = chance.randrange(256)
        case 1:
            data.insert(place, chance.randrange(256))
        case 2:
            del data[place : place + chance.randint(1, 8)]
        case _:
            data[place:place] = data[place : place + 20] * chance.randint(1, 9)
    return data.decode("utf-8", errors="replace")


def _insert_character(chance: Random, text: str) -> str:
    place = chance.randint(0, len(text))
    return (
        text[:place]
        + chance.choice("\x00\x07\x1b\r\n\t\f\x85\u2028\u202e\ufeff\ud800\udfff\uffff\"'\\{}|@#")
        + text[place:]
    )


GENTLE: tuple[Change, ...] = (
    *(_insert_fitting_line, _insert_fitting_line, _insert_line, _label_line, _wrap_line, _duplicate_line),
    *(_delete_line, _rename, _rename, _change_number, _change_text),
)
TOKENS: tuple[Change, ...] = (_change_tokens, _change_tokens, _change_tokens, _splice)
BYTES: tuple[Change, ...] = (_change_bytes, _change_bytes, _insert_character)
