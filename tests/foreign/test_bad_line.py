"""Where a call ends that goes on over several lines."""

from __future__ import annotations

import pytest

from specnet.foreign.bad_line import find_changes, find_end_of_call
from specnet.syntax.parser_input import mask_text


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("lines", "count"),
    [
        (["conv(3)", "relu"], 1),
        (["conv(", "3)", "relu"], 2),
        (["conv((", "3)", ")", ""], 3),
        (["x = \\", "conv(3)", "relu"], 2),
        (["conv(", "relu"], 1),
        (["conv(", ""], 1),
        (["conv \\"], 1),
        ([""], 1),
    ],
)
def test_the_end_of_a_call(lines: list[str], count: int, newline: str) -> None:
    text = newline.join(lines)
    assert find_end_of_call(mask_text(text), 0) == len(newline.join(lines[:count]))


@pytest.mark.parametrize("times", [1, 1000])
def test_changes_lead_from_the_old_text_to_the_new(times: int) -> None:
    old, new = "nn.ReLU(),\n" * times, "relu\n" * times
    text = f"ab{old}"
    for start, end, replacement in sorted(find_changes(old, new, 2), reverse=True):
        text = text[:start] + replacement + text[end:]
    assert text == f"ab{new}"
