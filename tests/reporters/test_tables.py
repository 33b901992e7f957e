"""Tables of networks: columns, rows of blocks and families, and their text, Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT, SPECS
from zoo_sample import sample

from specnet.cli import main
from specnet.compiler import Checked, check_source
from specnet.printable import escape_unprintable
from specnet.reporters.building_blocks import list_blocks, list_families
from specnet.reporters.network_table import format_cell, list_layers, make_table
from specnet.reporters.table_columns import COLUMNS, NAMES, ByteCount, Measures
from specnet.reporters.table_formats import escape_latex
from specnet.reporters.variant_table import NAMES as VARIANT_NAMES
from specnet.source import Source

ZOO = sorted(file.stem for file in SPECS.glob("*.net"))
FORMATS = {"text": "txt", "markdown": "md", "latex": "tex", "csv": "csv"}
SMALL = "input 8x8x3\nconv K=4 F=3 -> relu\npool avg global -> fc 10\n"
BROKEN = "input 32x32x3\nconv K=10 F=7\nconv K=6 F=5 S=2\nfc 3\n"


def checked(text: str) -> Checked:
    return check_source(Source("a.net", text))


def zoo(name: str) -> Checked:
    file = SPECS / f"{name}.net"
    return check_source(Source(str(file), file.read_text(encoding="utf-8")))


@pytest.fixture
def check(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs `specnet check` on files with these texts; gives the exit code, the output and the errors."""
    monkeypatch.chdir(tmp_path)

    def run(*options: str, **files: str) -> tuple[int, str, str]:
        for name, text in files.items():
            Path(f"{name}.net").write_text(text, encoding="utf-8")
        code = main(["check", *options, *(f"{name}.net" for name in files)])
        return (code, *capsys.readouterr())

    return run


# The table of a paper


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["resnet18", "resnet50"])
def test_the_stages_of_resnet(
    name: str, format: str, capsys: pytest.CaptureFixture[str], golden: Callable[[str, str], None]
) -> None:
    """He, Zhang, Ren, Sun 2015, table 1."""
    assert main(["check", name, "--by", "block", "--format", format]) == 0
    out = capsys.readouterr().out
    golden(f"{name}-stages.{FORMATS[format]}", out.partition("\nnote[")[0])


@pytest.mark.parametrize(
    ("name", "row", "blocks"),
    [
        ("resnet18", "conv5_x", "[3×3, 512; 3×3, 512] ×2"),
        ("resnet34", "conv4_x", "[3×3, 256; 3×3, 256] ×6"),
        ("resnet50", "conv4_x", "[1×1, 256; 3×3, 256; 1×1, 1024] ×6"),
        ("resnet152", "conv4_x", "[1×1, 256; 3×3, 256; 1×1, 1024] ×36"),
        ("se-resnet50", "conv4_x", "[1×1, 256; 3×3, 256; 1×1, 1024] ×6"),
        ("mobilenet-v3-large", "bneck4", "[1×1, 72; 5×5, 72, G=72; 1×1, 40]"),
        ("resnext50", "conv3_x", "[1×1, 256; 3×3, 256, G=32; 1×1, 512] ×4"),
        ("densenet121", "dense3", "[1×1, 128; 3×3, 32] ×24"),
        ("convnext-tiny", "res4", "[7×7, 384, G=384; 1×1, 1536; 1×1, 384] ×9"),
        ("vgg16", "block3", "[3×3, 256] ×3"),
        ("mobilenet-v2", "bottleneck2", "[1×1, 96; 3×3, 96, G=96; 1×1, 24], [1×1, 144; 3×3, 144, G=144; 1×1, 24]"),
        ("unet", "up1", "[deconv 2×2, 512; 3×3, 512; 3×3, 512]"),
        ("googlenet", "inception_3a", "inception n1=64 r3=96 n3=128 r5=16 n5=32 pool=32"),
        ("googlenet", "pool1", "pool max F=3 S=2 ceil"),
        ("alexnet", "conv1", "11×11, 96, stride 4"),
        ("alexnet", "fc6", "fc 4096"),
    ],
)
def test_a_building_block_is_that_of_the_paper(name: str, row: str, blocks: str) -> None:
    assert {each.name: format_cell(each.layer) for each in list_blocks(zoo(name).network)}[row] == blocks


@pytest.mark.parametrize("name", sample(ZOO))
@pytest.mark.parametrize("rows", [list_blocks, list_families])
def test_each_layer_is_in_one_row_and_the_rows_make_the_totals(name: str, rows: Any) -> None:
    found = zoo(name)
    listed = [*rows(found.network)]
    inside = [node.name for row in listed for node in row.nodes]
    assert sorted(inside) == sorted(node.name for node in found.network.nodes)
    table = make_table(found, ("parameters", "buffers", "macs"), listed)
    sums = [sum(cell for cell in column if isinstance(cell, int)) for column in zip(*table.cells, strict=True)]
    assert sums == [found.totals.parameters, found.totals.buffers, found.totals.macs] == table.total


@pytest.mark.parametrize("rows", [list_blocks, list_families])
def test_the_memory_of_rows_makes_the_totals(rows: Any) -> None:
    """What an input keeps stands in its row among blocks, and in no family."""
    found = zoo("resnet18")
    table = make_table(found, ("weights", "gradients", "optimizer_state", "kept"), rows(found.network))
    sums = [sum(cell.count for cell in column if cell != "") for column in zip(*table.cells, strict=True)]
    assert table.total
    *expected, kept = (cell.count for cell in table.total)
    assert sums[:3] == expected
    assert sums[3] == (
        kept if rows is list_blocks else kept - Measures(found).use.training.layers["input"].kept.of(128)
    )


def test_every_column_is_in_the_documentation() -> None:
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    assert [name for name in (*NAMES, *VARIANT_NAMES) if f"`{name}`" not in page] == []


JOINED = """{
  @a -> conv K=8 F=3 P=1 -> relu -> @x
  @b -> conv K=16 F=1 -> relu -> @y
  @y -> conv K=8 F=1 -> add @x -> @a
  @x -> conv K=16 F=1 -> add @y -> @b
}"""


NAMED = JOINED.replace("-> @a\n", "-> @p\n").replace("-> @b\n", "-> @q\n")


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (f"repeat 3 carry @a @b {JOINED}\n@b -> concat @a", ("3 × carry @a @b", "8×8×8, 8×8×16")),
        (f"for K in 1 2 carry @a @b {JOINED}\n@b -> concat @a", ("2 × carry @a @b", "8×8×8, 8×8×16")),
        (f"block two(a, b) {NAMED}\nt: two @a @b\n@t.q -> concat @t.p", ("two a=@a b=@b", "8×8×8, 8×8×16")),
        (f"repeat 3 carry @a @b {JOINED}\n@b -> relu", ("3 × carry @a @b", "8×8×16")),
        # a skip, from which the main value is computed, is no stream
        ("block b { conv K=8 F=3 P=1 -> @s\nconv K=4 F=1 }\nt: b\nconcat @t.s", ("[3×3, 8; 1×1, 4]", "8×8×4")),
        ("repeat 2 carry @a { @a -> conv K=8 F=3 P=1 -> @a }\n@a -> relu", ("[3×3, 8] ×2", "8×8×8")),
        # and neither is a value that passes the loop without weights
        (
            "repeat 2 carry @a @b { @b -> relu -> @b\n@a -> conv K=8 F=1 -> @a }\n@a -> concat @b",
            ("[1×1, 8] ×2", "8×8×8"),
        ),
    ],
)
def test_streams_side_by_side_are_no_building_block(part: str, expected: tuple[str, str]) -> None:
    checked = check_source(Source("<text>", f"input 8x8x8\nconv K=8 F=1 -> @a\nconv K=16 F=1 -> @b\n{part}"))
    assert checked.ok, checked.diagnostics
    rows = {row.name: row for row in list_blocks(checked.network)}
    row = next(row for name, row in rows.items() if name[:3] in ("rep", "for", "two", "b1", "t"))
    assert (format_cell(row.layer), format_cell(row.output)) == expected


def test_a_family_is_counted() -> None:
    rows = {row.name: row.layer for row in list_families(zoo("resnet50").network)}
    assert rows == {
        "convolution": "53 layers",
        "normalisation": "53 layers",
        "activation": "49 layers",
        "pooling": "2 layers",
        "join": "16 layers",
        "dense": "1 layer",
    }


# Columns


def test_a_row_of_every_column() -> None:
    table = make_table(checked(SMALL), NAMES)
    names, cells = [column.name for column in table.columns], table.cells[1]
    assert dict(zip(names, cells, strict=True)) == {
        "name": "conv1",
        "layer": "conv K=4 F=3",
        "output": (6, 6, 4),
        "formula": "(8 − 3 + 0)/1 + 1 = 6",
        "parameters": 112,
        "buffers": 0,
        "macs": 108 * 36,
        "flops": 2 * 108 * 36,
        "memory": 4 * (112 + 6 * 6 * 4),
        "weights": ByteCount(4 * 112),
        "gradients": ByteCount(4 * 112),
        "optimizer_state": ByteCount(8 * 112),
        "kept": ByteCount(0),
        "time": "",
        "bound": "",
        "receptive_field": (3,),
        "stride": (1,),
        "centre": (1,),
    }


def test_a_row_names_the_value_whose_size_a_layer_comes_to() -> None:
    text = "input 8x8x3\na: conv K=4 F=1\npool max F=2 -> upsample like=@a\nb: upsample 2 -> bn\nupsample like=@b"
    rows = make_table(checked(text), ["layer"]).cells
    assert [row[0] for row in rows if "like" in str(row[0])] == ["upsample like=@a", "upsample like=@b_bn"]
    assert "upsample like=@a" in [row.layer for row in list_blocks(checked(text).network)]


def test_the_receptive_field_of_a_row() -> None:
    text = "input 9x9x1\nconv K=1 F=3x5 S=2x1 -> relu\npool avg global -> fc 3\n"
    table = make_table(checked(text), ("receptive_field", "stride", "centre"))
    fields = [[format_cell(cell) for cell in cells] for cells in table.cells]
    assert fields == [
        ["", "", ""],
        ["3×5", "2×1", "1×2"],
        ["3×5", "2×1", "1×2"],
        ["global", "", ""],
        ["global", "", ""],
    ]
    assert [format_cell(cell) for cell in table.total] == ["3", "", ""]
    rows = list_families(checked(text).network)
    assert {*make_table(checked(text), ("receptive_field",), rows).cells[0]} == {""}
    unknown = checked("input 8x8x4\npermute CHW -> conv K=2 F=3\n")
    assert [cells[0] for cells in make_table(unknown, ("receptive_field",)).cells] == ["", None, None]


def test_columns_stand_as_they_are_asked_for(check: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = check("--columns", "macs, name", a=SMALL)
    lines = [line.split() for line in out.splitlines()]
    assert code == 0
    assert lines[2:5] == [["MACs", "name"], lines[3], ["input"]]
    assert lines[5] == ["3,888", "conv1"]
    assert ["3,928", "total"] in lines


def test_flops_are_twice_the_macs(check: Callable[..., tuple[int, str, str]]) -> None:
    out = check("--flops", a=SMALL)[1]
    assert " FLOPs\n" in out
    assert "MACs" not in out
    assert " 7,856\n" in out
    report = json.loads(check("--flops", "--format", "json", a=SMALL)[1])
    assert report["totals"]["flops"] == 2 * report["totals"]["macs"] == 7856
    assert [layer["flops"] for layer in report["layers"]] == [7776, 0, 0, 80]
    assert "flops" not in json.loads(check("--format", "json", a=SMALL)[1])["totals"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--columns", "name,parameter"], "there is no column `parameter`; did you mean `parameters`?"),
        (["--columns", ""], f"there is no column ``; there are {', '.join(NAMES)}"),
        (["--columns", "name,,macs"], "there is no column ``"),
        (["--columns", "name", "--format", "json"], "--columns goes with tables: --format text, markdown, latex, csv"),
        (["--by", "block", "--format", "sarif"], "--by goes with tables: --format text, markdown, latex, csv"),
        (["--by", "blocks"], "argument --by: invalid choice: 'blocks'"),
    ],
)
def test_what_is_no_table(check: Callable[..., tuple[int, str, str]], options: list[str], message: str) -> None:
    code, out, err = check(*options, a=SMALL)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {message}")


# Formats


def parse_latex(text: str) -> list[list[list[str]]]:
    """The cells of each `tabular`, row by row, with `&` only between them."""
    tables = []
    for columns, body in re.findall(r"\\begin\{tabular\}\{([lr]+)\}.*?\n(.*?)\\end\{tabular\}", text, re.DOTALL):
        lines = [line for line in body.splitlines() if not line.startswith(("\\toprule", "\\midrule", "\\bottomrule"))]
        rows = [re.split(r"(?<!\\)&", line.removesuffix(" \\addlinespace").removesuffix("\\\\")) for line in lines]
        assert all(line.count("{") - line.count("\\{") == line.count("}") - line.count("\\}") for line in lines)
        assert all(len(row) == len(columns) for row in rows)
        tables.append([[cell.strip() for cell in row] for row in rows])
    return tables


@pytest.mark.parametrize("name", sample(ZOO))
def test_a_format_has_the_cells_of_the_table(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    table = make_table(zoo(name), rows=list_layers(zoo(name)))
    shown = [table.headings, *table.texts]
    main(["check", name, "--format", "markdown"])
    lines = capsys.readouterr().out.splitlines()
    assert len({len(line) for line in lines}) == 1
    rows = [[re.sub(r"\\(.)", r"\1", cell.strip()) for cell in line[1:-1].split(" | ")] for line in lines]
    assert [rows[0], *rows[2:]] == shown
    assert [cell.endswith(":") for cell in rows[1]] == [column.is_number for column in table.columns]
    main(["check", name, "--format", "latex"])
    assert parse_latex(capsys.readouterr().out) == [[[*map(escape_latex, row)] for row in shown]]
    main(["check", name, "--format", "csv"])
    head, *rest = csv.reader(io.StringIO(capsys.readouterr().out))
    assert head == [column.name for column in table.columns]
    assert [row[:2] for row in rest] == [row[:2] for row in shown[1:-1]]
    assert sum(int(row[-1] or 0) for row in rest) == zoo(name).totals.macs


def test_several_files_in_one_csv_are_told_apart(check: Callable[..., tuple[int, str, str]]) -> None:
    out = check("--format", "csv", "--columns", "name,output,macs", a=SMALL, b='net B "b"\ninput 4x4x1\nfc 2\n')[1]
    assert out.splitlines() == [
        "file,name,output,macs",
        "a.net,input,8x8x3,",
        "a.net,conv1,6x6x4,3888",
        "a.net,relu1,6x6x4,0",
        "a.net,pool1,1x1x4,0",
        "a.net,fc1,10,40",
        "b.net,input,4x4x1,",
        "b.net,fc1,2,32",
    ]


def test_several_files_have_titles(check: Callable[..., tuple[int, str, str]]) -> None:
    files = {"a": SMALL, "b": 'net B "100 % of *b*"\ninput 4x4x1\nfc 2\n'}
    out = check("--format", "markdown", "--columns", "name", **files)[1]
    assert out.startswith("**a**\n\n| name  |\n| ----- |\n| input |\n")
    assert "\n\n**B  100 % of \\*b\\***\n\n| name  |\n" in out
    out = check("--format", "latex", "--columns", "name", **files)[1]
    assert [len(table) for table in parse_latex(out)] == [7, 4]
    assert "\n\n% B  100 % of *b*\n" in out


@pytest.mark.parametrize("format", ["markdown", "latex", "csv"])
def test_a_broken_network_has_its_table_and_its_errors_apart(
    check: Callable[..., tuple[int, str, str]], format: str
) -> None:
    code, out, err = check("--format", format, "--by", "block", a=BROKEN)
    assert code == 1
    assert "conv2" in out
    assert "fc1" in out
    assert "error[E301]" not in out
    assert err.startswith("error[E301]: `conv2` leaves real pixels unread")


def test_text_of_a_broken_network_shows_the_layers_up_to_the_error(
    check: Callable[..., tuple[int, str, str]],
) -> None:
    code, out, _ = check("--by", "family", a=BROKEN)
    assert code == 1
    assert out == check("--columns", "name,layer,parameters,macs", a=BROKEN)[1]


@pytest.mark.parametrize("column", COLUMNS, ids=NAMES)
def test_an_unknown_stays_unknown(column: Any) -> None:
    """A network without nodes that know anything, as a file of blocks is, has every column."""
    table = make_table(checked("block b { relu }\n"), [column.name])
    assert table.cells == []


SIGNS = r"""a|b \ * _x_ `c` <d> ~ # $ % & { } ^ [e] " × − · → …"""


def test_signs_of_markdown_and_latex_are_escaped() -> None:
    from specnet.reporters.table_formats import _escape_markdown

    assert re.sub(r"\\(.)", r"\1", _escape_markdown(SIGNS)) == SIGNS
    assert (
        _escape_markdown("conv1_relu\x1b")
        == r"conv1_relu\\x1b"
        == _escape_markdown(escape_unprintable("conv1_relu\x1b"))
    )
    plain = re.sub(r"\\[a-z]+(?:\{\})?|\\.|\$[^$]*\$|\{[\[*]\}", "", escape_latex(SIGNS))
    assert not re.search(r"[\\#$%&_{}^~<>|\[*×−·→…]", plain)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not here")
def test_latex_compiles(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["check", *(str(SPECS / f"{name}.net") for name in ZOO), "--format", "latex"]
    bodies = []
    for options in ([], ["--by", "block"], ["--by", "family"], ["--time", "--columns", ",".join(NAMES)]):
        assert main([*words, *options]) == 0
        bodies.append(capsys.readouterr().out)
    tables = "\n".join(bodies).replace("\\end{tabular}", "\\end{tabular}\\clearpage") + f"\n{escape_latex(SIGNS)}\n"
    paper = "\\pdfpagewidth100cm\\pdfpageheight300cm\\textwidth95cm\\textheight295cm"
    head = f"\\documentclass{{article}}\n\\usepackage{{booktabs}}\n{paper}\n\\begin{{document}}\n"
    (tmp_path / "a.tex").write_text(f"{head}{tables}\\end{{document}}\n", encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
