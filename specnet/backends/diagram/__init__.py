"""The diagram of a checked network, by Graphviz: describe the network, then write it in Graphviz's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import graphviz

    from specnet.compiler import Checked


Direction = Literal["auto", "tb", "lr"]


def draw(
    checked: Checked, depth: int | None = None, expand: bool = False, direction: Direction = "auto"
) -> graphviz.Digraph:
    """Draw a network with blocks and repetitions opened `depth` deep.

    Without a depth, they are opened as far as the picture is readable on a page. `direction` is `tb` for a picture from
    top to bottom, `lr` for one from left to right, and `auto` for what fits on a page, in columns if need be. Alike
    neighbours are drawn once unless `expand` is set. A broken network is drawn up to the error and around it. Raises
    ValueError for a negative depth.
    """
    from specnet.backends.diagram.choice import choose_fit
    from specnet.backends.diagram.dot import to_placed_dot

    fit = choose_fit(checked, depth, expand, direction)
    return to_placed_dot(fit.diagram, fit.layout)


def render(
    checked: Checked, format: str, depth: int | None = None, expand: bool = False, direction: Direction = "auto"
) -> bytes:
    """Return the content of a file of a drawing, svg, png or pdf.

    Raises GraphvizMissing and GraphvizError of `specnet.backends.diagram.layout`.
    """
    from specnet.backends.diagram.layout import run_dot

    return run_dot(draw(checked, depth, expand, direction).source, f"-T{format}")
