"""Did you mean: which word is suggested for an unknown one, and which is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

from specnet.foreign import find_closest_word as closest_word_of_any_tool
from specnet.suggest import did_you_mean, find_closest_word

KINDS = ("conv", "pool", "fc", "bn", "ln", "relu", "identity")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("cnov", "conv"), ("Conv", "conv"), ("RELU", "relu"), ("xyz", ""), ("fx", "fc"), ("in", ""), ("", "")],
)
def test_a_misspelt_word_is_recognised(word: str, meant: str) -> None:
    assert find_closest_word(word, KINDS) == meant


def test_synonyms_mean_possible_words() -> None:
    synonyms = {"stride": "S", "kernel_size": "F"}
    assert find_closest_word("stride", ("S", "F"), synonyms) == "S"
    assert find_closest_word("strid", ("S", "F"), synonyms) == "S"
    assert find_closest_word("sride_of_kernel", ("S", "F"), synonyms) == ""


@pytest.mark.parametrize(
    ("word", "meant"), [("Conv2d", "conv"), ("dense", "fc"), ("BatchNorm", "bn"), ("maxpool", "pool max"), ("gru", "")]
)
def test_words_of_other_tools_are_recognised(word: str, meant: str) -> None:
    assert closest_word_of_any_tool(word, KINDS) == meant


def test_a_message_ends_with_the_suggestion() -> None:
    assert did_you_mean("conv") == "; did you mean `conv`?"
    assert did_you_mean("") == ""


def test_the_command_line_suggests_without_the_language() -> None:
    program = "import sys; from specnet.cli import main; main(['chek']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "did you mean `check`?" in done.stderr
    assert not {"specnet.foreign", "specnet.syntax", "lark", "pydantic"} & set(done.stdout.split())
