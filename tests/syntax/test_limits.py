"""The limits of a spec, and the page on which `specnet explain E002` lists them."""

from __future__ import annotations

import pytest
from paths import ROOT

from specnet.compiler import check_source, read_beside
from specnet.diagnostics import Diagnostic
from specnet.elaborate.context import MOST_COMPARED
from specnet.fixes import add_fixes, search
from specnet.foreign import order
from specnet.source import Source
from specnet.syntax import limits

LIMITS = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}


@pytest.mark.parametrize("name", LIMITS)
def test_the_page_lists_every_limit(name: str) -> None:
    page = (ROOT / "docs" / "errors" / "E002.md").read_text(encoding="utf-8")
    assert f"| {LIMITS[name]:,} |" in page


def repeat(line: str, times: int) -> str:
    """Return a line many times, with its number in place of each `#`."""
    return "".join(line.replace("#", str(number)) for number in range(times))


@pytest.mark.parametrize(
    "text",
    [
        "input 8\nrepeat 20000 {\n" + repeat("let a# = 1\n", 1000) + "relu }\nfc 3",
        "input 8\nrepeat 20000 {\n" + repeat("expect macs 1\n", 1000) + "relu }\nfc 3",
        "input 8x8x1\nrepeat 20000 { filter [" + ", ".join(["1"] * 9000) + "] }\nfc 3",
        "input 8\nrepeat 9000 { " + "repeat 9000 { " * 8 + "}" * 9 + "\nfc 3",
        "block b(" + ", ".join(f"p{n}=1" for n in range(3000)) + ") { }\ninput 8\nrepeat 9000 { b }",
        "block a0 { if no { relu } }\n"
        + repeat("block b# { a0 -> a0 }\n", 1)
        + "input 8\nrepeat 20000 { repeat 9 { b0 } }",
    ],
    ids=["lets", "expects", "a long list", "empty repetitions", "parameters", "calls"],
)
def test_what_repetitions_multiply_is_limited(text: str) -> None:
    errors = check_source(Source("x", text)).errors
    assert [error.code.name for error in errors if error.code.name == "E002"] == ["E002"]


@pytest.mark.parametrize(
    "text",
    [
        repeat("let alpha# = 1\n", 2000) + "input 8\n" + repeat("fc alphq#\n", 2000),
        "input 8\n" + repeat("konv# 3\n", 2000),
        "input 8\n" + repeat("fc 3 -> @alpha#\n", 1000) + repeat("@alphq# -> fc 3\n", 1000),
        "input 8\n" + repeat("alpha#: fc 8\nsame alphq#\n", 2000),
        "block b(" + ", ".join(f"p{n}=1" for n in range(900)) + ") { relu }\ninput 8\n" + repeat("b q#=3\n", 99),
        "input 8\nfc 3\ntrain {\n" + repeat("sead# 1\n", 2000) + "}",
    ],
    ids=["names", "layers", "taps", "labels", "parameters", "settings"],
)
def test_a_check_with_many_misspelt_names_stops_comparing_them(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = list[int]()

    def suggest(word: str, words: tuple[str, ...]) -> str:
        compared.append(len(word) + sum(map(len, words)))
        return ""

    monkeypatch.setattr("specnet.elaborate.context.find_closest_word", suggest)
    result = check_source(Source("x", text))
    assert compared
    assert sum(compared[:-1]) <= MOST_COMPARED
    assert len(result.errors) >= 99


def test_a_file_of_very_many_words_is_not_parsed() -> None:
    text = "input 8x8x1\nfilter [" + "1," * (limits.MAX_TOKENS // 2) + "1]\n"
    (error,) = check_source(Source("x", text)).errors
    assert error.message == "the file has more than 130,000 words, numbers and signs"
    comments = "# " + "1," * (limits.MAX_TOKENS // 2) + "\ninput 8\nfc 3\n"
    assert check_source(Source("x", comments)).ok


def test_the_first_error_of_many_has_its_suggestion() -> None:
    result = check_source(Source("x", "let alpha = 1\ninput 8\n" + repeat("fc alphq#\n", 500)))
    assert "did you mean `alpha`" in result.errors[0].message
    assert len(result.errors) == 500


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("input 8\n" + repeat("konv# 3\n", 600), 503),
        ("input 8\n" + repeat("conv K=8 F=3 => 1x1x1\n", 600), 503),
        ("input 8\n" + repeat("@a#\n", 600), 503),
        ("input 8\nfc 3\ntrain {\n" + repeat("seeed# 1\n", 600) + "}", 505),
        ("input 8\nfc 3\ntrain {\n" + repeat("augment hsift\n", 600) + "}", 505),
        ("block b(K) { fc K }\ninput 8\nb " + repeat("Q#=3 ", 600), 3),
        ("input 8\nrepeat 600 { konv 3 }\n" + repeat("block b# { konv 3 }\n", 600), 503),
    ],
    ids=["layers", "claims", "taps", "settings", "steps", "arguments", "blocks"],
)
def test_a_check_ends_after_very_many_errors_and_says_where(text: str, line: int) -> None:
    result = check_source(Source("x", text))
    (end,) = (error for error in result.shown if error.code.name == "E002")
    assert end.message == "the check ends here, after more than 500 errors"
    assert end.span
    assert end.span.line == line
    assert len(result.errors) == limits.MAX_ERRORS + 2


def test_a_line_with_very_many_errors_shows_the_first_hundred() -> None:
    result = check_source(Source("x", "input 8\nfc 3 " + repeat("x#=3 ", 2000)))
    assert len(result.errors) == 100


def test_fixes_are_sought_only_for_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = list[Diagnostic]()
    monkeypatch.setattr(search, "_try_candidates", lambda _, diagnostic: iter(fixed.append(diagnostic) or ()))
    result = add_fixes(check_source(Source("x", "input 8\n" + repeat("konv# 3\n", 300))), {}, read_beside)
    assert len(result.errors) == 300
    assert [error.span for error in fixed] == [error.span for error in result.shown]
    assert not any(error.fixes for error in result.errors)


def test_a_fix_is_proved_though_the_check_ends_above_other_errors() -> None:
    text = "input 8x8x3\nkonv K=8 F=3 P=1\n" + repeat("let a# = b\n", 600)
    result = add_fixes(check_source(Source("x", text)), {}, read_beside)
    assert result.errors[-1].code.name == "E002"
    assert [fix.title for fix in result.errors[0].fixes] == ["conv"]
    text = "input 8x8x3\nconv K=8, F=3 P=1\n" + repeat("conv K=8 F=3 P=1 ?\n", 30)
    result = add_fixes(check_source(Source("x", text)), {}, read_beside)
    assert [fix.title for fix in result.errors[0].fixes] == ["conv K=8 F=3 P=1"]


def test_what_errors_ask_of_the_file_is_found_out_once() -> None:
    text = "input 8\n" + repeat("b# 3\n", 200) + repeat("block b#(K) { fc K }\n", 200)
    before = order._find_definitions.cache_info().misses
    assert len(check_source(Source("x", text)).errors) == 200
    assert order._find_definitions.cache_info().misses == before + 1


def test_of_many_diagnostics_the_first_hundred_errors_are_shown_and_the_rest_counted() -> None:
    text = "input 8x8x3\n" + repeat("conv K=4 F=3 P=1 => 8x8x4\nfc @a#\n", 150)
    result = check_source(Source("x", text))
    assert len(result.shown) == limits.MAX_DIAGNOSTICS
    assert result.shown == tuple(sorted(result.errors[:100], key=lambda error: error.span.start if error.span else 0))
    assert result.omitted == len(result.diagnostics) - 100
