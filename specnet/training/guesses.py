"""A picture of predictions: each image beside the bars of its likeliest classes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from specnet.training.predict import Prediction

MOST = 40
"""Images that one picture shows; more would be too high for a PNG."""

LONGEST = 28
"""Characters of a file's or class's name that are shown."""


def draw(predictions: Sequence[Prediction], format: str) -> bytes:
    """One row an image, in a format of matplotlib: png, svg, pdf."""
    shown = predictions[:MOST]
    bars = max(len(prediction.guesses) for prediction in shown)
    height = max(1.6, 0.4 + 0.26 * bars)
    figure = Figure(figsize=(7.5, height * len(shown)), layout="constrained")
    rows = figure.subplots(len(shown), 2, squeeze=False, width_ratios=(1, 2.2))
    for (left, right), prediction in zip(rows, shown, strict=True):
        _image(left, prediction)
        _bars(right, prediction)
    content = BytesIO()
    figure.savefig(content, format=format, dpi=120)
    return content.getvalue()


def _image(axes: Axes, prediction: Prediction) -> None:
    with Image.open(prediction.image) as image:
        axes.imshow(image.convert("RGB"), interpolation="nearest" if max(image.size) < 128 else "antialiased")
    axes.set_title(_short(prediction.image.name), fontsize=9)
    axes.set_axis_off()


def _bars(axes: Axes, prediction: Prediction) -> None:
    """The likeliest class on top, each bar with its figure."""
    names = [_short(guess.name) for guess in prediction.guesses]
    shares = [guess.probability for guess in prediction.guesses]
    places = range(len(names))
    bars = axes.barh(places, shares, color=["tab:blue", *["lightsteelblue"] * (len(names) - 1)], height=0.7)
    axes.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, fontsize=9)
    axes.set(xlim=(0, 1.15), ylim=(len(names) - 0.4, -0.6), xticks=())
    axes.set_yticks(places, names, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _short(name: str) -> str:
    """The name as it is read, not as mathematics: a dollar sign is a dollar sign."""
    cut = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return cut.replace("$", r"\$")
