"""Labels of the lines of the main chain: the names that the source has for them, or the number of a stage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from specnet.builder import KEYWORDS
from specnet.importers.folding.block_names import Scopes
from specnet.importers.folding.items import Call, Join, Repeat, Sequence, find_nodes, get_result
from specnet.importers.folding.keys import Shapes
from specnet.layers.base import Shape
from specnet.syntax.tree import RESERVED_TAPS

GENERATED = re.compile(
    r"(?:n|x|t|op|node|node_.*|var|val|tensor|layer|output|input|functional|model|module|block)?_*\d*"
    r"|.*(?:2d|normalization|activation|concatenate|multiply|global_\w+_pooling|zero_padding|leaky_re_lu)\w*"
)
"""Names that a tool has made, and say nothing beside the layer itself."""


def make_labels(lines: list[Sequence], scopes: Scopes, shapes: Shapes, taken: Collection[str]) -> list[str]:
    """Return a label for each line; "" for none."""
    found = [_find_name(line, scopes) for line in lines]
    counts = Counter(name.lower() for name in found)
    taken = {*taken, *RESERVED_TAPS, *KEYWORDS}
    labels = [name if counts[name.lower()] == 1 and name not in taken else "" for name in found]
    stages = _find_stages(lines, shapes)
    for number, n in enumerate(stages, 1):
        stage = f"stage{number}"
        if not labels[n] and len(stages) > 1 and stage not in (*labels, *taken):
            labels[n] = stage
    return labels


def _find_stages(lines: list[Sequence], shapes: Shapes) -> list[int]:
    """Return the first line of blocks or repetitions for each size of the map."""
    found, sizes = list[int](), set[Shape]()
    for n, line in enumerate(lines):
        size = (shapes.get(get_result(line)) or ())[:-1]
        if size not in sizes and any(isinstance(item, Call | Repeat) for item in line):
            sizes.add(size)
            found.append(n)
    return found


def _find_name(line: Sequence, scopes: Scopes) -> str:
    """Return the name that all layers of a line share in the source, or that of its first one; "" for none."""
    nodes = [node.name for node in find_nodes(line)]
    if not nodes:
        return ""
    if scope := _find_scope(nodes, scopes):
        return scope if _is_word(scope) else ""
    name = _find_prefix(nodes)
    if not name and not any(isinstance(item, Call | Repeat | Join) for item in line):
        name = nodes[0].replace(".", "_")
    return name if _is_word(name) and not GENERATED.fullmatch(name) else ""


def _is_word(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) is not None and not name.startswith("comment")


def _find_scope(nodes: list[str], scopes: Scopes) -> str:
    """Return the name of the innermost module around all these nodes, if it is a word."""
    chains = [[scope.name for scope in scopes.get(node, ())] for node in nodes]
    common = [names[0] for names in zip(*chains, strict=False) if len({*names}) == 1]
    words = [name.rpartition(".")[2] for name in common]
    return words[-1] if words and not words[-1].isdigit() else ""


def _find_prefix(nodes: list[str]) -> str:
    """Return what the names of all nodes begin with, up to a dot or an underscore."""
    parts = [re.split(r"[._]", node) for node in nodes]
    common = 0
    while all(len(part) > common for part in parts) and len({part[common] for part in parts}) == 1:
        common += 1
    return "_".join(parts[0][:common]) if len(nodes) > 1 else ""
