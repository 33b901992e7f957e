"""Advice on sound networks: what each lint finds, what it leaves alone, and how it is allowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from paths import ERRORS, ROOT

import specnet
from specnet.cli import main
from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code, Diagnostic, Severity
from specnet.package import list_modules
from specnet.source import Source

ZOO = sorted(file for file in (ROOT / "specs").glob("**/*.net") if not file.stem.endswith("-as-written"))
ADVICE = [code for code in Code if code.name[1] == "5"]


def checked(text: str, **options: object) -> Checked:
    return check_source(Source("a.net", text), **options)  # type: ignore[arg-type]


def codes(text: str) -> list[str]:
    return [diagnostic.code.name for diagnostic in checked(text).diagnostics]


def only(text: str) -> Diagnostic:
    (diagnostic,) = checked(text).diagnostics
    return diagnostic


TRAIN = "\ntrain { data digits }"
DEEP = "input 64x64x3\nrepeat 6 { conv K=16 F=3 P=1 -> %s }\npool max F=2 -> pool max F=2 -> fc 10\n"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("W501", "input 8x8x3\nconv K=8 F=3 P=1 -> instance_norm -> relu\nfc 10"),
        ("W501", "input 100\nfc 16384 -> bn -> relu -> reshape 4x4x1024\ndeconv K=3 F=4 S=2 P=1 -> tanh"),
        ("W502", "input 8x8x1\nfc 10 -> softmax" + TRAIN),
        ("W502", "input 8x8x1\nconv K=1 F=3 P=1 -> sigmoid\ntrain {\n  loss binary_cross_entropy\n}"),
        ("W502", "input 8x8x1\nhead side { pool avg F=2 -> fc 10 -> softmax }\nfc 10" + TRAIN),
        ("W503", "input 28x28x1\nfc 100 -> dropout 0.5 -> fc 10"),
        ("W503", "input 8x8x16\nconv K=32 F=3 P=1 bias=no -> bn -> pool avg global -> fc 10"),
        ("W504", "input 16\nfc 16 bias=no -> relu -> dropout 0.1 -> bn -> fc 10"),
        ("W509", "input 8x8x16\nbn momentum=0.99"),
        ("W509", "input 8x8x16\nbn momentum=0.9"),
        ("W505", DEEP % "leaky_relu" + "train { init xavier }"),
        ("W505", DEEP % "sigmoid" + "train { init he }"),
        ("N501", "input 8x8x3\nconv 12 F=3 P=1 -> relu -> conv 12 F=3 P=1 -> relu"),
        ("N502", "input 8x8x3\nconv K=16 F=3x2 P=1x0 -> relu"),
        ("N503", "input 8x8x3\nconv K=16 F=3 P=0x1 -> relu"),
        ("N503", "input 9x9x3\nconv K=16 F=3 P=1 D=2 -> relu"),
        ("N504", "input 16x16x3\npool avg F=5 S=1 P=2"),
        ("N505", "input 32x32x3\nconv K=64 F=3 P=1 S=1 -> relu -> pool max F=2 -> flatten -> fc 100"),
        ("N506", "input 64x32x3\nconv K=8 F=9 P=4 -> relu -> pool avg to=1"),
        ("N506", "input 64x64x3\nconv K=8 F=4 S=4\nattention heads=2 window=4 -> gelu -> pool avg global -> fc 10"),
        ("N507", "input 64x64x3\nrepeat 9 { conv K=8 F=3 P=1 -> relu } -> pool avg global"),
        ("N507", "input 64x64x1\nrepeat 9 { conv K=8 F=3 P=1 -> relu }\nrepeat 4 { pool max F=2 }\nfc 10"),
    ],
)
def test_what_a_lint_finds(code: str, text: str) -> None:
    assert code in codes(text)


def test_a_large_map_that_is_joined_with_an_enlarged_one_is_needed() -> None:
    """Parallel streams keep their map on purpose, and see further by the smaller ones."""
    wide = "input 64x64x3\nrepeat 9 { conv K=8 F=3 P=1 -> relu } -> @x\npool max F=2 -> upsample 2"
    assert "N507" in codes(f"{wide} -> pool avg global -> fc 10")
    assert "N507" not in codes(f"{wide} -> add @x -> pool avg global -> fc 10")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("input 8x8x3\nconv K=8 F=3 P=1 bias=yes -> bn -> relu", id="a bias that is asked for"),
        pytest.param("default conv bias=yes\ninput 8x8x3\nconv K=8 F=3 P=1 -> bn", id="a default that asks for it"),
        pytest.param("input 8x8x3\nconv K=8 F=3 P=1 -> ln -> relu", id="ln keeps what differs between channels"),
        pytest.param("input 8x8x3\nconv K=8 F=3 P=1 -> @a -> bn -> add @a", id="a bias that is also read elsewhere"),
        pytest.param("input 8x8x16\nbn momentum=0.5 -> relu", id="a momentum that still averages"),
        pytest.param("input 8x8x1\nfc 10 -> softmax", id="a softmax where nothing is trained"),
        pytest.param("input 8x8x1\nfc 10 -> sigmoid -> fc 10" + TRAIN, id="a sigmoid in the middle"),
        pytest.param("input 8x8x96\nconv K=24 F=1 -> conv K=144 F=1", id="a linear bottleneck"),
        pytest.param("input 8x8x16\nconv K=C F=3 P=1 G=C -> conv K=32 F=1", id="depthwise, then pointwise"),
        pytest.param("input 8x8x3\nconv K=8 F=3 P=1 -> pool max F=2 -> fc 10", id="a maximum is not linear"),
        pytest.param(
            "input 8x8x3\nconv K=8 F=3 P=1 -> @a -> relu -> @b\n@a -> conv K=8 F=1 -> add @b", id="two readers"
        ),
        pytest.param("input 16\nfc 16 -> relu -> dropout 0.1 -> fc 16 bias=no -> bn", id="dropout before a layer"),
        pytest.param(DEEP % "relu" + "train { init he }", id="he for relu"),
        pytest.param(DEEP % "tanh" + "train { init xavier }", id="xavier for tanh"),
        pytest.param(DEEP.replace("%s", "lrn -> relu") + "train { init xavier }", id="a normalisation makes up for it"),
        pytest.param("input 8x8x3\nconv K=96 F=3 P=1 -> relu -> conv K=21 F=1", id="multiples of 8, and the last K"),
        pytest.param("input 8x8x100\nconv K=C//3 F=1 -> relu -> fc 10", id="a K that is computed"),
        pytest.param("input 64x64x3\nconv K=96 F=4 S=4", id="patches"),
        pytest.param("input 6x6x256\nconv K=4096 F=6 -> relu -> conv K=10 F=1", id="a filter over the whole map"),
        pytest.param("input 8x8x3\nconv K=8 F=4 P=same", id="even, and evened out"),
        pytest.param("input 8x8x3\npad 1 -> conv K=8 F=3", id="padding as a layer of its own"),
        pytest.param("input 7x7x64\nconv K=8 F=7 P=3 -> relu -> pool avg F=7", id="a pool over the whole map"),
        pytest.param("input 28x28x1\nconv K=8 F=5 P=2 -> relu -> pool max F=2 -> fc 10", id="a small fc"),
        pytest.param(
            "input 64x64x3\nconv K=8 F=3 P=1 -> relu\nmul { | identity | pool avg global -> sigmoid }", id="gate"
        ),
        pytest.param(
            "input 32x32x3\nconv K=8 F=4 S=4\nadd { | ln -> attention heads=2 patch=2 | identity }\npool avg global",
            id="attention that sees all",
        ),
        pytest.param(
            "input 32x32x3\nconv K=8 F=4 S=4 -> tokens\nadd { | ln -> attention heads=2 | identity }\n"
            "token 0 -> ln -> fc 3",
            id="tokens",
        ),
        pytest.param("input 64x64x1\nrepeat 20 { conv K=8 F=3 P=1 -> relu }\nconv K=1 F=1", id="a map comes out"),
    ],
)
def test_what_the_lints_leave_alone(text: str) -> None:
    assert codes(text) == []


def test_every_code_of_advice_is_found_by_a_case() -> None:
    shown = "".join(file.read_text() for file in ERRORS.glob("lint_*.txt"))
    assert {code.name for code in ADVICE if f"[{code.name}]" in shown} == {code.name for code in ADVICE}


def test_every_lint_file_begins_with_a_subject() -> None:
    lints = {*list_modules("specnet.analyses.lints")} - {"registry", "view", "own"}
    assert {"network_neighbours", "network_sizes", "train_recipe", "allow_codes"} <= lints
    strays = [name for name in lints if name.partition("_")[0] not in ("network", "train", "allow")]
    assert not strays, f"the lints of {strays} are never loaded: a file's name begins with its subject"


def test_a_message_names_three_layers_and_counts_the_others() -> None:
    line = "conv K=8 F=3 P=1 -> bn -> relu\n"
    said = only("input 8x8x3\n" + 5 * line)
    assert (
        said.message == "`conv1`, `conv2`, `conv3` and 2 more add a bias that the normalisation behind subtracts again"
    )
    assert said.span and said.span.line == 2
    assert only("input 8x8x3\n" + line).message.startswith("`conv1` adds a bias")


def test_a_line_of_a_block_is_one_place() -> None:
    said = only("block a(K) { conv K=K F=3 P=1 -> bn -> relu }\ninput 8x8x3\nrepeat 3 { a 8 }")
    assert said.message.startswith("`repeat1.0.conv1` adds")
    assert [span.text for span in said.trace] == ["a 8"]


def test_rounding_notes_are_one_message_unless_they_are_errors() -> None:
    text = "input 224x224x3\nconv K=64 F=7 S=2 P=3 -> relu -> conv K=64 F=3 S=2 P=1 -> relu -> pool max F=3 S=2 P=1"
    said = only(text)
    assert said.code is Code.N301
    assert said.notes == ("so do `conv2` and `pool1`",)
    assert len(checked(text, strict=True).diagnostics) == 3


def test_where_there_is_an_error_there_is_no_advice() -> None:
    assert codes("input 8x8x3\nconv K=8 F=3 P=1 -> bn -> relu\ncnov K=3") == ["E101"]


def test_strict_makes_warnings_errors_and_leaves_advice_a_note() -> None:
    diagnostics = checked("input 8x8x3\nconv K=12 F=2 -> bn -> relu -> fc 9", strict=True).diagnostics
    assert [(d.code.name, d.severity) for d in diagnostics] == [
        ("W501", Severity.ERROR),
        ("N501", Severity.NOTE),
        ("N502", Severity.NOTE),
    ]


# Allowing


def test_a_comment_allows_codes_on_its_line() -> None:
    line = "conv K=12 F=2 -> bn -> relu"
    assert codes(f"input 8x8x3\n{line}  # specnet: allow W501 N501, N502 as Smith 2020 has it\nfc 9") == []
    assert codes(f"input 8x8x3\n# specnet: allow W501\n{line}\nfc 9") == ["W501", "N501", "N502"]


def test_a_comment_leaves_the_other_lines_of_a_message() -> None:
    line = "conv K=8 F=3 P=1 -> bn -> relu"
    said = only(f"input 8x8x3\n{line}  # specnet: allow W501\n{line}")
    assert said.message.startswith("`conv2` adds")


def test_what_is_not_from_a_lint_can_be_allowed_too() -> None:
    assert codes("input 224x224x3\nconv K=64 F=7 S=2 P=3   # ResNet; specnet: allow N301") == []
    assert checked("input 8x8x3\nconv K=8 F=2 S=3  # specnet: allow W303", strict=True).ok


def test_a_sign_in_a_text_begins_no_comment() -> None:
    assert codes('net A "# specnet: allow W999"\ninput 8x8x3\nfc 9') == []


def test_a_line_of_another_file_allows_for_all_who_use_it(tmp_path: Path) -> None:
    (tmp_path / "blocks.net").write_text("block a() { conv K=8 F=3 P=1 -> bn -> relu } # specnet: allow W501\n")
    source = Source(str(tmp_path / "a.net"), 'use "blocks.net"\ninput 8x8x3\na')
    assert check_source(source).diagnostics == ()


def test_an_error_cannot_be_allowed() -> None:
    assert codes("input 8x8x3\ncnov K=3  # specnet: allow E101") == ["E101"]
    assert codes("input 8x8x3\nfc 9  # specnet: allow E101") == ["W506"]
    assert codes("input 8x8x3\nfc 9  # specnet: allow w501") == ["W506"]
    assert codes("input 8x8x3\nfc 9  # specnet: allow W501") == []


PLAIN = "input 8x8x3\nconv K=8 F=3 P=1 -> bn -> relu\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec two folders below it; the commands run there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "plain.net").write_text(PLAIN)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], code: int = 0) -> list[str]:
    assert main(["check", "a/b/plain.net", "--format", "json"]) == code
    return [diagnostic["code"] for diagnostic in json.loads(capsys.readouterr().out)["diagnostics"]]


def test_a_project_allows_codes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys) == ["W501"]
    (project / "pyproject.toml").write_text('[tool.specnet]\nallow = ["W501"]\n')
    assert said(capsys) == []
    (project / "a" / "pyproject.toml").write_text("[project]\n")
    assert said(capsys) == ["W501"], "the nearest file counts"


def test_a_program_allows_codes() -> None:
    assert [diagnostic.code for diagnostic in specnet.check(PLAIN).diagnostics] == [Code.W501]
    assert specnet.check(PLAIN, allow=("W501",)).diagnostics == ()
    (unknown,) = specnet.check(PLAIN, allow=["W501", "W999"]).diagnostics
    assert unknown.code is Code.W506
    assert not specnet.check("input 8x8x3\ncnov K=3\n", allow=["E101"]).ok


def test_an_unknown_code_of_a_project_is_a_warning(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text('[tool.specnet]\nallow = ["W501", "W999", "E301"]\n')
    assert said(capsys) == ["W506", "W506"]
    assert main(["check", "a/b/plain.net"]) == 0
    assert "there is no code `W999` to allow, though `allow = […]` lists it" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["[tool.specnet\n", '[tool.specnet]\nallow = "W501"\n', "[tool]\nspecnet = 1 # tool.specnet"]
)
def test_a_project_that_cannot_be_understood(text: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text(text)
    assert main(["check", "a/b/plain.net"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "pyproject.toml" in captured.err


# The zoo


@pytest.mark.parametrize("file", ZOO, ids=lambda file: file.stem)
def test_a_published_network_is_answered_with_few_words(file: Path) -> None:
    diagnostics = check_source(Source(str(file), file.read_text(encoding="utf-8"))).diagnostics
    assert all(diagnostic.severity is Severity.NOTE for diagnostic in diagnostics)
    assert len(diagnostics) <= 3
