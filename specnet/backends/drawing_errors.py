"""The reasons for which a picture cannot be made; the messages are complete, and a command adds what to do instead."""

from __future__ import annotations

from specnet.backends.graphviz_package import name_install_command
from specnet.errors import SpecNetError

LONGEST_SIDE, MOST_PIXELS = 32_000, 200_000_000


class DrawingError(SpecNetError):
    """A picture cannot be made."""


class GraphvizMissing(DrawingError):
    """Graphviz's program, which lays out the layers view, is not installed."""

    def __init__(self) -> None:
        super().__init__(f"a picture of layers needs Graphviz's program `dot`: {name_install_command()}")


class GraphvizError(DrawingError):
    """Graphviz's program failed."""

    def __init__(self, said: str) -> None:
        super().__init__(f"Graphviz could not draw this: {said}")


class GraphvizTooSlow(GraphvizError):
    """Graphviz's program has been stopped."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it was not done after {seconds:.0f} seconds, and has been stopped")


class MatplotlibMissing(DrawingError):
    """Matplotlib, which makes the PNG and the PDF of the volumes view, is not installed."""

    def __init__(self) -> None:
        super().__init__("a .png or .pdf of volumes needs matplotlib: pip install 'specnet[train]'")


class PictureTooLarge(DrawingError):
    """A PNG would take too much memory."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(
            f"a picture of {width:,}×{height:,} pixels is too large: "
            f"a side has at most {LONGEST_SIDE:,} pixels, and the picture {MOST_PIXELS:,}"
        )


def refuse_large_picture(width: int, height: int) -> None:
    """Raise PictureTooLarge for a picture of this many pixels that would take too much memory."""
    if max(width, height) > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise PictureTooLarge(width, height)
