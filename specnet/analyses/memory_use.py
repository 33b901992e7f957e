"""The memory of a network in use: in inference and in training, for a batch, a precision and an optimizer."""

from __future__ import annotations

from specnet.analyses.memory import Conditions, Memory, Precision
from specnet.analyses.passes import UnknownMemory as UnknownMemory
from specnet.analyses.passes import replay_inference, replay_training
from specnet.graph import Network
from specnet.records import Record


class Usage(Record):
    """How a network is to be used on a GPU; without a batch, with that of its `train` section."""

    batch: int | None = None
    precision: Precision = "fp32"


class MemoryUse(Record):
    """The memory of a network in use; `optimizer` is its word in a spec."""

    batch: int
    precision: Precision
    optimizer: str
    inference: Memory
    training: Memory


def measure_memory_use(network: Network, usage: Usage) -> MemoryUse:
    """Return the memory of a network; raises UnknownMemory.

    Without a `train` section, its defaults count; a batch that is accumulated in parts takes the memory of a part.
    """
    from specnet.settings import Training, get_choice

    settings, conditions = network.training or Training(), Conditions(usage.precision)
    return MemoryUse(
        usage.batch or settings.batch.part,
        usage.precision,
        get_choice("optimizer", settings.optimizer),
        replay_inference(network, conditions),
        replay_training(network, settings, conditions),
    )
