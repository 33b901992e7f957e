"""A file is written only if it computes what the network does."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from made_exports import make_exportable
from torch import Tensor

from specnet.exports.comparison import compare, compute_outputs, make_trials, measure_difference, summarize
from specnet.exports.errors import NothingRan, WrongExport
from specnet.exports.exportable import Exportable
from specnet.exports.registry import FORMATS, Format, find_format
from specnet.exports.writer import Files, Request, Runner, Writer
from specnet.exports.writing import write_export

TEXT = "input 6x6x3\nconv 4 F=3 -> relu\nfc 5\n"


def write_with(open_file: object, monkeypatch: pytest.MonkeyPatch) -> object:
    """What comes of a format whose files are run by a function."""
    writer = Writer(lambda exportable, request: {".x": b""}, open_file)  # type: ignore[arg-type]
    monkeypatch.setattr(Format, "load", lambda self: writer)
    return write_export(make_exportable(TEXT), Format("x", "a file", (".x",), "x"), Request())


@pytest.mark.parametrize(("error", "is_wrong"), [(0, False), (5e-6, False), (2e-5, True), (math.nan, True)])
def test_a_difference_that_is_too_large(error: float, is_wrong: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def open_file(exportable: Exportable, files: Files) -> Runner:
        def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
            (output,) = compute_outputs(exportable.module, inputs)
            return [output + error * output.abs().max()]

        return Runner("run by a test", run)

    if not is_wrong:
        assert write_with(open_file, monkeypatch).found.endswith("batches of 1 and 3")  # type: ignore[attr-defined]
        return
    with pytest.raises(WrongExport, match=r"what was made for x does not compute what the network does") as caught:
        write_with(open_file, monkeypatch)
    assert str(caught.value).count("fc1, 3 images, seed") == 2


def test_a_file_that_answers_for_one_image_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_file(exportable: Exportable, files: Files) -> Runner:
        return Runner("run by a test", lambda inputs: compute_outputs(exportable.module, [each[:1] for each in inputs]))

    with pytest.raises(WrongExport, match="fc1, 3 images, seed 1: differs by inf"):
        write_with(open_file, monkeypatch)


def test_nothing_that_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_file(exportable: Exportable, files: Files) -> Runner:
        raise NothingRan("no such program")

    written = write_with(open_file, monkeypatch)
    assert written.unproved == "no such program"  # type: ignore[attr-defined]
    assert written.comparisons == ()  # type: ignore[attr-defined]


def test_rounding_that_torch_suffers_from_as_well_is_allowed() -> None:
    """x + 10⁶ − 10⁶ has few digits in single precision, however it is computed."""
    exportable = make_exportable("input 4x4x1\nflatten\n")

    class Cancelling(torch.nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + 1e6 - 1e6

    trials = make_trials(exportable, 2)
    found = compare(Cancelling(), lambda inputs: [inputs[0] + 0.06], trials, ["x"])
    assert all(each.is_close and each.allowed > 1e-4 for each in found)
    assert "batches of 2" in summarize(found)
    assert not any(each.is_close for each in compare(Cancelling(), lambda inputs: [inputs[0] + 1], trials, ["x"]))


def test_differences_of_numbers_that_are_not_finite() -> None:
    values = torch.tensor([1.0, math.inf, math.nan])
    assert measure_difference(values, values.clone()) == 0
    assert measure_difference(values, torch.tensor([1.0, math.inf, 1.0])) == math.inf
    assert measure_difference(values, torch.tensor([1.5, math.inf, math.nan])) == 0.5
    assert measure_difference(values, values[:2]) == math.inf


def test_formats_by_the_ends_of_names() -> None:
    for word, format in FORMATS.items():
        found = find_format(f"a.b{format.endings[0]}")
        assert found and found.word == word
    assert find_format("x.h5") is None
