"""A run whose files others have changed: it is passed over or named, and takes no command and no other run down."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from small_runs import Call

import specnet
from specnet.training.runs.run_index import list_runs

DEEP = "[" * 100_000

OTHER_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    3,
    10**400,
    0.5,
    "text",
    "\x1b\n",
    [],
    [[]],
    {},
    {"a": {}},
    float("nan"),
)

SOME_VALUES = (None, -1, 10**400, "text", [[]], {"a": {}})
"""Of each type one value."""

DAMAGE = {
    "missing": None,
    "empty": b"",
    "nothing": b"null",
    "a number": b"3",
    "a list": b"[1, {}]",
    "an object": b'{"name": 3}',
    "deep": DEEP.encode(),
    "deep objects": b'{"a":' * 100_000,
    "no text": b"\xff\x00\xfe",
    "half": b'{"name": "Ti',
}

QUICK = ("missing", "a number", "deep")

FILES = (
    *("config.json", "environment.json", "summary.json", "metrics.jsonl", "failure.json", "spec.net", "blocks/one.net"),
    *("model.safetensors", "checkpoint/*.json", "checkpoint/*.safetensors", "metrics.csv"),
)


def change_fields(value: Any, others: Sequence[Any] = OTHER_VALUES) -> Iterator[tuple[str, Any]]:
    """Yield a JSON value with one of its fields, at any depth, lacking or of another value, and the field's name."""
    if not isinstance(value, dict | list):
        return
    for key, inner in [*(value.items() if isinstance(value, dict) else enumerate(value))]:
        copy = value.copy()
        del copy[key]
        yield f"{key} lacks", copy
        for other in others:
            yield f"{key} is {str(other)[:20]!r}", put(value, key, other)
        for name, changed in change_fields(inner, others):
            yield f"{key}.{name}", put(value, key, changed)


def put(value: Any, key: Any, inner: Any) -> Any:
    copy = value.copy()
    copy[key] = inner
    return copy


@pytest.fixture
def pair(run: Path) -> Path:
    """Return a folder with two runs of which one is to be damaged."""
    for name in ("a-damaged", "b-intact"):
        shutil.copytree(run, Path("runs") / name)
    return Path("runs")


@pytest.mark.parametrize(
    "others", [SOME_VALUES, pytest.param(OTHER_VALUES, marks=pytest.mark.slow)], ids=["some", "all"]
)
@pytest.mark.parametrize("file", ["config.json", "environment.json", "summary.json", "metrics.jsonl"])
def test_no_field_takes_the_list_of_runs_down(pair: Path, file: str, others: Sequence[Any], call: Call) -> None:
    damaged = pair / "a-damaged" / file
    lines = [json.loads(line) for line in damaged.read_text().splitlines()] if file.endswith("l") else []
    whole = lines[-1] if lines else json.loads(damaged.read_text())
    for name, changed in change_fields(whole, others):
        before = "".join(f"{json.dumps(line)}\n" for line in lines[:-1])
        damaged.write_text(before + json.dumps(changed))
        notes = list[str]()
        found = list_runs(pair, notes.append)
        assert [entry.folder.name for entry in found][-1] == "b-intact", name
        assert len(found) + len(notes) == 2, name
        assert all("a-damaged" in note for note in notes)
    call("runs", pair)
    call("runs", pair, "--format", "json")


@pytest.mark.slow
@pytest.mark.parametrize("file", ["config.json", "summary.json"])
def test_no_field_breaks_load_run(run: Path, file: str) -> None:
    whole = json.loads((run / file).read_text())
    for _, changed in change_fields(whole):
        (run / file).write_text(json.dumps(changed))
        try:
            specnet.load_run(run)
        except specnet.SpecNetError:
            continue


@pytest.mark.parametrize(
    "damage",
    [pytest.param(each, id=name, marks=() if name in QUICK else pytest.mark.slow) for name, each in DAMAGE.items()],
)
@pytest.mark.parametrize("file", FILES)
def test_no_file_takes_a_command_down(pair: Path, trained: Path, call: Call, file: str, damage: bytes | None) -> None:
    folder, picture = pair / "a-damaged", next(trained.rglob("*.png"))
    for path in [*folder.glob(file)] or [folder / file]:
        path.unlink(missing_ok=True)
        if damage is not None:
            path.write_bytes(damage)
    code, out, _ = call("runs", pair)
    assert code == 0
    assert "b-intact" in out
    commands: tuple[tuple[object, ...], ...] = (
        ("evaluate", folder, "--data-dir", trained),
        ("predict", folder, picture),
        ("export", folder, "--to", "safetensors"),
        ("runs", folder, "--format", "json"),
        ("train", "--resume", folder, "--data-dir", trained),
    )
    for words in commands:
        code, out, err = call(*words)
        assert code in (0, 1, 2), err
        assert code == 0 or out == ""


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_huge(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(10**12)  # which takes no space


def make_folder(path: Path) -> None:
    path.mkdir()


NO_RECORDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "a FIFO": (make_fifo, "it is a device, a pipe or a socket"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "it is a device, a pipe or a socket"),
    "a huge file": (make_huge, "it has more than 67,108,864 bytes"),
    "a folder": (make_folder, "is a directory"),
    "a loop": (lambda path: path.symlink_to(path.name), "too many levels of symbolic links"),
    "no end": (lambda path: path.symlink_to("/proc/kmsg"), "/proc/kmsg"),
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="POSIX links, devices and FIFOs")
@pytest.mark.parametrize("kind", NO_RECORDS)
def test_what_is_no_regular_file_takes_no_list_down(pair: Path, call: Call, kind: str) -> None:
    make, reason = NO_RECORDS[kind]
    for file in ("config.json", "environment.json", "summary.json", "metrics.jsonl", "spec.net", "blocks/one.net"):
        damaged = pair / "a-damaged" / file
        kept = damaged.read_bytes()
        damaged.unlink()
        make(damaged)
        notes = list[str]()
        found = [entry.folder.name for entry in list_runs(pair, notes.append)]
        assert found[-1] == "b-intact"
        if kind not in ("no end", "a loop"):  # which may be missing, and then is as what is not written yet
            assert [file in note and (reason in note or file == "config.json") for note in notes] == [True]
        damaged.rmdir() if damaged.is_dir() else damaged.unlink()
        damaged.write_bytes(kept)


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions and links")
def test_a_folder_that_cannot_be_entered_hides_no_other(pair: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **options: Any) -> os.stat_result:
        if "a-damaged" in str(path):  # as for all but root
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    stat = Path.stat
    monkeypatch.setattr(Path, "stat", refuse)
    notes = list[str]()
    assert [entry.folder.name for entry in list_runs(pair, notes.append)] == ["b-intact"]
    assert notes == [f"passed over: {pair}/a-damaged cannot be read: permission denied"]


def test_a_damaged_spec_is_named(run: Path) -> None:
    (run / "spec.net").write_bytes(b"input 8x8x1\nfc \xf9\n")
    with pytest.raises(specnet.SpecNetError, match=r"spec\.net is damaged: it is not text in UTF-8"):
        specnet.load_run(run)


@pytest.mark.parametrize(("file", "command"), [("metrics.jsonl", ()), ("statistics.jsonl", ("statistics",))])
def test_a_damaged_line_is_named(run: Path, call: Call, file: str, command: tuple[str, ...]) -> None:
    lines = (run / file).read_text().splitlines()
    (run / file).write_text("\n".join([*lines[:2], lines[2][:20], *lines[3:]]))
    code, _, err = call(*(("show", run, *command) if command else ("evaluate", run)))
    assert code == 1
    assert f"{file}, line 3, is damaged or from another version: invalid JSON: " in err and "at column" in err


def test_statistics_without_layers_are_refused(run: Path, call: Call) -> None:
    (run / "statistics.jsonl").write_text('{"epoch": 0, "images": 3, "layers": {}}\n')
    code, _, err = call("show", run, "statistics")
    assert (code, err.count("its lines need the same layers, at least one")) == (1, 1)
