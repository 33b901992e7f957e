"""specnet serve: its address, its end, and what it refuses."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.request import urlopen

import pytest

from specnet.cli import main
from specnet.page.server import PageServer

SPEC = "input 8x8x3\nfc 3\n"


def test_it_serves_until_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "x.net").write_text(SPEC)
    command = [sys.executable, "-m", "specnet", "serve", str(tmp_path / "x.net"), "--set", "input=9x9x3"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        with urlopen(address, timeout=20) as answer:
            assert b"fc 3" in answer.read()
        process.send_signal(signal.SIGINT)
        rest, messages = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, "")
    assert messages == f"following {tmp_path}/x.net; Ctrl-C ends it\n"


@pytest.mark.parametrize(
    ("words", "is_terminal", "is_opened"), [([], True, True), ([], False, False), (["--no-browser"], True, False)]
)
def test_a_browser_is_opened_from_a_terminal_alone(
    words: list[str],
    is_terminal: bool,
    is_opened: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(server: PageServer) -> None:
        server.server_close()
        raise KeyboardInterrupt

    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(PageServer, "follow", interrupt)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: is_terminal, raising=False)
    (tmp_path / "x.net").write_text(SPEC)
    assert main(["serve", str(tmp_path / "x.net"), *words]) == 0
    address = capsys.readouterr().out.strip()
    assert address.startswith("http://127.0.0.1:")
    assert opened == ([address] if is_opened else [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-"], "serve follows a file as it is edited, which standard input is not"),
        (["missing.net"], "there is no file missing.net"),
        (["."], ". is a directory"),
        (["x.net", "--port", "65536"], "--port 65536: there are ports up to 65,535"),
        (["x.net", "--port", "TAKEN"], "cannot be used: address already in use"),
        (["x.net", "--set", "width=3"], "--set width"),
    ],
)
def test_refusals(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.net").write_text(SPEC)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["serve", *(word.replace("TAKEN", port) for word in words)]) == 2
    assert message in capsys.readouterr().err
