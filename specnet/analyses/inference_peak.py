"""The peak of a forward pass of one image in fp32, by the lifetimes of its values.

It is what `specnet.analyses.passes.replay_inference` finds, in a fraction of the time, as every report asks for it.
"""

from __future__ import annotations

from itertools import accumulate
from math import prod

from specnet.analyses.execution_plan import UnknownMemory
from specnet.byte_sizes import FP32
from specnet.graph import Network, once_per_layer
from specnet.layers.base.traits import Storage


def measure_inference_peak(network: Network) -> int:
    """Return the most bytes of values that live while a layer runs; raises UnknownMemory.

    The memory of a value, and of its views, lives from the layer that allocates it to the last one that reads any of
    them, or the one before a layer that reads a size alone; inputs and outputs live to the end.
    """
    count_scratch = once_per_layer(lambda layer, shapes: layer.scratch(shapes))
    owners = {each.name: each.name for each in network.inputs}
    scattered, born, last = set[str](), dict.fromkeys(owners, 0), dict.fromkeys(owners, len(network.nodes))
    scratch = [0] * (len(network.nodes) + 1)
    for at, node in enumerate(network.nodes):
        layer, shapes = node.layer, network.input_shapes(node)
        if layer is None or layer.storage is None or shapes is None or node.output is None:
            raise UnknownMemory(node.name)
        for name in node.inputs:
            last[owners[name]] = max(last[owners[name]], at if name in node.operands else at - 1)
        is_scattered = node.inputs[0] in scattered
        if layer.storage is Storage.OWN or (layer.flattens and is_scattered):
            owners[node.name], born[node.name], last[node.name] = node.name, at, at
        else:
            owner = owners[node.name] = owners[node.inputs[0]]
            last[owner] = max(last[owner], at)
            if is_scattered or layer.scatters:
                scattered.add(node.name)
        scratch[at] = FP32 * count_scratch(layer, shapes)
    for name in (*network.outputs, *(head.value for head in network.heads)):
        last[owners[name]] = len(network.nodes)
    return max(map(sum, zip(_sum_lifetimes(network, born, last), scratch, strict=True)))


def _sum_lifetimes(network: Network, born: dict[str, int], last: dict[str, int]) -> list[int]:
    """Return the bytes of the values that live while each layer runs, and at the end."""
    changes = [0] * (len(network.nodes) + 2)
    for name, start in born.items():
        size = FP32 * prod(network.shapes[name] or ())
        changes[start] += size
        changes[last[name] + 1] -= size
    return [*accumulate(changes)][:-1]
