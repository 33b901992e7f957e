"""data: the images and labels to train on, `data cifar10 classes=10`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from specnet.attributes import Count, Pair, Setting
from specnet.settings.loss import Target
from specnet.settings.registration import Choices

CLASS = "{class}"
"""What stands for the class in the pattern of a file's name."""


WITH_CLASSES = frozenset({Target.CLASS, Target.IMAGE, Target.PAIR})
"""What images with one class each can serve."""

WITH_TARGETS = WITH_CLASSES | {Target.CLASSES, Target.NUMBERS}
"""What images can serve that are listed with any targets."""


class Data(Setting):
    """Images with one label each; `classes`, if given, must be the number that the set has."""

    image: ClassVar[tuple[int, int, int] | None] = None
    """Height, width and channels as published; None where they depend on the images."""

    whole: ClassVar[int | None] = None
    """The training images of all classes; None where that depends on the files."""

    of_parts: ClassVar[frozenset[str]] = frozenset()
    """The fields that name other parts of this very set."""

    has_order: ClassVar[bool] = False
    """Whether images are read in an order of their own, as those of shards."""

    required: ClassVar[tuple[str, ...]] = ("read",)

    targets: ClassVar[frozenset[Target]] = WITH_CLASSES
    """What its images can come with, for a task."""

    classes: int | None = None

    @property
    def has_masks(self) -> bool:
        """Whether each image comes with a mask instead of a label."""
        return False

    @property
    def training_images(self) -> int | None:
        """The images to train on and to validate by, about as many of each class; None if unknown."""
        return self.whole

    @property
    def class_count(self) -> int | None:
        """The number of classes to train on; None where the images tell it."""
        return self.classes

    def count_targets(self, target: Target) -> int | None:
        """The number of classes, or of numbers of each image; None where the images tell it."""
        return self.class_count

    def serves(self, target: Target) -> bool:
        """Whether the images, as these settings read them, come with a target."""
        return target in self.targets

    def read(self, find: Callable[[str], Path]) -> Any:
        """Return the images to train on, or a mapping of `train` to them and `validation` and `test` to other parts.

        Each part is what `specnet.train(…, data=…)` takes: a torch Dataset, or a pair of images and targets. `find`
        returns the file or folder of a path where data is looked for. A plugin's data set has it; the readers of
        SpecNet are in specnet/training/data.
        """
        raise NotImplementedError


def _list_names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _require_names(text: str) -> str:
    """Return names of classes with commas between them; raises ValueError for less than two, or one that is twice."""
    names = _list_names(text)
    if len(names) < 2 or "" in names or len(set(names)) < len(names):
        raise ValueError("it names different classes, at least two, as in cat,dog")
    return text


def _without_dot(text: str) -> str:
    """Return the ending of a file in lower case, without a leading dot; raises ValueError for an empty one."""
    ending = text.lower().removeprefix(".") if not text.startswith("json.") else text
    if not ending or "/" in ending:
        raise ValueError("it is the ending of a file, such as jpg or cls")
    return ending


Ending = Annotated[str, AfterValidator(_without_dot)]
"""What stands behind the first dot of a file's name: `jpg`, `cls`, `seg.png`."""


def _require_names_or_file(text: str) -> str:
    """Return a path, or names with commas between them; raises ValueError for a name that is empty or twice."""
    return _require_names(text) if "," in text else text


Names = Annotated[str, AfterValidator(_require_names_or_file)]
"""A file with the name of a class on each line, and its colour in masks if they have colours, or the names."""


class Published(Data):
    """A set whose classes are known, of which `only` may name some: `only="cat,dog"`."""

    only: Annotated[str, AfterValidator(_require_names)] | None = None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The names of the classes to train on; none stands for all."""
        return _list_names(self.only) if self.only else ()

    @property
    def class_count(self) -> int | None:
        return len(self.chosen) or self.classes

    @property
    def training_images(self) -> int | None:
        if self.whole is None or self.classes is None or not self.chosen:
            return self.whole
        return self.whole * len(self.chosen) // self.classes


class Mnist(Published):
    """Handwritten digits, 60,000 and 10,000 (LeCun, Cortes, Burges 1998)."""

    image = (28, 28, 1)
    whole = 60_000
    classes: Literal[10] = 10


class FashionMnist(Published):
    """Articles of clothing in MNIST's form, 60,000 and 10,000 (Xiao, Rasul, Vollgraf 2017)."""

    image = (28, 28, 1)
    whole = 60_000
    classes: Literal[10] = 10


class Cifar10(Published):
    """Small colour photographs, 50,000 and 10,000 (Krizhevsky 2009)."""

    image = (32, 32, 3)
    whole = 50_000
    classes: Literal[10] = 10


class Cifar100(Published):
    """Small colour photographs of a hundred kinds, 50,000 and 10,000 (Krizhevsky 2009)."""

    image = (32, 32, 3)
    whole = 50_000
    classes: Literal[100] = 100


class Digits(Published):
    """Handwritten digits that come with scikit-learn, 1,797; a fifth of them, stratified, is the test set."""

    image = (8, 8, 1)
    whole = 1438
    classes: Literal[10] = 10


def _require_class(pattern: str) -> str:
    """Return a pattern of file names; raises ValueError unless it says once where the class is."""
    if pattern.count(CLASS) != 1:
        raise ValueError(f"{CLASS} stands in it once, where a file's name has the class, as in {CLASS}.*")
    if f"{CLASS}*" in pattern:
        raise ValueError(f"{CLASS} ends before the next character, which * leaves open; {CLASS}.* has a dot there")
    if pattern.startswith(("/", "./", "../")):
        raise ValueError("it is the end of a path, such as {class}.* or {class}/*.jpg, which no slash or dot begins")
    return pattern


class ImageFiles(Data):
    """Image files of any sizes, each of which is decoded to the size of the network's input."""

    resize: Pair | None = None
    """Resize to exactly this height and width first, whatever the image's proportions."""
    crop: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="share of the shorter side in the centre crop")
    """0.875 resizes the shorter side to 256 for a centre crop of 224; random crops are taken of the whole image."""


NAMES = 'classes of masks: a file with "road" or "road #804080" on each line, or the names with commas'


class MaskedFiles(ImageFiles):
    """Image files that may come with masks, in which each pixel has the number or the colour of its class."""

    targets = WITH_CLASSES | {Target.MASK}

    classes: Count | None = None
    names: Names = Field("", description=NAMES)

    def serves(self, target: Target) -> bool:
        return target in self.targets and self.has_masks == (target is Target.MASK)

    @model_validator(mode="after")
    def _name_all_classes(self) -> Self:
        if self.classes and self.listed_names and self.classes != len(self.listed_names):
            raise ValueError(f"has {len(self.listed_names)} `names`, and `classes` is {self.classes}")
        return self

    @property
    def listed_names(self) -> tuple[str, ...]:
        """The names that are no file."""
        return _list_names(self.names) if "," in self.names else ()

    @property
    def class_count(self) -> int | None:
        return len(self.listed_names) or self.classes


class Folder(MaskedFiles):
    """A folder with one folder of images for each class, or with such a `train`, `validation` and `test`.

    With `label`, the classes are in the names of the files instead; with `masks`, each image has a mask, and its folder
    says nothing.
    """

    positional = ("path",)

    path: Annotated[str, Field(min_length=1)]
    label: Annotated[str, AfterValidator(_require_class)] | None = None
    """The pattern of the files' names, `{class}.*` for cat.105.jpg, or of their last folders, too: `*/{class}-*`."""
    masks: str = Field("", description="folder of the masks, which have the names of their images")

    @property
    def has_masks(self) -> bool:
        return bool(self.masks)

    @model_validator(mode="after")
    def _choose_masks_or_labels(self) -> Self:
        if self.masks and self.label:
            raise ValueError("has the classes of images, `label`, or those of their pixels, `masks`")
        return self


class Csv(MaskedFiles):
    """A table of image files and their labels, as CSV or TSV, with a name for each column in its first row.

    The paths of images, and of the tables of other parts, are relative to the folder of the table.
    """

    positional = ("path",)
    endings = (".csv", ".tsv")
    of_parts = frozenset({"validation", "test"})
    targets = WITH_TARGETS | {Target.MASK}

    path: Annotated[str, Field(min_length=1)]
    image_column: str = Field(
        "image", alias="image", min_length=1, description='column of the paths, or "photos/{id}.jpg" with columns'
    )
    label: str = Field("label", min_length=1, description='column of the labels, or several, as "x,y"')
    mask: str = Field("", description="column of the masks' paths, instead of labels")
    part: str = Field("", description="column that says train, validation or test")
    validation: str = Field("", description="another table, of the validation part")
    test: str = Field("", description="another table, of the test part")

    @property
    def has_masks(self) -> bool:
        return bool(self.mask)

    def count_targets(self, target: Target) -> int | None:
        return len(_list_names(self.label)) if target is Target.NUMBERS else self.class_count

    @model_validator(mode="after")
    def _choose_one_way(self) -> Self:
        if self.part and (self.validation or self.test):
            raise ValueError("has its parts either in a column, `part`, or in tables, `validation` and `test`")
        return self


class Npz(Data):
    """Arrays in a file of NumPy: images N×H×W, N×H×W×C or N×C×H×W, as the network's input tells, and their labels.

    The arrays of the other parts have the same names with `test` or `val` for `train`.
    """

    positional = ("path",)
    endings = (".npz",)
    targets = WITH_TARGETS

    path: Annotated[str, Field(min_length=1)]
    classes: Count | None = None
    image_array: str = Field(
        "", alias="image", description="array of the images; usual names such as x_train are found without"
    )
    label: str = Field("", description="array of the labels")


class WebDataset(ImageFiles):
    """Tar files in the form of WebDataset, local or at URLs: files of one sample share the name up to its first dot.

    Shards are named as in `"train-{000..146}.tar"`, by a pattern with `*`, by their folder, or one by one with `::`
    between them.
    """

    positional = ("path",)
    endings = (".tar",)
    has_order = True
    of_parts = frozenset({"validation", "test"})

    path: Annotated[str, Field(min_length=1, description="training shards: names, a pattern, a folder, URLs")]
    validation: Annotated[str, Field(min_length=1)] | None = Field(None, description="validation shards")
    test: Annotated[str, Field(min_length=1)] | None = Field(None, description="test shards")
    image_ending: Ending | None = Field(
        None, alias="image", description="ending of the image in a sample; any of an image without"
    )
    label: Ending = Field("cls", description="ending of the label in a sample, or `json.FIELD`")
    classes: Count | None = None


class HuggingFace(ImageFiles):
    """A folder that `save_to_disk` of Hugging Face datasets has written, or local Parquet files.

    The parts are the splits `train`, `validation` and `test`.
    """

    positional = ("path",)
    endings = (".parquet",)

    path: Annotated[str, Field(min_length=1, description="folder of the set, or a Parquet file")]
    image_column: str = Field("image", alias="image", min_length=1, description="column of the images")
    label: Annotated[str, Field(min_length=1, description="column of the labels")] = "label"
    classes: Count | None = None


class Python(Data):
    """Images and targets that a program hands over: `specnet.train(spec, data=…)`."""

    targets = WITH_TARGETS


class Synthetic(Data):
    """Noisy copies of one random pattern a class, in the size of the network's input; a fifth more are the test set."""

    classes: Count = 10
    images: Count = 1000
    seed: Annotated[int, Field(ge=0)] = 0

    @property
    def training_images(self) -> int | None:
        return self.images


OWN: Mapping[str, type[Data]] = {
    "mnist": Mnist,
    "fashion_mnist": FashionMnist,
    "cifar10": Cifar10,
    "cifar100": Cifar100,
    "digits": Digits,
    "folder": Folder,
    "csv": Csv,
    "npz": Npz,
    "webdataset": WebDataset,
    "hf": HuggingFace,
    "python": Python,
    "synthetic": Synthetic,
}

CHOICES: Mapping[str, type[Data]] = Choices("data set", Data, OWN)
