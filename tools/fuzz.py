"""Check random specs in this process, and do with each all that SpecNet can: nothing raises or takes five seconds.

python tools/fuzz.py CASES SEED [FOLDER]

The faults are printed, reduced as far as they still raise the same; FOLDER receives a spec and a traceback of each.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

import torch
from fuzz_cases import ROOT, TOKEN, Case, make_case, read_used_files
from torch import nn

from specnet.backends.diagram import DrawingOptions, sketch
from specnet.backends.torch_module import build_module
from specnet.backends.torch_source import generate_source
from specnet.cli import explain
from specnet.cli.check import FORMATS, add_arguments
from specnet.compiler import Checked, check_source
from specnet.diagnostics import Code
from specnet.elaborate import CannotRead
from specnet.fixes import add_fixes
from specnet.fixes.claims import fill_claims
from specnet.foreign import recognise
from specnet.graph import Network
from specnet.layers.base import Shape, order_as_torch
from specnet.printer.formatter import format_source
from specnet.reporters.network_table import format_table, make_table
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source, Span
from specnet.syntax.parser import parse

LONGEST = 5.0
"""Seconds of processor time that each command may take for a case."""

LARGE = 200
"""Layers of a sound network from which on it may take longer, and is neither built nor drawn."""

MOST_ATTEMPTS = (400, 10)
"""Attempts to make a failing case smaller, and one that takes too long."""


Work = Callable[[Case], bool]
"""What is done with a case, by default all of `exercise`; it returns whether the case is sound."""


class TooSlowError(BaseException):
    """A case has used up its time; no `except Exception` on the way may catch this."""


@dataclass(frozen=True)
class Fault:
    """An exception, known by its type and the function of SpecNet that raised it, and its traceback."""

    kind: str
    text: str


def read(path: str, span: Span) -> Source:
    """Read one of the few files that there are to use."""
    if path in read_used_files():
        return Source(path, read_used_files()[path])
    raise CannotRead(f"there is no file `{path}`")


# One case


def exercise(case: Case) -> bool:
    """Do everything with a spec; return whether it is sound."""
    source = Source(case.name, case.text)
    checked = check_source(source, {}, read)
    checked = checked if checked.ok else add_fixes(checked, {}, read)
    _restart_clock()
    _render(checked)
    _restart_clock()
    _format(source)
    _restart_clock()
    if checked.ok and len(checked.network.nodes) < LARGE:
        _compile(checked)
        assert str(sketch(checked).source), "an empty drawing"
        assert str(sketch(checked, DrawingOptions(1)).source), "an empty drawing"
    return checked.ok


def _render(checked: Checked) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for name, render in FORMATS.items():
        render([checked], parser.parse_args(["case.net", "--format", name]))
    if checked.network.nodes:
        format_table(checked, make_table(checked), width=60, colour=True)
    for diagnostic in checked.diagnostics:
        format_diagnostic(diagnostic, colour=True)
        explain.read_page(diagnostic.code)


def _format(source: Source) -> None:
    """Format a spec: its meaning stays, and a second time nothing changes."""
    lines, unreadable = parse(source, recognise)
    if unreadable:
        return
    for written in (lines, fill_claims(source, lines)):
        text = format_source(source, written)
        again, unreadable = parse(Source(source.name, text))
        assert all(each.code is Code.E002 for each in unreadable), f"fmt writes what cannot be read: {text}"
        if not unreadable:
            assert again == written, f"fmt changes the meaning: {text}"
            assert format_source(Source(source.name, text), again) == text, f"fmt is not done at once: {text}"


def _compile(checked: Checked) -> None:
    """Build a network's module and its source without memory, and compare the two with what was checked."""
    network = checked.network
    if not network.nodes:
        return
    module, generated = _build(lambda: build_module(network)), _build(lambda: _run_source(network, checked.source.name))
    shapes = [{name: tuple(value.shape) for name, value in each.state_dict().items()} for each in (module, generated)]
    assert list(shapes[0].items()) == list(shapes[1].items()), "module and source have other weights"
    count = sum(parameter.numel() for parameter in module.parameters())
    assert count == checked.totals.parameters, f"{count} parameters in torch, {checked.totals.parameters} here"
    values = (*network.outputs, *(head.value for head in network.heads))
    expected = [order_as_torch(shape) for name in values if (shape := network.shapes[name])]
    for each in (module, generated):
        assert _run(each, network) == expected, f"other shapes than {expected}"


def _build(make: Callable[[], nn.Module]) -> nn.Module:
    with torch.device("meta"):
        return make().eval()


def _run_source(network: Network, origin: str) -> nn.Module:
    names: dict[str, object] = {"__name__": "generated"}
    exec(compile(generate_source(network, origin), "<generated>", "exec"), names)
    classes = [each for each in names.values() if isinstance(each, type) and each.__module__ == "generated"]
    made: nn.Module = classes[-1]()
    return made


def _run(module: nn.Module, network: Network) -> list[Shape]:
    """Return the shapes that torch computes for the outputs: C×H×W, L×C or C."""
    images = [torch.empty(1, *order_as_torch(i.shape), device="meta") for i in network.inputs]
    found = module(*images)
    return [tuple(each.shape[1:]) for each in (found if isinstance(found, tuple) else (found,))]


# Its fault


def find_fault(case: Case, work: Work = exercise) -> tuple[bool, Fault | None]:
    """Return whether a case is sound, and what went wrong with it."""
    try:
        with _limit_time():
            return work(case), None
    except TooSlowError as error:
        return (True, None) if _is_large(case) else (False, _describe(error))
    except Exception as error:
        return False, _describe(error)


def _is_large(case: Case) -> bool:
    """Return whether a case is sound and large, and may take its time."""
    checked = check_source(Source(case.name, case.text), {}, read)
    return checked.ok and len(checked.network.nodes) >= LARGE


@contextmanager
def _limit_time() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlowError(f"more than {LONGEST:g} s of processor time in one command")

    signal.signal(signal.SIGPROF, stop)
    _restart_clock()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _restart_clock() -> None:
    """Give what comes next the whole time, as another command would have it."""
    signal.setitimer(signal.ITIMER_PROF, LONGEST)


def _describe(error: BaseException) -> Fault:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if f"{ROOT}/specnet/" in frame.filename or frame.filename == __file__]
    place = f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].name}"
    is_slow = isinstance(error, TooSlowError)  # which may be stopped anywhere
    kind = f"{type(error).__name__}" if is_slow else f"{type(error).__name__} in {place}"
    return Fault(kind, "".join(traceback.format_exception(error)))


def reduce_case(case: Case, fault: Fault, work: Work = exercise) -> Case:
    """Return a smaller case with the same fault: lines, then tokens, are left out as long as it stays."""
    attempts = iter(range(MOST_ATTEMPTS[fault.kind == TooSlowError.__name__]))

    def is_same(pieces: Sequence[str]) -> bool:
        if next(attempts, None) is None:
            return False
        found = find_fault(replace(case, text="".join(pieces)), work)[1]
        return found is not None and found.kind == fault.kind

    for pattern in (re.compile(r"[^\n]*\n|[^\n]+"), TOKEN):
        case = replace(case, text="".join(_leave_out(pattern.findall(case.text), is_same)))
    return case


def _leave_out(pieces: Sequence[str], is_same: Callable[[Sequence[str]], bool]) -> Sequence[str]:
    """Leave out runs of pieces, the longest first, as long as the rest is the same."""
    size = (len(pieces) + 1) // 2
    while size:
        start = 0
        while start < len(pieces):
            rest = [*pieces[:start], *pieces[start + size :]]
            if is_same(rest):
                pieces = rest
            else:
                start += size
        size //= 2
    return pieces


# All cases


@dataclass
class Findings:
    """How many cases were run, how many were sound, and the faults by their kind: how often, and the first case."""

    cases: int = 0
    sound: int = 0
    slowest: float = 0
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, tuple[Case, Fault]] = field(default_factory=dict)


def run_cases(count: int, seed: int, work: Work = exercise) -> Findings:
    """Run so many cases of a seed."""
    findings = Findings()
    for number in range(count):
        case = make_case(random.Random(f"{seed}/{number}"))
        begun = time.process_time()
        is_sound, fault = find_fault(case, work)
        findings.slowest = max(findings.slowest, time.process_time() - begun)
        findings.cases += 1
        findings.sound += is_sound
        if fault:
            print(f"case {number}: {fault.kind}", flush=True)
            findings.counts[fault.kind] += 1
            findings.first.setdefault(fault.kind, (case, fault))
    return findings


def report(findings: Findings, folder: Path | None, work: Work = exercise) -> None:
    """Print the faults, each with its reduced first case, and write them into a folder."""
    for number, (case, fault) in enumerate(findings.first.values(), 1):
        small = reduce_case(case, fault, work)
        print(f"\n{findings.counts[fault.kind]} × {fault.kind}, in {small.name!r}:\n{small.text!r}")
        print(fault.text.encode(errors="backslashreplace").decode())
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number}.net").write_text(small.text, errors="surrogatepass", newline="")
            (folder / f"{number}.txt").write_text(f"{small.name!r}\n{fault.text}", errors="backslashreplace")
    share = findings.sound / findings.cases
    print(f"{findings.cases:,} cases, {share:.1%} of them sound, the slowest took {findings.slowest:.1f} s")
    print(f"faults: {findings.counts.total()}, of different kinds: {len(findings.counts)}")


def main() -> int:
    """Return 1 if there were faults."""
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 2
    findings = run_cases(int(sys.argv[1]), int(sys.argv[2]))
    report(findings, Path(sys.argv[3]) if len(sys.argv) == 4 else None)
    return int(bool(findings.counts))


if __name__ == "__main__":
    sys.exit(main())
