"""Model files of Ultralytics: their modules, how they are scaled, and what a checker of them says."""

from __future__ import annotations

from math import ceil
from pathlib import Path

import pytest

from specnet.importers import Fate, UnreadableModel, import_model
from specnet.importers.result import ImportResult


def write(path: Path, rows: list[str], head: list[str] | None = None, top: str = "nc: 80\n", name: str = "m") -> Path:
    """Write a file with a row in each line; the first one is in line 3 where `top` has one line."""
    lines = [f"  - {row}\n" for row in rows]
    others = [f"  - {row}\n" for row in head or []]
    file = path / f"{name}.yaml"
    file.write_text(f"{top}backbone:\n{''.join(lines)}head:\n{''.join(others)}")
    return file


def read(path: Path, rows: list[str], head: list[str] | None = None, top: str = "nc: 80\n") -> ImportResult:
    return import_model(str(write(path, rows, head, top)), (64, 64, 3))


def count_conv(c1: int, c2: int, k: int = 1, g: int = 1) -> int:
    """Return the parameters of a `Conv`: a kernel without a bias, a scale and a shift."""
    return c1 * c2 * k * k // g + 2 * c2


def count_bottleneck(c: int, first: int) -> int:
    return count_conv(c, c, first) + count_conv(c, c, 3)


@pytest.mark.parametrize(
    ("row", "parameters", "shape"),
    [
        ("[-1, 1, Conv, [32, 3, 2]]", count_conv(16, 32, 3), (32, 32, 32)),
        ("[-1, 3, Conv, [16, 1]]", 3 * count_conv(16, 16), (64, 64, 16)),
        ("[-1, 1, DWConv, [32, 3]]", count_conv(16, 32, 3, 16), (64, 64, 32)),
        ("[-1, 1, Focus, [32, 3]]", count_conv(64, 32, 3), (32, 32, 32)),
        ("[-1, 1, Bottleneck, [16]]", count_conv(16, 8, 3) + count_conv(8, 16, 3), (64, 64, 16)),
        ("[-1, 2, C3, [32]]", 2 * count_conv(16, 16) + count_conv(32, 32) + 2 * count_bottleneck(16, 1), (64, 64, 32)),
        ("[-1, 2, C2f, [32, True]]", count_conv(16, 32) + count_conv(64, 32) + 2 * count_bottleneck(16, 3),
         (64, 64, 32)),
        ("[-1, 1, C2, [32]]", count_conv(16, 32) + count_conv(32, 32) + count_bottleneck(16, 3), (64, 64, 32)),
        ("[-1, 1, C3k2, [32, False]]",
         count_conv(16, 32) + count_conv(48, 32) + count_conv(16, 8, 3) + count_conv(8, 16, 3), (64, 64, 32)),
        ("[-1, 1, SPPF, [32, 5]]", count_conv(16, 8) + count_conv(32, 32), (64, 64, 32)),
        ("[-1, 1, SPP, [32, [5, 9, 13]]]", count_conv(16, 8) + count_conv(32, 32), (64, 64, 32)),
        ("[-1, 1, SCDown, [32, 3, 2]]", count_conv(16, 32) + count_conv(32, 32, 3, 32), (32, 32, 32)),
        ("[-1, 1, ADown, [32]]", count_conv(8, 16, 3) + count_conv(8, 16), (32, 32, 32)),
        ("[-1, 1, AConv, [32]]", count_conv(16, 32, 3), (32, 32, 32)),
        ("[-1, 1, GhostConv, [32, 3]]", count_conv(16, 16, 3) + count_conv(16, 16, 5, 16), (64, 64, 32)),
        ("[-1, 1, RepConv, [32]]", count_conv(16, 32, 3) + count_conv(16, 32), (64, 64, 32)),
        ("[-1, 1, SPPELAN, [32, 8]]", count_conv(16, 8) + count_conv(32, 32), (64, 64, 32)),
        ("[-1, 1, nn.ConvTranspose2d, [32, 2, 2, 0]]", 16 * 32 * 4 + 32, (128, 128, 32)),
        ('[-1, 1, nn.Upsample, [None, 2, "nearest"]]', 0, (128, 128, 16)),
        ("[-1, 1, nn.MaxPool2d, [2, 2, 0]]", 0, (32, 32, 16)),
        ("[-1, 1, nn.ZeroPad2d, [[0, 1, 0, 1]]]", 0, (65, 65, 16)),
        ("[-1, 1, Contract, [2]]", 0, (32, 32, 64)),
        ("[[-1, 0], 1, Concat, [1]]", 0, (64, 64, 32)),
    ],
)  # fmt: skip
def test_modules(tmp_path: Path, row: str, parameters: int, shape: tuple[int, int, int]) -> None:
    rows = ["[-1, 1, Conv, [16, 3, 1]]", "[-1, 1, nn.Identity, []]", row]
    result = read(tmp_path, rows)
    assert result.checked.totals.parameters == count_conv(3, 16, 3) + parameters
    assert result.imported.network.nodes[-1].output == shape
    assert not result.imported.lost


def test_names_are_those_of_ultralytics(tmp_path: Path) -> None:
    result = read(tmp_path, ["[-1, 1, Conv, [16, 3, 2]]", "[-1, 1, C3, [16]]"])
    names = [node.name for node in result.imported.network.nodes]
    assert names[:4] == ["model.0.conv", "model.0.bn", "model.0.act", "model.1.cv1.conv"]
    assert "model.1.m.0.cv2.bn" in names


@pytest.mark.parametrize(
    ("top", "name", "filters", "count"),
    [
        ("nc: 80\ndepth_multiple: 0.33\nwidth_multiple: 0.3\nanchors: 3\n", "m", ceil(128 * 0.3 / 8) * 8, 1),
        ("nc: 80\nscales:\n  n: [0.34, 0.25, 1024]\n  s: [0.67, 0.5, 1024] # small\n", "yolov8s", 64, 2),
        ("nc: 80\nscales:\n  n: [0.34, 0.25, 1024]\n  s: [0.67, 0.5, 1024]\n", "mine", 32, 1),
        ("nc: 80\nscales:\n  m: [1, 1.5, 100]\n", "yolo11m", 152, 3),
        ("nc: 128\n", "m", 128, 3),
    ],
)
def test_scales(tmp_path: Path, top: str, name: str, filters: int, count: int) -> None:
    file = write(tmp_path, ["[-1, 3, Conv, [128, 3, 1]]"], None, top, name)
    network = import_model(str(file), (32, 32, 3)).imported.network
    assert network.nodes[-1].output == (32, 32, filters)
    assert len(network.nodes) == 3 * count


def test_heads(tmp_path: Path) -> None:
    rows = ["[-1, 1, Conv, [64, 3, 2]]", "[-1, 1, Conv, [128, 3, 2]]"]
    result = read(tmp_path, rows, ["[[0, 1], 1, Detect, [nc]]"])
    shapes = {node.name: node.output for node in result.imported.network.nodes}
    assert shapes["model.2.0"] == (32, 32, 64 + 80)
    assert shapes["model.2.1"] == (16, 16, 64 + 80)
    assert result.imported.entries[-1].fate is Fate.APPROXIMATED
    anchors = "nc: 20\nanchors:\n  - [10,13, 16,30, 33,23]\n  - [30,61, 62,45, 59,119]\n"
    found = read(tmp_path, rows, ["[[0, 1], 1, Detect, [nc, anchors]]"], anchors).imported.network
    assert found.nodes[-1].output == (16, 16, 3 * 25)


def test_brackets_around_all_rows_and_over_lines(tmp_path: Path) -> None:
    file = tmp_path / "old.yaml"
    file.write_text("nc: 80\nbackbone:\n  # rows\n  [[-1, 1, Conv, [16, 3, 2]],  # first\n"
                    "   [-1, 1, Conv,\n      [32, 3]],\n  ]\nhead: [\n  [-1, 1, Conv, [8]],\n]\n")  # fmt: skip
    entries = import_model(str(file), (32, 32, 3)).imported.entries
    assert [entry.source.line for entry in entries] == [4, 5, 9]


def test_an_activation_for_all(tmp_path: Path) -> None:
    result = read(tmp_path, ["[-1, 1, Conv, [16]]"], None, "nc: 80\nactivation: nn.ReLU()\n")
    assert [node.kind for node in result.imported.network.nodes] == ["conv", "bn", "relu"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("[9, 1, Conv, [16]]", "line 4: row 1 reads row 9, and there are rows 0 to 0 before it"),
        ("[-4, 1, Conv, [16]]", "line 4: row 1 reads row -4"),
        ("[x, 1, Conv, [16]]", "line 4: row 1: `from` is a row's number, or a list of some, not x"),
        ("[-1, 0, Conv, [16]]", "line 4: row 1: the number of repetitions is 0"),
        ("[-1, 1, Conv]", "line 4: row 1 has 3 values, not four"),
        ("[-1, 1, Conv, 16]", "line 4: row 1: behind the number stand a module and a list"),
        ("[-1, 1, Conv, []]", "line 4: row 1, Conv, begins with its number of filters"),
        ("[-1, 1, Conv, [16, 3, 1, 1, 1, 1, True, 7]]", "line 4: row 1, Conv, takes c2, k, s, p, g, d, act, not 8"),
        ("[-1, 1, C3, [16, True, 1, 0.5, 4]]", "line 4: row 1, C3, takes c2, shortcut, g, e, not 5"),
        ("[-1, 1, Conv, [16, big]]", "line 4: row 1, Conv, has 'big' for k"),
        ("[-1, 1, Conv, [16, 99, 1, 0]]", "the Conv `model.1` (line 4): `conv K=16 F=99 S=1 P=0 D=1 G=1 bias=no` "),
        ("[-1, 1, Conv, [16, 3", "a list is not closed by `]`"),
        ("[-1, 1, Conv, [16]]]", "line 4: `]` closes no list"),
        ("[-1, 1, Conv, {k: 3}]", "line 4: `{` cannot stand here"),
        ("[-1, 1, Conv, *all]", "line 4: `*` cannot stand here"),
        ("[-1, 1, Conv, !!python/name:os.system]", "line 4: `!` cannot stand here"),
        ("[0, 1, Detect, [nc]]\n  - [-1, 1, Conv, [8]]", "line 5: row 2, Conv, reads `model.1`, a head"),
        ("[[-1, -1], 1, Concat, [1]]", "line 4: row 1, Concat, joins a row with itself"),
        ("[-1, 1, Conv, [[[[[[[[[16]]]]]]]]]]", "lists are nested more than 8 deep"),
    ],
)
def test_what_cannot_be_is_shown_at_its_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(UnreadableModel) as raised:
        read(tmp_path, ["[-1, 1, Conv, [16, 3, 2]]", row])
    assert message in str(raised.value)


def test_maps_that_do_not_fit_are_named(tmp_path: Path) -> None:
    rows = ["[-1, 1, Conv, [16, 3, 2]]", "[-1, 1, Conv, [16, 3, 2]]", "[[-1, 0], 1, Concat, [1]]"]
    with pytest.raises(UnreadableModel) as raised:
        read(tmp_path, rows)
    assert "line 5: row 2, Concat, joins maps of one height and width: row 1 gives 16x16x16, row 0 gives 32x32x16" in (
        str(raised.value).replace("×", "x")
    )


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("Convv", "there is no module `Convv` here; did you mean `Conv`?"),
        ("C2PSA", "its queries and keys are narrower"),
    ],
)
def test_modules_without_a_counterpart(tmp_path: Path, module: str, reason: str) -> None:
    rows = ["[-1, 1, Conv, [16, 3, 2]]", f"[-1, 1, {module}, [16]]", "[-1, 1, Conv, [8]]", "[0, 1, Conv, [8]]"]
    result = read(tmp_path, rows)
    assert [entry.source.line for entry in result.imported.lost] == [4, 5]
    assert reason in result.imported.lost[0].reasons[0]
