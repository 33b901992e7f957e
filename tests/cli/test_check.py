"""`specnet check` as a user meets it: text, JSON, exit codes, and what it must not import."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from specnet.cli import main

LECTURE = "input 32x32x3\nconv K=10 F=7\nconv K=6 F=5 S=2\n"


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Writes a spec into an empty folder and gives its name there."""
    monkeypatch.chdir(tmp_path)

    def write(text: str | bytes, name: str = "a.net") -> str:
        Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return write


def check_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    main(["check", "--format", "json", *arguments])
    return json.loads(capsys.readouterr().out)


def test_alexnet_is_the_table_of_the_paper(
    capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["check", "specs/alexnet.net"]) == 0
    out = capsys.readouterr().out
    assert "62,378,344" in out
    assert "1,135,256,096" in out
    golden("alexnet.txt", out)


def test_the_lecture_s_mistake_is_shown_with_its_arithmetic(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    assert main(["check", spec(LECTURE)]) == 1
    out = capsys.readouterr().out
    assert "26×26×10" in out
    assert "(26 − 5 + 0)/2 + 1 = 11.5" in out
    assert "          ^^^ ^^^ (N − F + 2P)/S + 1" in out


def test_json_of_a_sound_network(capsys: pytest.CaptureFixture[str]) -> None:
    report = check_json(capsys, str(ROOT / "specs/alexnet.net"))
    assert report["schema"] == 1
    assert report["ok"] is True
    assert report["network"] == "AlexNet"
    assert report["digest"].startswith("sha256:")
    assert report["inputs"] == [{"name": "input", "shape": [227, 227, 3]}]
    assert report["outputs"] == [{"name": "fc8", "shape": [1000]}]
    totals = {"parameters": 62378344, "buffers": 0, "macs": 1135256096, "memory": 252454924, "receptive_field": 195}
    assert report["totals"] == totals
    first = report["layers"][0]
    attributes = first.pop("attributes")
    assert first == {
        "name": "conv1",
        "kind": "conv",
        "line": 5,
        "inputs": ["input"],
        "output": [55, 55, 96],
        "shape_by_torch": False,
        "parameters": 34944,
        "buffers": 0,
        "macs": 105415200,
        "memory": 4 * (34944 + 55 * 55 * 96),
        "receptive_field": [11, 11],
        "receptive_field_global": False,
        "receptive_field_centre": [5, 5],
        "effective_stride": [4, 4],
    }
    assert attributes["out_channels"] == 96
    assert attributes["kernel_size"] == [11, 11]
    assert attributes["stride"] == [4, 4]
    assert attributes["padding"] == [0, 0]


def test_json_of_a_broken_network(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    report = check_json(capsys, spec(LECTURE + "relu\n"))
    assert report["ok"] is False
    assert [layer["output"] for layer in report["layers"]] == [[26, 26, 10], None, None]
    (diagnostic,) = report["diagnostics"]
    place = {key: diagnostic[key] for key in ("line", "column", "end_line", "end_column")}
    assert place == {"line": 3, "column": 10, "end_line": 3, "end_column": 17}
    assert diagnostic["code"] == "E301"
    assert diagnostic["severity"] == "error"
    assert "11.5" in diagnostic["message"]
    assert diagnostic["trace"] == []


def test_several_files_are_a_list_and_the_highest_code_counts(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    good, bad = spec("input 4x4x1\nfc 2\n", "good.net"), spec(LECTURE, "bad.net")
    assert [report["ok"] for report in check_json(capsys, good, bad)] == [True, False]
    assert main(["check", good, bad]) == 1
    capsys.readouterr()
    assert main(["check", good, "missing.net"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.net"], "there is no file missing.net"),
        (["."], ". is a directory"),
        (["a.net", "--set", "nothing=3"], "the spec has no `let nothing`"),
        (["a.net", "--set", "nothing"], "write NAME=VALUE"),
        (["a.net", "--set", "width=)"], "`)` is not a value"),
        (["a\0.net"], "cannot be read"),
        (["labels.csv"], 'labels.csv is a table, not a spec; the `train` section of a spec names it: `data csv "lab'),
        (["labels.TSV"], "labels.TSV is a table, not a spec; "),
    ],
)
def test_what_cannot_be_carried_out_is_2_and_prints_no_result(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], arguments: list[str], message: str
) -> None:
    spec("let width = 2\ninput 4x4x1\nfc width\n")
    spec("image,label\na.png,cat\n", "labels.csv")
    spec("image\tlabel\na.png\tcat\n", "labels.TSV")
    assert main(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "lectur.net"], "there is no file lectur.net; did you mean lecture.net?\n"),
        (["check", "alexnt"], "there is no file alexnt; did you mean alexnet?\n"),
        (["check", "nothing-like-it"], "there is no file nothing-like-it\n"),
        (["check", "nowhere/lecture.net"], "there is no file nowhere/lecture.net\n"),
        (["check", "."], ". is a directory; try `specnet check ./*.net`\n"),
        (["check", "empty"], "empty is a directory; name a file\n"),
        (["fmt", "empty"], "empty is a directory; name a file\n"),
        (["chek", "lecture.net"], "there is no command `chek`; did you mean `check`?\n"),
        (["nothing"], "there is no command `nothing`; there are check, draw, "),
        (["check", "--formt", "json", "lecture.net"], "`specnet check` takes no `--formt`; did you mean `--format`?\n"),
        (["fmt", "lecture.net", "--chek=x"], "`specnet fmt` takes no `--chek=x`; did you mean `--check`?\n"),
        (["explain", "-x"], "`specnet explain` takes no `-x`; --help lists what it takes\n"),
    ],
)
def test_what_was_probably_meant(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], arguments: list[str], message: str
) -> None:
    spec(LECTURE, "lecture.net")
    Path("empty").mkdir()
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {message}")


@pytest.mark.parametrize(
    ("arguments", "message", "line"),
    [
        (["--set", "optimizer.lr=-1"], "`lr` must be more than 0, not -1", "--set optimizer.lr=-1"),
        (["--set", "optimizer.lrr=1"], "`sgd` has no attribute `lrr`; did you mean `lr`?", "--set optimizer.lrr=1"),
        (["--set", "optimizer=sdg"], "`optimizer` has no choice `sdg`; did you mean `sgd`?", "--set optimizer=sdg"),
        (["--set", "classes=2*none"], "`none` has no value here", "--set classes=2*none"),
        (["--input", "0x4x1"], "a size must be at least 1, not 0", "--input 0x4x1"),
    ],
)
def test_an_override_is_shown_as_it_was_given(
    arguments: list[str], message: str, line: str, capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    file = spec("let classes = 10\ninput 4x4x1\nfc classes\ntrain { optimizer sgd lr=0.1 }\n")
    assert main(["check", file, *arguments]) == 1
    said = capsys.readouterr().out
    assert f"]: {message}\n" in said
    assert f"\n1 │ {line}\n" in said
    assert "<command line>:1:" in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("input 4x4x1\nfc 2\n", "there is no error"),
        (LECTURE, "no error has a fix that needs no choice"),
        ("input 4x4x1\nxyzzy\n", "no error has a fix"),
    ],
)
def test_fix_says_when_it_changes_nothing(
    text: str, why: str, capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    main(["check", "--fix", spec(text)])
    assert capsys.readouterr().err == f"a.net: nothing changed; {why}\n"
    assert Path("a.net").read_text(encoding="utf-8") == text


TWO_ERRORS = "input 32x32x3\nconv K=10 F=7 -> rleu\nconv K=6 F=5 S=2\nfc 3\n"

UNSAFE = {
    "the first of several": (LECTURE, LECTURE.replace("S=2", "S=1"), "E301: S=2 → S=1 in conv2, line 3: 22×22×6\n", 1),
    "beside safe ones": (TWO_ERRORS, TWO_ERRORS.replace("rleu", "relu").replace("S=2", "S=1"), "E301: S=2 → S=1", 2),
    "of tokens that are not pooled": (
        "input 28x28x1\nconv K=8 F=4 S=4 -> tokens -> relu -> fc 10\ntrain { data mnist }\n",
        "input 28x28x1\nconv K=8 F=4 S=4 -> tokens -> relu -> pool avg global -> fc 10\ntrain { data mnist }\n",
        "W508: pool avg global -> fc 10, line 2",
        1,
    ),
    "of tokens at the end": (
        "input 28x28x1\nconv K=10 F=4 S=4 -> tokens\nx: relu\ntrain { data mnist }\n",
        "input 28x28x1\nconv K=10 F=4 S=4 -> tokens\nx: relu -> pool avg global\ntrain { data mnist }\n",
        "W508: -> pool avg global behind x, line 3",
        1,
    ),
    "of a warning": (
        "input 28x28x1\nfc 9\ntrain { data mnist }\n",
        "input 28x28x1\nfc 10\ntrain { data mnist }\n",
        "W508: 9 → 10 in line 2",
        1,
    ),
}


@pytest.mark.parametrize("case", UNSAFE)
def test_unsafe_fixes_are_the_first_that_are_offered(
    case: str, capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    text, mended, said, made = UNSAFE[case]
    assert main(["check", "--fix", "--unsafe-fixes", spec(text)]) == 0
    assert Path("a.net").read_text(encoding="utf-8") == mended
    err = capsys.readouterr().err
    assert f"a.net: {said}" in err
    assert err.endswith(f"a.net: {made} fix{'' if made == 1 else 'es'} applied\n")


def test_unsafe_fixes_need_fix(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    assert main(["check", "--unsafe-fixes", spec(LECTURE)]) == 2
    assert capsys.readouterr().err == "error: --unsafe-fixes goes with --fix, which writes the file\n"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (LECTURE, "1 error, 1 fixable with --fix --unsafe-fixes"),
        ("input 4x4x1\nrleu\n", "1 error, 1 fixable with --fix"),
        (f"{LECTURE}train {{ optimizer sdg }}\n", "2 errors, 1 fixable with --fix, 1 more with --unsafe-fixes"),
        ("input 4x4x1\nxyzzy\n", "1 error"),
    ],
)
def test_the_last_line_counts_what_can_be_fixed(
    text: str, verdict: str, capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    main(["check", spec(text)])
    assert capsys.readouterr().out.splitlines()[-1] == f"a.net: {verdict}"


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\xff\xfe\xfa", b"net A\xff\n", b"\x7fELF\x02\x01" + bytes(5000)])
def test_a_file_that_is_not_text_is_a_wrong_spec(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], data: bytes
) -> None:
    assert main(["check", spec(data)]) == 1
    out = capsys.readouterr().out
    assert "error[E001]" in out
    assert out.count("error[") == 1


def test_a_million_characters_are_refused_at_once(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    assert main(["check", spec("relu\n" * 200_000)]) == 1
    assert "a spec has at most 250,000" in capsys.readouterr().out


def test_overrides_mean_what_the_spec_would_say(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    file = spec("let classes = 10\ninput 4x4x1\nfc classes\ntrain { optimizer sgd lr=0.1 }\n")
    report = check_json(capsys, file, "--set", "classes=5*20", "--input", "6x6x2", "--set", "optimizer.lr=0.5")
    assert report["outputs"] == [{"name": "fc1", "shape": [100]}]
    assert report["totals"]["parameters"] == 100 * 72 + 100


CLAIMING = """let size = 8
let half = size//2
input (2*half)x(size)x3
conv K=4 F=3 P=1 => 8x8x4
conv K=4 F=3 P=1 => (size)x(size)x4
pool max F=2     => 4x4x4
{head}           => 1
expect parameters == {parameters}
expect macs      {macs}
"""

DENSE = {"head": "fc 1", "parameters": 325, "macs": 16_192}
POOLED = {"head": "pool avg global -> fc 1", "parameters": 265, "macs": 16_132}


@pytest.mark.parametrize(
    ("written", "override", "verdict"),
    [
        (DENSE, [], ""),
        (DENSE, ["--input", "8x8x3"], ""),
        (DENSE, ["--set", "size=8"], ""),
        (
            DENSE,
            ["--input", "12x12x3"],
            "note: at 12×12×3, claims of the written 8×8×3 are not compared: "
            "3 shapes; parameters 325, here 405; macs 16,192, here 36,432",
        ),
        (
            DENSE,
            ["--set", "half=6"],
            "note: at 12×8×3 and half=6, claims of the written 8×8×3 and half=4 are not compared: "
            "3 shapes; parameters 325, here 357; macs 16,192, here 24,288",
        ),
        (
            POOLED,
            ["--set", "size=12"],
            "note: at 12×12×3 and size=12, claims of the written 8×8×3 and size=8 are not compared: "
            "2 shapes; macs 16,132, here 36,292",
        ),
        (
            POOLED | {"macs": "< 20k"},
            ["--input", "12x12x3"],
            "note: at 12×12×3, claims of the written 8×8×3 are not compared: 3 shapes; macs < 20,000, here 36,292",
        ),
        (
            POOLED | {"macs": "< 40k\nexpect memory < 4kB"},
            ["--input", "12x12x3"],
            "note: at 12×12×3, claims of the written 8×8×3 are not compared: 3 shapes; memory < 4 kB, here 7.396 kB",
        ),
        (POOLED | {"macs": "< 40k", "head": "conv K=3 F=4 -> pool avg global"}, ["--input", "16x16x3"], None),
    ],
)
def test_claims_of_the_spec_as_written_are_restated_under_overrides(
    capsys: pytest.CaptureFixture[str],
    spec: Callable[..., str],
    written: dict[str, object],
    override: list[str],
    verdict: str | None,
) -> None:
    code = main(["check", spec(CLAIMING.format(**written)), *override])
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    assert (code, notes) == (0, [verdict] if verdict else []) if verdict is not None else code == 1


@pytest.mark.parametrize("override", [["--input", "12x12x3"], ["--set", "size=12"]])
def test_an_expectation_that_does_not_depend_on_the_input_is_compared(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], override: list[str]
) -> None:
    assert main(["check", spec(CLAIMING.format(**POOLED | {"parameters": 266})), *override]) == 1
    assert "the network has 265 parameters; expected 266" in capsys.readouterr().out


WIDE = """let width = 4
let deep = no
input 8x8x3
conv K=width F=3 => 6x6x4
if deep {
  conv K=width F=3 P=1 => 6x6x8
}
fc 2 => 2
train {
  epochs 3
}
"""


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("width=5", "note: at width=5, claims of the written width=4 are not compared: 1 shape\n"),
        ("width=4", "ok, "),
        ("epochs=4", "ok, "),
    ],
)
def test_claims_are_restated_where_a_let_is_overridden(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], override: str, message: str
) -> None:
    assert main(["check", spec(WIDE), "--set", override]) == 0
    printed = capsys.readouterr().out
    assert message in printed
    assert ("note: at" in printed) == message.startswith("note")


@pytest.mark.parametrize("override", ["width=5", "deep=yes", "width=4", "epochs=4"])
def test_a_claim_that_does_not_hold_as_written_is_compared(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], override: str
) -> None:
    wrong = "=> 3" if override != "deep=yes" else "=> 2"
    assert main(["check", spec(WIDE.replace("=> 2", wrong)), "--set", override]) == 1
    assert "as claimed" in capsys.readouterr().out


def test_a_claim_in_used_blocks_is_restated(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], tmp_path: Path
) -> None:
    spec("block stem(K) {\n  conv K=K F=3 => 6x6x4\n}\n", "stem.net")
    name = spec('use "stem.net"\nlet width = 4\ninput 8x8x3\nstem width\n', "main.net")
    assert main(["check", name, "--set", "width=5"]) == 0
    assert "at width=5, claims of the written width=4 are not compared: 1 shape" in capsys.readouterr().out


def test_json_says_what_is_restated(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    name = spec("input 8x8x3\nconv K=4 F=3 => 6x6x4\nexpect macs < 4k\n")
    assert check_json(capsys, name)["restated"] is None
    assert check_json(capsys, name, "--input", "9x8x3")["restated"] == {
        "inputs": [{"name": "input", "written": [8, 8, 3]}],
        "settings": [],
        "claims": [{"name": "conv1", "line": 2, "written": [6, 6, 4], "shape": [7, 6, 4]}],
        "expectations": [{"line": 3, "quantity": "macs", "comparison": "<", "written": 4000, "value": 4536}],
    }
    restated = check_json(capsys, spec(WIDE), "--set", "width=2*3")["restated"]
    assert isinstance(restated, dict)
    assert restated["settings"] == [{"name": "width", "written": "4", "value": "6"}]


def test_only_the_inputs_that_differ_are_restated(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    name = spec("input a 8x8x1\ninput b 8x8x1\n@b -> concat @a -> conv K=4 F=3 => 6x6x4\n")
    assert main(["check", name, "--input", "9x9x1", "--set", "input.b=9x9x1"]) == 0
    assert "note: at 9×9×1 and 9×9×1, claims of the written 8×8×1 and 8×8×1" in capsys.readouterr().out
    assert check_json(capsys, name, "--set", "input.a=8x8x1")["restated"] is None


def test_strict_makes_notes_about_rounding_errors(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    file = spec("input 224x224x3\nconv K=64 F=7 S=2 P=3\n")
    assert main(["check", file]) == 0
    assert main(["check", file, "--strict"]) == 1


def test_windows_line_ends_and_a_byte_order_mark(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    report = check_json(capsys, spec(b"\xef\xbb\xbf" + LECTURE.replace("\n", "\r\n").encode()))
    assert report["diagnostics"][0]["line"] == 3
    assert report["diagnostics"][0]["column"] == 10


def test_standard_input(capsys: pytest.CaptureFixture[str], spec: Callable[..., str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "specnet", "check", "-"], input=LECTURE, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "<stdin>:3:10" in done.stdout


def test_checking_reaches_no_heavy_library() -> None:
    program = (
        "import sys; from specnet.cli import main; code = main(['check', 'specs/alexnet.net'])\n"
        "heavy = {'torch', 'numpy', 'rich', 'matplotlib', 'networkx', 'graphviz', 'PIL', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0
    assert done.stderr.strip() == "[]"


def test_an_exception_is_a_bug_that_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("surprise")

    monkeypatch.setattr("specnet.cli.check.check_file", fail)
    assert main(["check", "a.net"]) == 70
    captured = capsys.readouterr()
    assert "this is a bug in SpecNet" in captured.err
    assert "Traceback" not in captured.err


def test_files_on_both_sides_of_an_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.net", "b.net"):
        (tmp_path / name).write_text("input 8x8x3\nfc 10\n")
    assert main(["check", str(tmp_path / "a.net"), "--strict", str(tmp_path / "b.net")]) == 0
    out = capsys.readouterr().out
    assert "a.net: ok" in out
    assert "b.net: ok" in out


MANY = "input 8\n" + "fc 3 -> @a\n" * 150
"""A spec with 149 errors."""


def test_of_very_many_errors_a_hundred_are_shown_and_the_others_counted(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    assert main(["check", spec(MANY)]) == 1
    text = capsys.readouterr().out
    assert text.count("error[E103]") == 100
    assert "\n49 more are not shown\n" in text
    assert text.rstrip().endswith("149 errors")
    report = check_json(capsys, spec(MANY))
    assert (len(report["diagnostics"]), report["omitted_diagnostics"]) == (100, 49)
    assert main(["check", spec(MANY), "--format", "github"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 101
    assert lines[-1].endswith("::49 more are not shown")
    assert main(["compile", spec(MANY)]) == 1
    assert capsys.readouterr().err.rstrip().endswith("49 more are not shown")


def test_a_message_about_an_override_points_at_the_option(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    name = spec("let n = 8\ninput 227x227x3\nconv K=n F=11 S=4\n")
    assert main(["check", name, "--input", "224x224x3"]) == 1
    out = capsys.readouterr().out
    assert "1 │ --input 224x224x3\n  │         --------- gives 224×224×3" in out
    assert "227" not in out
    assert main(["check", name, "--input", "8x8x3", "--format", "json"]) == 1
    assert not any(
        "input" in fix["title"] for d in json.loads(capsys.readouterr().out)["diagnostics"] for fix in d["fixes"]
    )


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("input 32x32x3\nconv K=8 F=3 -> relu -> fc 9\n", "9 → 10 in line 2"),
        ("input 32x32x3\nconv K=8 F=3 -> relu -> fc K=9\n", "K=9 → K=10 in line 2"),
        ("input 32x32x1\nconv K=8 F=3 -> relu -> fc 10\n", "32x32x1 → 32x32x3 in line 1"),
        ("let n = 9\ninput 32x32x3\nconv K=8 F=3 -> relu -> fc n\n", ""),
    ],
)
def test_what_train_would_refuse_has_a_fix(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], text: str, fixed: str
) -> None:
    report = check_json(capsys, spec(text + "train { data cifar10 }\n"))
    (found,) = (diagnostic for diagnostic in report["diagnostics"] if diagnostic["code"] == "W508")
    assert [fix["title"] for fix in found["fixes"]] == [fixed] * bool(fixed)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('allows = ["N503"]', "[tool.specnet] has no `allows`; did you mean `allow`?"),
        ('plugin = ["mine"]', "[tool.specnet] has no `plugin`; did you mean `plugins`?"),
        ("unheard_of = []", "[tool.specnet] has no `unheard_of`; it has allow and plugins"),
        ('plugins = "mine"', '[tool.specnet] `plugins` must be a list of modules such as ["mypkg.layers"]'),
        ("plugins = [1]", '[tool.specnet] `plugins` must be a list of modules such as ["mypkg.layers"]'),
        ('plugins = ["my layers"]', "plugins of pyproject.toml: `my layers` is no name of a module"),
    ],
)
def test_a_key_of_the_project_that_there_is_not(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], table: str, message: str
) -> None:
    Path("pyproject.toml" if spec(LECTURE) else "").write_text(f"[tool.specnet]\n{table}\n")
    assert main(["check", "a.net"]) == 2
    assert message in capsys.readouterr().err


BLOCKS = "block b(K) { conv K=K F=3 P=1 -> relu }\n"


def test_a_file_of_blocks_is_called_one_and_has_a_digest_of_its_own(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    digests = []
    for text in (BLOCKS, BLOCKS.replace("F=3 P=1", "F=5  P=2"), BLOCKS.replace("F=3 ", "F=3   ")):
        assert main(["check", spec(text)]) == 0
        out = capsys.readouterr().out
        assert ": ok, blocks and no network, digest " in out
        digests.append(out.split()[-1])
    assert digests[0] == digests[2]
    assert digests[0] != digests[1]


@pytest.mark.parametrize("command", ["compile", "draw", "train", "diff"])
def test_commands_on_networks_refuse_a_file_of_blocks(
    command: str, capsys: pytest.CaptureFixture[str], spec: Callable[..., str]
) -> None:
    file = spec(BLOCKS)
    assert main([command, file, *([file] if command == "diff" else [])]) == 1
    assert capsys.readouterr().err == f"error: {file} holds blocks alone, and no network to {command}\n"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("block b() { relu }\ntrain { data digits }\n", 0),
        ("input 1x8\nconv 4 F=3 => 6x6x4\nconv 4 F=3 => 4x4x9\nfc 3 => 4\n", 1),
    ],
    ids=["only blocks to train", "claims behind an input without a shape"],
)
def test_what_has_no_shape_is_no_bug(
    capsys: pytest.CaptureFixture[str], spec: Callable[..., str], text: str, code: int
) -> None:
    assert main(["check", spec(text)]) == code
    assert "bug" not in capsys.readouterr().err
