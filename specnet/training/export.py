"""Export a network for other programs: its weights alone, or the network with the normalisation built in."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.export import Dim

from specnet.layers.base import order_as_torch
from specnet.pictures.sixteen_bits import SixteenBitScale
from specnet.settings import Training
from specnet.training.engine.initialization import initialize_weights
from specnet.training.job import LayerInfo
from specnet.training.runs.loaded_run import LoadedRun
from specnet.training.runs.run_folder import build_metadata
from specnet.training.tasks.objective import get_main_output
from specnet.training.transforms.normalization import Normalizer

EXAMPLES = 2
"""Images of the batch that torch traces the network with; with one, it would take the batch size as fixed."""


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
    """A module in evaluation mode, the bare network within it, example inputs, and the metadata to write with it.

    It `takes_floats` where it was trained on other numbers than pixels.
    """

    module: nn.Module = field(repr=False)
    network: nn.Module = field(repr=False)
    examples: tuple[Tensor, ...] = field(repr=False)
    metadata: Mapping[str, str]
    takes_floats: bool = False


def export_run(run: LoadedRun) -> Exportable:
    """Return a trained network, with its normalisation built in."""
    metadata = build_metadata(run.job, run.classes, run.normalization, run.scale, run.options.overrides)
    if run.fitted:
        metadata["fitted"] = json.dumps(run.fitted)
    kind = NormalizedPair if len(run.job.input_shapes) == 2 else Normalized
    module = kind(run.model, run.normalization, run.scale, run.objective.make_output_module()).eval()
    return Exportable(module, run.model, _examples(run.job.input_shapes), metadata, run.floats)


def export_untrained(
    module: nn.Module,
    training: Training,
    layers: Mapping[str, LayerInfo],
    shapes: Sequence[tuple[int, ...]],
    metadata: Mapping[str, str],
) -> Exportable:
    """Return a bare network with starting weights; `shapes` are those of its inputs, H×W×C or a vector's length."""
    initialize_weights(module, training.init, layers, training.seed.value, None)
    return Exportable(module.eval(), module, _examples(shapes), metadata)


def _examples(shapes: Sequence[tuple[int, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.zeros(EXAMPLES, *order_as_torch(shape)) for shape in shapes)


def to_safetensors(exportable: Exportable) -> bytes:
    """Return the network's weights and the metadata in the format safetensors."""
    return save(exportable.network.state_dict(), dict(exportable.metadata))


def to_torch_program(exportable: Exportable) -> bytes:
    """Return the whole module as torch.export's .pt2, for batches of any size; the metadata are its extra files."""
    batch = Dim("batch")
    shapes = tuple({0: batch} for _ in exportable.examples)
    content = BytesIO()
    with warnings.catch_warnings(action="ignore"):  # torch warns of itself
        exported = torch.export.export(exportable.module, exportable.examples, dynamic_shapes=shapes)
        torch.export.save(exported, content, extra_files=dict(exportable.metadata))
    return content.getvalue()
