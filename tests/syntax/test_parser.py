"""The grammar and the parser: no conflicts, no exceptions, one tree for one meaning."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark
from paths import ERRORS, SPECS

from specnet.byte_sizes import ByteSize
from specnet.compiler import check_source
from specnet.foreign import recognise
from specnet.source import Source
from specnet.syntax import parser, parser_input, tree
from specnet.syntax.expressions import EvaluationError, evaluate
from specnet.syntax.parser import parse, read_grammar

FILES = sorted(file for file in SPECS.rglob("*.net") if not file.stem.endswith("-as-written"))
BROKEN = sorted(ERRORS.glob("*.net"))


def parsed(text: str) -> tree.Lines:
    lines, diagnostics = parse(Source("test", text))
    assert not diagnostics
    return lines


def value(text: str, **names: object) -> object:
    (line,) = parsed(f"let value = {text}")
    assert isinstance(line, tree.Let)
    return evaluate(line.value, lambda name: names[name.text])


def test_the_grammar_is_lalr_1_without_a_conflict() -> None:
    pytest.importorskip("interegular", reason="lark's strict mode compares regular expressions with interegular")
    Lark(read_grammar(), parser="lalr", strict=True)


def test_the_grammar_names_no_layer() -> None:
    assert not {"conv", "pool", "fc", "relu", "bn", "add", "concat"} & set(read_grammar().split('"'))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("96", 96),
        ("60_965_224", 60_965_224),
        ("1.2G", 1_200_000_000),
        ("3k", 3000),
        ("24GB", ByteSize(24 * 10**9)),
        ("1.5KiB", ByteSize(1536)),
        ("1_000B", ByteSize(1000)),
        ("2*1kB", ByteSize(2000)),
        ("3TiB/1TiB", 3),
        ("5e-4", 5e-4),
        ("0.5", 0.5),
        ("64/2", 32),
        ("7/2", 3.5),
        ("64*0.5", 32),
        ("7/2*2", 7),
        ("0.1*30", 3),
        ("64*0.3", 19.2),
        ("7//2", 3),
        ("-7 % 4", 1),
        ("2 + 3*4", 14),
        ("(2 + 3)*4", 20),
        ("10 - 2 - 3", 5),
        ("-K + 1", -7),
        ("min(3, 4, 2)", 2),
        ("ceil(7/2)", 4),
        ("floor(7/2)", 3),
        ("3 if K > 7 else 4", 3),
        ("3 < 4 and not 4 <= 3", True),
        ("1 == 2 or 2 != 1", True),
        ("K//16", 0),
        ("yes", True),
        ("227x227x3", (227, 227, 3)),
        ("55×55×96", (55, 55, 96)),
        ("(K)x(K + 1)", (8, 9)),
        ("3x5x(K)", (3, 5, 8)),
        ("(K)x3x5", (8, 3, 5)),
        ("3x5x(K)x7x9", (3, 5, 8, 7, 9)),
        ("(3)x(5)x(K)", (3, 5, 8)),
        ("(K)x3", (8, 3)),
        ("[[1, -1], [2, 0]]", [[1, -1], [2, 0]]),
        ('"a # b"', "a # b"),
    ],
)
def test_values(text: str, expected: object) -> None:
    found = value(text, K=8)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "text", ["1/0", "1//0", "1%0", "yes + 1", "not 3", "min(1)", "1e30*10", "9" * 400 + "*10", "a(1)"]
)
def test_expressions_without_a_value(text: str) -> None:
    with pytest.raises(EvaluationError):
        value(text)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("half width//2", "half (width//2)"),
        ("unit 2*inc", "unit (2*inc)"),
        ("unit 2 * inc + 1 b", "unit ((2*inc) + 1) b"),
        ("slice C//2..C", "slice (C//2)..C"),
        ("slice C-3*g..C-2*g", "slice (C - 3*g)..(C - 2*g)"),
        ("repeat i in 1..n - 1 { relu }", "repeat i in 1..(n - 1) { relu }"),
        ("for k in 8 2*8 { relu }", "for k in 8 (2*8) { relu }"),
        ("fc 4 => 2*2", "fc 4 => (2*2)"),
        ("unit (-1) [2, -3]", "unit (0 - 1) [2, (0 - 3)]"),
        ("unit a (b)", "unit (a) (b)"),
    ],
)
def test_sums_and_products_stand_by_position(written: str, plain: str) -> None:
    def shown(text: str) -> str:
        return repr(parsed(text)).replace(
            "Unary(operator='-', operand=", "Binary(operator='-', left=Number(value=0), right="
        )

    assert shown(written) == shown(plain)


@pytest.mark.parametrize("text", ["unit -1", "unit 2 -1", "unit 2 -(1)", "unit K=3 a -b", "unit 2*-1", "unit a<b"])
def test_what_could_be_two_values_is_neither(text: str) -> None:
    assert parse(Source("test", text))[1]


def test_an_arrow_continues_the_line_before_also_after_comments() -> None:
    assert parsed("conv K=1 F=1 # one\n  # two\n\n  -> relu\n") == parsed("conv K=1 F=1 -> relu")


def test_arms_and_braces_on_one_line_or_several() -> None:
    assert parsed("add { | relu | tanh -> bn }") == parsed("add {\n  | relu\n\n  | tanh -> bn\n}\n")


def test_bare_words_and_conditions_do_not_get_in_each_other_s_way() -> None:
    (line,) = parsed("identity or { relu }")
    assert isinstance(line, tree.Chain)
    assert isinstance(line.elements[0], tree.Call)
    assert line.elements[0].alternative
    assert not line.elements[0].arguments


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_zoo_checks_without_an_error(file: Path) -> None:
    checked = check_source(Source(str(file), file.read_text(encoding="utf-8")))
    assert checked.ok, [diagnostic.message for diagnostic in checked.diagnostics]


ALPHABET = "KFSPx=->{}|()[]@#\"'.:,;+*/% \n\t019_abconvrelu\u00e9\u00d7\0\ufffd\uffff"


def mutated(text: str, seed: int) -> str:
    """The text with some of it deleted, doubled, swapped or replaced."""
    chance = random.Random(seed)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(text) + 1)
        end = min(len(text), start + chance.choice((0, 1, 1, 2, 7, 30)))
        inserted = "".join(chance.choice(ALPHABET) for _ in range(chance.randint(0, 3)))
        text = text[:start] + chance.choice((inserted, text[start:end] * 2, "")) + text[end:]
    return text


TEXTS = [file.read_text(encoding="utf-8") for file in (*FILES, *BROKEN)]


@settings(max_examples=400)
@given(which=st.integers(0, len(TEXTS) - 1), seed=st.integers(0, 2**32))
def test_no_text_makes_checking_raise(which: int, seed: int) -> None:
    checked = check_source(Source("mutated.net", mutated(TEXTS[which], seed)))
    assert checked.ok or checked.diagnostics


@settings(max_examples=200)
@given(st.text(alphabet=ALPHABET, max_size=120))
def test_no_noise_makes_checking_raise(text: str) -> None:
    check_source(Source("noise.net", text))


@pytest.mark.parametrize("file", [*FILES, *BROKEN], ids=lambda file: file.stem)
def test_a_text_has_the_same_lines_and_errors_in_parts_of_any_size(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(file.name, file.read_text(encoding="utf-8", errors="replace"))
    whole = parse(source, recognise)
    monkeypatch.setattr(parser_input, "PART", 1)
    assert parse(source, recognise) == whole


@pytest.mark.parametrize("end", ["conv K=8,\n", "conv K=8, F=3\n", "repeat 2 {\n", "nn.ReLU()\n", "}\n"])
def test_an_error_costs_reading_its_part_again(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, read = "", list[int]()
    for number in range(10):
        text += f"conv K={number} F=3 P=1\n" * 400 + end * (number % 4 == 3)
    text += "}\n" * text.count("{")
    read_all = parser.read_lines

    def count(each: parser_input.ParserInput) -> tree.Lines:
        read.append(len(each.text))
        return read_all(each)

    monkeypatch.setattr(parser, "read_lines", count)
    _, diagnostics = parse(Source("test", text), recognise)
    assert diagnostics or "{" in end
    assert sum(read) < 1.5 * len(text)
