"""Where the attributes of layers are written, and which nodes take their values from there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from dataclasses import fields as list_fields
from functools import cached_property
from typing import Any

from specnet.compiler import Checked
from specnet.diagnostics import Edit
from specnet.elaborate import Place
from specnet.fixes.candidates import Change
from specnet.graph import Node
from specnet.layers.base import Layer
from specnet.layers.base.alternatives import Alternative
from specnet.layers.base.window import Windowed, describe_window
from specnet.printer.values import format_attribute, format_value
from specnet.source import Span
from specnet.syntax import tree

NAME = re.compile(r"[A-Za-z_]\w*")

LOOP = re.compile(r"\w+\s+in\b")
"""The head of a loop, `i in 0..2`, which stands in a trace among the calls of blocks."""


@dataclass(frozen=True, eq=False)
class Site:
    """A layer as it is written once, and the nodes that come of it."""

    nodes: tuple[Node, ...]
    place: Place


class Sites:
    """The sites of a network, and the calls that its blocks' parameters get their values from."""

    def __init__(self, checked: Checked, spend: Callable[[int], None]) -> None:
        self.checked = checked
        self.spend = spend
        """Counts work; raises BudgetSpent."""

    @cached_property
    def by_node(self) -> Mapping[str, Site]:
        """The site of each node."""
        places, grouped = self.checked.elaborated.places, dict[Span, list[Node]]()
        for node in self.checked.network.nodes:
            if node.layer:
                grouped.setdefault(places[node.name].word, []).append(node)
        sites = [Site(tuple(nodes), places[nodes[0].name]) for nodes in grouped.values()]
        return {node.name: site for site in sites for node in site.nodes}

    @cached_property
    def names(self) -> Mapping[Span, str]:
        """What titles call the layers, by their words: the node's name, or the kind where a word stands for several."""
        places, nodes = self.checked.elaborated.places, self.checked.network.nodes
        counts = Counter(places[node.name].word for node in nodes)
        named = ((places[node.name].word, node) for node in nodes)
        return {word: node.name if counts[word] == 1 else node.kind for word, node in named}

    @cached_property
    def alike(self) -> Mapping[object, list[Node]]:
        """The layers by their windows, one for each that is written."""
        found = dict[object, list[Node]]()
        for site in dict.fromkeys(self.by_node.values()):
            found.setdefault(describe_window(site.nodes[0].layer), []).append(site.nodes[0])
        return found

    @cached_property
    def varied(self) -> Mapping[int, list[Span]]:
        """The attributes of single layers for which the layer itself has alternatives, by their lines."""
        found = dict[int, list[Span]]()
        for node in self.checked.network.nodes:
            place, inputs = self.checked.elaborated.places[node.name], self.checked.network.input_shapes(node)
            if node.layer and inputs and not place.trace:
                fields = {alternative.field for alternative in node.layer.alternatives(inputs, node.output)}
                for span in (span for field, span in place.attributes.items() if field in fields):
                    found.setdefault(span.line, []).append(span)
        return found

    @cached_property
    def windows(self) -> Mapping[str, set[object]]:
        """The windows of the layers of each kind that has any."""
        found = dict[str, set[object]]()
        for node in self.checked.network.nodes:
            if isinstance(node.layer, Windowed):
                found.setdefault(node.kind, set()).add(describe_window(node.layer))
        return found

    @cached_property
    def _calls(self) -> Mapping[Span, tree.Call]:
        """The calls in the spec itself by their spans."""
        return {call.span: call for call in _find_calls(self.checked.lines)}

    def change(self, node: Node, alternative: Alternative, layer: Layer) -> tuple[Change, tuple[Node, ...]] | None:
        """Return the change that gives a node this `layer`, and all nodes that it changes; None if no text does."""
        site, field = self.by_node[node.name], alternative.field
        text = format_attribute(layer, field)
        if alternative.text and _depends_on_input(site):
            text = f"{type(layer).key_of(field)}={alternative.text}"
        replaced = alternative.instead or field
        written = site.place.attributes.get(replaced)
        if written is None:
            end = _find_end(site.place)
            before = _describe_default(node.layer, field)
            return Change(before, text, self.names[site.place.word], Edit(end, f" {text}")), site.nodes
        value = written.text.rpartition("=")[2]
        if NAME.fullmatch(value) and value not in type(layer).words and not isinstance(getattr(node.layer, field), str):
            return self._change_argument(node, value, getattr(layer, field))
        is_keyed = "=" not in written.text and "=" in text and value not in type(layer).words
        key = f"{type(layer).key_of(replaced)}=" if is_keyed else ""
        return Change(f"{key}{written.text}", text, self.names[site.place.word], Edit(written, text)), site.nodes

    def _change_argument(self, node: Node, parameter: str, value: Any) -> tuple[Change, tuple[Node, ...]] | None:
        """Return the change of the number that a block's call gives for a parameter."""
        trace = self.checked.elaborated.places[node.name].trace
        calls = [(depth, call) for depth, call in enumerate(trace, 1) if not LOOP.match(call.text)]
        for (depth, call), names in reversed([*zip(calls, self._list_parameters(node), strict=False)]):
            argument = _find_argument(self._calls.get(call), names, parameter)
            if argument is None:
                return None
            if isinstance(argument.value, tree.Number):
                key = f"{argument.key.text}=" if argument.key else ""
                edit = Edit(argument.span, f"{key}{format_value(value)}")
                before = argument.span.text if key else f"{parameter}={argument.span.text}"
                change = Change(before, f"{parameter}={format_value(value)}", call.text.split()[0], edit)
                return change, self._find_called(node, depth)
            if not isinstance(argument.value, tree.Name):
                return None
            parameter = argument.value.text
        return None

    def _list_parameters(self, node: Node) -> list[tuple[str, ...]]:
        """Return the parameters of the blocks around a node, outermost first."""
        parts = node.name.split(".")
        scopes = [self.checked.network.scopes.get(".".join(parts[:end])) for end in range(1, len(parts))]
        blocks = [scope for scope in scopes if scope and scope.word not in ("repeat", "for")]
        return [tuple(name for name, _ in scope.values) for scope in blocks]

    def _find_called(self, node: Node, depth: int) -> tuple[Node, ...]:
        """Return the nodes of the same site that the same outermost calls lead to."""
        places = self.checked.elaborated.places
        trace = places[node.name].trace[:depth]
        return tuple(n for n in self.by_node[node.name].nodes if places[n.name].trace[:depth] == trace)


def _find_calls(part: object) -> Iterator[tree.Call]:
    if isinstance(part, tree.Call):
        yield part
    if isinstance(part, tuple):
        for item in part:
            yield from _find_calls(item)
    elif is_dataclass(part) and isinstance(part, tree.Tree):
        for each in list_fields(part):
            if each.name != "span":
                yield from _find_calls(getattr(part, each.name))


def _find_argument(call: tree.Call | None, names: Sequence[str], parameter: str) -> tree.Argument | None:
    """Return the argument that sets a parameter of a block."""
    if call is None or parameter not in names:
        return None
    positional = [argument for argument in call.arguments if argument.key is None]
    by_key = {argument.key.text: argument for argument in call.arguments if argument.key}
    free = [name for name in names if name not in by_key]
    return by_key.get(parameter) or dict(zip(free, positional, strict=False)).get(parameter)


def _depends_on_input(site: Site) -> bool:
    """Whether a layer is written with the shape of its input, or stands for several nodes."""
    texts = (span.text for span in site.place.attributes.values())
    return len(site.nodes) > 1 or any(re.search(r"\b[CHWL]\b", text.rpartition("=")[2]) for text in texts)


def _find_end(place: Place) -> Span:
    """Return the empty span behind the attributes that are written."""
    own = [span.end for span in place.attributes.values() if span.source is place.word.source]
    end = max(own, default=place.word.end)
    return Span(place.word.source, end, end)


def _describe_default(layer: Layer | None, field: str) -> str:
    """Return an attribute that is not written, as `P=0`; "" where a word or nothing stands for it."""
    if layer is None:
        return ""
    value, key = layer.value_in_force(field), type(layer).key_of(field)
    return f"{key}={format_value(value)}" if key.isupper() and value is not None else ""
