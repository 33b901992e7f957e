"""Paths that the system refuses: every command names the path and the reason, and ends with 2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import Call

LONG = "n" * 256
"""More letters than the name of a file may have."""

SPEC = "input 8x8x1\nconv K=2 F=3 -> relu\nfc 2\n"

COMMANDS = (
    "check PATH",
    "check --fix PATH",
    "check PATH.net --format json",
    "fmt PATH",
    "compile PATH",
    "compile good.net -o PATH",
    "draw PATH",
    "draw good.net -o PATH.svg",
    "diff PATH good.net",
    "diff good.net PATH",
    "table good.net PATH",
    "train PATH",
    "train trainable.net --run PATH",
    "train trainable.net --weights PATH",
    "train trainable.net --data-dir PATH",
    "train --resume PATH",
    "evaluate PATH",
    "predict PATH good.net",
    "export PATH --to safetensors",
    "export good.net --to safetensors -o PATH",
    "runs PATH",
)
"""Each with a path in every place that takes one."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SPECNET_DATA", raising=False)
    Path("good.net").write_text(SPEC)
    Path("trainable.net").write_text(SPEC.replace("fc 2", "fc 10") + "train { data digits\nepochs 1 }\n")
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_is_too_long(command: str, call: Call) -> None:
    code, out, err = call(*command.replace("PATH", LONG).split())
    assert (code, out) == (2, "")
    assert "file name too long" in err
    assert LONG in err


@pytest.mark.skipif(os.name == "nt", reason="POSIX links")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_link_to_itself(command: str, call: Call) -> None:
    for name in ("loop", "loop.net"):
        Path(name).symlink_to(name)
    code, out, err = call(*command.replace("PATH", "loop").split())
    assert (code, out) in ((2, ""), (0, "")), err  # 0: `runs` finds none
    assert "loop" in err or code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_where_a_folder_should_be(command: str, call: Call) -> None:
    code, out, err = call(*command.replace("PATH", "good.net/within").split())
    assert (code, out) == (2, "")
    assert "good.net/within" in err


def as_owner(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that permissions hold for, which they do not for root."""
    prefix = []
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may search every folder")
        prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
    done = subprocess.run([*prefix, sys.executable, "-m", "specnet", *words], capture_output=True, text=True)
    if "setpriv" in done.stderr:
        pytest.skip("root may search every folder")
    assert "bug" not in done.stderr, done.stderr
    return done


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
@pytest.mark.parametrize("command", ["check PATH", "compile good.net -o PATH", "runs PATH", "export PATH --to onnx"])
def test_a_folder_that_cannot_be_searched(command: str) -> None:
    Path("secret").mkdir()
    shutil.copy("good.net", "secret/x.net")
    Path("secret").chmod(0o600)
    done = as_owner(*command.replace("PATH", "secret/x.net").split())
    Path("secret").chmod(0o700)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: secret/x.net cannot be ")
    assert done.stderr.endswith(": permission denied\n")


def test_a_folder_of_images_whose_name_is_too_long(call: Call) -> None:
    Path("data.net").write_text(SPEC + f'train {{ data folder "{LONG}" }}\n')
    code, out, err = call("train", "data.net")
    assert (code, out) == (2, "")
    assert err.endswith(f"{LONG} cannot be read: file name too long\n")


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_a_folder_that_can_be_written_and_not_read(folder: Path) -> None:
    Path("open").mkdir()
    Path("open/f.net").write_text("input   8x8x1\nfc 2\n")
    Path("open").chmod(0o300)
    written, formatted = as_owner("compile", "good.net", "-o", "open/new.py"), as_owner("fmt", "open/f.net")
    Path("open").chmod(0o700)
    assert (written.returncode, written.stderr) == (0, "wrote open/new.py\n")
    assert (formatted.returncode, formatted.stderr) == (0, "open/f.net: formatted\n")
    assert sorted(path.name for path in Path("open").iterdir()) == ["f.net", "new.py"]


# What is read, and what is written


@pytest.mark.parametrize("command", ["check -", "fmt -", "compile -", "check - --fix"])
def test_a_closed_input(command: str) -> None:
    program = ["sh", "-c", '"$@" <&-', "sh", sys.executable, "-m", "specnet", *command.split()]
    done = subprocess.run(program, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: standard input is closed; name a file\n")


@pytest.mark.parametrize(
    "command",
    [
        "compile good.net -o good.net",
        "compile good.net -o link.net",
        "compile link.net -o good.net",
        "compile uses.net -o blocks.net",
        "draw network.svg",
        "export good.net --to safetensors -o good.net",
    ],
)
def test_what_is_read_is_not_overwritten(command: str, call: Call) -> None:
    Path("link.net").symlink_to("good.net")
    Path("blocks.net").write_text("block two(K) { conv K F=3 -> relu }\n")
    Path("uses.net").write_text('use "blocks.net"\ninput 8x8x1\ntwo 3\n')
    shutil.copy("good.net", "network.svg")
    before = {path: path.read_bytes() for path in Path().glob("*.*")}
    code, out, err = call(*command.split())
    assert (code, out) == (2, "")
    assert "is what the command reads" in err
    assert before == {path: path.read_bytes() for path in Path().glob("*.*")}


@pytest.mark.parametrize("end", ["/", "/.", "/.."])
@pytest.mark.parametrize("command", ["compile good.net -o", "draw good.net -o", "runs . -o", "predict . x.png -o"])
def test_a_folder_is_no_output_even_if_it_is_not_there(command: str, end: str, call: Call) -> None:
    code, out, err = call(*command.split(), f"new{end}")
    assert (code, out, err) == (2, "", f"error: new{end} is a directory; name a file\n")
    assert not Path("new").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no FIFOs")
@pytest.mark.parametrize("command", ["fmt", "check --fix"])
def test_only_a_regular_file_is_rewritten(command: str, call: Call) -> None:
    os.mkfifo("fifo")
    code, out, err = call(*command.split(), "fifo")
    assert (code, out) == (2, "")
    assert err == "error: fifo cannot be rewritten: it is a device, a pipe or a socket; name a file\n"


def test_a_dangling_link_is_told(call: Call) -> None:
    Path("x.net").symlink_to("nowhere.net")
    assert call("check", "x.net") == (
        2,
        "",
        "error: there is no file x.net; it is a link to nowhere.net, which is not there\n",
    )
    assert call("check", "y.net")[2] == "error: there is no file y.net\n"
