"""The views by name, each with what it shows and what it takes; the module of the same name in views/ computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Default = int | bool | str | None


@dataclass(frozen=True)
class ViewInfo:
    """A sentence about a view, the parameters that it needs, one that it may have, and its options with defaults."""

    sentence: str
    needs: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    options: Mapping[str, Default] = field(default_factory=dict)
    of_classes: bool = False
    """Whether it explains the one class of an image."""
    of_single_images: bool = True
    """Whether it puts a single image at a time through the network."""

    @property
    def takes(self) -> tuple[str, ...]:
        """The names of all its parameters."""
        return (*self.needs, *self.allows, *self.options)


VIEWS: Mapping[str, ViewInfo] = {
    "predictions": ViewInfo(
        "random test images with the likeliest classes, or the worst wrong ones",
        options={"wrong": False, "count": 6, "seed": 0},
        of_single_images=False,
    ),
    "confusion": ViewInfo("which classes are taken for which", of_classes=True),
    "calibration": ViewInfo(
        "how far the probabilities can be trusted: how often the network is right, by how sure it is",
        of_classes=True,
    ),
    "occlusion": ViewInfo(
        "the parts of an image that matter: how far its class's probability falls when each is covered",
        ("image",),
        options={"class_name": None},
        of_classes=True,
    ),
    "saliency": ViewInfo(
        "the pixels and the regions of an image that its class depends on: gradient and Grad-CAM",
        ("image",),
        options={"class_name": None, "seed": 0},
        of_classes=True,
    ),
    "maximise": ViewInfo(
        "the images that excite the units of a layer most, by gradient ascent from noise",
        ("layer",),
        options={"unit": None, "count": 16, "seed": 0},
    ),
    "features": ViewInfo("what a layer's maps respond to in an image", ("image", "layer"), options={"count": 64}),
    "dead": ViewInfo(
        "the units that never fire over the test images, and those that are saturated, layer by layer",
        options={"count": None},
    ),
    "statistics": ViewInfo(
        "how the outputs and the gradients of each layer have changed in training, from what it has recorded",
        of_single_images=False,
    ),
    "initialization": ViewInfo(
        "how far activations and gradients spread in each layer before training, under each initialization",
        options={"count": 64, "seed": 0},
    ),
    "embedding": ViewInfo(
        "test images as points, near each other where a layer's features are alike",
        allows=("layer",),
        options={"method": "tsne", "count": 1000, "seed": 0},
        of_classes=True,
    ),
    "filters": ViewInfo("the kernels of a layer", allows=("layer",), options={"count": 64}, of_single_images=False),
}
