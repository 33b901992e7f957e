"""Find the classes of images by the names of their files, as `label="{class}.*"` says: cat.105.jpg is a cat."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from specnet.settings.data import CLASS
from specnet.training.data.folder_layout import (
    ClassFile,
    FolderLayout,
    Walker,
    choose_parts,
    compose_name,
    describe_endings,
    is_named_as_image,
    list_names,
    name_parts,
    natural_key,
    order_classes,
)
from specnet.training.errors import DataProblem

TOKEN = re.compile(r"\*|\?|\[!?[^]/]+\]|.", re.DOTALL)
"""A part of a pattern: a wildcard, a set of characters, or a character."""

WILDCARDS = {"*": "[^/]*", "?": "[^/]"}


def compile_label(label: str) -> re.Pattern[str]:
    """Compile a pattern with `{class}`, `*`, `?` and `[0-9]`, for the end of a path with as many folders.

    The class is as short as the rest of the pattern allows, and not empty. Raises DataProblem.
    """
    before, after = (_translate(part) for part in label.split(CLASS))
    try:
        return re.compile(f"(?:.*/)?{before}(?P<name>[^/]+?){after}", re.DOTALL)
    except re.error as error:
        raise DataProblem(f'label="{label}" has a set of characters that makes no sense: {error.msg}') from None


def _translate(pattern: str) -> str:
    return "".join(_translate_token(token) for token in TOKEN.findall(pattern))


def _translate_token(token: str) -> str:
    if len(token) > 1:
        escaped = re.sub(r"([\\\[^&~|])", r"\\\1", token[1:-1]).replace("--", r"-\-")
        return f"[^/{escaped[1:]}]" if escaped.startswith("!") else f"[{escaped}]"
    return WILDCARDS.get(token, re.escape(token))


def read_labelled_layout(folder: Path, label: str) -> FolderLayout:
    """Find all files with a class in their names, in natural order; raises DataProblem if none is to train on.

    Files that do not match the pattern are counted; a validation or test part without labels is passed over.
    """
    walker, pattern = Walker(folder), compile_label(label)
    parts = choose_parts(name_parts(walker.list_folders(folder)), folder)
    layout = FolderLayout(has_parts="train" in parts)
    for part, place in (parts if layout.has_parts else {"train": folder}).items():
        names = sorted((path.relative_to(folder).as_posix() for path in walker.walk(place)), key=natural_key)
        found = _leave_out_others(
            [ClassFile(name, part, each) for name in names if (each := _find_class(name, pattern))]
        )
        if not found and part == "train":
            there = f"the first of {len(names):,} is {names[0]}" if names else "it has no files"
            raise DataProblem(f'no file in {place} matches label="{label}"; {there}')
        classes = order_classes(file.class_name for file in found)
        if part != "train" and not set(classes) & set(layout.classes["train"]):  # 105.jpg matches {class}.*, too
            layout.notes.append(f"{place.name} is passed over: its files are not named for the classes to train on")
            continue
        layout.files += found
        layout.classes[part] = classes
        layout.notes += _describe_others(set(names) - {file.name for file in found}, label)
    walker.note_links([folder / file.name for file in layout.files if is_named_as_image(file.name)])
    layout.notes += walker.notes
    return layout


def _leave_out_others(files: Sequence[ClassFile]) -> list[ClassFile]:
    """Return the files without those that are alone in making a class of a name as notes.txt, among images."""
    named = {file.class_name for file in files if is_named_as_image(file.name)}
    return [file for file in files if file.class_name in named or not named]


def _find_class(name: str, pattern: re.Pattern[str]) -> str | None:
    """Return the class in the name of a file; None if the pattern does not match."""
    match = pattern.fullmatch(name)
    return compose_name(match["name"], f"the file {name!r}") if match else None


def _describe_others(names: Iterable[str], label: str) -> list[str]:
    """Return a note on the files that do not match, if there are any."""
    if not (others := sorted(names, key=natural_key)):
        return []
    return [f'passed over, as they do not match label="{label}": {describe_endings(others)}: {list_names(others)}']
