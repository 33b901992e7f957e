"""Plots show what is in a run: one epoch or many, few confusions or none, names in any script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from specnet.settings.tasks.classify import Classify
from specnet.training import lettering, plots
from specnet.training.figures.rendering import render
from specnet.training.lettering import choose_fonts, write_names
from specnet.training.tasks import classify
from specnet.training.tasks.answers import Prediction
from specnet.training.tasks.classify import LARGEST_MATRIX, ClassificationMetrics, Ranking, ScoredClass

pytestmark = pytest.mark.usefixtures("drawn_figures")

ACCURACY = Classify.metric

PIXELS = b"\x89PNG"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Figure]]:
    """The figures that are drawn; a letter that no font has is a warning, and so an error."""
    drawn: list[Figure] = []

    def keep(figure: Figure, format: str) -> bytes:
        drawn.append(figure)
        return render(figure, format)

    for module in (plots, classify):
        monkeypatch.setattr(module, "render", keep)
    yield drawn


@pytest.fixture
def no_other_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_list_fonts", list)


def measure(*names: str, correct: int = 98) -> ClassificationMetrics:
    """Metrics where 1 image of each class is taken for the next one, and the rest for the first but one."""
    number = len(names)
    counts = torch.eye(number, dtype=torch.int64) * correct
    for true in range(number):
        counts[true, (true + 1) % number] += 1
        counts[true, (true + 2) % number] += 99 - correct
    return ClassificationMetrics(0.1, None, names, counts)


def history(epochs: int) -> list[dict[str, Any]]:
    return [
        {"epoch": epoch, "train_loss": 1 / epoch, "train_accuracy": 0.5, "test_loss": 1.0, "test_accuracy": 0.25}
        for epoch in range(1, epochs + 1)
    ]


# Letters


@pytest.mark.parametrize("text", ["cat", "été", "e\u0301te\u0301", "кот", "$x$", ""])
def test_the_usual_font_writes_many_scripts(no_other_fonts: None, text: str) -> None:
    assert choose_fonts([text]).can_write(text)


@pytest.mark.parametrize("text", ["猫", "कुत्ता", "\U0001f40b", "\udcff"])
def test_letters_that_no_font_has(no_other_fonts: None, text: str) -> None:
    assert not choose_fonts([text, "cat"]).can_write(text)
    assert choose_fonts([text, "cat"]).can_write("cat")


def test_control_characters_are_escaped(no_other_fonts: None) -> None:
    fonts = choose_fonts(["a\x1b[1m", "a\nb"])
    assert write_names({0: "a\x1b[1m", 1: "a\nb"}, fonts, "classes", print) == {0: r"a\x1b[1m", 1: r"a\nb"}


def test_a_font_is_found_for_letters_that_the_usual_one_lacks() -> None:
    fonts = choose_fonts(["a ᶁ"])  # one of those that matplotlib brings along has it
    assert fonts.can_write("a ᶁ")
    assert len(fonts.families) == 2


@pytest.mark.parametrize(("text", "is_simple"), [("cat", True), ("قطة", False), ("שלום", False), ("ก็", False)])
def test_scripts_that_need_shaping_are_numbered_where_matplotlib_does_not_shape(
    text: str, is_simple: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lettering, "IS_SHAPING", False)
    assert choose_fonts([text]).can_write(text) == is_simple


# Curves


def test_one_epoch_is_a_bar_for_each_part(figures: list[Figure], tmp_path: Path) -> None:
    plots.write_curves(tmp_path / "curves.png", "Small", ACCURACY, history(1))
    loss, accuracy = figures[0].axes
    assert [bar.get_height() for bar in accuracy.patches] == [0.5, 0.25]
    assert [label.get_text() for label in loss.get_xticklabels()] == ["train", "test"]
    assert loss.get_ylabel() == "loss of epoch 1"
    assert (tmp_path / "curves.png").read_bytes().startswith(PIXELS)


@pytest.mark.parametrize("epochs", [2, 60])
def test_several_epochs_are_curves(figures: list[Figure], tmp_path: Path, epochs: int) -> None:
    plots.write_curves(tmp_path / "curves.png", "Small", ACCURACY, history(epochs))
    loss, _ = figures[0].axes
    assert [len(line.get_xdata()) for line in loss.lines] == [epochs] * 2  # type: ignore[arg-type]
    assert all(tick == int(tick) for tick in loss.get_xticks())


@pytest.mark.parametrize(("title", "shown"), [("Pets", "Pets"), ("$1$", r"\$1\$"), ("猫", "")])
def test_a_title_that_cannot_be_written_is_left_out(
    figures: list[Figure], no_other_fonts: None, tmp_path: Path, title: str, shown: str
) -> None:
    plots.write_curves(tmp_path / "curves.png", title, ACCURACY, history(2))
    assert figures[0].get_suptitle() == shown


# Confusion


LONG, WIDE = "a class with a very long name that is cut {}", "W" * 40 + "{}"
CLASSES = [(2, "${}"), (2, WIDE), (3, LONG), (10, "{}"), (40, LONG), (40, "${}"), (LARGEST_MATRIX + 50, LONG)]
OTHER_CLASSES = sorted({*product((2, 3, 10, 40, 100, LARGEST_MATRIX + 50), ("{}", "${}", LONG, WIDE))} - {*CLASSES})


@pytest.mark.parametrize(
    ("classes", "name"), [*CLASSES, *(pytest.param(*case, marks=pytest.mark.slow) for case in OTHER_CLASSES)]
)
def test_names_are_cut_and_nothing_else_is_at_the_edge(figures: list[Figure], classes: int, name: str) -> None:
    content = measure(*(name.format(number) for number in range(classes))).draw("test", print)["confusion.png"]
    labels = [label.get_text() for label in figures[0].axes[0].get_yticklabels()]
    assert max(map(len, labels)) <= 30
    pixels = np.asarray(Image.open(BytesIO(content)).convert("L"))
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert edge.min() == 255


def test_a_long_name_keeps_both_ends() -> None:
    assert lettering.shorten_name("photographs of the year 2023", 20) == "photograph…year 2023"
    assert len(lettering.shorten_name("a" * 100, 9)) == 9


def test_many_classes_are_numbered_and_the_axes_say_so(figures: list[Figure]) -> None:
    measure(*map(str, range(70))).draw("test", print)["confusion.png"]
    assert figures[0].axes[0].get_ylabel() == "true label, numbered from 0 in the order of the classes"


def test_confusions_are_seen_beside_many_correct_images(figures: list[Figure]) -> None:
    """One image in a hundred has a colour that differs from that of none."""
    measure("a", "b", "c", "d").draw("test", print)["confusion.png"]
    axes = figures[0].axes[0]
    correct, confused = axes.images
    assert axes.get_xlabel() == "predicted label"
    assert axes.get_ylabel() == "true label"
    few, none = (confused.cmap(confused.norm(share))[:3] for share in (0.01, 0.0))
    assert np.abs(np.subtract(few, none)).max() > 0.02
    assert correct.cmap.name != confused.cmap.name
    assert sorted({text.get_text() for text in axes.texts}) == ["1", "98"]


def test_all_images_may_be_correct_or_of_one_class(figures: list[Figure]) -> None:
    for counts in (torch.eye(3, dtype=torch.int64), torch.tensor([[5, 1, 0], [0, 0, 0], [0, 0, 0]])):
        ClassificationMetrics(0.1, None, ("a", "b", "c"), counts).draw("test", print)["confusion.png"]
    assert len(figures) == 2


def test_more_outputs_than_classes(figures: list[Figure]) -> None:
    counts = torch.tensor([[3, 0, 1, 2, 0], [0, 4, 0, 0, 1]])
    ClassificationMetrics(0.1, None, ("cat", "dog"), counts).draw("test", print)["confusion.png"]
    labels = [label.get_text() for label in figures[0].axes[0].get_xticklabels()]
    assert labels == ["cat", "dog", "output 2", "output 3", "output 4"]


def test_classes_that_no_font_can_write_are_numbered_and_said(figures: list[Figure], no_other_fonts: None) -> None:
    notes: list[str] = []
    measure("猫", "dog", "犬", "鳥", "魚").draw("test", notes.append)["confusion.png"]
    assert [label.get_text() for label in figures[0].axes[0].get_yticklabels()] == ["0", "1", "2", "3", "4"]
    assert notes == [
        "in the plot, classes are numbered from 0 in their order: no font here has the letters of 猫, 犬, 鳥 …"
    ]


# Predictions


@pytest.fixture
def predict(tmp_path: Path) -> Callable[[str, str], list[Prediction]]:
    def predict(file: str, name: str) -> list[Prediction]:
        Image.fromarray(np.array([[30_000, 30_100]] * 2, np.uint16)).save(tmp_path / file)
        return [Prediction(tmp_path / file, Ranking((ScoredClass(name, 3, 0.9), ScoredClass("dog", 1, 0.1))))]

    return predict


def test_predictions(figures: list[Figure], predict: Callable[[str, str], list[Prediction]]) -> None:
    """A picture of 16 bits is shown in its own range, instead of white."""
    plots.draw_predictions(predict("a$b.png", "cat"), "png", print)
    picture, bars = figures[0].axes
    assert picture.get_title() == r"a\$b.png"
    assert np.asarray(picture.images[0].get_array())[0, :, 0].tolist() == [0, 255]
    assert [label.get_text() for label in bars.get_yticklabels()] == ["cat", "dog"]


def test_predictions_with_names_that_no_font_can_write(
    figures: list[Figure], no_other_fonts: None, predict: Callable[[str, str], list[Prediction]]
) -> None:
    notes: list[str] = []
    plots.draw_predictions(predict("猫.png", "猫"), "svg", notes.append)
    picture, bars = figures[0].axes
    assert picture.get_title() == "image 1"
    assert [label.get_text() for label in bars.get_yticklabels()] == ["3", "1"]
    assert len(notes) == 1
