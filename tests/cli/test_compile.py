"""`specnet compile`: a file that runs, or text on standard output; it needs no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from paths import SPECS

from specnet.backends.torch_source import generate_source
from specnet.cli import main
from specnet.compiler import check_source
from specnet.elaborate.formulas import find_formulas
from specnet.source import Source


@pytest.mark.torch
def test_it_writes_a_file_that_runs(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "model.py"
    target.write_text("old")
    assert main(["compile", str(SPECS / "lenet5.net"), "-o", str(target)]) == 0
    assert capfd.readouterr().out == ""
    ran = subprocess.run([sys.executable, target], capture_output=True, text=True, check=True)
    assert ran.stdout == "(1, 10)\n61,706 parameters\n"
    assert [path.name for path in tmp_path.iterdir()] == ["model.py"]


def test_it_prints(capfd: pytest.CaptureFixture[str]) -> None:
    file = SPECS / "alexnet.net"
    assert main(["compile", str(file)]) == 0
    text = capfd.readouterr().out
    checked = check_source(Source(str(file), file.read_text(encoding="utf-8")))
    assert text == generate_source(checked.network, "alexnet.net", find_formulas(checked.elaborated))


def test_it_needs_no_torch() -> None:
    program = "import sys; sys.modules['torch'] = None; from specnet.cli import main; sys.exit(main(sys.argv[1:]))"
    file = str(SPECS / "unet.net")
    subprocess.run([sys.executable, "-c", program, "compile", file], capture_output=True, check=True)


def test_it_refuses(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    broken, target = tmp_path / "broken.net", tmp_path / "model.py"
    broken.write_text("input 8x8x3\nconv K=4 F=9\n")
    target.write_text("old")
    assert main(["compile", str(broken), "-o", str(target)]) == 1
    assert target.read_text() == "old"
    assert "E302" in capfd.readouterr().err
    for place in (tmp_path, tmp_path / "missing" / "model.py"):
        assert main(["compile", str(SPECS / "lenet5.net"), "-o", str(place)]) == 2
        message = capfd.readouterr()
        assert message.out == "" and len(message.err.splitlines()) == 1
