"""Labels of the lines of the main chain: the names that the source has for them, or the number of a stage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from specnet.builder import KEYWORDS
from specnet.importers.folding.block_names import Scopes
from specnet.importers.folding.items import (
    Call,
    Item,
    Join,
    Repeat,
    Sequence,
    find_items,
    find_nodes,
    get_result,
    is_join,
)
from specnet.importers.folding.keys import Shapes
from specnet.importers.folding.node_names import count_prefixes, split_common
from specnet.layers.base import Shape
from specnet.syntax.tree import RESERVED_TAPS

GENERATED = re.compile(
    r"(?:n|x|t|op|node|node_.*|var|val|tensor|layer|output|input|functional|model|module|add|mul|concat)?_*\d*"
    r"|block|layer\d+_.*|.*(?:2d|normalization|activation|concatenate|multiply|global_\w+_pooling|zero_padding|leaky_re_lu)\w*"
)
"""Names that a tool has made, and say nothing beside the layer itself."""


STEM = re.compile(r"([A-Za-z]*)(\d*)([a-z]?\d*)")
"""The word, the number and the letter of a part of a name: `res2a`, `fire2`, `3b`."""


def make_labels(lines: list[Sequence], scopes: Scopes, shapes: Shapes, taken: Collection[str]) -> list[str]:
    """Return a label for each line; "" for none.

    Labels are names of the source. Where it has none for any line with blocks or repetitions, these lines are stages.
    """
    taken = {*taken, *RESERVED_TAPS, *KEYWORDS}
    sizes = count_prefixes(node.name for line in lines for node in find_nodes(line))
    labels = _choose_labels([[*dict.fromkeys(_list_names(line, scopes, sizes))] for line in lines], taken)
    stages = _find_stages(lines, shapes)
    numbered = [f"stage{number}" for number in range(1, len(stages) + 1)]
    is_named = any(label for label, line in zip(labels, lines, strict=True) if _has_calls(line))
    if len(stages) > 1 and not is_named and not {*numbered} & {*labels, *taken}:
        for stage, n in zip(numbered, stages, strict=True):
            labels[n] = stage
    return labels


def _choose_labels(candidates: list[list[str]], taken: Collection[str]) -> list[str]:
    """Return the first name for each line that no other line would have as well; "" for none."""
    labels, counts = [""] * len(candidates), Counter[str]()
    for rank in range(max(map(len, candidates), default=0)):
        wanted = {n: names[rank] for n, names in enumerate(candidates) if not labels[n] and rank < len(names)}
        counts.update(name.lower() for name in wanted.values())
        for n, name in wanted.items():
            labels[n] = name if counts[name.lower()] == 1 and name not in taken else ""
    return labels


def _find_stages(lines: list[Sequence], shapes: Shapes) -> list[int]:
    """Return the last line of blocks or repetitions for each size of the map."""
    found, sizes, current = list[int](), set[Shape](), Shape()
    for n, line in enumerate(lines):
        size = (shapes.get(get_result(line)) or ())[:-1]
        if _has_calls(line) and size not in sizes:
            found.append(n)
        elif _has_calls(line) and size == current and _is_within(lines[found[-1] : n], size, shapes):
            found[-1] = n
        if _has_calls(line):
            sizes.add(size)
        current = size
    return found


def _is_within(lines: list[Sequence], size: Shape, shapes: Shapes) -> bool:
    """Whether all lines give maps of this size."""
    return all((shapes.get(get_result(line)) or ())[:-1] == size for line in lines)


def _has_calls(line: Sequence) -> bool:
    return any(isinstance(item, Call | Repeat) for item in find_items(line))


def _list_names(line: Sequence, scopes: Scopes, sizes: Mapping[str, int]) -> Iterator[str]:
    """Yield the names of a line in the source, the best first; a line of norms and activations has none.

    `sizes` are the numbers of layers whose names begin with a prefix.
    """
    nodes = [*find_nodes(line)]
    names = [node.name for node in nodes]
    main = [node.name for node in nodes if node.layer and not node.layer.is_follower() and not is_join(node)]
    is_join_alone = any(isinstance(item, Join) for item in line)
    if not main and not is_join_alone:
        return
    yield from filter(_is_word, _list_scopes(names, scopes))
    shared = [_find_prefix(names)]
    if any(isinstance(item, Call | Repeat) for item in line):
        shared.append(_find_prefix(main))
        is_whole = sizes.get(shared[-1]) == count_prefixes(names)[shared[-1]]
        shared.insert(len(shared) if is_whole else 0, _find_range(main))
    elif is_join_alone:
        shared += [prefix for prefix in [_find_prefix(main)] if re.search(r"\d", prefix)]
    else:
        shared += [_find_prefix(main), names[0].replace(".", "_")]
    own = [*filter(_is_own, shared)]
    yield from own
    if not own and not any(scopes.get(name) for name in names):
        yield from filter(_is_own, [_find_range([get_result([item]) for item in _list_parts(line)])])


def _list_parts(line: Sequence) -> Iterator[Item]:
    """Yield the parts of a line that are blocks or joins, and of repetitions the last part of each turn."""
    for item in line:
        if isinstance(item, Repeat):
            yield from (turn[-1] for turn in item.turns)
        elif isinstance(item, Call | Join):
            yield item


def _is_own(name: str) -> bool:
    """Whether a name is that of the source's author."""
    return _is_word(name) and not GENERATED.fullmatch(name)


def _is_word(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) is not None and not name.startswith("comment")


def _list_scopes(nodes: list[str], scopes: Scopes) -> list[str]:
    """Return the names of the modules around all these nodes that are words, the innermost first."""
    chains = [[scope.name for scope in scopes.get(node, ())] for node in nodes]
    common = [names[0] for names in zip(*chains, strict=False) if len({*names}) == 1]
    words = [name.rpartition(".")[2] for name in common]
    return words[::-1]


def _find_prefix(nodes: list[str]) -> str:
    """Return what the names of all nodes begin with, up to a dot or an underscore."""
    common, _ = split_common(nodes)
    return re.sub(r"_(?:block|layer)s?$", "", "_".join(common)) if len(nodes) > 1 else ""


def _find_range(nodes: list[str]) -> str:
    """Return `fire2_3` for the layers of `fire2` and `fire3`, `res2` for those of `res2a` and `res2b`."""
    common, parts = split_common(nodes)
    if not nodes or not all(parts):
        return "_".join(common)
    stems = [STEM.fullmatch(part) for part in parts]
    found = [stem.groups() for stem in stems if stem]
    if len(found) < len(parts) or len({(word, bool(number)) for word, number, _ in found}) > 1 or not found[0][1]:
        return ""
    (word, first, _), (_, last, _) = found[0], found[-1]
    name = "_".join([*common, f"{word}{first}"])
    return "" if GENERATED.fullmatch(name) else f"{name}_{last}" if first != last else name
