"""Write docs/comparison.md: how SpecNet, PyTorch, Keras and ONNX report the same ten mistakes.

python tools/compare_errors.py [PYTHON]    PYTHON has torch, keras, onnx and onnxruntime (default: this interpreter)
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

from specnet import __version__
from specnet.compiler import check_source, read_beside
from specnet.fixes import add_fixes
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source

ROOT = Path(__file__).parents[1]
PROGRAMS = ROOT / "tools" / "mistakes"
PAGE = ROOT / "docs" / "comparison.md"

MARK = "# here"
"""Ends the line of a program that holds the mistake."""

SHOWN = 6
"""The page shows so many lines of a peer's answer, the last ones."""


@dataclass(frozen=True)
class Mistake:
    """A mistake in the layer named `layer`; `folder` holds its programs, and `note` remarks on the peers' answers."""

    folder: str
    title: str
    layer: str
    note: str = ""

    def program(self, file: str) -> str:
        return (PROGRAMS / self.folder / file).read_text(encoding="utf-8")


@dataclass(frozen=True)
class Tool:
    """A peer: the file of its programs, the packages they need and the command that runs them."""

    title: str
    file: str
    packages: tuple[str, ...]
    command: tuple[str, ...] = ()
    language: str = "text"


@dataclass(frozen=True)
class Answer:
    """What a tool prints about a mistake; `text` is None where the tool is not installed."""

    text: str | None
    is_error: bool = False
    names_layer: bool = False
    marks_line: bool = False
    has_fix: bool = False

    @property
    def lines(self) -> list[str]:
        return (self.text or "").splitlines()

    @property
    def cell(self) -> str:
        """Return the cell of the table."""
        if self.text is None:
            return "not installed"
        if not self.is_error:
            return "**not found**"
        said = {"name": self.names_layer, "line, caret": self.marks_line, "fix": self.has_fix}
        return f"{', '.join(word for word, is_said in said.items() if is_said) or '–'}; {len(self.lines)} lines"


MISTAKES = (
    Mistake("kernel_too_large", "A filter larger than its padded input", "conv3", "ONNX finds it one layer too late."),
    Mistake(
        "flatten_assumed",
        "A flatten of another size than assumed",
        "flat3",
        "In PyTorch and ONNX it is the fully connected layer, `fc4`, that states the size.",
    ),
    Mistake("add_of_different_shapes", "A shortcut added to another shape", "block1"),
    Mistake("concat_of_different_shapes", "A concat of different heights and widths", "inception1"),
    Mistake(
        "stride_does_not_divide",
        "A stride that does not divide: 11.5",
        "conv2",
        "The others round down silently, and the last row and column are never read.",
    ),
    Mistake("channel_mismatch", "A gate of 32 channels for a map of 64", "gate2"),
    Mistake(
        "groups_do_not_divide",
        "Groups that do not divide the channels",
        "conv2",
        "ONNX's checker and shape inference find nothing; onnxruntime refuses to run it.",
    ),
    Mistake("keyword_misspelt", "A misspelt keyword", "conv2"),
    Mistake("name_misspelt", "A misspelt name of a skip connection", "up3"),
    Mistake(
        "parameters_miscounted",
        "A layer narrower than in the paper: the parameters do not add up",
        "fc3",
        "PyTorch and Keras notice only through an assertion; ONNX cannot express the expectation.",
    ),
)

PEERS = (
    Tool("PyTorch", "in_torch.py", ("torch",), ("in_torch.py",), "python"),
    Tool("Keras", "in_keras.py", ("keras", "torch"), ("in_keras.py",), "python"),
    Tool("ONNX", "in_onnx.txt", ("onnx", "onnxruntime"), (str(PROGRAMS / "check_onnx.py"), "in_onnx.txt")),
)


def check_in_specnet(mistake: Mistake) -> Answer:
    """Return what `specnet check` prints below its table of shapes."""
    text = mistake.program("in_specnet.net")
    checked = add_fixes(check_source(Source(f"{mistake.folder}.net", text)), {}, read_beside)
    errors = checked.errors
    said = "\n\n".join(format_diagnostic(diagnostic) for diagnostic in checked.diagnostics)
    has_fix = bool(errors) and all(diagnostic.fixes for diagnostic in errors)
    return replace(_assess(said, mistake.layer, text, bool(errors)), has_fix=has_fix)


def run_in_peer(mistake: Mistake, tool: Tool, python: str) -> Answer:
    """Return what the tool prints, run by an interpreter that has it."""
    environment = {**os.environ, "KERAS_BACKEND": "torch", "PYTHONPATH": "", "NO_COLOR": "1"}
    done = subprocess.run(
        [python, *tool.command],
        cwd=PROGRAMS / mistake.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = _strip_paths((done.stdout + done.stderr).strip())
    layer = "fc4" if mistake.folder == "flatten_assumed" and tool.title != "Keras" else mistake.layer
    answer = _assess(said, layer, mistake.program(tool.file), done.returncode != 0)
    return replace(answer, has_fix="did you mean" in said.lower())


def _strip_paths(text: str) -> str:
    """Remove colours and the folders of this machine."""
    text = re.sub(r"\x1b\[[\d;]*m", "", text)
    text = re.sub(r'"[^"]*/(site-packages|python3\.\d+)/', r'"…/', text)
    return text.replace(f"{PROGRAMS}{os.sep}", "")


def _assess(said: str, layer: str, program: str, is_error: bool) -> Answer:
    """Return the answer; the line of the mistake counts as marked where it is quoted with a marker below it."""
    marks = re.compile(r"[\s│]*[\^~-][\^~ -]*(?!\S)")
    wrong = next(line for line in program.splitlines() if line.endswith(MARK)).strip()
    is_marked = any(wrong in line and marks.match(below) for line, below in pairwise(said.splitlines()))
    return Answer(said, is_error, bool(re.search(rf"\b{layer}\b", said)), is_marked)


def find_versions(tool: Tool, python: str) -> str | None:
    """Return the versions as in `keras 3.15.1, torch 2.13.0`, or None where a package is missing."""
    query = "import sys, importlib.metadata as m; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    done = subprocess.run([python, "-c", query, *tool.packages], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def format_our_section(mistake: Mistake) -> str:
    """Return the beginning of a mistake's section: the spec and SpecNet's answer."""
    spec, answer = mistake.program("in_specnet.net"), check_in_specnet(mistake).text
    said = f"```text\n{spec}```\n\nSpecNet:\n\n```text\n{answer}\n```\n"
    return f"## {mistake.title}\n\n{mistake.note}\n\n{said}" if mistake.note else f"## {mistake.title}\n\n{said}"


def format_peer_section(mistake: Mistake, tool: Tool, answer: Answer) -> str:
    """Return the peer's program, collapsed, and the end of its answer."""
    code = f"```{tool.language}\n{mistake.program(tool.file)}```"
    program = f"<details><summary>{tool.title}'s program</summary>\n\n{code}\n\n</details>\n"
    if answer.text is None:
        return f"{program}\n{tool.title}: not installed.\n"
    count, verdict = len(answer.lines), "" if answer.is_error else ", no error"
    heading = f"{tool.title}: {count} line{'s' * (count > 1)}{verdict}{', the last of them' * (count > SHOWN)}:"
    said = "\n".join(answer.lines[-SHOWN:])
    return f"{program}\n{heading}\n\n```text\n{said}\n```\n"


def format_row(mistake: Mistake, answers: Sequence[Answer]) -> str:
    """Return a row of the table, beginning with SpecNet's cell."""
    return f"| {mistake.title} | {' | '.join(answer.cell for answer in answers)} |"


def format_totals(title: str, answers: Sequence[Answer]) -> str:
    """Return a tool's row of the summary: in how many of the mistakes it does what."""
    there = [answer for answer in answers if answer.text is not None]
    if not there:
        return f"| {title} | not installed | | | | |"
    found = [answer for answer in there if answer.is_error]
    counts = [
        len(found),
        *(sum(getattr(answer, what) for answer in found) for what in ("names_layer", "marks_line", "has_fix")),
    ]
    lengths = [len(answer.lines) for answer in found]
    return f"| {title} | {' | '.join(map(str, counts))} | {median(lengths):g}, at most {max(lengths)} |"


INTRODUCTION = """# Ten mistakes, four tools

The same ten mistakes in SpecNet, PyTorch, Keras and ONNX, and the message of each tool. `python
tools/compare_errors.py` runs all forty programs ([tools/mistakes](../tools/mistakes)) and writes this page.
"""

LEGEND = """*name*: the message names the faulty layer, possibly in a quoted line of the program. *line, caret*:
the line with the mistake, which ends with `# here`, is quoted with marks below it; PyTorch often quotes the line that
calls the layer instead. *fix*: a change is proposed; SpecNet has tried each of its fixes on the whole network.
*lines* counts everything that is printed, for SpecNet below its table of shapes.

The programs for PyTorch and Keras are run, on an image of zeros if the mistake needs one to show; ONNX models go
through the checker with `full_check`, strict shape inference with `data_prop`, and onnxruntime, until one of them
reports an error.
"""


def format_page(python: str) -> str:
    """Return the text of docs/comparison.md."""
    known = {tool.title: find_versions(tool, python) for tool in PEERS}
    answers = {
        mistake: [run_in_peer(mistake, tool, python) if known[tool.title] else Answer(None) for tool in PEERS]
        for mistake in MISTAKES
    }
    own = {mistake: check_in_specnet(mistake) for mistake in MISTAKES}
    titles = ("SpecNet", *known)
    columns = zip(*([own[mistake], *answers[mistake]] for mistake in MISTAKES), strict=True)
    stated = "; ".join(found or f"{title} is not installed" for title, found in known.items())
    parts = [
        INTRODUCTION,
        f"SpecNet {__version__}; {stated};\n{_find_python_version(python)}.\n",
        "| | found, of 10 | layer named | line and caret | fix | lines, median |\n|---|---|---|---|---|---|",
        *(format_totals(title, column) for title, column in zip(titles, columns, strict=True)),
        f"\n{LEGEND}",
        f"| | {' | '.join(titles)} |\n{'|---' * (len(titles) + 1)}|",
        *(format_row(mistake, [own[mistake], *answers[mistake]]) for mistake in MISTAKES),
    ]
    for mistake in MISTAKES:
        parts += ["", format_our_section(mistake)]
        parts += [
            format_peer_section(mistake, tool, answer) for tool, answer in zip(PEERS, answers[mistake], strict=True)
        ]
    return "\n".join(parts)


def _find_python_version(python: str) -> str:
    return subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
    for tool in PEERS:
        if not find_versions(tool, python):
            print(f"{tool.title} is skipped: {python} lacks one of {', '.join(tool.packages)}", file=sys.stderr)
    PAGE.write_text(format_page(python), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
