"""Describe the difference of two networks as one diagram: what was added, removed and changed, the rest folded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from specnet.analyses.difference import Change, Difference, find_differences
from specnet.analyses.pairing import pair_nodes
from specnet.backends.diagram.choice import choose_readable
from specnet.backends.diagram.contraction import SIGNS, contract_chains, fold_uniform_scopes, list_depths
from specnet.backends.diagram.describe import describe_network
from specnet.backends.diagram.dot import to_dot
from specnet.backends.diagram.mermaid import to_mermaid
from specnet.backends.diagram.model import Box, Diagram, Edge, Part, Scope, State, Terminal
from specnet.backends.diagram.options import ThemeName
from specnet.backends.diagram.page_fit import fit_page
from specnet.backends.diagram.placement import REMOVED, Placement
from specnet.backends.diagram.rendering import render_fit
from specnet.backends.diagram.themes import THEMES
from specnet.compiler import Checked
from specnet.reporters.difference import COUNTS, list_totals

STATES = {Change.ADDED: State.ADDED, Change.REMOVED: State.REMOVED, Change.CHANGED: State.CHANGED}
"""The state of a layer by its change; one that only has another size, or another name, is the same layer."""


def describe_difference(before: Checked, after: Checked) -> Diagram:
    """Describe two sound networks as one diagram, in the order of the second."""
    return _Merger(before, after).merge()


def render_difference(before: Checked, after: Checked, format: str, theme: ThemeName = "light") -> bytes:
    """Return the content of a file of the difference: svg, png, pdf, dot or mmd.

    Raises GraphvizMissing and GraphvizError for a format that Graphviz writes.
    """
    diagram = describe_difference(before, after)
    if format == "mmd":
        return to_mermaid(diagram).encode()
    if format == "dot":
        return str(to_dot(diagram, theme=THEMES[theme]).source).encode()
    fit = choose_readable(list_depths(diagram), lambda less: fit_page(less, THEMES[theme]))
    return render_fit(fit, format, THEMES[theme])


class _Merger:
    """Merges the diagrams of two networks, of which each box of the first stands for its counterpart in the second."""

    def __init__(self, before: Checked, after: Checked) -> None:
        self.old, self.new = describe_network(before, expand=True), describe_network(after, expand=True)
        self.totals = list_totals(before, after)
        self.sources = [Path(each.source.name).name for each in (before, after)]
        pairs = pair_nodes(before.network.nodes, after.network.nodes)
        self.counterparts = {old.name: new.name for old, new in pairs if old and new}
        self.originals = {new: old for old, new in self.counterparts.items()}
        differences = find_differences(before.network, after.network)
        self.by_new = {each.after.name: each for each in differences if each.after}
        self.removed = {each.before.name: each for each in differences if each.before and not each.after}
        self.old_boxes = {layer: box for box in self.old.boxes.values() for layer in box.layers}
        self.new_boxes = {layer: box.name for box in self.new.boxes.values() for layer in box.layers}
        inputs = zip(before.network.inputs, after.network.inputs, strict=False)
        self.identities = {old.name: new.name for old, new in inputs}
        kept = {terminal.identity for terminal in (*self.new.inputs, *self.new.ends)}
        ends = (terminal.identity for terminal in (*self.old.inputs, *self.old.ends))
        self.identities |= {end: REMOVED + end for end in ends if end not in kept and end not in self.identities}
        self.identities |= {name: self._identify(box) for name, box in self.old.boxes.items()}

    def merge(self) -> Diagram:
        boxes = {name: self._mark_box(box) for name, box in self.new.boxes.items()}
        gone = {name for box in self.old.boxes if (name := self.identities[box]) not in boxes}
        boxes |= {
            name: self._mark_removed(box, name)
            for box in self.old.boxes.values()
            if (name := self.identities[box.name]) in gone
        }
        contents = Placement(self.old, self.new, self.identities, gone).place()
        merged = replace(
            self.new,
            name=self.new.name if self.new.name == self.old.name else f"{self.old.name} → {self.new.name}",
            description="" if self.sources[0] == self.sources[1] else " → ".join(self.sources),
            totals=" · ".join(f"{label} {value}" for label, value in self.totals if label in COUNTS.values()),
            inputs=(*self.new.inputs, *self._list_removed_terminals(self.old.inputs)),
            ends=(*self.new.ends, *self._list_removed_terminals(self.old.ends)),
            boxes=boxes,
            scopes=dict(self._list_scopes(contents)),
            contents=tuple(contents[""]),
            edges=tuple(self._merge_edges()),
        )
        folded = contract_chains(fold_uniform_scopes(merged))
        return replace(folded, boxes={name: self._add_parameters(box) for name, box in folded.boxes.items()})

    def _add_parameters(self, box: Box) -> Box:
        """Return a box that is the same but for the number of its parameters with both numbers."""
        found = [each for layer in box.layers if (each := self.by_new.get(layer))]
        sides = [
            (each.before.cost.parameters, each.after.cost.parameters) for each in found if each.before and each.after
        ]
        old, new = (sum(numbers) for numbers in zip(*sides, strict=True)) if sides else (0, 0)
        if box.state is not State.SAME or old == new:
            return box
        return replace(box, facts=(*box.facts, f"{new - old:+,} parameters"))

    def _list_removed_terminals(self, terminals: Sequence[Terminal]) -> Iterator[Terminal]:
        for terminal in terminals:
            identity = self.identities.get(terminal.identity, terminal.identity)
            if identity.startswith(REMOVED):
                yield replace(
                    terminal, identity=identity, name=SIGNS[State.REMOVED] + terminal.name, state=State.REMOVED
                )

    def _list_scopes(self, contents: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Scope]]:
        for name, inside in contents.items():
            scope = self.new.scopes.get(name) or self.old.scopes.get(name.removeprefix(REMOVED))
            if scope:
                yield name, replace(scope, name=name, contents=tuple(inside))

    # Boxes

    def _identify(self, box: Box) -> str:
        """Return the name of the box with the counterpart of an old box's first layer, or a name that no box has."""
        counterpart = self.counterparts.get(box.layers[0])
        return self.new_boxes[counterpart] if counterpart else REMOVED + box.name

    def _mark_box(self, box: Box) -> Box:
        """Return a box with the states of its layers, and with the layers that were removed from it."""
        first, *others = box.layers
        state = self._find_state(first)
        parts = [
            replace(part, state=self._find_state(name), text=self._format_part(part, name))
            for part, name in zip(box.parts, others, strict=True)
        ]
        parts += self._list_removed_parts(first)
        if state is State.SAME and any(part.state is not State.SAME for part in parts):
            state = State.CHANGED
        title = SIGNS.get(state, "") + box.title
        return replace(box, title=title, state=state, facts=tuple(self._list_facts(first)), parts=tuple(parts))

    def _find_state(self, layer: str) -> State:
        difference = self.by_new.get(layer)
        return STATES.get(difference.change, State.SAME) if difference else State.SAME

    def _format_part(self, part: Part, layer: str) -> str:
        difference = self.by_new.get(layer)
        old = _find_old_text(difference)
        return SIGNS.get(self._find_state(layer), "") + (f"{old} → {part.text}" if old else part.text)

    def _list_facts(self, layer: str) -> Iterator[str]:
        """Yield what the layer was before."""
        difference = self.by_new.get(layer)
        if old := _find_old_text(difference):
            yield f"was {old}"
        elif difference and difference.change is Change.CHANGED and difference.before:
            yield f"was fed by {', '.join(difference.before.inputs)}"
        elif difference and difference.change is Change.RENAMED and difference.before:
            yield f"was called {difference.before.name}"

    def _list_removed_parts(self, layer: str) -> Iterator[Part]:
        box = self.old_boxes.get(self.originals.get(layer, ""))
        for part, name in zip(box.parts, box.layers[1:], strict=True) if box else ():
            if name in self.removed:
                yield replace(part, state=State.REMOVED, text=SIGNS[State.REMOVED] + part.text)

    def _mark_removed(self, box: Box, name: str) -> Box:
        parts = tuple(
            replace(part, state=State.REMOVED)
            for part, layer in zip(box.parts, box.layers[1:], strict=True)
            if layer in self.removed
        )
        title = SIGNS[State.REMOVED] + box.title
        return replace(box, name=name, title=title, state=State.REMOVED, facts=(), parts=parts)

    # Edges

    def _merge_edges(self) -> Iterator[Edge]:
        """Yield the edges of the second network, and those of the first that it does not have."""
        old = {self._translate(edge): edge for edge in self.old.edges}
        sizes = {self._translate_value(edge.value): edge.label for edge in self.old.edges if edge.label}
        for edge in self.new.edges:
            was = sizes.get(edge.value, edge.label)
            if (edge.source, edge.target) not in old:
                yield replace(edge, state=State.ADDED)
            elif edge.label and edge.label != was:
                yield replace(edge, state=State.CHANGED, label=f"{was} → {edge.label}")
            else:
                yield replace(edge, state=State.SAME)
        kept = {(edge.source, edge.target) for edge in self.new.edges}
        for (source, target), edge in old.items():
            if (source, target) not in kept:
                yield replace(edge, source=source, target=target, state=State.REMOVED)

    def _translate(self, edge: Edge) -> tuple[str, str]:
        return self.identities.get(edge.source, edge.source), self.identities.get(edge.target, edge.target)

    def _translate_value(self, value: str) -> str:
        return self.counterparts.get(value) or self.identities.get(value, value)


def _find_old_text(difference: Difference | None) -> str:
    """Return the text that a layer had before, "" where it has the same or was not there."""
    if not difference or not difference.before or not difference.after:
        return ""
    return difference.before.text if difference.before.text != difference.after.text else ""
