"""The reasons for which a picture cannot be made, with what can be done instead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from specnet.cli.output import CommandError


@contextmanager
def reporting_drawing_errors(target: Path, alternatives: str, smaller: str) -> Iterator[None]:
    """Raise CommandError for an error while `target` is drawn.

    `alternatives` are what works without the program that is missing, and `smaller` is what makes a simpler picture.
    """
    from specnet.backends.drawing_errors import DrawingError, GraphvizError, GraphvizMissing, MatplotlibMissing

    try:
        yield
    except GraphvizMissing as error:
        raise CommandError(*error.args, f"{alternatives} work without it") from None
    except MatplotlibMissing as error:
        raise CommandError(*error.args, f"{name_files(target, 'svg', 'tex')} work without it") from None
    except GraphvizError as error:
        raise CommandError(*error.args, f"{smaller}, and {name_files(target, 'dot')} needs no layout") from None
    except DrawingError as error:
        raise CommandError(*error.args, f"choose a smaller --dpi or --width, or {name_files(target, 'svg')}") from None


def name_files(target: Path, *formats: str) -> str:
    """Return ``-o x.html`, `-o x.dot`` for the file that was asked for and other formats."""
    return ", ".join(f"`-o {target.with_suffix(f'.{each}')}`" for each in formats)
