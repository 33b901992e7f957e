"""Group the tensors of a torch state dict into layers by their names: `conv1.weight` and `conv1.bias` are `conv1`."""

from __future__ import annotations

from torch import Tensor

from specnet.weights.stored import StoredLayer, StoredTensors, StoredWeights

ROLES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
"""The tensors that a layer of torch has; any other one, such as `gamma`, is a layer of its own."""


def group_torch_layers(stored: StoredTensors) -> StoredWeights:
    """Return the layers of a state dict; a block's own tensors, which torch lists first, come behind its layers."""
    groups: dict[str, dict[str, Tensor]] = {}
    own = list[str]()
    for name, tensor in stored.tensors.items():
        owner, _, role = name.rpartition(".")
        if role in ROLES:
            groups.setdefault(owner, {})[role] = tensor
        else:
            groups[name] = {"weight": tensor}
            own.append(name)
    names = list(groups)
    for name in reversed(own):
        block = name.rpartition(".")[0] + "."
        names.remove(name)
        last = max((index for index, other in enumerate(names) if other.startswith(block)), default=len(names) - 1)
        names.insert(last + 1, name)
    layers = tuple(StoredLayer(name, groups[name]) for name in names)
    return StoredWeights(stored.path, "torch", stored.order, layers)
