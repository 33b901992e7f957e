"""Gradients of a class's score by the pixels and by the maps of a layer."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, fx

from specnet.insight.layers import get_graph, has_maps, list_layers, measure_outputs, select
from specnet.training import LoadedRun
from specnet.training.randomness import make_generator

NOISE = 0.15
"""The deviation of the noise of SmoothGrad, as a share of the range of the image's values."""

SAMPLES = 16
"""The noisy copies whose gradients SmoothGrad averages."""


def find_scores(run: LoadedRun, pixels: Tensor) -> fx.Node:
    """Return the value of the network with a score per class: its output, or what its last softmax was taken of.

    A probability near 1 hardly changes with anything, so that its gradient would be noise.
    """
    last: fx.Node = next(iter(reversed(get_graph(run).graph.nodes)))
    (output,) = last.all_input_nodes
    before = output.all_input_nodes
    if len(before) != 1 or before[0].op == "placeholder":
        return output
    with torch.no_grad():
        scores, outputs = select(run, [before[0], output])(run.normalization(pixels))
    is_softmax = scores.shape == outputs.shape and torch.allclose(scores.softmax(1), outputs, atol=1e-5)
    return before[0] if is_softmax else output


def compute_smooth_gradient(run: LoadedRun, pixels: Tensor, output: int, seed: int) -> Tensor:
    """Return H×W, the mean over noisy copies of the largest magnitude of the score's gradient among the channels.

    Smilkov et al., "SmoothGrad: removing noise by adding noise", 2017.
    """
    image, network = run.normalization(pixels), select(run, [find_scores(run, pixels)])
    deviation = NOISE * float(image.max() - image.min())
    generator = make_generator(seed, "smoothgrad")
    total = torch.zeros_like(image)
    for _ in range(SAMPLES):
        noise = torch.randn(image.shape, generator=generator).to(image.device)
        copy = (image + deviation * noise).requires_grad_()
        (scores,) = network(copy)
        total += torch.autograd.grad(scores.float()[:, output].sum(), copy)[0].abs()
    return total[0].amax(0) / SAMPLES


def compute_grad_cam(run: LoadedRun, pixels: Tensor, output: int, layer: str) -> Tensor:
    """Return h×w: the positive part of a layer's maps, weighted by the mean gradients of the class's score.

    Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017.
    """
    network = select(run, [list_layers(run)[layer], find_scores(run, pixels)])
    maps, scores = network(run.normalization(pixels).requires_grad_())
    (gradients,) = torch.autograd.grad(scores.float()[:, output].sum(), maps)
    weights = gradients.mean((2, 3), keepdim=True)
    return cast(Tensor, (weights * maps).sum(1)[0].relu().detach())


def choose_cam_layer(run: LoadedRun) -> str | None:
    """Return the last layer with maps that all of the output depends on; None for a network without maps.

    A pooling at the end is passed over, since it only loses places. Where branches meet only behind the last maps, it
    is the last layer with maps.
    """
    shapes, layers = measure_outputs(run), list_layers(run)
    with_maps = [name for name, shape in shapes.items() if has_maps(shape)]
    passed = _find_bottlenecks(get_graph(run))
    candidates = [name for name in with_maps if layers[name] in passed] or with_maps
    if not candidates:
        return None
    last = candidates[-1]
    for before in reversed(candidates[:-1]):
        (k, h, w), (channels, height, width) = shapes[before], shapes[last]
        if k != channels or h * w <= height * width:
            break
        last = before
    return last


def _find_bottlenecks(module: fx.GraphModule) -> set[fx.Node]:
    """Return the values that every path from the input to the output passes, as no edge leads past them."""
    graph = select_used(module)
    places = {node: place for place, node in enumerate(graph)}
    found, farthest = set(), 0
    for place, node in enumerate(graph):
        if farthest <= place:
            found.add(node)
        farthest = max([farthest, *(places[user] for user in node.users if user in places)])
    return found


def select_used(module: fx.GraphModule) -> list[fx.Node]:
    """Return the nodes that the output depends on, in their order."""
    used = set[fx.Node]()
    for node in reversed(module.graph.nodes):
        if node.op == "output" or any(user in used for user in node.users):
            used.add(node)
    return [node for node in module.graph.nodes if node in used]
