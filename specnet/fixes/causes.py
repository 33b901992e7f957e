"""The search for the cause of a wrong shape: other attributes for the layers along the path that leads to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from pydantic import ValidationError

from specnet.analyses.propagation import propagate, try_output
from specnet.compiler import Checked
from specnet.fixes.candidates import Candidate
from specnet.fixes.goals import Goal, count_contradictions, find_shared, find_upstream, list_wanted
from specnet.fixes.sites import Sites
from specnet.graph import Node
from specnet.layers.base import Layer
from specnet.layers.base.alternatives import Alternative
from specnet.layers.base.window import describe_window

MAX_SITES = 24
"""The largest number of layers upstream to change."""

MAX_SIMULATIONS = 1500
"""The largest number of changed networks whose shapes are computed for one error."""

SCANNED, SIMULATED, COPIED = 100, 20, 3
"""Passing over so many nodes is as much work as checking one; so is computing 5 shapes, or changing 3 layers."""

MAX_GROUP = 8
"""The largest number of layers to change in the same way."""

ABOVE_FORK = 0.5
"""The cost of a change above the fork of the arms: it changes the encoder to please the decoder."""

UNEVEN = 0.4
"""The cost of a change that leaves a remark, such as padding that is never read."""

SEVERAL = 0.2
"""The cost of a change on a line that stands for several layers, as in a block that is called twice."""

ELSEWHERE = 0.25
"""The cost of a change of another layer than the one that fails, where that has a single input."""

AWAY = 0.02
"""The cost of a change for each layer between it and the error."""

ANOTHER = 0.15
"""The cost of each further layer that is changed in the same way."""

USUAL = 0.3
"""The bonus of a window that other layers of the kind have, and of a number that stands in the same place elsewhere."""


@dataclass(frozen=True)
class Draft:
    """A candidate before it is known to meet its goal, with the layer and the alternative that it comes from."""

    candidate: Candidate
    node: Node
    alternative: Alternative


def change_layers(
    checked: Checked, sites: Sites, goal: Goal, only: frozenset[str] | None = None
) -> Iterator[Candidate]:
    """Yield changes of one layer, and of layers in the same way, that meet the goal; `only` limits the layers.

    Raises BudgetSpent.
    """
    drafts = list(islice(_draft_changes(checked, sites, goal, only), MAX_SIMULATIONS))
    for candidate in (*(draft.candidate for draft in drafts), *_change_alike(checked, sites, drafts)):
        through = propagate(checked.network, candidate.inputs, candidate.layers, goal.node)
        sites.spend(1 + (len(checked.network.nodes) + SIMULATED * len(through.shapes)) // SCANNED)
        if goal.is_met(checked.network, through):
            yield judge(checked, candidate)


def judge(checked: Checked, candidate: Candidate) -> Candidate:
    """Return the candidate with the number of layers and claims that it contradicts."""
    return replace(candidate, contradictions=count_contradictions(checked, candidate.inputs, candidate.layers))


def _draft_changes(checked: Checked, sites: Sites, goal: Goal, only: frozenset[str] | None) -> Iterator[Draft]:
    """Yield changes of each layer upstream, nearest first."""
    shared, target = find_shared(checked.network, goal.node), checked.network.by_name.get(goal.node)
    for distance, node in enumerate(_list_layers(checked, sites, goal, only)):
        base = AWAY * distance + (ABOVE_FORK if node.name in shared else 0.0)
        if target and target.output is None and len(target.inputs) == 1 and node is not target:
            base += ELSEWHERE
        for alternative in _list_alternatives(checked, goal, node):
            candidate = _draft(checked, sites, node, alternative)
            if candidate:
                yield Draft(replace(candidate, cost=candidate.cost + base), node, alternative)


def _list_layers(checked: Checked, sites: Sites, goal: Goal, only: frozenset[str] | None) -> Iterable[Node]:
    """Return the layers upstream that can give another shape, nearest first; one for each that is written."""
    upstream = find_upstream(checked.network, goal.node)
    if only is not None:
        upstream &= only
    nodes = [node for node in reversed(checked.network.nodes) if node.name in upstream and _can_vary(checked, node)]
    nearest = {sites.by_node[node.name]: node for node in reversed(nodes)}
    return islice((node for node in nodes if nearest[sites.by_node[node.name]] is node), MAX_SITES)


def _can_vary(checked: Checked, node: Node) -> bool:
    inputs = checked.network.input_shapes(node)
    return bool(node.layer and inputs and next(node.layer.alternatives(inputs, node.output), None))


def _list_alternatives(checked: Checked, goal: Goal, node: Node) -> list[Alternative]:
    """Return the alternatives for a layer upstream, each once."""
    inputs = checked.network.input_shapes(node)
    if not node.layer or not inputs:
        return []
    found = dict[tuple[str, Any], Alternative]()
    for wanted in (*list_wanted(checked.network, goal, node), None):
        for alternative in node.layer.alternatives(inputs, wanted):
            found.setdefault((alternative.field, alternative.value), alternative)
    return list(found.values())


def _draft(checked: Checked, sites: Sites, node: Node, alternative: Alternative) -> Candidate | None:
    """Return the candidate that gives a layer another attribute; None if that is invalid or changes no shape."""
    alternative = _adapt(checked, node, alternative)
    changed = replace_attribute(node.layer, alternative)
    located = sites.change(node, alternative, changed) if changed else None
    if not changed or not located:
        return None
    change, nodes = located
    sites.spend(1 + len(nodes) // COPIED)
    adapted = ((n.name, replace_attribute(n.layer, _adapt(checked, n, alternative))) for n in nodes)
    layers = {name: layer for name, layer in adapted if layer}
    if not any(_alters_shape(checked, checked.network.by_name[name], layer) for name, layer in layers.items()):
        return None
    cost = _measure_cost(checked, sites, node, alternative, changed) + (SEVERAL if len(nodes) > 1 else 0.0)
    return Candidate((change,), cost, layers)


def _adapt(checked: Checked, node: Node, alternative: Alternative) -> Alternative:
    """Return an alternative with the value that its expression has for this node."""
    inputs = checked.network.input_shapes(node)
    if not alternative.text or not node.layer or not inputs:
        return alternative
    own = (other for other in node.layer.alternatives(inputs, None) if other.field == alternative.field)
    return next((other for other in own if other.text == alternative.text), alternative)


def _alters_shape(checked: Checked, node: Node, layer: Layer) -> bool:
    """Whether a layer gives another shape; so it may if its inputs are unknown."""
    inputs = checked.network.input_shapes(node)
    return inputs is None or try_output(layer, inputs) not in (None, node.output)


def _measure_cost(checked: Checked, sites: Sites, node: Node, alternative: Alternative, changed: Layer) -> float:
    """Return the cost of an alternative: lower if that makes the layer like another, higher if that earns a remark."""
    inputs = checked.network.input_shapes(node)
    is_usual = describe_window(changed) in sites.windows.get(node.kind, ())
    has_remarks = inputs is not None and try_output(changed, inputs) is not None and changed.notes(inputs)
    return alternative.change - (USUAL if is_usual else 0.0) + (UNEVEN if has_remarks else 0.0)


def replace_attribute(layer: Layer | None, alternative: Alternative) -> Layer | None:
    """Return the layer with another attribute; None if the value is invalid, or nothing changes."""
    if layer is None:
        return None
    kept = {name: getattr(layer, name) for name in layer.model_fields_set - {alternative.instead}}
    try:
        changed = type(layer).model_validate({**kept, alternative.field: alternative.value})
    except ValidationError:
        return None
    return changed if changed != layer else None


def _change_alike(checked: Checked, sites: Sites, drafts: Sequence[Draft]) -> Iterator[Candidate]:
    """Yield each change together with the same change of all layers that are written alike."""
    seen = set[tuple[int, str, Any]]()
    for draft in drafts:
        group = sites.alike.get(describe_window(draft.node.layer), ())
        mark = id(group), draft.alternative.field, draft.alternative.value
        is_size = draft.node.layer and draft.alternative.field == draft.node.layer.output_field
        if 1 < len(group) <= MAX_GROUP and mark not in seen and not is_size:
            seen.add(mark)
            parts = [part for node in group if (part := _draft(checked, sites, node, draft.alternative))]
            if len(parts) > 1:
                yield unite(parts, draft.candidate.cost + ANOTHER * (len(parts) - 1))


def unite(parts: Sequence[Candidate], cost: float) -> Candidate:
    """Return all changes of several candidates as one."""
    layers = {name: layer for part in parts for name, layer in part.layers.items()}
    return Candidate(tuple(change for part in parts for change in part.changes), cost, layers)
