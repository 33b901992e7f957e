"""confusion.png: what is taken for what, as a coloured matrix."""

from __future__ import annotations

from io import BytesIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from specnet.training.measures import Measures

NUMBERED = 20
"""With more classes, the cells have no room for their numbers …"""

NAMED = 60
"""… and with more than so many, the rows have none for their names."""

LONGEST = 24
"""Characters of a class's name that are shown."""


def draw(measures: Measures, title: str) -> bytes:
    """Rows are what the images are, columns what they are taken for; a PNG."""
    classes = len(measures.classes)
    side = min(14.0, 3.5 + 0.4 * min(classes, NAMED))
    figure = Figure(figsize=(side + 0.6, side), layout="constrained")
    axes = figure.subplots()
    shares = measures.confusion / measures.confusion.sum(1, keepdim=True).clamp(min=1)
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1, aspect="equal")
    axes.set_title(f"{title}: {measures.accuracy:.2%} of {measures.images:,}", fontsize=10)
    axes.set(xlabel="taken for", ylabel="is")
    _name(axes, measures)
    if classes <= NUMBERED:
        _number(axes, measures)
    image = BytesIO()
    figure.savefig(image, format="png", dpi=110)
    return image.getvalue()


def _name(axes: Axes, measures: Measures) -> None:
    rows, columns = measures.confusion.shape
    if rows > NAMED:
        return
    names = [measures.output_name(output)[:LONGEST].replace("$", r"\$") for output in range(columns)]
    upright = max(map(len, names)) <= 2
    axes.set_xticks(range(columns), names, rotation=0 if upright else 90, fontsize=8)
    axes.set_yticks(range(rows), names[:rows], fontsize=8)


def _number(axes: Axes, measures: Measures) -> None:
    for row, (counts, total) in enumerate(zip(measures.confusion.tolist(), measures.confusion.sum(1), strict=True)):
        for column, count in enumerate(counts):
            if count:
                colour = "white" if count > total / 2 else "black"
                axes.text(column, row, f"{count}", ha="center", va="center", fontsize=8, color=colour)
