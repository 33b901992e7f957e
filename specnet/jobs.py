"""Turn a checked spec into a job for `specnet.training`."""

from __future__ import annotations

import os
import re
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import torch
from torch import nn

from specnet.analyses.execution_plan import UnknownMemory
from specnet.analyses.memory import Conditions, Memory
from specnet.analyses.passes import replay_training
from specnet.analyses.receptive_field import find_output_stride
from specnet.argument_types import describe_value
from specnet.backends.torch_module import build_module
from specnet.byte_sizes import FP32
from specnet.compiler import Checked
from specnet.errors import SpecNetError
from specnet.graph import Network
from specnet.layers.base.families import get_init
from specnet.plugin_loading.discovery import Plugin
from specnet.plugin_loading.loaded import find_plugin
from specnet.registry import find_registration
from specnet.settings import Training, get_choice
from specnet.settings.data import Python
from specnet.spec_files import find_path_in_zoo
from specnet.training import GivenData, Job, LayerInfo, OutputLayer, OwnMetric, PluginMetric
from specnet.training.data.given import require_data
from specnet.training.job import METRIC


class UntrainableError(SpecNetError, ValueError):
    """A sound network that cannot be trained, as it has several outputs, or does not say on what."""


def gather_data(data: Any, validation: Any = None, test: Any = None) -> GivenData | None:
    """Return the data that a program hands over, if any; raises TypeError for what is none."""
    for name, part in (("data", data), ("validation", validation), ("test", test)):
        if part is not None:
            require_data(name, part)
    if data is None and (validation is not None or test is not None):
        raise TypeError("`validation` and `test` go with `data`, which is trained on")
    return None if data is None else GivenData(data, validation, test)


def gather_metric(metric: Any) -> OwnMetric | None:
    """Return the metric that a program hands over, if any; raises TypeError for what is none."""
    if metric is None or isinstance(metric, OwnMetric):
        return metric
    if not callable(metric):
        raise TypeError(f"`metric` is {METRIC}, not {describe_value(metric)}")
    return OwnMetric(metric)


def make_job(checked: Checked, training: Training | None = None, given: GivenData | None = None) -> Job:
    """Return the job that trains the network of a sound spec, as the spec says or by other settings.

    Data that is `given` takes the place of the settings'. Raises UntrainableError.
    """
    network = checked.network
    settings = training or network.training
    if given:
        settings = (settings or Training()).model_copy(update={"data": Python()})
    if not network.nodes:
        raise UntrainableError("the spec holds blocks alone, and no network to train")
    if settings is None:
        raise UntrainableError("the spec does not say what to train on; add at least `train { data cifar10 }`")
    if len(network.outputs) != 1:
        raise UntrainableError("training needs a network with one output; `head` lines add others on the side")
    return Job(
        name=network.name,
        spec_text=checked.source.text,
        digest=checked.digest,
        input_shape=network.inputs[0].shape,
        other_inputs=tuple(each.shape for each in network.inputs[1:]),
        output_shape=network.shapes[network.outputs[0]] or (),
        parameters=checked.totals.parameters,
        macs=checked.totals.macs,
        module=_build_module(network, settings),
        training=settings,
        used=collect_used_files(checked),
        layers=collect_layer_info(network),
        image_memory=FP32 * sum(prod(shape) for shape in network.shapes.values() if shape),
        measure_memory=partial(_measure_step, network, settings),
        head_weights=tuple(head.weight for head in network.heads),
        output_layer=_locate_output_count(checked),
        given=given,
        output_stride=find_output_stride(network),
        own_metric=make_metric(settings),
        plugins=find_needed_plugins(network, settings),
    )


def make_metric(training: Training) -> OwnMetric | None:
    """Return the metric that a plugin has added and the settings name, if they do."""
    setting = training.metric
    if setting is None:
        return None
    return PluginMetric(setting.compute, setting.larger_is_better, get_choice("metric", setting), setting)


def _build_module(network: Network, training: Training) -> nn.Module:
    """Return the network's module; what modules of plugins draw as they are made, they draw from the seed."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(training.seed.value)
        return build_module(network)


def find_needed_plugins(network: Network, training: Training | None) -> tuple[Plugin, ...]:
    """Return the plugins without which a network and its training cannot be read, in the order of their first words."""
    used: list[object] = [node.layer for node in network.nodes]
    for _, value in training or ():
        used += value if isinstance(value, tuple) else [value]
    found = [registration for cls in dict.fromkeys(map(type, used)) if (registration := find_registration(cls))]
    return tuple(dict.fromkeys(map(find_plugin, found)))


def collect_layer_info(network: Network) -> dict[str, LayerInfo]:
    """Return the words and the initialization of each layer with parameters, by its name in the module."""
    parts = {}
    for node in network.nodes:
        inputs = network.input_shapes(node)
        if node.layer and inputs and not node.shares and node.layer.parameters(inputs):
            parts[node.name] = LayerInfo(node.layer.group_words, get_init(node.layer))
    return parts


def collect_used_files(checked: Checked) -> dict[str, str]:
    """Return the texts of the files that a spec uses by their paths relative to its own folder, or within the zoo."""
    folder = Path(checked.source.name).parent
    files = [
        (find_path_in_zoo(Path(used.name)) or os.path.relpath(used.name, folder), used.text)
        for used in checked.elaborated.used
    ]
    return {Path(path).as_posix(): text for path, text in files}


def _measure_step(network: Network, training: Training, conditions: Conditions) -> Memory | None:
    """Return the memory of a training step; None if it is unknown."""
    try:
        return replay_training(network, training, conditions)
    except UnknownMemory:
        return None


def _locate_output_count(checked: Checked) -> OutputLayer | None:
    """Return the place of the number of outputs in the spec; None unless it is a plain number outside all blocks."""
    network, output_layer = checked.network, checked.elaborated.find_output_layer()
    if not output_layer:
        return None
    name, span = output_layer
    place, outputs = checked.elaborated.places[name], (network.shapes[network.outputs[0]] or (0,))[-1]
    if place.trace or not re.fullmatch(rf"(K\s*=\s*)?{outputs}", span.text):
        return None
    text, end = place.element.text, span.end - place.element.start
    return OutputLayer(place.element.line, text[: end - len(str(outputs))], text[end:])
