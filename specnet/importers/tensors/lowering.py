"""From a program of tensor operators to a network: passes that are plain functions, then a rule for each operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from specnet.importers.imported import Fate, Imported
from specnet.importers.tensors import attention, axes, joins, pointwise, windows
from specnet.importers.tensors.activations import fuse_activations
from specnet.importers.tensors.attention_patterns import fuse_attention
from specnet.importers.tensors.concatenations import nest_concatenations
from specnet.importers.tensors.draft import Draft, NoCounterpart
from specnet.importers.tensors.emission import emit
from specnet.importers.tensors.norm_patterns import fuse_channel_windows, fuse_norms, fuse_response_norms
from specnet.importers.tensors.paddings import fuse_uneven_padding
from specnet.importers.tensors.program import Operator, Program
from specnet.importers.tensors.views import View

PASSES: tuple[Callable[[Program], Program], ...] = (
    fuse_activations,
    fuse_norms,
    fuse_response_norms,
    fuse_channel_windows,
    fuse_attention,
    fuse_uneven_padding,
    nest_concatenations,
)
"""What is done with a program before its operators are lowered."""

RULES: Mapping[str, Callable[[Draft, Operator], None]] = {
    **windows.RULES,
    **pointwise.RULES,
    **joins.RULES,
    **axes.RULES,
    **attention.RULES,
}
"""How an operator becomes layers, by its kind."""


def lower(program: Program) -> Imported:
    """Return the network of a program; raises UnreadableModel if none of its operators has a counterpart.

    Tensors N×HW×C are sequences in some networks and maps in others: the way that needs fewer layers is taken.
    """
    for rewrite in PASSES:
        program = rewrite(program)
    drafts = [_draft(program, keeps_tokens) for keeps_tokens in (True, False)]
    best = min(drafts, key=lambda draft: (count_missing(draft), _measure_length(draft)))
    return emit(best)


def _measure_length(draft: Draft) -> int:
    """Return the number of layers.

    A reshape, which says nothing of what its axes are, counts as two, and `tokens`, which a transformer begins with, as
    none.
    """
    kinds = [layer.kind for node in draft.find_live() if (layer := draft.nodes[node].layer)]
    return len(kinds) + kinds.count("reshape") - kinds.count("tokens")


def count_missing(draft: Draft) -> int:
    """Return the number of operators without a counterpart that the outputs depend on."""
    return sum(bool(draft.nodes[node].missing) for node in draft.find_live())


def _draft(program: Program, keeps_tokens: bool) -> Draft:
    draft = Draft(program, keeps_tokens)
    for name, shape in program.inputs.items():
        draft.add_input(name, shape)
    for op in program.operators:
        _lower(draft, op)
    return draft


def _lower(draft: Draft, op: Operator) -> None:
    views = [value for value in map(draft.values.get, filter(None, op.inputs)) if isinstance(value, View)]
    lost = next((draft.nodes[view.node] for view in views if draft.nodes[view.node].is_lost), None)
    rule = RULES.get(op.kind)
    unknown = op.differs or f"`{op.kind}` has no counterpart here"
    if lost:
        first = lost.lost or lost.source.name
        draft.bind_missing(op, f"it depends on `{first}`, which was left out", first)
        if rule is None and op.shape:  # a known operator that reads a value of an unknown shape keeps its own name, too
            draft.note(op.source, Fate.LEFT_OUT, unknown, len(draft.nodes) - 1)
    elif rule is None:
        draft.bind_missing(op, unknown)
    else:
        try:
            rule(draft, op)
            note_absorbed(draft, op)
        except NoCounterpart as reason:
            draft.bind_missing(op, str(reason))


def note_absorbed(draft: Draft, op: Operator) -> None:
    """Record the operators that one operator stands for."""
    view = draft.values[op.output]
    assert isinstance(view, View)
    layer = draft.nodes[view.node].layer
    for source in op.absorbed:
        draft.note(source, Fate.EQUAL, f"it is part of `{layer.kind if layer else op.kind}` here", view.node)
