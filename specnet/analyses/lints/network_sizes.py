"""N501 to N507, W511: unusual numbers of filters, and sizes of windows, maps, layers, receptive fields and inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from specnet.analyses.lints.view import Finding, LintRow, View, has_trait
from specnet.diagnostics import Code
from specnet.graph import Node
from specnet.layers.base import Shape, format_shape
from specnet.layers.base.shapes import is_channels_first
from specnet.layers.base.traits import Trait
from specnet.layers.base.window import WindowAxis

BLOCK = 8
"""The smallest number of channels that a GPU processes together."""

LARGEST_POOL = 3
"""The largest usual size of a pooling window."""

DOMINANT_SHARE = 0.5
DOMINANT_NUMBER = 500_000
"""The share and the number of parameters above which a layer is dominant."""

LONG_ROW = 8
LARGE_SIDE = 48
"""The longest usual row of convolutions on a map, and the side in pixels from which a map is large."""

UNPOOLED = 16
"""The largest usual side in pixels of a map that a fully connected layer reads without any pooling before it."""


LEAST_SIDE = 8
"""The smallest side in pixels of an image that is told from its channels."""


def find_channels_first(view: View) -> Iterator[Finding]:
    """Yield inputs in PyTorch's order, such as 3x32x32."""
    for given in view.network.inputs:
        channels, *sizes = given.shape
        if is_channels_first(given.shape) and len({*sizes}) == 1 and sizes[0] >= max(LEAST_SIDE, 4 * channels):
            span = view.elaborated.places[given.name].attributes["shape"]
            beside = f"height {channels}, width {sizes[0]}, {sizes[0]} channels"
            fact = f"`{given.name}` is {format_shape(given.shape)}, which looks like channels first"
            yield Finding(span, given.name, beside, fact=fact)


def find_odd_counts(view: View) -> Iterator[Finding]:
    """Yield numbers of filters that are neither a power of two nor a multiple of 8, written out in inner layers."""
    for node in _inner_convolutions(view):
        count = node.output[-1] if node.output else 0
        if node.layer and count & (count - 1) and count % BLOCK:
            below = 1 << (count.bit_length() - 1)
            beside = f"the powers of two next to it are {below} and {2 * below}"
            finding = view.make_finding(node, node.layer.output_field, beside)
            if finding.span and finding.span.text.rpartition("=")[2].isdigit():
                yield finding


def _inner_convolutions(view: View) -> Iterator[Node]:
    """Yield the layers with filters that lead to another layer with weights, in the order of the network."""
    ahead, found = set[str](), list[Node]()
    for node in reversed(view.network.nodes):
        has_weights = has_trait(node, Trait.LEARNS_WEIGHT)
        if has_weights and len(node.output or ()) == 3 and node.name in ahead:
            found.append(node)
        if has_weights or node.name in ahead:
            ahead.update(node.operands)
    yield from reversed(found)


def find_even_filters(view: View) -> Iterator[Finding]:
    """Yield even filter sizes with stride 1, unless the filter covers the whole map or the padding evens it out."""
    for node, field, axis in view.find_windows(Trait.LEARNS_WEIGHT):
        if axis.window % 2 == 0 and axis.stride == 1 and axis.positions > 1 and axis.before == axis.after:
            yield view.make_finding(node, field, f"P = (F − 1)/2 = {(axis.window - 1) / 2:g} would keep the size")


def find_shrinking_maps(view: View) -> Iterator[Finding]:
    """Yield layers that shrink a map with stride 1, unless they cover all of it or follow a padding layer."""
    for node, _, axis in view.find_windows(Trait.LEARNS_WEIGHT):
        if _shrinks(axis) and not has_trait(view.find_previous(node), Trait.PADS):
            half = "(F − 1)/2" if axis.dilation == 1 else "D(F − 1)/2"
            beside = f"{axis.arithmetic}, and P = {half} = {axis.extent // 2} keeps {axis.size}"
            yield view.make_finding(node, "padding", beside)


def _shrinks(axis: WindowAxis) -> bool:
    return axis.stride == 1 and axis.extent % 2 == 1 and 1 < axis.positions < axis.size


def find_wide_pools(view: View) -> Iterator[Finding]:
    """Yield pooling windows above 3×3, unless they cover the whole map."""
    for node, field, axis in view.find_windows(Trait.POOLS):
        if axis.window > LARGEST_POOL and axis.positions > 1:
            yield view.make_finding(node, field, f"1 number is left of {axis.window}·{axis.window}")


def find_dominant_layers(view: View) -> Iterator[Finding]:
    """Yield fully connected layers with most of the parameters, if a global pool could precede them."""
    total = sum(cost.parameters for cost in view.costs.values())
    for node in view.find_nodes(Trait.DENSE):
        parameters = view.costs[node.name].parameters
        if parameters <= max(DOMINANT_NUMBER, DOMINANT_SHARE * total):
            continue
        shape = _map_before(view, node)
        if len(shape) == 3 and shape[0] * shape[1] > 1:
            fact = f"`{node.name}` holds {100 * parameters / total:.1f} % of all parameters"
            yield view.make_finding(node, "", _count_weights(node, shape), fact=fact)


def _map_before(view: View, node: Node) -> Shape:
    """Return the shape that a layer reads, before it is flattened."""
    first = view.skip_back(node, lambda layer: len(layer.output or ()) == 1 and not has_trait(layer, Trait.DENSE))
    return first.output if first and first.output else view.input_shape(node)


def _count_weights(node: Node, shape: Shape) -> str:
    height, width, channels = shape
    neurons = node.output[0] if node.output else 0
    every, pooled = height * width * channels * neurons, channels * neurons
    return f"{height}·{width}·{channels}·{neurons} = {every:,} weights; behind `pool avg global` {pooled:,}"


def find_short_sight(view: View) -> Iterator[Finding]:
    """Yield the last global pools whose receptive field is smaller than the input."""
    sizes = {i.shape[:2] for i in view.network.inputs if len(i.shape) == 3}
    pools = _last_pools(view) if len(sizes) == 1 else []
    if not pools:
        return
    from specnet.analyses.receptive_field import compute_receptive_fields

    fields = compute_receptive_fields(view.network)
    for node in pools:
        seen, size = fields.get(node.inputs[0]), next(iter(sizes))
        height, width = size
        if seen and _is_smaller(seen, size) and not _attends_to_all(view, node, fields, size):
            fact = f"the map that `{node.name}` pools sees {seen[0]}×{seen[1]} of {height}×{width} pixels"
            beside = f"1 + Σ(F − 1)·j = {seen[0]}, where j is the product of the strides before"
            yield view.make_finding(node, "", beside, fact=fact)


def _is_smaller(seen: tuple[int, int], size: tuple[int, ...]) -> bool:
    return seen[0] < size[0] or seen[1] < size[1]


def _attends_to_all(view: View, node: Node, fields: Mapping[str, tuple[int, int]], size: tuple[int, ...]) -> bool:
    """Whether a layer before, in a residual arm for instance, gives a map of positions that each see the whole input.

    The field of a sum is that of the path whose positions see different pixels.
    """
    ahead = {node.name}
    for before in reversed(view.network.nodes):
        if before.name in ahead:
            ahead.update(before.operands)
            is_mixed = (
                before is not node and before.layer is not None and before.layer.slides and _is_map(before.output)
            )
            if is_mixed and not _is_smaller(fields.get(before.name, (0, 0)), size):
                return True
    return False


def _last_pools(view: View) -> list[Node]:
    """Return the pools that reduce a map to one position, with no larger map behind them, as there is behind a gate."""
    found, gates = list[Node](), set[str]()
    for node in reversed(view.network.nodes):
        if _is_map(node.output) or node.name in gates:
            gates.update(node.operands)
        elif has_trait(node, Trait.POOLS) and view.input_shape(node)[:2] != (1, 1):
            found.append(node)
    return found


def find_long_rows(view: View) -> Iterator[Finding]:
    """Yield the longest row of convolutions on a large map, unless the network's output or a join needs the map."""
    rows = _count_rows(view)
    longest = max(rows, key=lambda name: rows[name], default="")
    node = view.network.by_name.get(longest)
    gives_map = any(map(_is_map, map(view.network.shapes.get, view.ends)))
    if node and node.output and rows[longest] > LONG_ROW and not (gives_map or _joins_enlarged(view)):
        height, width = node.output[:2]
        fact = f"{rows[longest]} convolutions in a row keep the map at {height}×{width}"
        beside = "each adds F − 1 pixels to the receptive field; behind a stride of 2 it would be 2(F − 1)"
        yield view.make_finding(node, "stride", beside, fact=fact)


def _joins_enlarged(view: View) -> bool:
    """Whether the network joins a map with a smaller one that was enlarged, as parallel streams do."""
    enlarged = set[str]()
    for node in view.network.nodes:
        if len(node.operands) > 1 and enlarged.intersection(node.operands):
            return True
        if len(node.operands) == 1 and _enlarges(view, node):
            enlarged.add(node.name)
    return False


def _enlarges(view: View, node: Node) -> bool:
    given, output = view.input_shape(node), node.output or ()
    return _is_map(given) and len(output) == 3 and given[0] < output[0] and given[1] < output[1]


def _is_map(shape: Shape | None) -> bool:
    return shape is not None and len(shape) == 3 and shape[:2] != (1, 1)


def _count_rows(view: View) -> Mapping[str, int]:
    """Return, for each large map, the number of convolutions with a window that have kept its size."""
    rows: dict[str, int] = {}
    for node in view.network.nodes:
        if node.output and len(node.output) == 3 and min(node.output[:2]) >= LARGE_SIDE:
            before = max((rows.get(name, 0) for name in node.operands), default=0)
            is_same = view.input_shape(node)[:2] == node.output[:2]
            rows[node.name] = (before if is_same else 0) + _has_filter(view, node)
    return rows


def _has_filter(view: View, node: Node) -> bool:
    axes = view.get_axes(node) if has_trait(node, Trait.LEARNS_WEIGHT) else None
    return axes is not None and max(axis.extent for axis in axes) > 1


def find_unpooled_maps(view: View) -> Iterator[Finding]:
    """Yield a layer that flattens a large map in a network that never shrinks one."""
    nodes = view.network.nodes
    reader = next((node for node in nodes if len(node.output or ()) == 1 and len(view.input_shape(node)) == 3), None)
    if not reader or sum(_has_filter(view, node) for node in nodes) < 2 or any(_halves(view, node) for node in nodes):
        return
    height, width, channels = view.input_shape(reader)
    if min(height, width) > UNPOOLED:
        beside = f"{height}·{width}·{channels} = {height * width * channels:,} elements to read"
        yield view.make_finding(reader, "", beside, fact=f"nothing before `{reader.name}` makes the map smaller")


def _halves(view: View, node: Node) -> bool:
    return len(node.output or ()) == 3 and 2 * (node.output or ())[0] <= view.input_shape(node)[0] + 1


LINTS = (
    LintRow(
        Code.W511, find_channels_first, help="a spec has height, width and channels in this order: `input 32x32x3`"
    ),
    LintRow(Code.N501, find_odd_counts, "{names} take{s} a K that is neither a power of two nor a multiple of 8"),
    LintRow(Code.N502, find_even_filters, "{names} take{s} an even F, which has no middle"),
    LintRow(Code.N503, find_shrinking_maps, "{names} make{s} the map smaller without a stride"),
    LintRow(Code.N504, find_wide_pools, "{names} pool{s} over more than 3×3"),
    LintRow(Code.N505, find_dominant_layers),
    LintRow(Code.N506, find_short_sight),
    LintRow(Code.N507, find_long_rows),
    LintRow(Code.N507, find_unpooled_maps),
)
