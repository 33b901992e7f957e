"""The layers of a run's network by their names in the table: their outputs, their maps, their weights."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import cast

import torch
from torch import Tensor, fx, nn

from specnet.layers.base.traits import Trait
from specnet.suggest import did_you_mean, find_closest_word
from specnet.training import CannotRun, LoadedRun
from specnet.training.data.images import Images

BATCH, BATCH_BYTES = 256, 2**29
"""The most images whose outputs are computed together, and the most bytes of all outputs for them."""

SHOWN = 8
"""The number of layers that a message names."""


def get_graph(run: LoadedRun) -> fx.GraphModule:
    """Return the network of a run, which is always made from a graph."""
    return cast(fx.GraphModule, run.model)


def list_layers(run: LoadedRun) -> dict[str, fx.Node]:
    """Return the values of all layers in the module's graph, by the layers' names, in the order of the table."""
    module = get_graph(run)
    nodes = {node.name: node for node in module.graph.nodes}
    return {name: nodes[value] for name, value in module.meta["values"].items()}


def find_layer(run: LoadedRun, name: str) -> fx.Node:
    """Return the value of a layer in the module's graph; raises CannotRun for a layer that there is not."""
    layers = list_layers(run)
    if name not in layers:
        if name == "input":
            raise CannotRun(f"`{name}` is the image itself; name a layer, such as {next(iter(layers))}")
        hint = did_you_mean(find_closest_word(name, layers)) or f"; there are {list_names(layers)}"
        raise CannotRun(f"the network has no layer `{name}`{hint}")
    return layers[name]


def list_names(names: Collection[str]) -> str:
    """Return names for a message, the first ones of many."""
    rest = len(names) - SHOWN
    return ", ".join(list(names)[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def list_layers_with(run: LoadedRun, trait: Trait) -> list[str]:
    """Return the names of the layers that have a trait, in the order of the table."""
    return [name for name, traits in get_graph(run).meta["traits"].items() if trait in traits]


def iterate_outputs(run: LoadedRun, images: Images, layers: Sequence[str]) -> Iterator[tuple[Tensor, ...]]:
    """Yield the outputs of layers for all images, batch by batch: of each layer, B×K×h×w or B×K."""
    network = select(run, [find_layer(run, name) for name in layers])
    size = max(1, min(BATCH, BATCH_BYTES // max(1, run.job.image_memory)))
    for start in range(0, len(images), size):
        pixels = run.objective.get_pixels(images.pixels)[start : start + size].to(run.place)
        with torch.no_grad():
            yield network(run.normalization(pixels))


def select(run: LoadedRun, values: Sequence[fx.Node]) -> fx.GraphModule:
    """Return a module from N×C×H×W to a tuple of values of the network, which computes no more than them.

    Each has its units, which are channels or neurons, along its second axis: a sequence is N×C×L.
    """
    module, graph = get_graph(run), fx.Graph()
    copies = dict[fx.Node, fx.Node]()
    graph.graph_copy(module.graph, copies)
    graph.output(tuple(graph.call_function(_put_units_second, (copies[value],)) for value in values))
    part = fx.GraphModule(module, graph)
    part.graph.eliminate_dead_code()
    part.recompile()
    return part.eval()


def _put_units_second(output: Tensor) -> Tensor:
    return output.transpose(1, 2) if output.ndim == 3 else output


@torch.no_grad()
def compute_output(run: LoadedRun, pixels: Tensor, layer: str) -> Tensor:
    """Return the output of a layer for uint8 N×H×W×C: N×K×h×w, N×K×l of a sequence, or N×K."""
    (output,) = select(run, [find_layer(run, layer)])(run.normalization(pixels))
    return cast(Tensor, output).float()


@torch.no_grad()
def measure_outputs(run: LoadedRun) -> dict[str, tuple[int, ...]]:
    """Return the shape of each layer's output for one image: (K, h, w), (K, l) of a sequence, or (K,)."""
    layers = list_layers(run)
    black = torch.zeros((1, *run.input_shape), dtype=torch.uint8, device=run.place)
    outputs = select(run, list(layers.values()))(run.normalization(black))
    return {name: tuple(output.shape[1:]) for name, output in zip(layers, outputs, strict=True)}


def has_maps(shape: tuple[int, ...]) -> bool:
    """Return whether the output (K, h, w) of a layer has several places."""
    return len(shape) == 3 and shape[1] * shape[2] > 1


def require_maps(run: LoadedRun, name: str) -> None:
    """Raise CannotRun for a layer that there is not, or whose output has no maps."""
    find_layer(run, name)
    shapes = measure_outputs(run)
    if not has_maps(shapes[name]):
        others = [other for other, shape in shapes.items() if has_maps(shape)]
        hint = f"those that have are {list_names(others)}" if others else "no layer of this network has"
        raise CannotRun(f"`{name}` has no maps, as its output is {_format_shape(shapes[name])}; {hint}")


def _format_shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, (*shape[1:], shape[0])))


def find_weights(run: LoadedRun, name: str) -> Tensor:
    """Return the kernels of a layer, K×C×F×F; raises CannotRun for a layer that there is not, or has none."""
    find_layer(run, name)
    kernels = list_kernels(run)
    if name not in kernels:
        hint = f"those that have are {list_names(kernels)}" if kernels else "no layer of this network has"
        raise CannotRun(f"`{name}` has no kernels; {hint}")
    return kernels[name]


def list_kernels(run: LoadedRun) -> dict[str, Tensor]:
    """Return the kernels K×C×F×F of each layer that has some, in the order of the table."""
    read = {name: _read_kernels(run, value) for name, value in list_layers(run).items()}
    return {name: kernels for name, kernels in read.items() if kernels is not None}


def _read_kernels(run: LoadedRun, value: fx.Node) -> Tensor | None:
    """Return K×C×F×F, the weights of the module that computes a value; None where they are no kernels."""
    if value.op != "call_module":
        return None
    module = get_graph(run).get_submodule(str(value.target))
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim != 4:
        return None
    is_transposed = isinstance(module, nn.ConvTranspose2d)
    return (weight.transpose(0, 1) if is_transposed else weight).detach()
