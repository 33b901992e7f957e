"""Find the shards that a spec names: `"train-{000..146}.tar"`, a pattern, a folder, URLs, several joined by `::`."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

from specnet.training.data.download import expand_home
from specnet.training.data.folder_layout import describe_endings, natural_key
from specnet.training.errors import DataProblem

BETWEEN = "::"
"""What stands between several names, as in WebDataset."""

PACKED = (".gz", ".bz2", ".xz", ".zst")
"""Endings that compressed shards have behind their own."""

MOST_SHARDS = 100_000

BRACES = re.compile(r"\{([^{}]*)\}")

RANGE = re.compile(r"(\d+)\.\.(\d+)")

SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

SHOWN = 3
"""Missing shards that a message names."""


def is_url(name: str) -> bool:
    return name.startswith(("http://", "https://"))


def expand_braces(text: str) -> list[str]:
    """Return the names that braces stand for: `{000..146}` numbers of as many digits, `{a,b}` words.

    Raises DataProblem for braces that say neither, and for more names than a set has.
    """
    parts = BRACES.split(text)
    choices = [_expand_choice(part, text) if place % 2 else [part] for place, part in enumerate(parts)]
    names = 1
    for choice in choices:
        names *= len(choice)
    if names > MOST_SHARDS:
        raise DataProblem(f'"{text}" stands for {names:,} shards, and a set has at most {MOST_SHARDS:,}')
    return ["".join(each) for each in product(*choices)]


def _expand_choice(inner: str, text: str) -> Sequence[str]:
    if limits := RANGE.fullmatch(inner):
        first, last = limits.groups()
        if int(last) < int(first):
            raise DataProblem(f'"{text}": {{{inner}}} runs backwards; write {{{last}..{first}}}')
        if int(last) - int(first) >= MOST_SHARDS:
            raise DataProblem(f'"{text}": {{{inner}}} is more than {MOST_SHARDS:,} shards')
        return [f"{number:0{len(first)}}" for number in range(int(first), int(last) + 1)]
    if "," in inner:
        return inner.split(",")
    raise DataProblem(f'"{text}": {{{inner}}} is neither a range, as {{000..146}}, nor a list, as {{a,b}}')


def find_shards(text: str, roots: Sequence[Path], endings: Sequence[str] = (".tar",)) -> list[str]:
    """Return the URLs and the paths of existing files that a text names, which are relative to one of `roots`.

    A folder stands for its files with one of the endings. The order is that of the text, and of patterns and folders
    the natural one of their names. Raises DataProblem for shards that are not there, are named twice, or are none.
    """
    names = [name for part in text.split(BETWEEN) for name in expand_braces(part.strip())]
    found: list[str] = []
    missing: list[str] = []
    for name in names:
        _refuse_scheme(name)
        files = [name] if is_url(name) else _find_files(name, roots, endings)
        found += files
        missing += [] if files else [name]
    if missing:
        _refuse_folder(missing[0], roots, endings)
        raise DataProblem(_describe_missing(missing, len(names), roots))
    if len(set(found)) < len(found):
        twice = next(shard for place, shard in enumerate(found) if shard in found[:place])
        raise DataProblem(f'"{text}" names {twice} twice, and its images would count twice')
    return found


def _refuse_scheme(name: str) -> None:
    """Raise DataProblem for a URL of another kind."""
    if (scheme := SCHEME.match(name)) and not is_url(name):
        raise DataProblem(f"{name} cannot be read: URLs are those of http and https, not of {scheme[1]}")


def _find_files(name: str, roots: Sequence[Path], endings: Sequence[str]) -> list[str]:
    """Return the files of the first place that has any."""
    for place in _list_places(name, roots):
        if place.is_dir():
            files = [path for path in place.iterdir() if path.name.endswith(tuple(endings)) and path.is_file()]
        elif place.is_file():
            files = [place]
        else:
            files = [Path(path) for path in glob.glob(str(place)) if Path(path).is_file()]  # noqa: PTH207
        if files:
            return sorted(map(str, files), key=natural_key)
    return []


def _refuse_folder(name: str, roots: Sequence[Path], endings: Sequence[str]) -> None:
    """Raise DataProblem where a name is that of a folder without shards, with what is in it."""
    folder = next((place for place in _list_places(name, roots) if place.is_dir()), None)
    if not folder:
        return
    files = sorted((path.name for path in folder.iterdir() if path.is_file()), key=natural_key)
    holds = f"it holds {describe_endings(files)}" if files else "no files are in it"
    advice = "the images of a folder are read by `data folder`"
    if packed := next(
        (each for each in files if each.endswith(tuple(f"{end}{more}" for end in endings for more in PACKED))), ""
    ):
        advice = (
            f"{packed} is compressed, so that its images cannot be read one by one: unpack it to {Path(packed).stem}"
        )
    raise DataProblem(f"the folder {folder} has no shard ({' or '.join(endings)}), {holds}; {advice}")


def _list_places(name: str, roots: Sequence[Path]) -> Iterator[Path]:
    yield from dict.fromkeys(root / expand_home(name) for root in roots)


def _describe_missing(missing: Sequence[str], names: int, roots: Sequence[Path]) -> str:
    shown = ", ".join(missing[:SHOWN]) + (f" and {len(missing) - SHOWN:,} more" if len(missing) > SHOWN else "")
    places = ", ".join(dict.fromkeys(str(root) for root in roots))
    if names == 1:
        return f"there is no shard {shown}; looked below {places}"
    return f"{len(missing):,} of {names:,} shards are missing: {shown}; looked below {places}"
