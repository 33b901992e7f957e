"""Plot the metric of runs against one of their columns, such as MACs: a line for each series, bars over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter

from specnet.records import Record
from specnet.run_tables.columns import make_column, parse_number
from specnet.run_tables.groups import RunGroup, Spread, group_runs
from specnet.training.figures.rendering import Note, render
from specnet.training.lettering import choose_fonts, write_names
from specnet.training.runs.run_index import RunEntry

LOGARITHMIC = 10
"""The ratio of the largest to the smallest value from which an axis is logarithmic."""

DISTINCT = 10
"""The number of series up to which colours are distinct; those of more form a gradient."""

MOST_TICKS = 8
"""The number of places up to which each has a tick of its own."""

SUFFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))
"""What large numbers are divided by, from ten times that on."""

LONGEST = 60
"""The longest shown name of a series, in characters."""

ALPHA = 0.45
"""The opacity of the point of a single run."""


class Point(Record):
    """A variant: its place on the axis, its metric, and the series that it belongs to."""

    place: float | str
    spread: Spread
    series: str


def draw_scatter(entries: Sequence[RunEntry], x: str, format: str, note: Note) -> bytes | None:
    """Return a plot as png, svg or pdf; None where no run has both a value of the column and a metric.

    The metric is that of the first run; those of another are left out.
    """
    every, entries = len(entries), [entry for entry in entries if entry.metric == entries[0].metric]
    if others := every - len(entries):
        note(f"not in the plot: {others} of {every} runs, whose metric is not {entries[0].metric.title}")
    part = "validation" if any(entry.validation is not None for entry in entries) else "test"
    groups = group_runs(entries)
    names, has_several = _name_series(groups, x), len({entry.network for entry in entries}) > 1
    points = [*filter(None, (_make_point(group, x, part, names, has_several) for group in groups))]
    if left := len(groups) - len(points):
        note(f"not in the plot: {left} of {len(groups)}, whose {x} or {part} is not known")
    return _draw(points, entries[0], x, part, format, note) if points else None


def _make_point(group: RunGroup, x: str, part: str, names: Sequence[str], has_several: bool) -> Point | None:
    """Return the point of a variant, named with its network if there are several; None where something is unknown."""
    spread = group.spread(part)
    places = [make_column(x).value(entry) for entry in group.entries]
    if spread is None or None in places:
        return None
    numbers = [number for place in places if (number := parse_number(place)) is not None]
    settings = group.settings
    series = " ".join(f"{name}={settings[name]}" for name in names if name in settings)
    place = mean(numbers) if len(numbers) == len(places) else str(places[0])
    network = group.entries[0].network
    return Point(place, spread, f"{network} {series}".rstrip() if has_several else series or network)


def _name_series(groups: Sequence[RunGroup], x: str) -> list[str]:
    """Return the settings that tell series apart: those that differ, without the ones that the axis shows."""
    settings = [group.settings for group in groups]
    names = dict.fromkeys(name for each in settings for name in each)
    different = [name for name in names if len({each.get(name) for each in settings}) > 1]
    places = [str(make_column(x).value(group.entries[0])) for group in groups]
    shown = [name for name in different if name == x or _is_shown([each.get(name) for each in settings], places)]
    return [name for name in different if name not in shown]


def _is_shown(values: Sequence[str | None], places: Sequence[str]) -> bool:
    """Whether the place on the axis follows from the value of a setting, and the value from the place."""
    pairs = {*zip(values, places, strict=True)}
    return len(pairs) == len({*values}) == len({*places})


def _draw(points: Sequence[Point], example: RunEntry, x: str, part: str, format: str, note: Note) -> bytes:
    series = [*dict.fromkeys(point.series for point in points)]
    fonts = choose_fonts([*series, x])
    labels = write_names(dict(enumerate(series)), fonts, "variants", note, LONGEST)
    with fonts.use():
        figure = Figure(figsize=(7.5, 4.5), layout="constrained")
        axes = figure.subplots()
        ticks = _place_ticks(axes, points)
        for number, name in enumerate(series):
            _draw_series(
                axes, [each for each in points if each.series == name], ticks, labels[number], _colour(number, series)
            )
        _label_axes(axes, example, make_column(x).heading, part)
        if len(series) > 1:
            figure.legend(loc="outside right upper", fontsize=8)
        return render(figure, format)


def _colour(number: int, series: Sequence[str]) -> tuple[float, ...]:
    if len(series) <= DISTINCT:
        return tuple(colormaps["tab10"](number))
    return tuple(colormaps["turbo"](number / (len(series) - 1)))


def _place_ticks(axes: Axes, points: Sequence[Point]) -> dict[float | str, float]:
    """Scale the horizontal axis, and return where each place is on it."""
    numbers = [point.place for point in points if not isinstance(point.place, str)]
    if len(numbers) < len(points):
        names = [*dict.fromkeys(str(point.place) for point in points)]
        axes.set_xticks(range(len(names)), names)
        return {point.place: float(names.index(str(point.place))) for point in points}
    if min(numbers) > 0 and max(numbers) >= LOGARITHMIC * min(numbers):
        axes.set_xscale("log")
    if len(places := sorted({*numbers})) <= MOST_TICKS:
        axes.set_xticks(places, map(_format_place, places))
        axes.xaxis.set_minor_locator(NullLocator())
    return {number: number for number in numbers}


def _format_place(number: float) -> str:
    """Return a number with four digits at most: `0.0001`, `64`, `84.2k`, `1.14G`."""
    size, suffix = next(((size, suffix) for size, suffix in SUFFIXES if abs(number) >= 10 * size), (1.0, ""))
    return f"{number / size:.3g}{suffix}" if suffix else f"{number:g}"


def _draw_series(
    axes: Axes, points: Sequence[Point], ticks: dict[float | str, float], label: str, colour: tuple[float, ...]
) -> None:
    """Draw a point for each run, and for each variant the mean with its deviation."""
    ordered = sorted(points, key=lambda point: ticks[point.place])
    places = [ticks[point.place] for point in ordered]
    means = [point.spread.mean for point in ordered]
    bars = [point.spread.deviation or 0.0 for point in ordered]
    axes.errorbar(places, means, bars, color=colour, marker="o", capsize=3, linewidth=1, label=label)
    for place, point in zip(places, ordered, strict=True):
        if len(point.spread.values) > 1:
            axes.scatter([place] * len(point.spread.values), point.spread.values, 12, [colour], alpha=ALPHA)


def _label_axes(axes: Axes, example: RunEntry, heading: str, part: str) -> None:
    metric = example.metric
    axes.set(xlabel=heading, ylabel=f"{part} {metric.title}")
    if metric.is_share:
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.3)
