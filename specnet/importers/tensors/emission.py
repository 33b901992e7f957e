"""Give the layers of a draft that the outputs depend on to the recorder, with what became of every operator."""

from __future__ import annotations

from specnet.importers.imported import Fate, Imported, SourceLayer
from specnet.importers.recorder import Recorder
from specnet.importers.tensors.draft import Draft, Node

UNUSED = "the outputs do not depend on it"


def emit(draft: Draft) -> Imported:
    """Return the network of a draft; raises UnreadableModel if none of its operators has a counterpart."""
    program = draft.program
    recorder = Recorder(program.format, program.name)
    recorder.remarks += program.remarks
    recorder.run = program.run
    for entry in program.entries:
        recorder.record(entry)
    owners = dict[tuple[object, ...], str]()
    live, added = set(draft.find_live()), dict[int, tuple[str, ...]]()
    for number, node in enumerate(draft.nodes):
        if node.is_input or number in live:
            added[number] = _add(recorder, number, node, owners)
    for op in program.operators:
        _note(recorder, draft, op.source, added)
        if op.rule:
            recorder.note(op.source, Fate.EQUAL, op.rule)
        if op.differs:
            recorder.note(op.source, Fate.APPROXIMATED, op.differs)
    return recorder.finish([f"v{node}" for node in draft.outputs or ()], program.parameters)


def _add(recorder: Recorder, number: int, node: Node, owners: dict[tuple[object, ...], str]) -> tuple[str, ...]:
    """Add a node; a layer of the same tensors as one before it shares its weights."""
    value = f"v{number}"
    if node.is_input:
        recorder.input(value, node.shape)
        return ()
    if node.layer is None:
        recorder.leave_out(node.source, node.missing, [value])
        return ()
    inputs = [f"v{read}" for read in node.inputs]
    names = recorder.add(node.source, node.layer, inputs, value, node.fate, node.reason, node.name, node.scope)
    for name in names:
        owner = owners.setdefault((node.layer, node.weights or name), name)
        if owner != name:
            recorder.share(name, owner)
            continue
        for role, array in node.arrays.items():
            recorder.store(name, role, array)
    return names


def _note(recorder: Recorder, draft: Draft, source: SourceLayer, added: dict[int, tuple[str, ...]]) -> None:
    """Record what became of an operator beside its layers."""
    for note in draft.notes.get(source, ()):
        if all(node in added for node in note.nodes):
            names = [name for node in note.nodes for name in added[node]]
            recorder.note(source, note.fate, note.reason, names)
    if not recorder.has_entry(source):
        recorder.note(source, Fate.EQUAL, UNUSED)
