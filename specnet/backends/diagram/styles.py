"""What boxes, scopes and edges look like in Graphviz's language: their markup, colours and attributes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import graphviz

from specnet.backends.diagram.html_labels import (
    SPACE,
    bold,
    centre,
    escape_text,
    join_side_by_side,
    make_printable,
    make_strips,
    shorten_text,
    small,
    stack_rows,
    wrap_evenly,
    wrap_text,
)
from specnet.backends.diagram.legend import list_legend
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, Share, State, Terminal
from specnet.backends.diagram.palette import Colours, Style
from specnet.backends.diagram.patterns import make_swatch
from specnet.backends.diagram.sizes import choose_caption_width, measure_caption
from specnet.backends.diagram.themes import Theme, measure_contrast

WIDEST = 44
"""The largest number of characters of a line in a box."""

MOST_ERROR_LINES = 6
"""The largest number of lines about errors in a box."""

LEGIBLE = 4.5
"""The contrast from which text is easy to read."""

TRUNK = "20"
"""The weight of an edge that is to be straight."""

STRESSED = (State.FAULT, State.ADDED, State.CHANGED)
"""The states of an edge that is drawn bold."""

BROKEN_LINES = (State.BEHIND, State.REMOVED)
"""The states of a box or an edge that is drawn dashed."""

MOST_MESSAGES = 5
"""The largest number of messages in the title."""


class Styles:
    """Styles the parts of a diagram in a theme; `largest` is the share that has the strongest colour of heat."""

    def __init__(self, theme: Theme, largest: float = 0.0) -> None:
        self.theme, self.largest = theme, largest

    def style_graph(self, diagram: Diagram) -> Style:
        """Return the attributes of the picture; its title has the errors without a place among the layers, too."""
        if not diagram.has_title:
            return {"label": "", **self.theme.style_graph()}
        fault = self.theme.states[State.FAULT].line
        messages = (small(wrap_text(message, 90), fault) for message in diagram.messages[:MOST_MESSAGES])
        rows = [
            small(bold(wrap_evenly(diagram.name, 48)), self.theme.ink, 18),
            small(wrap_evenly(diagram.description, 90), self.theme.quiet),
            small(escape_text(diagram.totals), self.theme.quiet),
            *messages,
            *list_legend(diagram, self.theme),
            small(SPACE, self.theme.quiet, 4),
        ]
        return {"label": stack_rows(rows), **self.theme.style_graph()}

    def style_box(self, box: Box) -> Style:
        """Return the attributes of a box: its name and layer, facts, errors and the other layers in it."""
        colours, fault = self.choose_colours(box), self.theme.states[State.FAULT].line
        heading = join_side_by_side(
            bold(shorten_text(box.title)), wrap_text(box.call, WIDEST), self._format_repeats(box.count, colours.ink)
        )
        is_legible = measure_contrast(self.theme.quiet, colours.fill) >= LEGIBLE
        quiet = self.theme.quiet if is_legible and not box.share else colours.ink
        rows = [
            self._put_swatch_before(heading, box),
            *(small(escape_text(fact), quiet) for fact in box.facts),
            *islice((small(wrap_text(message, WIDEST), fault) for message in box.messages), MOST_ERROR_LINES),
            *make_strips(self._list_strips(box)),
        ]
        return {
            "label": stack_rows(rows),
            "tooltip": _make_tooltip(box.tooltip),
            **colours.style(),
            **_style_border(box),
            "class": _classify(box),
        }

    def choose_colours(self, box: Box | Part) -> Colours:
        """Return the colours of a box or of a part of one."""
        if box.state is not State.SOUND:
            return self.theme.states[box.state]
        if isinstance(box, Box) and box.share:
            return self._choose_heat(box.share)
        return self.theme.families[box.family] if box.family else self.theme.folded

    def _choose_heat(self, share: Share) -> Colours:
        """Return the colours by the root of a share, so that small ones differ, too; outside the scale if unknown."""
        if share.part is None:
            return self.theme.folded
        return self.theme.mix_heat((share.part / self.largest) ** 0.5 if self.largest else 0.0)

    def _list_strips(self, box: Box) -> Iterator[tuple[str, Colours, str]]:
        """Yield the texts, colours and patterns of the other layers in a box; heat leaves them without a colour."""
        plain = self.choose_colours(box)
        for part in box.parts:
            colours = plain if box.share and part.state is State.SOUND else self.choose_colours(part)
            yield escape_text(part.text), colours, self._make_swatch(part) if not box.share else ""

    def _put_swatch_before(self, heading: str, box: Box) -> str:
        swatch = "" if box.share else self._make_swatch(box)
        if not swatch:
            return heading
        table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">'
        return centre(f"{table}<TR>{swatch}<TD>{SPACE}{heading}</TD></TR></TABLE>")

    def _make_swatch(self, box: Box | Part) -> str:
        return make_swatch(box.family) if self.theme.has_patterns and box.family else ""

    def make_caption(self, scope: Scope) -> str:
        """Return a scope's name above its call, with space to the right for the edge into its middle."""
        title = small(bold(shorten_text(scope.title)), self.theme.quiet)
        heading = join_side_by_side(title, self._format_repeats(scope.count, self.theme.ink))
        call = small(wrap_text(scope.call, choose_caption_width(scope.call)), self.theme.quiet)
        return stack_rows([small(SPACE, self.theme.quiet, 3), heading, call], "LEFT", measure_caption(scope))

    def _format_repeats(self, count: int, ink: str) -> str:
        """Return `×3` in large letters for a box or scope that stands for three."""
        return small(bold(f"×{count:,}"), ink, 14) if count > 1 else ""

    def style_terminal(self, terminal: Terminal) -> Style:
        """Return the attributes of an input, an output or a head; without a name, of a point that is not seen."""
        if not terminal.name:
            return {"shape": "point", "width": "0.01", "style": "invis"}
        is_sound = terminal.state is State.SOUND
        colours = self.theme.terminal if is_sound else self.theme.states[terminal.state]
        name, role = bold(shorten_text(terminal.name)), small(escape_text(terminal.role), colours.ink)
        label = stack_rows([join_side_by_side(small(name, colours.ink, 11), role)])
        return {"label": label, **colours.style(), **_style_border(terminal)}

    def style_edge(self, edge: Edge) -> Style:
        """Return the attributes of an edge with its size; at an error it is red, and at weight 0 it bends aside."""
        label = {"label": format_size_label(edge)} if edge.label else {}
        return label | self.style_line(edge) | self.style_weight(edge)

    def style_weight(self, edge: Edge) -> Style:
        """Return what keeps the main path straight."""
        if edge.is_shortcut or edge.is_trunk:
            return {"weight": "0" if edge.is_shortcut else TRUNK}
        return {}

    def style_line(self, edge: Edge) -> Style:
        """Return the attributes of the line by the state of the value."""
        colours = {} if edge.state is State.SOUND else self.theme.states[edge.state].style_line()
        if edge.is_gap or edge.state in BROKEN_LINES:
            return colours | {"style": "dashed"}
        return colours | ({"penwidth": "2"} if edge.state in STRESSED else {})


def _style_border(box: Box | Terminal) -> Style:
    return {"style": "rounded,filled,dashed"} if box.state in BROKEN_LINES else {}


def _classify(box: Box) -> str:
    """Return the classes of a box in an SVG: its family and its state."""
    return " ".join(filter(None, [box.family or ("folded" if box.is_folded else "unknown"), box.state]))


def _make_tooltip(lines: tuple[str, ...]) -> str:
    escaped: str = graphviz.escape("\n".join(map(make_printable, lines)))  # keeps `<a>` from being markup
    return escaped


def format_size_label(edge: Edge) -> str:
    """Return the size on an edge as a label."""
    return str(graphviz.escape(f" {make_printable(edge.label)} "))
