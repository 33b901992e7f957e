"""Find the parts and classes of a folder of images by the names of its folders, before any file is opened."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

from specnet.printable import format_amount
from specnet.training.data.images import Targets
from specnet.training.errors import DataProblem

PART_WORDS = {
    "train": {"train", "training", "trn"},
    "validation": {"validation", "valid", "val", "validate", "dev"},
    "test": {"test", "testing", "tst"},
}
"""The parts of a set, and the words by which their folders are known in any case."""

EVALUATION_WORDS = {"eval", "evaluation", "evaluate"}
"""Words for a test part, or for the validation part where there is a test part beside."""

FILLERS = {"set", "data", "dataset", "image", "images", "img", "imgs", "picture", "pictures", "split", "part"}
"""Words that may stand beside: `training_set`, `test images`, `val2017`."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
"""Endings of images: a file of such a name that is none is bad, and one of another name is passed over."""

NUMERALS = {1: "one", 2: "two"}

SHOWN = 5
"""Names in one message."""


@dataclass(frozen=True)
class ClassFile:
    """A file of a class: its path relative to the folder of the set, its part, its class, and its row in a table.

    One with a mask has no class.
    """

    name: str
    part: str
    class_name: str
    origin: str = ""
    mask: Path | None = None

    @property
    def title(self) -> str:
        """The name for a message: `line 17: cats/1.png`."""
        return f"{self.origin}: {self.name}" if self.origin else self.name


@dataclass
class FolderLayout:
    """The files below the folders of classes, the training part's first; `notes` says what is unusual.

    `classes` are the names of these folders by part; one may hold no files. A file that is no image is bad if it
    `is_listed` in a table, else it is passed over. `targets` are those of the files where they are not classes, and
    `advice` says what helps where classes are not known.
    """

    has_parts: bool
    is_listed: bool = False
    advice: str = "leave them out, or rename them"
    targets: Targets | None = None
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    files: list[ClassFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def describe_part(self, part: str) -> str:
        """Return the name of a part for a message."""
        if not self.has_parts:
            return "the data"
        return "the training part" if part == "train" else f"the {part} part"


def read_layout(folder: Path, is_for_training: bool) -> FolderLayout:
    """Find all files of classes in a folder; raises DataProblem, for training also where there are less than two."""
    walker = Walker(folder)
    parts = _find_parts(folder, walker)
    layout = FolderLayout(has_parts=bool(parts))
    walker.note_loose_files(folder)
    for place in parts.values():
        walker.follow(place)
        walker.note_loose_files(place)
    for part, place in (parts or {"train": folder}).items():
        classes = walker.list_folders(place)
        _refuse_unsuitable(place, classes, 2 if is_for_training and part == "train" else 1)
        layout.classes[part] = tuple(map(_name_class, classes))
        for each, name in zip(classes, layout.classes[part], strict=True):
            paths = sorted(walker.walk(each))
            layout.files += [ClassFile(path.relative_to(folder).as_posix(), part, name) for path in paths]
    walker.note_links([folder / file.name for file in layout.files if is_named_as_image(file.name)])
    layout.notes += walker.notes
    return layout


def list_files(folder: Path, note: Callable[[str], None]) -> list[str]:
    """Return all files below a folder once each, by their paths relative to it; raises DataProblem."""
    walker = Walker(folder, passes_over=True)
    paths = sorted(walker.walk(folder))
    for text in walker.notes:
        note(text)
    return [path.relative_to(folder).as_posix() for path in paths]


def order_classes(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in the order of the labels: numbers by their value, other names alphabetically."""
    known = sorted(set(names))
    return tuple(sorted(known, key=float) if all(re.fullmatch(r"[+-]?\d+(\.\d+)?", name) for name in known) else known)


def natural_key(path: str) -> tuple[tuple[int | str, ...], ...]:
    """Return the key by which `2.jpg` comes before `10.jpg`, folder by folder."""
    return tuple(
        tuple(int(part) if place % 2 else part for place, part in enumerate(re.split(r"(\d+)", name)))
        for name in path.split("/")
    )


def is_named_as_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def explain_unknown(odd: Iterable[str], known: Iterable[str] | None) -> str:
    """Return what classes are that the training part lacks, or that a run with the classes `known` lacks."""
    if known is None:
        return f"classes that the training part lacks: {list_names(odd)}"
    return f"classes that the run was not trained on: {list_names(odd)}; its classes are {list_names(known)}"


def list_names(places: Iterable[Path | str]) -> str:
    names = [place if isinstance(place, str) else place.name for place in places]
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")


def describe_endings(names: Iterable[str]) -> str:
    """Return `3 files (2 .txt, 1 without an ending)`."""
    counts = Counter(Path(name).suffix.lower() or "without an ending" for name in names)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    listed = [f"{count:,} {ending}" for ending, count in ranked[:SHOWN]]
    more = ", …" if len(counts) > SHOWN else ""
    return f"{format_amount(counts.total(), 'file')} ({', '.join(listed)}{more})"


# Parts


def _find_parts(folder: Path, walker: Walker) -> dict[str, Path]:
    """Return the folders of the parts; none where the folder holds classes. Raises DataProblem."""
    there = walker.list_folders(folder)
    named = name_parts(there)
    others = [place for place in there if place not in [each for places in named.values() for each in places]]
    if not named or not _are_parts(named, others, walker):
        return {}
    parts = choose_parts(named, folder)
    if "train" not in parts:
        raise DataProblem(
            f"{folder} has no training part, only {list_names(parts.values())}; a folder called `train` is one, "
            f"and to measure on a part, name its own folder: {next(iter(parts.values()))}"
        )
    unlabelled = [place for part, place in parts.items() if part != "train" and not walker.list_folders(place)]
    for place in unlabelled:
        walker.notes.append(f"{place.name} is passed over: it has no folder of images for each class")
    if others:
        walker.notes.append(f"passed over beside the parts: {list_names(others)}")
    return {part: place for part, place in parts.items() if place not in unlabelled}


def choose_parts(named: Mapping[str, Sequence[Path]], folder: Path) -> dict[str, Path]:
    """Return the folder of each part, the training part's first; raises DataProblem where a part has two."""
    for part, places in named.items():
        if len(places) > 1:
            raise DataProblem(f"{folder} has two folders for the {part} part: {list_names(places)}")
    return {part: named[part][0] for part in PART_WORDS if part in named}


def name_parts(there: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the folders that are called as parts are."""
    named: dict[str, list[Path]] = {}
    for place in there:
        if part := find_part(place.name):
            named.setdefault(part, []).append(place)
    if evaluation := named.pop("evaluation", None):
        named.setdefault("validation" if "test" in named else "test", []).extend(evaluation)
    return named


def find_part(name: str) -> str | None:
    """Return the part that a folder or a row of this name is in, `evaluation`, or None: `Training_Set` is `train`."""
    words = [word.removesuffix("set") or "set" for word in re.findall("[a-z]+", name.lower())]
    meant = [word for word in words if word not in FILLERS]
    if len(meant) != 1:
        return None
    known = {**PART_WORDS, "evaluation": EVALUATION_WORDS}
    return next((part for part, spellings in known.items() if meant[0] in spellings), None)


def _are_parts(named: dict[str, list[Path]], others: Sequence[Path], walker: Walker) -> bool:
    """Whether folders called as parts are parts: `train` beside `bus` and `car` is a class if it has images itself."""
    if len(named) > 1 or not others:
        return True
    return any(len(walker.list_folders(place)) > 1 for places in named.values() for place in places)


# Classes


def _refuse_unsuitable(place: Path, classes: Sequence[Path], least: int) -> None:
    """Raise DataProblem for a folder with too few classes, and for one whose classes look like parts."""
    inside = {each.name: _list_inside(each) for each in classes}
    if len(classes) < least:
        there = f"only `{classes[0].name}` is there" if classes else "none is there"
        is_set = any(len(folders) > 1 for folders, _ in inside.values())
        hint = f"; is {classes[0]} the set?" if is_set else _describe_loose_images(place)
        raise DataProblem(f"{place} needs a folder of images for each class, at least {NUMERALS[least]}; {there}{hint}")
    nested = {name: folders for name, (folders, has_images) in inside.items() if len(folders) > 1 and not has_images}
    for (one, theirs), (other, others) in combinations(nested.items(), 2):
        if len(same := theirs & others) > 1:
            raise DataProblem(
                f"{one} and {other} in {place} hold the same folders ({list_names(sorted(same))}), so they are parts "
                "of a set, not classes; call them train, validation and test"
            )


def _describe_loose_images(place: Path) -> str:
    """Return how a set may be read whose images lie in the folder itself; "" where there are none."""
    names = sorted(entry.name for entry in _scan(place) if not _is_folder(entry) and is_named_as_image(entry.name))
    if not names:
        return ""
    there = f"{format_amount(len(names), 'image')} beside, such as {names[0]}"
    return f'; there are {there}: where the names of files tell the classes, write label="{{class}}.*" or the like'


def _list_inside(place: Path) -> tuple[set[str], bool]:
    """Return the names of the folders in a folder, and whether there are images beside them."""
    entries = _scan(place)
    folders = {entry.name for entry in entries if _is_folder(entry)}
    return folders, any(is_named_as_image(entry.name) for entry in entries if entry.name not in folders)


def _name_class(place: Path) -> str:
    return compose_name(place.name, f"the folder {place.name!r} in {place.parent}")


def compose_name(name: str, owner: str) -> str:
    """Return the name of a class, composed in one way, as file systems differ in that; raises DataProblem."""
    if any("\ud800" <= letter <= "\udfff" for letter in name):  # bytes that are not UTF-8
        raise DataProblem(f"the name of {owner} is not UTF-8, as a class's must be")
    return unicodedata.normalize("NFC", name)


# Files


class Walker:
    """Lists folders and files below the folder of a set, without the hidden ones.

    Links are followed and noted; one that leads to images which are read already is refused, or passed over, so that no
    image counts twice and no loop is endless.
    """

    def __init__(self, folder: Path, passes_over: bool = False) -> None:
        self.notes: list[str] = []
        self._folder, self._passes_over = folder, passes_over
        self._links = set[Path]()
        self._read = {folder.resolve(): "the set itself"}

    def list_folders(self, place: Path) -> list[Path]:
        """Return the folders in a folder, by name."""
        return sorted(Path(entry.path) for entry in _scan(place) if _is_folder(entry))

    def walk(self, place: Path) -> Iterator[Path]:
        """Yield the files in a folder and below it."""
        waiting = [place]
        while waiting:
            at = waiting.pop()
            if at != self._folder and not self.follow(at):
                continue
            for entry in _scan(at):
                if _is_folder(entry):
                    waiting.append(Path(entry.path))
                    continue
                if entry.is_symlink():
                    self._links.add(Path(entry.path))
                yield Path(entry.path)

    def note_loose_files(self, place: Path) -> None:
        """Note the files that are in no folder of a class."""
        if names := [entry.name for entry in _scan(place) if not _is_folder(entry)]:
            beside = f"beside the folders of {place.name}" if place != self._folder else "beside its folders"
            self.notes.append(f"passed over {beside}: {describe_endings(names)}")

    def note_links(self, images: Sequence[Path]) -> None:
        """Note the images that are links; raises DataProblem where one leads to an image that is read already."""
        links = [image for image in images if image in self._links]
        if not links:
            return
        read = {_identify(image): image for image in images if image not in self._links}
        for link in links:
            target = _identify(link)
            if target and target in read:
                raise DataProblem(f"{link} is a link to what {read[target]} is, too: the image would count twice")
            read[target] = link
        first, amount = links[0], format_amount(len(links), "image")
        what = f"{amount} are links, such as" if len(links) > 1 else "an image is a link:"
        name = first.relative_to(self._folder).as_posix()
        self.notes.append(f"{what} {name}, which is read from {os.path.realpath(first)}")

    def follow(self, link: Path) -> bool:
        """Note a folder that is a link, and return whether it, or a plain folder, is to be read; raises DataProblem."""
        if not link.is_symlink():
            return True
        target, name = link.resolve(), link.relative_to(self._folder).as_posix()
        for read, where in self._read.items():
            if target == read or target in read.parents or read in target.parents:
                if not self._passes_over:
                    raise DataProblem(
                        f"{link} is a link to {target}, and {where} has images from there: they would count twice"
                    )
                self.notes.append(f"{name} is passed over: it is a link to {target}, where {where} has images from")
                return False
        self._read[target] = name
        self.notes.append(f"{name} is a link: images are read from {target}")
        return True


def _identify(path: Path) -> tuple[int, int] | None:
    """Return the device and the number of a file, whatever its name; None where there is none."""
    try:
        fact = path.stat()
    except OSError:
        return None
    return fact.st_dev, fact.st_ino


def _scan(place: Path) -> list[os.DirEntry[str]]:
    """Return the visible entries of a folder, without what archives made on a Mac add; raises DataProblem."""
    try:
        return [entry for entry in os.scandir(place) if entry.name[0] != "." and entry.name != "__MACOSX"]
    except OSError as error:
        raise DataProblem(f"{error.filename} cannot be read: {(error.strerror or str(error)).lower()}") from None


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder or a link to one; a link to itself is a file, which cannot be read."""
    try:
        return entry.is_dir()
    except OSError:
        return False
