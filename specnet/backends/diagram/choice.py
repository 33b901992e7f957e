"""Choose the detail of a diagram: all of it if that is readable on a page, else less deep blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
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
    """Return a network with the most detail that is readable; a depth and `expand` leave no choice."""
    theme, is_across = THEMES[options.theme], options.direction == "lr"
    if options.direction == "auto":
        return choose_readable(list_details(checked, options), lambda diagram: fit_page(diagram, theme))
    return choose_readable(list_details(checked, options), lambda diagram: lay_out_whole(diagram, theme, is_across))


def choose_readable(diagrams: Iterable[Diagram], lay_out: Callable[[Diagram], Fit]) -> Fit:
    """Return the first diagram that is readable on a page as it is laid out, or else the one with the largest text.

    What takes Graphviz too long is passed over; raises GraphvizTooSlow if there is nothing else.
    """
    fits, given_up = list[Fit](), list[GraphvizTooSlow]()
    for diagram in diagrams:
        try:
            fits.append(lay_out(diagram))
        except GraphvizTooSlow as error:
            given_up.append(error)
            continue
        if fits[-1].is_readable:
            return fits[-1]
    if not fits:
        raise given_up[0]
    return max(fits, key=lambda fit: fit.smallest_text)


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
