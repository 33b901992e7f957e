"""Flat networks to fold: those of specs without the names that a person gave, and random ones."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from specnet.builder import NetworkBuilder
from specnet.graph import Head, Network


def anonymise(network: Network) -> Network:
    """Return a network without scopes, whose nodes are called n1, n2, …"""
    names = {i.name: i.name for i in network.inputs}
    names |= {node.name: f"n{number}" for number, node in enumerate(network.nodes, 1)}
    nodes = tuple(
        replace(
            node,
            name=names[node.name],
            inputs=tuple(names[value] for value in node.inputs),
            shares=names[node.shares] if node.shares else None,
        )
        for node in network.nodes
    )
    heads = tuple(replace(head, value=names[head.value]) for head in network.heads)
    outputs = tuple(names[value] for value in network.outputs)
    return replace(network, nodes=nodes, heads=heads, outputs=outputs, scopes={})


def make_random_network(seed: int) -> Network:
    """Return a network of maps of 8×8 with branches, joins, recurring parts, heads and layers that nothing reads."""
    random = Random(seed)
    builder = NetworkBuilder("random")
    values = [builder.input((8, 8, 4)) for _ in range(1)]
    if random.random() < 0.2:
        values.append(builder.input((8, 8, 4), "other"))
    while len(values) < random.choice([4, 12, 40]):
        values.append(_add(builder, random, values))
        if random.random() < 0.3:
            values.append(_add_block(builder, random, values[-1]))
    network = builder.network(values[-1] if random.random() < 0.8 else random.choice(values))
    heads = random.sample(values, random.choice([0, 0, 1, 2]))
    return replace(network, heads=tuple(Head(f"side{n}", value, 0.3) for n, value in enumerate(heads)))


def _add(builder: NetworkBuilder, random: Random, values: list[str]) -> str:
    """Add a layer that reads the last value, or an older one."""
    value = values[-1] if random.random() < 0.7 else random.choice(values)
    kind = random.choice(["conv", "conv", "relu", "bn", "join", "slice", "like"])
    if kind == "conv":
        size, channels = random.choice([1, 3]), _channels(builder, value)
        groups = channels if random.random() < 0.2 else 1
        return builder.add(
            "conv", value, K=groups if groups > 1 else random.choice([4, 8]), F=size, P=size // 2, G=groups
        )
    if kind == "join":
        fitting = [other for other in values if _channels(builder, other) == _channels(builder, value)]
        others = random.choices(fitting, k=random.choice([1, 1, 2]))
        return builder.add(random.choice(["add", "concat"]), value, *others)
    if kind == "slice":
        return builder.add("conv", builder.add("slice", value, channels=_half(builder, value)), K=4, F=1)
    if kind == "like":
        return builder.add(
            "upsample", builder.add("pool", value, operation="max", F=2), random.choice(values), like=True
        )
    return builder.add(kind, value)


def _add_block(builder: NetworkBuilder, random: Random, value: str) -> str:
    """Add a residual block, which recurs with other numbers."""
    channels, middle = _channels(builder, value), random.choice([2, 4])
    inner = builder.add("bn", builder.add("conv", value, K=middle, F=1))
    inner = builder.add("conv", builder.add("relu", inner), K=channels, F=3, P=1)
    return builder.add("relu", builder.add("add", inner, value))


def _half(builder: NetworkBuilder, value: str) -> object:
    from specnet.attributes import Interval

    return Interval(0, max(_channels(builder, value) // 2, 1))


def _channels(builder: NetworkBuilder, value: str) -> int:
    return builder._shape(value)[-1]
