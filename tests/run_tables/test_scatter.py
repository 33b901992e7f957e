"""Scatter plots: a series for what the axis does not show, means with deviations, values of any kind on the axis."""

from __future__ import annotations

from io import BytesIO

import pytest
from made_up_runs import ERROR, make_entry
from matplotlib.figure import Figure
from PIL import Image

from specnet.run_tables.scatter import draw_scatter
from specnet.training.runs.run_index import RunEntry


def make_grid() -> list[RunEntry]:
    """Two widths, which decide the MACs, by two rates by two seeds."""
    return [
        make_entry(
            f"{width}-{rate}-{seed}",
            overrides={"width": str(width), "optimizer.lr": rate, "seed": str(seed)},
            macs=width * 100,
            validation=0.9 + width / 1000 + seed / 100,
        )
        for width in (4, 8)
        for rate in ("0.1", "0.01")
        for seed in (0, 1)
    ]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are written."""
    figures: list[Figure] = []
    save = Figure.savefig

    def savefig(figure: Figure, *arguments: object, **options: object) -> None:
        figures.append(figure)
        save(figure, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return figures


def list_series(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


@pytest.mark.parametrize(
    ("x", "series"),
    [
        ("macs", ["optimizer.lr=0.1", "optimizer.lr=0.01"]),
        ("width", ["optimizer.lr=0.1", "optimizer.lr=0.01"]),
        ("optimizer.lr", ["width=4", "width=8"]),
        (
            "parameters",
            [
                "width=4 optimizer.lr=0.1",
                "width=4 optimizer.lr=0.01",
                "width=8 optimizer.lr=0.1",
                "width=8 optimizer.lr=0.01",
            ],
        ),
    ],
)
def test_series(drawn: list[Figure], x: str, series: list[str]) -> None:
    assert draw_scatter(make_grid(), x, "svg", pytest.fail)
    assert list_series(drawn[0]) == series


def test_means_and_deviations(drawn: list[Figure]) -> None:
    draw_scatter(make_grid(), "macs", "svg", pytest.fail)
    axes = drawn[0].axes[0]
    line = axes.containers[0].lines[0]
    assert list(line.get_xdata()) == [400, 800]
    assert list(line.get_ydata()) == pytest.approx([0.909, 0.913])
    assert axes.get_xlabel() == "MACs"
    assert axes.get_ylabel() == "validation accuracy"


@pytest.mark.parametrize(
    ("numbers", "labels"),
    [
        ((23_680, 84_224, 315_904), ["23.7k", "84.2k", "316k"]),
        ((2_944, 5_888), ["2944", "5888"]),
        ((12_000_000, 11_400_000_000), ["12M", "11.4G"]),
    ],
)
def test_few_places_have_ticks_of_their_own(drawn: list[Figure], numbers: tuple[int, ...], labels: list[str]) -> None:
    runs = [make_entry(str(macs), overrides={"width": str(macs)}, macs=macs) for macs in numbers]
    draw_scatter(runs, "macs", "svg", pytest.fail)
    assert [text.get_text() for text in drawn[0].axes[0].get_xticklabels()] == labels


def test_words_on_the_axis(drawn: list[Figure]) -> None:
    runs = [make_entry(name, overrides={"optimizer": name}) for name in ("sgd", "adam")]
    draw_scatter(runs, "optimizer", "svg", pytest.fail)
    assert [text.get_text() for text in drawn[0].axes[0].get_xticklabels()] == ["sgd", "adam"]
    assert list_series(drawn[0]) == []


def test_wide_ranges_are_logarithmic(drawn: list[Figure]) -> None:
    runs = [
        make_entry(rate, overrides={"optimizer.lr": rate}, metric=ERROR, validation=2.0) for rate in ("1e-4", "0.1")
    ]
    draw_scatter(runs, "optimizer.lr", "svg", pytest.fail)
    assert drawn[0].axes[0].get_xscale() == "log"
    assert drawn[0].axes[0].get_ylabel() == "validation RMSE"


def test_networks_are_named(drawn: list[Figure]) -> None:
    draw_scatter([make_entry("a"), make_entry("b", network="Other")], "macs", "svg", pytest.fail)
    assert list_series(drawn[0]) == ["Tiny", "Other"]


def test_what_is_unknown_is_left_out(drawn: list[Figure]) -> None:
    notes: list[str] = []
    runs = [make_entry("a"), make_entry("b", network="Other", macs=None)]
    picture = draw_scatter(runs, "macs", "png", notes.append)
    assert picture
    assert Image.open(BytesIO(picture)).width > 500
    assert notes == ["not in the plot: 1 of 2, whose macs or validation is not known"]
    assert draw_scatter(runs[1:], "macs", "png", notes.append) is None


def test_without_validation_the_test_set_is_shown(drawn: list[Figure]) -> None:
    draw_scatter([make_entry("a", validation=None, test=0.5)], "macs", "pdf", pytest.fail)
    assert drawn[0].axes[0].get_ylabel() == "test accuracy"
