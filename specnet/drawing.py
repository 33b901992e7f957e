"""A drawing of a network: written to a file of any format, or shown in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from specnet.argument_types import require_whole
from specnet.atomic_write import write_user_file
from specnet.backends.diagram import DrawingOptions
from specnet.backends.drawing_errors import DrawingError
from specnet.compiler import Checked
from specnet.records import Displayed

if TYPE_CHECKING:
    import graphviz

    from specnet.backends.diagram.page_fit import Fit

Style = Literal["layers", "volumes"]

FORMATS: dict[Style, tuple[str, ...]] = {
    "layers": ("svg", "png", "pdf", "dot", "html", "mmd"),
    "volumes": ("svg", "png", "pdf", "tex"),
}
"""The formats of each style; html is a page with diagram, table and text, mmd a Mermaid flowchart, tex TikZ."""


@dataclass(frozen=True)
class Drawing(Displayed):
    """A drawing of a checked network in the layers or the volumes view; in a notebook it shows itself."""

    checked: Checked
    style: Style = "layers"
    options: DrawingOptions = field(default_factory=DrawingOptions)

    def __repr__(self) -> str:
        return f"Drawing({self.checked.network.name!r} as {self.style})"

    @property
    def graph(self) -> graphviz.Digraph:
        """The layers view as a graph of the graphviz package, placed where Graphviz's program is installed."""
        from specnet.backends.diagram import draw

        return draw(self.checked, self.options)

    @cached_property
    def fit(self) -> Fit:
        """The layers view as it is laid out for a page; raises GraphvizMissing and GraphvizError."""
        from specnet.backends.diagram.choice import choose_fit

        return choose_fit(self.checked, self.options)

    def render(self, format: str, dpi: int | None = None, width: int | None = None) -> bytes:
        """Return the content of a file; a png has a number of dots per inch or of pixels across.

        Raises TypeError and ValueError for what makes no sense, and DrawingError where Graphviz or matplotlib is
        missing or fails, and for too large a picture.
        """
        if format not in FORMATS[self.style]:
            raise ValueError(f"{self.style} are drawn as {', '.join(FORMATS[self.style])}, not as {format!r}")
        _refuse_size(format, dpi, width)
        if self.style == "volumes":
            return self._render_volumes(format, dpi, width)
        match format:
            case "html":
                return self._make_page()
            case "mmd":
                return self._write_flowchart()
            case "dot":
                return self._write_dot()
        from specnet.backends.diagram.rendering import render_fit
        from specnet.backends.diagram.themes import THEMES

        return render_fit(self.fit, format, THEMES[self.options.theme], dpi, width)

    def save(self, path: str | Path, dpi: int | None = None, width: int | None = None) -> None:
        """Write a file, whose suffix names the format; raises OSError, ValueError and DrawingError."""
        target = Path(path)
        write_user_file(target, self.render(target.suffix.lower().removeprefix("."), dpi, width))

    def _make_page(self) -> bytes:
        from specnet.page.network_page import make_network_page

        return make_network_page(self.checked, self.options.depth, self.options.expand).html.encode()

    def _write_flowchart(self) -> bytes:
        from specnet.backends.diagram.mermaid import write_flowchart

        return write_flowchart(self.checked, self.options.depth, self.options.expand).encode()

    def _write_dot(self) -> bytes:
        from specnet.backends.diagram import sketch

        return str(sketch(self.checked, self.options).source).encode()

    def _render_volumes(self, format: str, dpi: int | None, width: int | None) -> bytes:
        from specnet.backends.volumes import draw_volumes, scene_to_image, scene_to_svg, scene_to_tikz

        scene = draw_volumes(self.checked, self.options.theme, self.options.depth, self.options.title)
        if format in ("svg", "tex"):
            return (scene_to_svg(scene) if format == "svg" else scene_to_tikz(scene)).encode()
        return scene_to_image(scene, "png" if format == "png" else "pdf", dpi, width)


def _refuse_size(format: str, dpi: int | None, width: int | None) -> None:
    """Raise TypeError or ValueError for a size that makes no sense."""
    for name, value in (("dpi", dpi), ("width", width)):
        if value is not None:
            require_whole(name, value, 1)
            if format != "png":
                raise ValueError(f"`{name}` is that of a png, not of a {format}")
    if dpi is not None and width is not None:
        raise ValueError("a png has `dpi` or `width`, not both")


def _display(drawing: Drawing) -> dict[str, Any]:
    """Return a drawing by media types; without Graphviz, the page draws the layers in the browser."""
    text = {"text/plain": repr(drawing)}
    try:
        svg = drawing.render("svg").decode()
    except DrawingError:
        from specnet.page.network_page import make_network_page

        return {**text, "text/html": make_network_page(drawing.checked, drawing.options.depth)._repr_html_()}
    return {**text, "image/svg+xml": svg[svg.index("<svg") :]}


Drawing.display = _display
