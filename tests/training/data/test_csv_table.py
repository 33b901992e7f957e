"""Images that a table lists, in all the forms that spreadsheets and scripts write."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_sets import write_image

from specnet.settings.data import Csv
from specnet.settings.split import Split
from specnet.training import CannotRun, DataProblem
from specnet.training.data.images import DataRequest, DataSet
from specnet.training.data.loading import load

RED, BLUE = (255, 0, 0), (0, 0, 255)
SHAPE = (8, 6, 3)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Four images, and no table yet."""
    for number, colour in enumerate((RED, BLUE, RED, BLUE)):
        write_image(tmp_path / f"photos/{number}.png", colour)
    return tmp_path


ROWS = ["photos/0.png,cat", "photos/1.png,dog", "photos/2.png,cat", "photos/3.png,dog"]


def read(pets: Path, table: str | bytes, notes: list[str] | None = None, **how: object) -> DataSet:
    """Read a table in labels.csv; `how` are attributes of the setting, or fields of the request."""
    (pets / "labels.csv").write_bytes(table.encode() if isinstance(table, str) else table)
    fields = {name: how.pop(name) for name in list(how) if name in ("skip_bad", "classes_of_run")}
    setting = Csv.model_validate({"path": "labels.csv", **how})
    request = DataRequest(
        SHAPE,
        pets,
        (notes if notes is not None else []).append,
        skip_bad=bool(fields.get("skip_bad")),
        classes=fields.get("classes_of_run"),  # type: ignore[arg-type]
    )
    return load(setting, None, request)


def join(*rows: str) -> str:
    return "".join(f"{row}\n" for row in ("image,label", *rows))


FORMS: dict[str, str | bytes] = {
    "plain": join(*ROWS),
    "no line end at the end": join(*ROWS).rstrip(),
    "Windows": join(*ROWS).replace("\n", "\r\n"),
    "old Mac": join(*ROWS).replace("\n", "\r"),
    "byte order mark": join(*ROWS).encode("utf-8-sig"),
    "UTF-16": join(*ROWS).encode("utf-16"),
    "semicolons": join(*ROWS).replace(",", ";"),
    "tabs": join(*ROWS).replace(",", "\t"),
    "other order": "label,n,image\n" + "".join(f"{row.split(',')[1]},7,{row.split(',')[0]}\n" for row in ROWS),
    "quotes": join(*(f'"{row.split(",")[0]}","{row.split(",")[1]}"' for row in ROWS)),
    "spaces and blank lines": join(*(f" {row.replace(',', ' , ')} \n" for row in ROWS)),
    "backslashes": join(*ROWS).replace("/", "\\"),
    "other column twice": "image,label,x,x\n" + "".join(f"{row},1,2\n" for row in ROWS),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_a_table(pets: Path, form: str) -> None:
    data = read(pets, FORMS[form])
    assert data.classes == ("cat", "dog")
    assert data.train.labels.tolist() == [0, 1, 0, 1]
    assert data.train.pixels[:, 4, 3].tolist() == [[*RED], [*BLUE], [*RED], [*BLUE]]
    assert [Path(name.replace("\\", "/")).name for name in data.train.files] == ["0.png", "1.png", "2.png", "3.png"]


def test_a_tsv_has_commas_in_its_values(pets: Path) -> None:
    rows = "".join(f"photos/{number}.png\t{'big, old cat' if number % 2 else 'dog'}\n" for number in range(4))
    (pets / "labels.tsv").write_text("path\tlabel\n" + rows)
    setting = Csv.model_validate({"path": "labels.tsv", "image": "path"})
    assert load(setting, None, DataRequest(SHAPE, pets, print)).classes == ("big, old cat", "dog")


def test_quoted_commas_and_line_ends(pets: Path) -> None:
    data = read(pets, join('photos/0.png,"cat, ""Tom"""', 'photos/1.png,"two\nlines"'))
    assert data.classes == ('cat, "Tom"', "two\nlines")


def test_absolute_paths_and_those_that_leave_the_folder(pets: Path) -> None:
    (pets / "tables").mkdir()
    absolute = pets / "photos/1.png"
    (pets / "tables/x.csv").write_text(join("../photos/0.png,cat", f"{absolute},dog"))
    data = load(Csv(path="tables/x.csv"), None, DataRequest(SHAPE, pets, print))
    assert data.train.files == ("../photos/0.png", str(absolute))


def test_a_pattern_of_paths(pets: Path) -> None:
    table = "id,breed\n0,cat\n1,dog\n"
    assert read(pets, table, image="photos/{id}.png", label="breed").train.files == ("photos/0.png", "photos/1.png")


def test_a_column_of_parts(pets: Path) -> None:
    rows = [f"{row},{part}" for row, part in zip(ROWS, ("train", "Training", "val", "TEST"), strict=True)]
    data = read(pets, "image,label,split\n" + "\n".join(rows), part="split")
    assert {name: part.files for name, part in data.parts().items()} == {
        "train": ("photos/0.png", "photos/1.png"),
        "validation": ("photos/2.png",),
        "test": ("photos/3.png",),
    }


def test_a_table_for_each_part(pets: Path) -> None:
    (pets / "held").mkdir()
    write_image(pets / "held/9.png", RED)
    (pets / "held/test.csv").write_text(join("9.png,cat"))
    (pets / "val.csv").write_text(join("photos/2.png,cat"))
    data = read(pets, join(*ROWS[:2]), validation="val.csv", test="held/test.csv")
    assert data.test is not None and data.test.files == ("held/9.png",)
    assert data.validation is not None and data.validation.files == ("photos/2.png",)


def test_labels_of_numbers_are_in_the_order_of_their_values(pets: Path) -> None:
    assert read(pets, join("photos/0.png,10", "photos/1.png,9", "photos/2.png,2")).classes == ("2", "9", "10")


REFUSED: dict[str, tuple[str | bytes, dict[str, object], str]] = {
    "missing column": (
        join(*ROWS),
        {"label": "labl"},
        r"no column `labl`; it has image, label; did you mean `label`\?",
    ),
    "missing image column": ("path,label\na,b\n", {}, "no column `image`; it has path, label"),
    "duplicate column": ("image,label,label\na,b,c\n", {}, "has 2 columns `label`, and it is not clear"),
    "no part column": (join(*ROWS), {"part": "split"}, "no column `split`"),
    "empty file": ("", {}, "labels.csv is empty: its first row names the columns"),
    "only blank lines": ("\n \n", {}, "is empty"),
    "only a head": ("image,label\n", {}, "has no rows below the names of its columns"),
    "Latin-1": (join("photos/0.png,café").encode("latin-1"), {}, "not text in UTF-8: byte 0xe9 in line 2; save it as"),
    "half of UTF-16": (b"\xff\xfea", {}, "not text in UTF-16"),
    "open quote": (join(*ROWS[:2], 'photos/2.png,"cat'), {}, "cannot be read as a table from line 4 on"),
    "few values": (join(*ROWS, "photos/0.png"), {}, r"1 of 5 rows of .*: line 6 \(1 value for 2 columns\); `skip_bad"),
    "no label": (join(*ROWS, "photos/0.png,"), {}, r"line 6 \(no label\)"),
    "no image": (join(*ROWS, ",cat"), {}, r"line 6 \(no image\)"),
    "unknown part": ("image,label,p\nphotos/0.png,a,trian\n", {"part": "p"}, "its part is `trian`, and not train"),
    "no row to train on": (
        "image,label,p\nphotos/0.png,a,test\nphotos/1.png,b,test\n",
        {"part": "p"},
        "no row of .*labels.csv is of the training part: `p` says test in all of them",
    ),
    "UTF-16 without its mark": (join(*ROWS).encode("utf-16-le"), {}, "has bytes of zero, which no text in UTF-8 has"),
    "UTF-32": (join(*ROWS).encode("utf-32"), {}, "has bytes of zero"),
    "a folder as image": (join(*ROWS, "photos,cat"), {}, r"line 6 \(photos is no file\)"),
    "a URL as image": (
        join(*ROWS, "https://a.b/c.png,cat"),
        {},
        r"line 6 \(https://a.b/c.png is a URL, and images are",
    ),
    "a long cell": (join(*ROWS, "x" * 5000 + ",cat"), {}, r"line 6 \(there is no x{59}…\)"),
    "one class": (join(ROWS[0]), {}, "needs images of at least two classes, and only cat has any"),
    "other number of classes": (join(*ROWS), {"classes": 3}, "the spec says 3 classes, and the data has 2"),
    "no table of a part": (join(*ROWS), {"test": "nowhere.csv"}, "nowhere.csv cannot be read: no such file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_tables_that_are_refused(pets: Path, case: str) -> None:
    table, how, message = REFUSED[case]
    with pytest.raises((DataProblem, CannotRun), match=message):
        read(pets, table, **how)


def test_missing_images_are_counted_and_named(pets: Path) -> None:
    """Ten bad rows of two thousand."""
    rows = [ROWS[number % 4] for number in range(2_000)]
    rows[99::200] = [f"photos/lost{number}.png,cat" for number in range(10)]
    with pytest.raises(DataProblem) as caught:
        read(pets, join(*rows))
    message = str(caught.value)
    assert "10 of 2,000 rows of" in message
    assert "line 101 (there is no photos/lost0.png), line 301 (there is no photos/lost1.png)" in message
    assert f"and 5 more; images are looked for in {pets}" in message
    notes: list[str] = []
    assert len(read(pets, join(*rows), notes, skip_bad=True).train) == 1_990
    assert any(note.startswith("10 of 2,000 rows") and note.endswith("; left out") for note in notes)


def test_a_file_that_is_no_image_is_named_with_its_line(pets: Path) -> None:
    (pets / "photos/notes.txt").write_text("no image")
    (pets / "photos/half.png").write_bytes((pets / "photos/0.png").read_bytes()[:40])
    table = join(*ROWS, "photos/notes.txt,cat", "photos/half.png,dog")
    with pytest.raises(
        DataProblem, match=r"2 of 6 files cannot be read: line 6: photos/notes\.txt \(no image of a"
    ) as e:
        read(pets, table)
    assert "line 7: photos/half.png (" in str(e.value)
    assert len(read(pets, table, skip_bad=True).train) == 4


ALL_BAD = {
    "nowhere": ("image,label\nlost.png,cat\n", "image", r"are looked for in [^;]*$"),
    "in a folder": (
        "image,label\n0.png,cat\n",
        "image",
        r'; there is photos/0\.png, which image="photos/\{image\}" names$',
    ),
    "without an ending": ("id,label\nphotos/0,cat\n", "id", r'which image="\{id\}\.png" names$'),
    "both": ("id,label\n0,cat\n", "id", r'which image="photos/\{id\}\.png" names$'),
    "a pattern": ("id,label\n0,cat\n", "{id}.png", r'which image="photos/\{id\}\.png" names$'),
    "no label": ("image,label\nphotos/0.png,\n", "image", r"line 2 \(no label\)$"),
}


@pytest.mark.parametrize("skip_bad", [False, True])
@pytest.mark.parametrize("case", ALL_BAD)
def test_where_all_rows_are_bad_none_can_be_left_out(pets: Path, case: str, skip_bad: bool) -> None:
    table, image, end = ALL_BAD[case]
    with pytest.raises(DataProblem, match=f"1 of 1 row of .*{end}"):
        read(pets, table, image=image, skip_bad=skip_bad)


def test_a_class_that_only_the_test_part_has(pets: Path) -> None:
    rows = ["photos/0.png,cat,train", "photos/1.png,dog,train", "photos/2.png,emu,test"]
    with pytest.raises(DataProblem, match="the test part has images of classes that the training part lacks: emu"):
        read(pets, "image,label,part\n" + "\n".join(rows), part="part")


def test_other_images_of_a_run_need_no_parts_and_only_its_classes(pets: Path) -> None:
    data = read(pets, join(ROWS[1]), part="split", classes_of_run=("cat", "dog"))
    assert data.train.labels.tolist() == [1]
    with pytest.raises(DataProblem, match="classes that the run was not trained on: emu; its classes are cat, dog; "):
        read(pets, join("photos/0.png,emu"), classes_of_run=("cat", "dog"))


JOINED = {
    "digits": ("0 1", "1", "0", "1 2", "2 0", True),
    "names": ("cat|dog", "dog|emu", "cat|emu", "cat", "emu|dog|cat", True),
    "two words": ("great white shark", "tiger shark", "hammerhead shark", "cat", "dog", False),
    "plain": ("cat", "dog", "emu", "cat", "dog", False),
}


@pytest.mark.parametrize("case", JOINED)
def test_several_classes_in_a_cell_need_another_task(pets: Path, case: str) -> None:
    """They are told as such, and where the test part has others, which would be left out else."""
    *cells, is_joined = JOINED[case]
    rows = [f"photos/{number % 4}.png,{cell}" for number, cell in enumerate(cells)]
    notes: list[str] = []
    read(pets, join(*rows), notes)
    advice = "`task multilabel` reads several classes in a cell"
    assert any(advice in note for note in notes) == is_joined
    (pets / "test.csv").write_text(join("photos/0.png,unknown"))
    with pytest.raises(DataProblem, match="the training part lacks: unknown; the first is ") as one:
        read(pets, join(*rows), test="test.csv")
    assert str(one.value).endswith(advice if is_joined else "; leave them out, or rename them")


def test_rows_that_name_the_same_image(pets: Path) -> None:
    notes: list[str] = []
    assert len(read(pets, join(*ROWS, ROWS[0]), notes).train) == 5
    assert "1 image named by several rows, such as photos/0.png: each row counts" in notes


def test_a_table_is_found_beside_the_spec(pets: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (pets / "labels.csv").write_text(join(*ROWS))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    request = DataRequest(SHAPE, elsewhere, print, spec_folder=pets)
    assert len(load(Csv(path="labels.csv"), Split(validation=2), request).train) == 2
    with pytest.raises(DataProblem, match=r"there is no file other\.csv; looked at") as caught:
        load(Csv(path="other.csv"), None, request)
    looked = str(caught.value).partition("looked at ")[2].split(", ")
    assert looked[:3] == [str(elsewhere / "other.csv"), str(pets / "other.csv"), "other.csv"]
    with pytest.raises(DataProblem, match="photos is no file"):
        load(Csv(path="photos"), None, request)


def test_parts_are_given_in_one_way() -> None:
    with pytest.raises(ValueError, match="either in a column, `part`, or in tables"):
        Csv(path="x.csv", part="split", test="y.csv")
