"""What is exported: a network alone, or that of a run with the normalisation and the units of its outputs around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, fx, nn

from specnet.backends.torch_module import build_module
from specnet.compiler import Checked
from specnet.graph import Network
from specnet.jobs import collect_layer_info, collect_used_files
from specnet.layers.base import order_as_torch
from specnet.pictures.sixteen_bits import SixteenBitScale
from specnet.settings import Training
from specnet.training.engine.initialization import initialize_weights
from specnet.training.runs.loaded_run import LoadedRun
from specnet.training.runs.run_folder import build_metadata
from specnet.training.tasks.objective import get_main_output
from specnet.training.transforms.normalization import Normalizer


class Normalized(nn.Module):
    """A network that takes pixels as an image file has them: N×C×H×W, of the network's size.

    They are from 0 to 255, or of 16 bits where it was trained on such and has their scale. `units` brings the outputs
    into the form in which people read them.
    """

    def __init__(
        self, network: nn.Module, normalizer: Normalizer, sixteen_bits: SixteenBitScale | None, units: nn.Module
    ) -> None:
        super().__init__()
        self.network, self.normalization, self.sixteen_bits = network, normalizer.to_module(), sixteen_bits
        self.units = units

    def forward(self, pixels: Tensor) -> Tensor:
        return self.compute(pixels)

    def compute(self, *images: Tensor) -> Tensor:
        """Return the output for the pixels of each input, without those of heads."""
        outputs: Tensor = self.units(get_main_output(self.network(*map(self.normalize, images))))
        return outputs

    def normalize(self, pixels: Tensor) -> Tensor:
        """Return what the network reads of an image."""
        if self.sixteen_bits:
            low, high = self.sixteen_bits.low, self.sixteen_bits.high
            pixels = ((pixels - low) * (255 / (high - low))).round().clamp(0, 255)
        inputs: Tensor = self.normalization(pixels)
        return inputs


class NormalizedPair(Normalized):
    """The same for a network that reads two images."""

    def forward(self, left: Tensor, right: Tensor) -> Tensor:  # type: ignore[override]  # it is exported as it is
        return self.compute(left, right)


@dataclass(frozen=True)
class Exportable:
    """A network in evaluation mode, and what is around it in a file that another program runs.

    `graph` says what `network` computes, `places` where the spec has each layer, `cifar.net:12`. `run` is None for a
    network with starting weights.
    """

    graph: Network = field(repr=False)
    network: fx.GraphModule = field(repr=False)
    metadata: Mapping[str, str]
    wrap: Callable[[nn.Module], nn.Module] = field(repr=False, default=lambda network: network)
    """Returns the whole module around the network."""
    run: LoadedRun | None = None
    places: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def module(self) -> nn.Module:
        """The whole module: N×C×H×W of each input to its outputs."""
        return self.wrap(self.network).eval()

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the inputs without the batch, C×H×W or a vector's length."""
        return tuple(tuple(order_as_torch(each.shape)) for each in self.graph.inputs)

    @property
    def inputs(self) -> tuple[str, ...]:
        return tuple(each.name for each in self.graph.inputs)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of what the module returns; a run's heads are left out."""
        return self.graph.outputs if self.run else self.all_outputs

    @property
    def all_outputs(self) -> tuple[str, ...]:
        """The names of what the network alone returns, with those of heads."""
        return (*self.graph.outputs, *(head.name for head in self.graph.heads))

    @property
    def values(self) -> tuple[str, ...]:
        """The values that the network alone returns."""
        return (*self.graph.outputs, *(head.value for head in self.graph.heads))

    @property
    def takes_floats(self) -> bool:
        """Whether it was trained on other numbers than pixels."""
        return self.run is None or self.run.floats

    def describe_inputs(self, batch: int | None) -> str:
        """Return a sentence about the inputs of the whole module, for batches of a size, or of any."""
        shapes = ", ".join("×".join(map(str, (batch or "N", *shape))) for shape in self.shapes)
        if self.run is None:
            return f"it takes {shapes}, and its weights are not trained"
        if self.run.scale:
            return f"it takes pixels of 16 bits as float32 {shapes}: their scale and the normalisation are built in"
        if self.takes_floats:
            return f"it takes float32 {shapes} as it was trained on: the normalisation is built in"
        return f"it takes pixels from 0 to 255 as float32 {shapes}: the normalisation is built in"


def export_run(run: LoadedRun, checked: Checked) -> Exportable:
    """Return the trained network of a checked spec, with its normalisation built in."""
    metadata = build_metadata(run.job, run.classes, run.normalization, run.scale, run.options.overrides)
    if run.fitted:
        metadata["fitted"] = json.dumps(run.fitted)
    kind = NormalizedPair if len(run.job.input_shapes) == 2 else Normalized

    def wrap(network: nn.Module) -> nn.Module:
        return kind(network, run.normalization, run.scale, run.objective.make_output_module())

    assert isinstance(run.model, fx.GraphModule), "a job's module is built of a network"
    return Exportable(checked.network, run.model.eval(), metadata, wrap, run, list_places(checked))


def export_untrained(checked: Checked, overrides: Mapping[str, str]) -> Exportable:
    """Return the bare network of a sound spec with starting weights."""
    graph = checked.network
    module, training = build_module(graph), graph.training or Training()
    initialize_weights(module, training.init, collect_layer_info(graph), training.seed.value, None)
    metadata = {
        "spec": checked.source.text,
        "used": json.dumps(collect_used_files(checked)),
        "overrides": json.dumps(overrides),
        "digest": checked.digest,
    }
    return Exportable(graph, module.eval(), metadata, places=list_places(checked))


def list_places(checked: Checked) -> dict[str, str]:
    """Return the file and line of each layer and input by name."""
    spans = ((name, place.element) for name, place in checked.elaborated.places.items())
    return {name: f"{span.source.name}:{span.line}" for name, span in spans}


def make_examples(shapes: Sequence[tuple[int, ...]], images: int) -> tuple[Tensor, ...]:
    """Return an empty batch of each input."""
    return tuple(torch.zeros(images, *shape) for shape in shapes)
