"""Render a network as a file: SVG, PNG, or PDF on a page."""

from __future__ import annotations

from specnet.backends.diagram.choice import choose_fit
from specnet.backends.diagram.dot import to_placed_dot
from specnet.backends.diagram.dot_program import run_dot
from specnet.backends.diagram.layout import POINTS_PER_INCH
from specnet.backends.diagram.options import DrawingOptions
from specnet.backends.diagram.page_fit import PAGE, Fit
from specnet.backends.diagram.palette import PAD
from specnet.backends.diagram.svg import finish_svg
from specnet.backends.diagram.themes import THEMES, Theme
from specnet.backends.drawing_errors import refuse_large_picture
from specnet.compiler import Checked

SHARP = 144.0
"""The dots per inch of a PNG, unless another number is asked for."""

WIDTH_OF_PNG = slice(16, 20)
"""The bytes of a PNG that hold its width in pixels."""

CORRECTIONS = 3
"""The times that a picture is drawn anew to have the width that is asked for."""

MARGIN = 0.39
"""The margin of a page in inches, about 1 cm."""


def render(
    checked: Checked,
    format: str,
    options: DrawingOptions | None = None,
    dpi: float | None = None,
    width: int | None = None,
) -> bytes:
    """Return the content of a file: svg, png with a number of dots per inch or pixels across, or pdf.

    Raises GraphvizMissing, GraphvizError and PictureTooLarge.
    """
    options = options or DrawingOptions()
    return render_fit(choose_fit(checked, options), format, THEMES[options.theme], dpi, width)


def render_fit(fit: Fit, format: str, theme: Theme, dpi: float | None = None, width: int | None = None) -> bytes:
    """Return the content of a file of a diagram that is laid out."""
    source = to_placed_dot(fit.diagram, theme, fit.layout).source
    if format == "svg":
        return finish_svg(run_dot(source, "-Tsvg"), fit.diagram)
    if format == "png":
        return _render_png(source, _choose_dpi(fit, dpi, width), width)
    return run_dot(source, f"-T{format}", f"-Gsize={_choose_page(fit)}", f"-Gmargin={MARGIN}")


def _render_png(source: str, dpi: float, width: int | None) -> bytes:
    """Return a PNG of a width, which dot rounds by fonts of its own: a pixel more or less is mended by half of one."""
    content = run_dot(source, "-Tpng", f"-Gdpi={dpi:.3f}")
    for _ in range(CORRECTIONS if width else 0):
        found = int.from_bytes(content[WIDTH_OF_PNG], "big")
        if found == width:
            break
        dpi *= ((width or 0) + found) / (2 * found)
        content = run_dot(source, "-Tpng", f"-Gdpi={dpi:.3f}")
    return content


def _choose_dpi(fit: Fit, dpi: float | None, width: int | None) -> float:
    sides = [(side + 2 * PAD) / POINTS_PER_INCH for side in (fit.layout.picture.width, fit.layout.picture.height)]
    chosen = width / sides[0] if width else dpi or SHARP
    refuse_large_picture(*(round(chosen * side) for side in sides))
    return chosen


def _choose_page(fit: Fit) -> str:
    """Return the sides of an upright or lying sheet of A4 within its margins, in inches."""
    picture = fit.layout.picture
    page = PAGE if picture.width < picture.height else PAGE[::-1]
    return ",".join(f"{side / POINTS_PER_INCH:.2f}" for side in page)
