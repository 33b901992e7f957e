"""Networks with very many edges: they are drawn in seconds, or given up with a word."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from specnet.backends.diagram import DrawingOptions, choice, layout
from specnet.backends.diagram.choice import choose_fit
from specnet.backends.diagram.crowding import CROWDED, OVERCROWDED, choose_effort, measure_crowding
from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.model import Diagram
from specnet.backends.diagram.page_fit import Fit, fit_page
from specnet.backends.diagram.themes import Theme
from specnet.backends.drawing_errors import GraphvizTooSlow
from specnet.compiler import check_source
from specnet.source import Source

needs_dot = pytest.mark.skipif(not shutil.which("dot"), reason="Graphviz's program dot is not installed")


def write_dense(count: int) -> str:
    """Return a network in which each convolution reads all former ones."""
    taps = ["input 8x8x3\nconv K=4 F=1 -> @x0\nconv K=4 F=1 -> @x1\n"]
    for number in range(2, count):
        read = " ".join(f"@x{former}" for former in range(number))
        taps.append(f"concat {read} -> conv K=4 F=1 -> @x{number}\n")
    return "".join(taps) + "pool avg global -> fc 3\n"


def describe(text: str) -> Diagram:
    return describe_network(check_source(Source("x.net", text)))


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("input 8x8x3\n" + "conv K=4 F=3 P=1\nrelu\n" * 100, 0, CROWDED / 100),
        (write_dense(16), 0, CROWDED),
        (write_dense(28), CROWDED, OVERCROWDED),
        (write_dense(45), OVERCROWDED, 10**9),
    ],
)
def test_crowding_grows_with_the_edges_side_by_side(text: str, least: float, most: float) -> None:
    assert least < measure_crowding(describe(text)) < most


def test_the_more_crowded_the_less_effort() -> None:
    efforts = [choose_effort(crowding) for crowding in (CROWDED - 1, CROWDED, OVERCROWDED)]
    assert not efforts[0]
    assert efforts[1].items() < efforts[2].items()


@needs_dot
def test_a_dense_network_is_drawn() -> None:
    fit = choose_fit(check_source(Source("x.net", write_dense(28))), DrawingOptions())
    assert len(fit.diagram.boxes) == 56
    assert set(fit.layout.curves) == set(range(len(fit.diagram.edges)))


@needs_dot
def test_a_layout_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "PATIENCE", 0.01)
    with pytest.raises(GraphvizTooSlow, match="stopped"):
        choose_fit(check_source(Source("x.net", write_dense(20))), DrawingOptions())


@needs_dot
def test_less_detail_is_drawn_where_all_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit_if_small(diagram: Diagram, theme: Theme) -> Fit:
        if diagram.scopes:
            raise GraphvizTooSlow(20)
        return fit_page(diagram, theme)

    monkeypatch.setattr(choice, "fit_page", fit_if_small)
    text = "input 8x8x3\nblock b {\n  conv K=4 F=3 P=1\n  relu\n  fc 3\n}\nb\n"
    fit = choose_fit(check_source(Source("x.net", text)), DrawingOptions())
    assert len(fit.diagram.boxes) == 1 and not fit.diagram.scopes


@pytest.mark.parametrize("deepest", [1, 3, 30])
def test_few_depths_of_deeply_nested_blocks_are_tried(deepest: int) -> None:
    text = "input 8x8x3\n" + "repeat 1 {\n" * deepest + "conv K=3 F=3 P=1\n" + "}\n" * deepest
    details = [*choice.list_details(check_source(Source("x.net", text)), DrawingOptions())]
    assert 1 < len(details) <= 1 + choice.MOST_DEPTHS
    assert not details[-1].scopes


STUB = '#!/bin/sh\necho $$ > "$PID_FILE"\nexec sleep 60\n'

DRAW = "from specnet.backends.diagram.dot_program import run_dot; run_dot('', '-Tsvg')"


@pytest.mark.skipif(os.name != "posix", reason="the signal is one of POSIX")
def test_dot_ends_with_the_program(tmp_path: Path) -> None:
    stub, pid_file = tmp_path / "dot", tmp_path / "pid"
    stub.write_text(STUB)
    stub.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    process = subprocess.Popen(
        [sys.executable, "-c", DRAW], env={**os.environ, "PATH": path, "PID_FILE": str(pid_file)}
    )
    wait_for(lambda: pid_file.exists() and pid_file.read_text().strip() != "")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == -signal.SIGTERM
    wait_for(lambda: not is_running(int(pid_file.read_text())))


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    if Path("/proc/self").exists():  # an ended process without a parent may stay there as a zombie
        return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("nothing happened for half a minute")
