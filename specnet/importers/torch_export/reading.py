"""Read an archive of torch.export, .pt2, without running or unpickling anything in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Imported
from specnet.importers.request import Request

if TYPE_CHECKING:
    from torch import Tensor

    from specnet.importers.torch_export.archive import Archive
    from specnet.importers.torch_export.calls import Calls
    from specnet.importers.torch_export.schema import Graph

DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What reading a graph whose parts are of other types, or do not go together, leads to."""

OLD = "its tensors are pickles, as before torch 2.8, and are not read: save it with a newer torch for its weights"


def read_pt2(request: Request) -> Imported:
    """Return the network of an archive; raises UnreadableModel for a damaged one."""
    from specnet.importers.tensors.lowering import lower
    from specnet.importers.torch_export.archive import Archive
    from specnet.importers.torch_export.operators import make_program

    archive = Archive(request.path)
    try:
        calls = _read_calls(archive)
        stored = archive.list_tensors()
        is_whole = all(name in stored for name in calls.names.values())
        remarks = () if is_whole else (OLD if archive.has_old_tensors else "the archive lacks tensors",)
        imported = lower(make_program(calls, "torch.export", request.stem, remarks))
    except DAMAGE as error:
        if isinstance(error, UnreadableModel):
            raise
        reason = str(error).partition("\n")[0]
        raise UnreadableModel(f"{request.source}: its graph is damaged: {type(error).__name__}: {reason}") from None
    return replace(imported, arrays={}, run=None) if remarks else imported


def _read_calls(archive: Archive) -> Calls:
    from specnet.importers.torch_export.calls import Calls
    from specnet.importers.torch_export.running import run_calls
    from specnet.importers.torch_export.schema import Graph

    graph = Graph(archive.read_graph())
    tensors, names, learned = _read_tensors(archive, graph)
    shapes = {name: graph.shape(name) for name in graph.list_user_inputs()}
    calls = Calls(
        shapes, tuple(graph.list_calls()), tuple(graph.list_outputs()), tensors, names, learned=frozenset(learned)
    )
    read = {name for call in calls.calls for name in list_reads(call.arguments)}
    counted = {names[name]: tensors[name].numel() for name in learned if name in read}
    unread = tuple(names[name] for name in learned if name not in read)
    counted_calls = replace(calls, parameters=sum(counted.values()), unread=unread)
    return replace(counted_calls, run=lambda arrays: run_calls(counted_calls, arrays))


def list_reads(arguments: Mapping[str, object]) -> list[str]:
    """Return the names of the values that a call reads."""
    from specnet.importers.torch_export.constants import list_refs

    return list_refs(arguments)


def _read_tensors(archive: Archive, graph: Graph) -> tuple[dict[str, Tensor], dict[str, str], list[str]]:
    """Return the tensors of the network by their values, their names, and which of them are parameters.

    Tensors that are not in the archive, or are pickles there, have no numbers: their layers are read all the same.
    """
    import torch

    entries = archive.list_tensors()
    tensors: dict[str, Tensor] = {}
    names: dict[str, str] = {}
    learned: list[str] = []
    for kind, value, name in graph.list_inputs():
        if kind == "user_input":
            continue
        names[value] = name
        shape = graph.shape(value)
        if name in entries:
            tensors[value] = archive.read_tensor(name, entries[name], shape)
        else:
            tensors[value] = torch.zeros(()).expand(shape)
        learned += [value] if kind == "parameter" else []
    return tensors, names, learned
