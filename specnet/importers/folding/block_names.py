"""Names of blocks: that of the class in the source, or what the block is by its layers."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from specnet.builder import KEYWORDS
from specnet.graph import Node
from specnet.importers.folding.items import (
    Call,
    Item,
    Join,
    Leaf,
    Repeat,
    Sequence,
    find_items,
    find_nodes,
    get_groups,
    get_traits,
    get_window,
)
from specnet.importers.folding.node_names import split_common
from specnet.importers.imported import Scope
from specnet.layers import list_kinds
from specnet.layers.base.traits import Family, Trait
from specnet.naming import make_numbered_name
from specnet.syntax.tree import RESERVED_TAPS

Scopes = Mapping[str, tuple[Scope, ...]]
"""The modules of the source around each node, outermost first."""

CONTAINERS = frozenset({"", "sequential", "module_list", "module_dict", "functional", "model"})
"""Classes that only hold others, and say nothing of what these are."""

LEAST_BRANCHES = 3
"""The number of arms from which on a block of joined channels is called an inception module."""


GENERIC = frozenset({"block", "layer", "stage", "level", "group", "unit", "module", "branch", "features", "node"})
"""Words before a number in the names of layers that do not say what the layers are."""

NUMBERED = re.compile(r"([a-z]{4,}?)_?\d+[a-z]?(?:_.*)?", re.IGNORECASE)
"""A name that begins with a word and a number: `fire2_squeeze1x1`."""


def name_block(
    body: Sequence, calls: list[Call], scopes: Scopes, names: Collection[str], taken: Collection[str]
) -> str:
    """Return a name that no other block, layer or word has; `names` are those of all layers of the source."""
    name = _find_class(calls, scopes) or _find_word(calls, names) or _describe(body)
    if name in taken and _is_residual_call(body):
        name = "residual"
    return make_numbered_name(name, {*taken, *list_kinds(), *KEYWORDS, *RESERVED_TAPS})


def _is_residual_call(body: Sequence) -> bool:
    """Whether a block adds the identity to the call of another."""
    (first, *others) = body
    return not others and isinstance(first, Join) and [isinstance(i, Call) for arm in first.arms for i in arm] == [True]


def _find_class(calls: list[Call], scopes: Scopes) -> str:
    """Return the class of the module that holds each call, if it is the same for all and says what it is."""
    names = {find_own_class([node.name for node in find_nodes(call.body)], scopes) for call in calls}
    name = names.pop() if len(names) == 1 else ""
    return "" if name in CONTAINERS else name


def _find_word(calls: list[Call], names: Collection[str]) -> str:
    """Return `fire` for calls of layers `fire2_squeeze`, `fire2_expand` …, each of which has all of one number."""
    words = set[str]()
    for call in calls:
        nodes = [node.name for node in find_nodes(call.body)]
        common = "_".join(split_common(nodes)[0])
        found = NUMBERED.fullmatch(common)
        is_whole = sum(name.replace(".", "_").startswith(f"{common}_") for name in names) == len(nodes) > 1
        words.add(found[1].lower() if found and is_whole else "")
    word = words.pop() if len(words) == 1 else ""
    return "" if word in (*GENERIC, *list_kinds()) else word


def find_own_class(nodes: list[str], scopes: Scopes) -> str:
    """Return the class of the innermost module around all these nodes that holds no others."""
    chains = [scopes.get(node, ()) for node in nodes]
    if not all(chains):
        return ""
    common = [levels[0] for levels in zip(*chains, strict=False) if all(each == levels[0] for each in levels)]
    if not common:
        return ""
    scope = common[-1]
    inside = sum(scope in chain for chain in scopes.values())
    return to_snake_case(scope.cls) if inside == len(nodes) else ""


def to_snake_case(name: str) -> str:
    """Return `inverted_residual` for `InvertedResidual`, "" for a class that no name can be made of."""
    name = name.rpartition(".")[2].strip("_")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    return words if re.fullmatch(r"[a-z]\w*", words, re.ASCII) else ""


def _describe(body: Sequence) -> str:
    """Return what a block is: `residual`, `bottleneck`, `dense_layer`, `squeeze_excite` …"""
    joins = [item for item in body if isinstance(item, Join)]
    nodes = [*find_nodes(body)]
    attends = any(node.layer and node.layer.family is Family.ATTENTION for node in nodes)
    if len(body) > 1 and _is_loop(body[-1]) and not attends:
        return "stack"
    if joins:
        return _describe_join(joins[0], is_alone=len(joins) == 1 and not _list_sized(body))
    if attends:
        return "attention_block"
    if _is_mlp(nodes):
        return "mlp"
    kinds = [node for node in nodes if _window(node) is not None]
    if _is_separable(nodes):
        return "inverted_residual" if len(kinds) > 2 and not _is_separable_twice(nodes) else "separable"
    if any(node.kind == "pool" for node in nodes):
        return _describe_pooled(nodes)
    return "unit" if len(kinds) == 1 else "units"


def _describe_pooled(nodes: list[Node]) -> str:
    """Return `transition` for 1x1 filters before a pool, as between dense blocks, else a word that says no more."""
    windows = [window for node in nodes if (window := _window(node)) is not None]
    if nodes[-1].kind == "pool" and windows == [1]:
        return "transition"
    return "pool_conv" if nodes[0].kind == "pool" and len(windows) == 1 else "block1"


def _is_mlp(nodes: list[Node]) -> bool:
    """Whether two layers without windows have an activation between them, of which the first is wider."""
    widths = [(node.output or (0,))[-1] for node in nodes if node.layer and (node.layer.output_field)]
    spreads = any((_window(node) or 1) > 1 for node in nodes)
    normalises = any(Trait.NORMALISES in get_traits(node) for node in nodes[1:])
    return len(widths) == 2 and widths[0] > widths[1] and not spreads and not normalises


def _is_loop(item: Item) -> bool:
    """Whether a part repeats blocks, or is a residual one."""
    if isinstance(item, Repeat):
        return any(isinstance(each, Call | Join) for each in item.turns[0])
    return (
        isinstance(item, Join)
        and not all(item.arms)
        and any(isinstance(i, Call) for i in find_items(item.arms[0] or item.arms[1]))
    )


def _describe_join(join: Join, is_alone: bool) -> str:
    inner = [node for arm in join.arms for node in find_nodes(arm)]
    has_identity = join.optional is not None or any(not arm for arm in join.arms)
    if join.node.kind == "mul":
        return "squeeze_excite" if has_identity and any(node.kind == "pool" for node in inner) else "gate"
    if join.node.kind == "concat":
        if has_identity and is_alone and _is_plain(join):
            return "dense_layer"
        if has_identity or any(
            isinstance(item, Join) and not all(item.arms) for arm in join.arms for item in find_items(arm)
        ):
            return "cross_stage"
        return "inception" if len(join.arms) >= LEAST_BRANCHES else "branches"
    if any(node.layer and node.layer.family is Family.ATTENTION for node in inner):
        return "encoder"
    return _describe_residual(join, inner) if has_identity or is_alone else "sum"


def _is_plain(join: Join) -> bool:
    """Whether the arms are chains that read the whole map, as in a DenseNet."""
    items = [item for arm in join.arms for item in arm]
    return not any(isinstance(item, Join) or _reshapes(item) for item in items)


def _reshapes(item: Item) -> bool:
    return isinstance(item, Leaf) and item.node.layer is not None and item.node.layer.family is Family.RESHAPING


def _describe_residual(join: Join, inner: list[Node]) -> str:
    windows = [window for node in inner if (window := _window(node)) is not None]
    if _is_separable(inner):
        return "residual" if _is_separable_twice(inner) else "inverted_residual"
    longest: Sequence = [item for item in max(join.arms, key=len) if not isinstance(item, Join)]
    main = [w for node in find_nodes(longest) if (w := _window(node)) is not None]
    is_bottleneck = len(main) == 3 and main[0] == main[2] == 1 and main[1] > 1
    return "bottleneck" if is_bottleneck else "residual" if windows else "mixer"


def _window(node: Node) -> int | None:
    """Return the height of a convolution's window; None for other layers."""
    size = get_window(node.layer)
    is_convolution = node.layer is not None and node.layer.family is Family.CONVOLUTION
    return size[0] if is_convolution and size else None


def _is_separable(nodes: list[Node]) -> bool:
    """Whether a convolution is depthwise."""
    return any(map(_is_depthwise, nodes))


def _is_separable_twice(nodes: list[Node]) -> bool:
    return sum(map(_is_depthwise, nodes)) > 1


def _is_depthwise(node: Node) -> bool:
    return get_groups(node.layer) == (node.output or (0,))[-1] > 1


def _list_sized(body: Sequence) -> list[Item]:
    return [
        item for item in find_items(body) if isinstance(item, Leaf) and _window(item.node) is not None and item in body
    ]
