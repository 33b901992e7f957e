"""The diagram of a checked network, by Graphviz: describe the network, lay it out, then write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specnet.backends.diagram.options import DrawingOptions as DrawingOptions

if TYPE_CHECKING:
    import graphviz

    from specnet.compiler import Checked


def draw(checked: Checked, options: DrawingOptions | None = None) -> graphviz.Digraph:
    """Draw a network; a broken one is drawn up to the error and around it.

    Graphviz lays it out, and its engine nop2, which the graph names, renders it. Without Graphviz, the graph has no
    places. Raises ValueError for a negative depth, and GraphvizError.
    """
    from specnet.backends.diagram.choice import choose_fit
    from specnet.backends.diagram.dot import to_placed_dot
    from specnet.backends.diagram.themes import THEMES
    from specnet.backends.drawing_errors import GraphvizMissing

    options = options or DrawingOptions()
    try:
        fit = choose_fit(checked, options)
    except GraphvizMissing:
        return sketch(checked, options)
    return to_placed_dot(fit.diagram, THEMES[options.theme], fit.layout)


def sketch(checked: Checked, options: DrawingOptions | None = None) -> graphviz.Digraph:
    """Draw a network in one piece without laying it out."""
    from specnet.backends.diagram.choice import describe
    from specnet.backends.diagram.dot import to_dot
    from specnet.backends.diagram.themes import THEMES

    options = options or DrawingOptions()
    return to_dot(describe(checked, options), options.direction == "lr", THEMES[options.theme])
