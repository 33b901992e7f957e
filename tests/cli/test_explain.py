"""`specnet explain`, and the pages of the codes: every code has one, and its examples show what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from paths import ROOT

from specnet import settings
from specnet.cli import main
from specnet.cli.explain import read_heading, read_page
from specnet.cli.published_networks import format_published_networks
from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code, Severity
from specnet.elaborate import CannotRead
from specnet.layers import list_kinds
from specnet.source import Source, Span
from specnet.zoo import read_claimed_size, read_published_networks

TOPICS = sorted((ROOT / "docs" / "topics").glob("*.md"))
PAGES = sorted((ROOT / "docs" / "errors").glob("*.md"))


def examples(code: Code) -> tuple[str, str, dict[str, str]]:
    """The broken spec of a page, the sound one, and the files that they use."""
    fences = re.findall(r"```net\n(.*?)```", read_page(code), flags=re.DOTALL)
    for plugin in re.findall(r"```python\n(.*?)```", read_page(code), flags=re.DOTALL) if code is Code.E308 else ():
        vars(module := ModuleType(f"plugin_of_{code.name}"))["__builtins__"] = __builtins__
        sys.modules[module.__name__] = module
        exec(compile(plugin, module.__name__, "exec", dont_inherit=True), vars(module))
    match code:
        case Code.E001:  # its one spec, saved as Latin-1
            (text,) = fences
            return text.encode("latin-1").decode("utf-8", errors="replace"), text, {}
        case Code.E210:
            blocks, broken, sound = fences
            return broken, sound, {"blocks.net": blocks}
        case _:
            broken, sound = fences
            return broken, sound, {}


def checked(text: str, files: dict[str, str]) -> Checked:
    def read(path: str, _: Span) -> Source:
        if path not in files:
            raise CannotRead(f"there is no file `{path}`")
        return Source(path, files[path])

    return check_source(Source("example.net", text), read=read)


def test_pages_and_codes_belong_together() -> None:
    assert [file.stem for file in PAGES] == sorted(code.name for code in Code)


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_a_page_has_the_title_of_its_code(code: Code) -> None:
    assert read_page(code).startswith(f"# {code.name}: {code.value}\n\n")


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_the_broken_example_shows_exactly_this_code(code: Code) -> None:
    broken, _, files = examples(code)
    assert {diagnostic.code for diagnostic in checked(broken, files).diagnostics} == {code}


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_the_sound_example_leaves_nothing_to_say(code: Code) -> None:
    _, sound, files = examples(code)
    said = checked(sound, files).diagnostics
    assert not said, [diagnostic.message for diagnostic in said]


def test_a_code_is_explained_by_its_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "e301"]) == 0
    assert capsys.readouterr().out == read_page(Code.E301)


def test_without_a_word_all_that_can_be_explained_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    out = capsys.readouterr().out
    codes, topics, layers, lines = re.split(r"\n\n(?:topics|layers|lines of `train`)\n\n", out.split("codes\n\n")[1])
    assert re.findall(r"^\w+", topics, flags=re.MULTILINE) == sorted(path.stem for path in TOPICS)
    assert codes.splitlines() == [f"{code.name}  {code.value}" for code in Code]
    assert re.findall(r"^\w+", layers, flags=re.MULTILINE) == list(list_kinds())
    assert re.findall(r"^\w+", lines, flags=re.MULTILINE) == list(settings.list_lines())
    assert re.search(r"^conv +a two-dimensional convolution, `conv K=96", out, flags=re.MULTILINE)


def test_several_words_are_explained_one_after_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for word in ("conv", "E301"):
        main(["explain", word])
        texts.append(capsys.readouterr().out)
    assert main(["explain", "conv", "E301"]) == 0
    assert capsys.readouterr().out == "\n".join(texts)
    assert main(["explain", "conv", "cnov"]) == 2
    assert capsys.readouterr().out == ""


def test_a_layer_is_explained_by_its_class(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "conv"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("conv: a two-dimensional convolution, `conv K=96 F=11 S=4")
    assert re.search(r"^K +out_channels +whole number from 1 +required +number of filters$", out, flags=re.MULTILINE)
    assert re.search(r"^P +padding +pixels or same +0 +padding in pixels", out, flags=re.MULTILINE)
    assert "by position: K\ninit is one of: default, he" in out


def test_a_line_of_the_train_section_is_explained_with_its_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "optimizer"]) == 0
    out = capsys.readouterr().out
    assert "\noptimizer sgd\nStochastic gradient descent" in out
    assert "\noptimizer adam (the default)\n" in out
    assert re.search(r"^momentum +number from 0 below 1 +0$", out, flags=re.MULTILINE)


ASKED = (
    *(
        "padding",
        "stride",
        "S",
        "P",
        "size",
        "formula",
        "macs",
        "memory",
        "receptive_field",
        "input",
        "expect",
        "train",
    ),
    *(
        "same",
        "block",
        "use",
        "repeat",
        "let",
        "head",
        "tap",
        "claim",
        "net",
        "default",
        "if",
        "for",
        "parameters",
        "C",
        "carry",
        "arms",
        "@in",
    ),
)


@pytest.mark.parametrize("word", ASKED)
def test_a_topic_is_explained_by_its_page(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == 0
    heading = capsys.readouterr().out.partition("\n")[0]
    assert re.match(rf"# (.*, )?{word}[,:]", heading)


@pytest.mark.parametrize("page", TOPICS, ids=lambda page: page.stem)
def test_a_topic_has_a_title_and_an_example_that_is_sound(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    words, title = read_heading(text)
    assert words.split(", ")[0] == page.stem
    assert title
    (example,) = re.findall(r"```net\n(.*?)```", text, flags=re.DOTALL)
    assert not [each.message for each in check_source(Source("example.net", example)).errors]


@pytest.mark.parametrize("page", TOPICS, ids=lambda page: page.stem)
def test_what_a_topic_refers_to_can_be_explained(page: Path) -> None:
    referred = page.read_text(encoding="utf-8").rpartition("See also: ")[2]
    words = re.sub(r"\b(and the|codes?|layers?|and)\b", "", referred).replace(".", "").replace(",", " ").split()
    assert words
    assert main(["explain", *words]) == 0


def test_the_zoo_is_listed_by_year_and_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "zoo"]) == 0
    out = capsys.readouterr().out
    table, _, sources = out.partition("\nyear  ")[2].partition("\n\nAccuracy is")
    rows = [re.split(r" {2,}", line) for line in table.splitlines()[1:]]
    networks = {network.spec: network for network in read_published_networks()}
    assert sorted(row[1] for row in rows) == sorted(networks)
    assert max(map(len, table.splitlines())) <= 100
    order = [(int(row[0]), int(row[2].replace(",", ""))) for row in rows]
    assert order == sorted(order)
    addresses = dict(re.findall(r"^ *(\d+)  (https://\S+)$", sources, re.MULTILINE))
    for year, spec, _, macs, *published in rows:
        network = networks[spec]
        assert int(year) == network.year
        assert int(macs.replace(",", "")) > 0
        assert published == ([network.accuracy, published[1]] if network.accuracy else [])
        assert not published or addresses[published[1]] == network.source


def test_a_network_that_claims_no_totals_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []

    def check(source: Source) -> Checked:
        checked.append(source.name)
        return check_source(source)

    monkeypatch.setattr("specnet.compiler.check_source", check)
    table = format_published_networks()
    claims = {network.spec: read_claimed_size(network.spec) for network in read_published_networks()}
    assert checked == [f"{spec}.net" for spec, size in claims.items() if None in (size.parameters, size.macs)]
    assert re.search(r"^2021  repvgg-a0 +9,108,968 +1,512,581,120 ", table, re.MULTILINE)


def test_a_word_names_one_topic() -> None:
    words = [word for page in TOPICS for word in read_heading(page.read_text(encoding="utf-8"))[0].split(", ")]
    assert len(words) == len(set(words))


def test_an_attribute_is_explained_by_the_lines_that_take_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "clip"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^optimizer adam +clip +number above 0 +largest norm", out, flags=re.MULTILINE)
    assert main(["explain", "out_channels"]) == 0
    assert re.search(r"^conv +K +out_channels +whole number from 1", capsys.readouterr().out, flags=re.MULTILINE)


def test_a_choice_is_explained_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "adamw"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("optimizer: ")
    assert "optimizer adamw\n" in out
    assert "optimizer sgd\n" not in out


@pytest.mark.parametrize("word", [*list_kinds(), *settings.list_lines()])
def test_everything_can_be_explained(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == 0
    out = capsys.readouterr().out
    assert word in out.splitlines()[0]
    assert not re.search(r"None|typing|<class|Undefined", out)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("cnov", "no code, topic, layer or setting is called `cnov`; did you mean `conv`?"),
        ("paddign", "did you mean `padding`?"),
        ("linear", "did you mean `fc`?"),
        ("adagrad", "no code, topic, layer or setting is called `adagrad`\n"),
        ("", "no code, topic, layer or setting is called ``\n"),
        ("optimiser", "did you mean `optimizer`?"),
        ("E31", "no code is called `E31`; did you mean `E310`?"),
        ("what", "no code, topic, layer or setting is called `what`\n"),
    ],
)
def test_what_is_unknown(word: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err


def test_the_page_of_a_code_needs_neither_torch_nor_pydantic() -> None:
    program = (
        "import sys; from specnet.cli import main; main(['explain', 'E301'])\n"
        "print(sorted({'torch', 'pydantic', 'lark', 'numpy'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert done.stdout.startswith("# E301")


def test_only_errors_fail() -> None:
    for code in Code:
        broken, _, files = examples(code)
        assert checked(broken, files).ok == (code.severity is not Severity.ERROR)


def test_an_argument_is_explained_by_its_key_and_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "padding=same"]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^# (\w+)", out, flags=re.MULTILINE) == ["padding", "same"]
    assert main(["explain", "kernl=3"]) == 2
    assert "is called `kernl`" in capsys.readouterr().err
    assert main(["explain", "transposed"]) == 2
    assert "is called `transposed`; did you mean `deconv`?" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["@skip", "@x.H", "@m.left"])
def test_a_named_value_is_explained_as_one(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", word]) == 0
    assert capsys.readouterr().out.startswith("# tap, ")


def test_like_is_an_attribute_of_the_layers_that_take_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "like"]) == 0
    assert re.findall(r"^(\w+) +like ", capsys.readouterr().out, flags=re.MULTILINE) == ["crop", "map", "upsample"]
    assert main(["explain", "crop"]) == 0
    assert re.search(r"^like +value with a name, as @x", capsys.readouterr().out, flags=re.MULTILINE)


def test_a_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "solve"]) == 2
    assert capsys.readouterr().err == "error: `solve` is a command: `specnet solve --help` explains it\n"
