"""Names for the calls of a program: a module that is one operator gives its name, other calls are named in theirs."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from specnet.importers.imported import Scope, SourceLayer
from specnet.importers.torch_export.calls import Call

TORCH = "torch.nn.modules."


def name_calls(calls: Sequence[Call]) -> list[tuple[SourceLayer, tuple[Scope, ...]]]:
    """Return the source layer of each call and the modules around it."""
    containers, operators = set[str](), defaultdict[str, set[str]](set)
    for call in calls:
        paths = [scope.name for scope in call.scope]
        containers |= {path.rpartition(".")[0] for path in paths} | {*paths[:-1]}
        operators[paths[-1] if paths else ""].add(call.name)
    used = Counter[str]()
    return [_name(call, containers, operators, used) for call in calls]


def _name(
    call: Call, containers: set[str], operators: dict[str, set[str]], used: Counter[str]
) -> tuple[SourceLayer, tuple[Scope, ...]]:
    scopes = tuple(Scope(name=scope.name, cls=scope.cls.rpartition(".")[2]) for scope in call.scope)
    path, cls = (call.scope[-1].name, call.scope[-1].cls) if call.scope else ("", "")
    is_layer = path and path not in containers and (cls.startswith(TORCH) or len(operators[path]) == 1)
    if is_layer:
        return SourceLayer(name=path, kind=scopes[-1].cls), scopes[:-1]
    kind = re.sub(r"^_+|_+$", "", call.name)
    name = f"{path}.{kind}" if path else kind
    used[name] += 1
    unique = f"{name}_{used[name] - 1}" if used[name] > 1 else name
    return SourceLayer(name=unique, kind=kind), scopes
