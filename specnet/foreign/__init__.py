"""Recognise and translate words, calls and punctuation of PyTorch, Keras, Caffe, Darknet and Python.

The recognisers are imported only when a spec has an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from specnet.syntax.parser_input import ParseError, ParserInput

if TYPE_CHECKING:  # recovery is imported when a spec has an error
    from specnet.syntax.recovery import Hint

LONGEST_LINE = 500
"""Longer lines are not recognised."""


def recognise(parser_input: ParserInput, statement: int, error: ParseError) -> Hint | None:
    """Return a hint on a line that cannot be read, or None; its statement begins at the offset `statement`."""
    from specnet.foreign import arrows, braces, indentation, punctuation, python, recipes, sections, slips, statements
    from specnet.foreign.bad_line import BadLine

    line = BadLine(parser_input, statement, error)
    if len(line.code_of_line) > LONGEST_LINE:
        return None
    recognisers = (
        statements.recognise_statement,
        indentation.recognise_indented_lines,
        braces.recognise_unclosed_brace,
        braces.recognise_unopened_brace,
        indentation.recognise_lines_without_braces,
        indentation.recognise_arms_without_braces,
        braces.recognise_separate_claim,
        recipes.recognise_setting,
        sections.recognise_section,
        slips.recognise_slip,
        indentation.recognise_bare_body,
        arrows.recognise_arrows,
        python.recognise_python,
        punctuation.recognise_punctuation,
    )
    return next((hint for recogniser in recognisers if (hint := recogniser(line))), None)


def find_closest_word(word: str, possible: Iterable[str]) -> str:
    """Return the possible word that `word` probably means, also in another tool; "" unless one is close."""
    from specnet.foreign.words import find_closest_word

    return find_closest_word(word, tuple(possible))
