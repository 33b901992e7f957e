"""Choose the detail of a diagram: all of it if that is readable on a page, else less deep blocks."""

from __future__ import annotations

from collections.abc import Iterator

from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.model import Diagram
from specnet.backends.diagram.page_fit import Fit, fit_page, lay_out_whole
from specnet.compiler import Checked
from specnet.printer.scopes import Scopes


def choose_fit(checked: Checked, depth: int | None, expand: bool, direction: str) -> Fit:
    """Return a network with the most detail that is readable; `depth` and `expand` leave no choice."""
    if direction != "auto":
        return lay_out_whole(describe_network(checked, depth, expand), is_across=direction == "lr")
    fits = list[Fit]()
    for diagram in list_details(checked, depth, expand):
        fits.append(fit_page(diagram))
        if fits[-1].is_readable:
            return fits[-1]
    return max(fits, key=lambda fit: fit.smallest_text)


def list_details(checked: Checked, depth: int | None, expand: bool) -> Iterator[Diagram]:
    """Yield a diagram with all scopes open, then with fewer and fewer of them unless the detail is given."""
    yield describe_network(checked, depth, expand)
    if depth is None and not expand:
        scopes = Scopes(checked.network)
        deepest = max((len(scopes.list_enclosing(node.name)) for node in checked.network.nodes), default=0)
        for less in range(deepest - 1, -1, -1):
            yield describe_network(checked, less)
