"""Group the tensors of a torch state dict into layers by their names: `conv1.weight` and `conv1.bias` are `conv1`."""

from __future__ import annotations

from torch import Tensor

from specnet.weights.stored import StoredLayer, StoredTensors, StoredWeights

ROLES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
"""The tensors that a layer of torch has; any other one, such as `gamma`, is a layer of its own."""

INDICES = ("relative_position_index", "attn_mask")
"""What modules of attention compute for themselves and save all the same."""

JOINT = ("in_proj_weight", "in_proj_bias")
"""The projection of torch's MultiheadAttention, a layer that it keeps no module for."""


def group_torch_layers(stored: StoredTensors) -> StoredWeights:
    """Return the layers of a state dict; a block's own tensors, which torch lists first, come behind its layers."""
    groups: dict[str, dict[str, Tensor]] = {}
    own = list[str]()
    for name, tensor in stored.tensors.items():
        owner, _, role = name.rpartition(".")
        if role in INDICES:
            continue
        if role in JOINT:
            owner, _, role = name.rpartition("_")
        if role in ROLES:
            groups.setdefault(owner, {})[role] = tensor
        else:
            groups[name] = {"weight": tensor}
            own.append(name)
    names = list(groups)
    for name in own:
        owner = name.rpartition(".")[0]
        names = _move_behind(names, name, f"{owner}." if owner else "")
    layers = tuple(StoredLayer(name, groups[name]) for name in names)
    return StoredWeights(stored.path, "torch", stored.order, layers)


def _move_behind(names: list[str], name: str, block: str) -> list[str]:
    """Return the names with one behind all others of its block; one that is alone stays where torch lists it."""
    others = [other for other in names if other != name]
    last = max((index for index, other in enumerate(others) if other.startswith(block)), default=names.index(name) - 1)
    return [*others[: last + 1], name, *others[last + 1 :]]
