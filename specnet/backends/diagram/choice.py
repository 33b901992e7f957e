"""Choose the detail of a diagram: all of it if that is readable on a page, else less deep blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.heat import Heat
from specnet.backends.diagram.model import Diagram
from specnet.backends.diagram.options import DrawingOptions
from specnet.backends.diagram.page_fit import Fit, fit_page, lay_out_whole
from specnet.backends.diagram.themes import THEMES
from specnet.backends.drawing_errors import GraphvizTooSlow
from specnet.compiler import Checked
from specnet.printer.scopes import Scopes

MOST_DEPTHS = 8
"""The largest number of depths that are tried, evenly spread where blocks are nested deeper."""


def choose_fit(checked: Checked, options: DrawingOptions) -> Fit:
    """Return a network with the most detail that is readable; a depth and `expand` leave no choice.

    What takes Graphviz too long is passed over, unless there is nothing else.
    """
    fits, given_up = list[Fit](), list[GraphvizTooSlow]()
    for diagram in list_details(checked, options):
        try:
            fits.append(_lay_out(diagram, options))
        except GraphvizTooSlow as error:
            given_up.append(error)
            continue
        if fits[-1].is_readable:
            return fits[-1]
    if not fits:
        raise given_up[0]
    return max(fits, key=lambda fit: fit.smallest_text)


def _lay_out(diagram: Diagram, options: DrawingOptions) -> Fit:
    theme = THEMES[options.theme]
    if options.direction == "auto":
        return fit_page(diagram, theme)
    return lay_out_whole(diagram, theme, options.direction == "lr")


def describe(checked: Checked, options: DrawingOptions) -> Diagram:
    """Return the diagram with all that is asked for, however large it is."""
    heat = Heat(checked, options.heat, options.usage) if options.heat else None
    return replace(describe_network(checked, options.depth, options.expand, heat), has_title=options.title)


def list_details(checked: Checked, options: DrawingOptions) -> Iterator[Diagram]:
    """Yield a diagram with all scopes open, then with fewer and fewer of them unless the detail is given."""
    yield describe(checked, options)
    if options.depth is None and not options.expand:
        scopes = Scopes(checked.network)
        deepest = max((len(scopes.list_enclosing(node.name)) for node in checked.network.nodes), default=0)
        step = max(1, ceil(deepest / MOST_DEPTHS))
        for less in (*range(deepest - step, 0, -step), *([0] if deepest else [])):
            yield describe(checked, replace(options, depth=less))
