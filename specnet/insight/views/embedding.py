"""Test images as points in a plane, near each other where a layer's features are alike: by t-SNE, or by PCA.

Van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from matplotlib import colormaps, patheffects, rcParams
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, fx

from specnet.insight.images import load_unseen
from specnet.insight.layers import find_layer, get_graph, iterate_outputs, list_layers, list_layers_with
from specnet.insight.request import Request
from specnet.insight.view import View
from specnet.layers.base.traits import Trait
from specnet.printable import format_amount
from specnet.training import CannotRun, LoadedRun
from specnet.training.data.images import Images
from specnet.training.errors import Unsuitable
from specnet.training.lettering import choose_fonts, write_names
from specnet.training.randomness import derive_seed, make_generator

COMPONENTS = 50
"""The principal components that t-SNE starts from, as its authors advise."""

PERPLEXITY = 30
"""The number of neighbours that t-SNE attends to; of few images, a third."""

LEAST = 3
"""The fewest images that can be near or far."""

NEIGHBOURS = 5

LISTED = 20
"""The most classes in a legend; the names of more stand at the centres of their points."""


@dataclass(frozen=True)
class Points:
    """N images in a plane: `places` is float N×2, labels, predictions and image numbers are int64 N.

    `explained` are the shares of the variance along both axes, of PCA alone.
    """

    places: np.ndarray
    labels: Tensor
    predictions: Tensor
    numbers: Tensor
    explained: list[float] | None

    @property
    def is_wrong(self) -> np.ndarray:
        return (self.labels != self.predictions).numpy()


def compute(run: LoadedRun, request: Request) -> View:
    """Return the embedding of random test images; raises TrainingError."""
    layer = request.layer or choose_layer(run)
    find_layer(run, layer)
    part, images = load_unseen(run, request)
    numbers = torch.randperm(len(images), generator=make_generator(request.seed, "embedding"))[: request.count]
    if len(numbers) < LEAST:
        raise CannotRun(f"an embedding compares at least {LEAST} images, not {len(numbers)}")
    chosen = images.take(numbers)
    features, predictions, maps = _compute_features(run, chosen, layer)
    if not features.isfinite().all():
        raise Unsuitable(f"the features of `{layer}` are not finite numbers")
    if not (features != features[0]).any():
        raise Unsuitable(f"`{layer}` has the same features for all images: there is nothing to compare")
    places, explained = _reduce(features.numpy(), request.method, request.seed)
    points = Points(places, chosen.labels, predictions, numbers, explained)
    separation = measure_separation(features.numpy(), chosen.labels)
    names = [run.class_name(number) for number in range(len(run.classes))]
    method = "t-SNE" if explained is None else "PCA"
    means = f" Of each map of {maps}, the mean is the feature." if maps else ""
    return View(
        "embedding",
        f"{format_amount(len(chosen), f'{part} image')} by the features of {layer}",
        f"Each point is an image, in the colour of its class; near points have like features ({method} of "
        f"{format_amount(features.shape[1], 'feature')} of {layer}).{means} Rings mark wrong predictions.",
        (
            f"{separation:.2%} have the class of most of their {min(NEIGHBOURS, len(chosen) - 1)} nearest neighbours",
            f"{1 - points.is_wrong.mean():.2%} are predicted correctly",
            *([f"{sum(explained):.1%} of the variance is shown"] if explained else []),
        ),
        {
            "part": part,
            "layer": layer,
            "method": "tsne" if explained is None else "pca",
            "features": features.shape[1],
            "averaged_maps": maps or None,
            "explained_variance": explained,
            "neighbour_accuracy": separation,
            "classes": names,
            "points": _list_points(points, part),
        },
        partial(_draw, points, names, request),
    )


def choose_layer(run: LoadedRun) -> str:
    """Return the layer that the last fully connected layer reads, or without one the layer before the last.

    A network without a layer there has its output.
    """
    layers = list_layers(run)
    dense = list_layers_with(run, Trait.DENSE)
    names = {value: name for name, value in layers.items()}
    value = layers[dense[-1]] if dense else list(layers.values())[-1]
    before: fx.Node = value
    while before.op != "placeholder":
        before = before.all_input_nodes[0]
        if before in names:
            return names[before]
    return list(layers)[-1]


def _compute_features(run: LoadedRun, images: Images, layer: str) -> tuple[Tensor, Tensor, str]:
    """Return the features float N×K, the predictions int64 N, and the size of maps whose means the features are."""
    (output,) = next(iter(reversed(get_graph(run).graph.nodes))).all_input_nodes
    last = next(name for name, value in list_layers(run).items() if value is output)
    features, predictions, maps = list[Tensor](), list[Tensor](), ""
    for values, outputs in iterate_outputs(run, images, [layer, last]):
        if values.ndim > 2:
            maps = "×".join(map(str, values.shape[2:]))
        features.append(values.float().reshape(*values.shape[:2], -1).mean(2).cpu())
        predictions.append(outputs.argmax(1).cpu())
    return torch.cat(features), torch.cat(predictions), maps if maps.strip("1×") else ""


def _reduce(features: np.ndarray, method: str, seed: int) -> tuple[np.ndarray, list[float] | None]:
    """Return places N×2 for features N×K, and the shares of the variance that the axes of PCA explain."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    number, state = len(features), derive_seed(seed, "reduction")
    found = PCA(min(COMPONENTS, *features.shape), random_state=state).fit(features)
    components = found.transform(features)
    if method == "pca":
        padded = np.pad(components[:, :2], ((0, 0), (0, max(0, 2 - components.shape[1]))))
        shares = [*found.explained_variance_ratio_[:2].tolist(), 0.0][:2]
        return padded, shares
    perplexity = min(PERPLEXITY, (number - 1) / 3)
    start = "pca" if components.shape[1] > 1 else "random"
    return TSNE(2, perplexity=perplexity, init=start, random_state=state).fit_transform(components), None


def measure_separation(features: np.ndarray, labels: Tensor) -> float:
    """Return the share of images N×K with the label of most of their nearest neighbours, the image itself left out."""
    from sklearn.neighbors import NearestNeighbors

    neighbours = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(features) - 1)).fit(features)
    nearest = torch.from_numpy(neighbours.kneighbors(return_distance=False))
    votes = torch.mode(labels[nearest], 1).values
    return float((votes == labels).double().mean())


def _list_points(points: Points, part: str) -> list[dict[str, Any]]:
    rows = (points.numbers.tolist(), points.places.tolist(), points.labels.tolist(), points.predictions.tolist())
    return [
        {"image": f"{part}:{number}", "x": round(x, 4), "y": round(y, 4), "label": label, "prediction": prediction}
        for number, (x, y), label, prediction in zip(*rows, strict=True)
    ]


def _draw(points: Points, names: list[str], request: Request) -> Figure:
    there = sorted(set(points.labels.tolist()))
    fonts = choose_fonts(names[label] for label in there)
    labels = write_names({label: names[label] for label in there}, fonts, "classes", request.note)
    with fonts.use():
        figure = Figure(figsize=(8.4, 6.6), layout="constrained")
        axes = figure.subplots()
        for label, colour in zip(there, _choose_colours(len(there)), strict=True):
            own = points.places[(points.labels == label).numpy()]
            axes.scatter(own[:, 0], own[:, 1], s=14, color=[colour], linewidths=0, alpha=0.85, label=labels[label])
        _mark_wrong(axes, points)
        if len(there) > LISTED:
            _name_centres(axes, points, labels)
        handles, texts = axes.get_legend_handles_labels()
        shown = slice(-1, None) if len(there) > LISTED else slice(None)
        figure.legend(
            handles[shown], texts[shown], loc="outside right upper", fontsize=9, frameon=False, markerscale=1.6
        )
        _label_axes(axes, points)
        return figure


def _choose_colours(number: int) -> Any:
    if number <= LISTED:
        return colormaps["tab10" if number <= 10 else "tab20"](np.arange(number))
    return colormaps["turbo"](np.linspace(0.02, 0.98, number))


def _mark_wrong(axes: Axes, points: Points) -> None:
    wrong, line = points.places[points.is_wrong], rcParams["text.color"]
    axes.scatter(wrong[:, 0], wrong[:, 1], s=34, facecolors="none", edgecolors=line, linewidths=0.9, label="wrong")


def _name_centres(axes: Axes, points: Points, labels: dict[int, str]) -> None:
    """Write the names of classes at the medians of their points."""
    outline = [patheffects.withStroke(linewidth=2.5, foreground=rcParams["axes.facecolor"])]
    for label, name in labels.items():
        x, y = np.median(points.places[(points.labels == label).numpy()], axis=0)
        axes.text(x, y, name, ha="center", va="center", fontsize=7, path_effects=outline)


def _label_axes(axes: Axes, points: Points) -> None:
    """Write what the axes of PCA explain; those of t-SNE mean nothing."""
    axes.set(xticks=(), yticks=())
    if points.explained:
        first, second = points.explained
        axes.set_xlabel(f"first component, {first:.1%} of the variance")
        axes.set_ylabel(f"second component, {second:.1%}")
