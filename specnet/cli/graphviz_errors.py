"""The errors of Graphviz's program as messages: it is not installed, or it cannot lay out a graph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specnet.cli.graphviz_package import name_install_command
from specnet.cli.output import CommandError


@contextmanager
def reporting_graphviz(target: Path, alternatives: str, advice: str) -> Iterator[None]:
    """Raise CommandError for an error of Graphviz while `target` is drawn.

    `alternatives` are what works without the program, and `advice` is what makes a picture smaller.
    """
    from specnet.backends.diagram.layout import GraphvizError, GraphvizMissing

    try:
        yield
    except GraphvizMissing:
        missing = f"a {target.suffix.lower()} of layers needs Graphviz's program `dot`: {name_install_command()}"
        raise CommandError(missing, f"{alternatives} without it") from None
    except GraphvizError as error:
        raise CommandError(f"Graphviz could not draw this: {error}; {advice}") from None


def name_files(target: Path, *formats: str) -> str:
    """Return ``-o x.html`, `-o x.dot`` for the file that was asked for and other formats."""
    return ", ".join(f"`-o {target.with_suffix(f'.{each}')}`" for each in formats)
