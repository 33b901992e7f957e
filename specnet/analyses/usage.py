"""The memory and the time of a network in use: for a batch, a precision, and the optimizer of its spec."""

from __future__ import annotations

from specnet.analyses.devices import Device
from specnet.analyses.execution_plan import UnknownMemory as UnknownMemory
from specnet.analyses.memory import Conditions, Memory, Precision
from specnet.analyses.passes import replay_inference, replay_training
from specnet.analyses.step_time import StepTime, predict_step
from specnet.graph import Network
from specnet.records import Record


class Usage(Record):
    """How a network is to be used; without a batch, with that of its `train` section.

    `device` is the one that times are predicted for; memory is that of a GPU.
    """

    batch: int | None = None
    precision: Precision = "fp32"
    device: Device | None = None


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


def predict_use(network: Network, usage: Usage) -> StepTime:
    """Return the time of a training step on the device of a usage; raises UnknownMemory, UnknownRate."""
    from specnet.settings import Training

    assert usage.device
    settings = network.training or Training()
    return predict_step(network, settings, usage.device, usage.precision, usage.batch or settings.batch.part)
