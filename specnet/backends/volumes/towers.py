"""The towers of AlexNet: maps that layers of two groups leave apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from specnet.backends.volumes.volume import Link, Volume
from specnet.graph import Network
from specnet.layers.base.traits import Trait

TOWERS = 2
"""The number of groups that are drawn as towers, as in the paper of AlexNet; of more, each would be too thin."""


def split_towers(network: Network, volumes: Mapping[str, Volume], links: tuple[Link, ...]) -> Mapping[str, Volume]:
    """Return the volumes with two towers where a layer works in two groups, and where the next one does."""
    towers = {name for name, volume in volumes.items() if _works_in_towers(network, volume)}
    for link in reversed(links):  # what only passes the channels on stands between
        reader, source = volumes[link.target], volumes[link.source]
        if link.target in towers and _keeps_towers(network, reader) and source.is_map and not source.is_input:
            towers.add(link.source)
    for link in links:
        source, reader = volumes[link.source], volumes[link.target]
        if link.source in towers and not _learns(reader) and reader.is_map and not (reader.is_folded or reader.parts):
            towers.add(link.target)
    return {name: replace(each, towers=TOWERS if name in towers else 1) for name, each in volumes.items()}


def _works_in_towers(network: Network, volume: Volume) -> bool:
    if volume.is_folded or volume.is_input or volume.shape is None:
        return False
    layer, inputs = volume.nodes[0].layer, network.input_shapes(volume.nodes[0])
    if layer is None or not inputs or Trait.GROUPED not in layer.traits:
        return False
    weight = layer.parameters(inputs).get("weight", ())
    if len(weight) != 4 or weight[0] != volume.shape[-1]:
        return False
    return inputs[0][-1] == TOWERS * weight[1] > TOWERS


def _keeps_towers(network: Network, volume: Volume) -> bool:
    return not volume.is_folded and (_works_in_towers(network, volume) or not _learns(volume))


def _learns(volume: Volume) -> bool:
    layer = volume.nodes[0].layer if volume.nodes else None
    return layer is None or Trait.LEARNS_WEIGHT in layer.traits
