"""Encode a network in a format, run what was encoded, and compare it with the network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from specnet.exports.comparison import Comparison, compare, make_trials, summarize
from specnet.exports.errors import NothingRan, WrongExport
from specnet.exports.exportable import Exportable
from specnet.exports.registry import Format
from specnet.exports.writer import Files, Request


class Written(NamedTuple):
    """Files, a sentence about what they hold, and what was found when they were run."""

    files: Files
    use: str
    comparisons: tuple[Comparison, ...] = ()
    found: str = ""
    """A sentence about the comparison."""
    unproved: str = ""
    """Why nothing was run, and what that needs; "" where it was."""


def write_export(exportable: Exportable, format: Format, request: Request) -> Written:
    """Return the files of a network in a format, which compute what it does; raises ExportError, TrainingError.

    A format that rounds the weights is measured while it is encoded instead.
    """
    writer = format.load()
    files, use = writer.encode(exportable, request), writer.describe(exportable, request.batch)
    if writer.open is None:
        return Written(files, use)
    module, names = exportable.module, exportable.outputs
    if writer.is_bare:
        module, names = exportable.network, exportable.all_outputs
    trials = make_trials(exportable, request.batch, writer.is_bare)
    try:
        runner = writer.open(exportable, files)
        comparisons = compare(module, runner.run, trials, names)
    except NothingRan as reason:
        return Written(files, use, unproved=str(reason))
    _refuse_wrong(format, comparisons)
    return Written(files, use, comparisons, f"{runner.program}: {summarize(comparisons)}")


def _refuse_wrong(format: Format, comparisons: Sequence[Comparison]) -> None:
    """Raise WrongExport where an output differs by more than is allowed."""
    wrong = [each for each in comparisons if not each.is_close]
    if wrong:
        raise WrongExport(
            f"what was made for {format.word} does not compute what the network does, and is not written:",
            *(f"  {each.describe()}" for each in wrong),
        )


def name_files(target: Path, format: Format, files: Files) -> dict[Path, bytes]:
    """Return the content of each file by its path: the first is `target`, the others have its name and their ending."""
    first, *others = format.endings
    stem = target.name.removesuffix(first) if target.name.endswith(first) else target.stem
    beside = {target.with_name(f"{stem}{ending}"): files[ending] for ending in others if ending in files}
    return {**beside, target: files[first]}
