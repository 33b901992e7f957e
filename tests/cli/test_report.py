"""`specnet report`: a file, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_runs import Call


@pytest.mark.usefixtures("plain_figures")
def test_it_writes_one_file(run: Path, trained: Path, call: Call) -> None:
    code, out, err = call("report", run, "--data-dir", trained)
    assert (code, out) == (0, "")
    assert err.splitlines()[0] == "reading the run and its data"
    assert err.splitlines()[-1] == f"wrote {run}/report.html"
    assert (run / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>\n<html")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["nowhere"], 2, "there is no run nowhere"),
        (["moved", "-o", "report.pdf"], 2, "report.pdf: name a file that ends in .html"),
        (["moved", "-o", "folder/"], 2, "folder/ is a directory; name a file"),
        (["moved", "--sed", "1"], 2, "did you mean `--seed`?"),
        (["moved", "--device", "cuda:77"], 2, "cuda:77"),
    ],
)
def test_refusals(run: Path, call: Call, words: list[str], code: int, message: str) -> None:
    assert run.name == "moved"
    found, out, err = call("report", *words)
    assert (found, out) == (code, "")
    assert message in err
    assert not (run / "report.html").exists()
