"""Write a scene as PNG or PDF with matplotlib, which is an extra and is imported only here."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Literal
from warnings import catch_warnings, simplefilter

from specnet.backends.drawing_errors import MatplotlibMissing, refuse_large_picture
from specnet.backends.volumes.scene import (
    Item,
    Point,
    Polygon,
    Scene,
    Stroke,
    Text,
    find_corners,
    make_hatching,
    make_head,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.path import Path

POINTS = 72.0
"""The points in an inch."""

DPI = 144.0
"""The resolution of a picture that no other is asked for."""

FONTS = ["Helvetica", "Arial", "Liberation Sans", "Nimbus Sans", "DejaVu Sans"]
"""The first that is installed is used; all but the last have the widths that texts are placed by."""


def scene_to_image(
    scene: Scene, format: Literal["png", "pdf"], dpi: float | None = None, width: int | None = None
) -> bytes:
    """Return the content of a PNG or PDF file; `width` in pixels takes the place of `dpi`.

    Raises MatplotlibMissing and PictureTooLarge.
    """
    resolution = width / scene.width * POINTS if width else dpi or DPI
    if format == "png":
        refuse_large_picture(*(round(resolution * side / POINTS) for side in (scene.width, scene.height)))
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MatplotlibMissing from None

    figure = Figure((scene.width / POINTS, scene.height / POINTS), facecolor=scene.background)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, scene.width), ylim=(scene.height, 0), frame_on=False)
    axes.set_axis_off()
    with rc_context({"font.family": _find_fonts(), "pdf.fonttype": 42}), catch_warnings():
        simplefilter("ignore", UserWarning)  # of letters that no font has
        for at, item in enumerate(scene.items):
            _draw_item(axes, item, at)
        content = BytesIO()
        metadata = {"Title": scene.title} if format == "png" else {"Title": scene.title, "CreationDate": None}
        figure.savefig(content, format=format, dpi=resolution, metadata=metadata)
    return content.getvalue()


def _find_fonts() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return [name for name in FONTS if name in installed] or FONTS[-1:]


def _draw_item(axes: Axes, item: Item, order: int) -> None:
    from matplotlib.patches import PathPatch

    style = {"zorder": order, "capstyle": "butt", "joinstyle": "round"}
    match item:
        case Polygon():
            dashes = (0, (3, 2)) if item.is_dashed else "solid"
            outline = {"facecolor": item.fill, "edgecolor": item.line, "linewidth": item.width, "linestyle": dashes}
            axes.add_patch(PathPatch(_close(item.points), **outline, **style))
            for hatch in make_hatching(item):
                _draw_item(axes, hatch, order)
        case Stroke():
            line = {"facecolor": "none", "edgecolor": item.colour, "linewidth": item.width}
            axes.add_patch(PathPatch(_open(item), **line, **style))
            if item.has_head:
                axes.add_patch(PathPatch(_close(make_head(item)), facecolor=item.colour, linewidth=0, zorder=order))
        case Text():
            _draw_text(axes, item, order)


def _draw_text(axes: Axes, item: Text, order: int) -> None:
    """Draw a text, smaller where the font at hand is wider than Helvetica."""
    weight = "bold" if item.is_bold else "normal"
    share = min(1.0, item.width / max(_measure(item.text, item.size, weight), 0.01))
    anchor = {"start": "left", "middle": "center", "end": "right"}[item.anchor]
    axes.text(
        *item.at,
        item.text,
        fontsize=item.size * share,
        color=item.colour,
        weight=weight,
        ha=anchor,
        va="baseline",
        zorder=order,
        parse_math=False,
    )


def _measure(text: str, size: float, weight: str) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    outline = TextPath((0, 0), text.replace("$", r"\$"), size=size, prop=FontProperties(weight=weight))
    return float(outline.get_extents().width) if len(outline.vertices) else 0.0


def _close(points: tuple[Point, ...]) -> Path:
    from matplotlib.path import Path

    return Path([*points, points[0]], closed=True)


def _open(stroke: Stroke) -> Path:
    from matplotlib.path import Path

    if stroke.is_curve:
        return Path(stroke.points, [Path.MOVETO, *[Path.CURVE4] * 3])
    bends = list(find_corners(stroke.points))
    points = [stroke.points[0], *(point for bend in bends for point in bend), stroke.points[-1]]
    return Path(points, [Path.MOVETO, *[Path.LINETO, Path.CURVE3, Path.CURVE3] * len(bends), Path.LINETO])
