"""docs/comparison.md is up to date, and SpecNet's answers are as good as it says."""

from __future__ import annotations

import pytest
from compare_errors import MISTAKES, PAGE, PEERS, Mistake, check_in_specnet, format_our_section, format_row

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.folder)
def test_the_page_shows_what_is_said_today(mistake: Mistake) -> None:
    assert format_our_section(mistake) in TEXT
    assert format_row(mistake, [check_in_specnet(mistake)]).removesuffix("|") in TEXT


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.folder)
def test_the_page_shows_the_programs_of_the_others(mistake: Mistake) -> None:
    for tool in PEERS:
        assert f"{mistake.program(tool.file)}```" in TEXT


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.folder)
def test_a_mistake_is_found_named_and_marked_in_twelve_lines(mistake: Mistake) -> None:
    answer = check_in_specnet(mistake)
    assert answer.is_error
    assert answer.names_layer
    assert answer.marks_line
    assert len(answer.lines) <= 12


def test_nine_of_ten_have_a_proved_fix() -> None:
    assert len(MISTAKES) == 10
    assert sum(check_in_specnet(mistake).has_fix for mistake in MISTAKES) >= 9
