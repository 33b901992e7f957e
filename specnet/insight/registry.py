"""The views by name, each with what it shows and what it takes; the module of the same name in views/ computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Default = int | bool | None


@dataclass(frozen=True)
class ViewInfo:
    """A sentence about a view, the parameters that it needs, and its options with their defaults."""

    sentence: str
    needs: tuple[str, ...] = ()
    options: Mapping[str, Default] = field(default_factory=dict)

    @property
    def takes(self) -> tuple[str, ...]:
        """The names of all its parameters."""
        return (*self.needs, *self.options)


VIEWS: Mapping[str, ViewInfo] = {
    "predictions": ViewInfo(
        "random test images with the likeliest classes, or the worst wrong ones",
        options={"wrong": False, "count": 6, "seed": 0},
    ),
    "confusion": ViewInfo("which classes are taken for which"),
    "occlusion": ViewInfo(
        "the parts of an image that matter: how far its class's probability falls when each is covered",
        ("image",),
        {"class_name": None},
    ),
    "saliency": ViewInfo(
        "the pixels and the regions of an image that its class depends on: gradient and Grad-CAM",
        ("image",),
        {"class_name": None, "seed": 0},
    ),
    "maximise": ViewInfo(
        "the images that excite the units of a layer most, by gradient ascent from noise",
        ("layer",),
        {"unit": None, "count": 16, "seed": 0},
    ),
    "features": ViewInfo("what a layer's maps respond to in an image", ("image", "layer"), {"count": 64}),
    "dead": ViewInfo(
        "the units that never fire over the test images, and those that are saturated, layer by layer",
        options={"count": None},
    ),
    "filters": ViewInfo("the kernels of a layer", ("layer",), {"count": 64}),
}
