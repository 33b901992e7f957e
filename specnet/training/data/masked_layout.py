"""Find the images of a folder and the mask of each: a file of the same name in the folder of the masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from specnet.option_names import name_option
from specnet.printable import format_amount
from specnet.settings.data import Folder
from specnet.training.data.folder_layout import (
    ClassFile,
    FolderLayout,
    Walker,
    choose_parts,
    describe_endings,
    is_named_as_image,
    list_names,
    name_parts,
    natural_key,
)
from specnet.training.data.images import DataRequest
from specnet.training.data.places import find_folder
from specnet.training.errors import DataProblem


@dataclass(frozen=True)
class _Masks:
    """The masks below a folder by their paths without endings, relative to it."""

    folder: Path
    paths: Mapping[str, Path]

    def find(self, image: PurePosixPath) -> Path | None:
        """Return the mask of an image, whose path may begin with a folder of images beside that of the masks."""
        name = image.with_suffix("").as_posix()
        return self.paths.get(name) or self.paths.get(name.partition("/")[2])


def read_masked_layout(folder: Path, setting: Folder, request: DataRequest) -> FolderLayout:
    """Find the images of all parts and their masks; raises DataProblem, also for images without one, CannotRun."""
    walker = Walker(folder)
    parts = choose_parts(name_parts(walker.list_folders(folder)), folder)
    if parts and "train" not in parts and request.classes is None:
        raise DataProblem(
            f"{folder} has no training part, only {list_names(parts.values())}; a folder called `train` is one"
        )
    layout = FolderLayout(has_parts="train" in parts)
    listed = dict[str, _Masks]()
    for part, place in (parts if layout.has_parts else {"train": folder}).items():
        masks, root = _find_masks(place, folder, setting.masks, request)
        listed[part] = masks
        names = sorted((path.relative_to(folder).as_posix() for path in _walk(walker, place, masks)), key=natural_key)
        files = [ClassFile(name, part, "") for name in _leave_out_others(names, layout)]
        for file in files:
            mask = masks.find(PurePosixPath((folder / file.name).relative_to(root).as_posix()))
            layout.files.append(replace(file, mask=mask))
        layout.classes[part] = ()
    used = {file.mask for file in layout.files if file.mask}
    _refuse_missing(layout, listed, request)
    walker.note_links([folder / file.name for file in layout.files])
    layout.notes += [*walker.notes, *_describe_spare(listed.values(), used)]
    return layout


def _find_masks(place: Path, folder: Path, masks: str, request: DataRequest) -> tuple[_Masks, Path]:
    """Return the masks of a part, and the folder that the paths of its images are relative to.

    Their folder lies in that of the part, or is a tree of its own like that of the images.
    """
    for inner in (place / masks, place / Path(masks).name):
        if inner.is_dir():
            return _list_masks(inner), place
    try:
        found = find_folder(masks, request)
    except DataProblem as error:
        raise DataProblem(f"{place} has no folder of masks, and {error}") from None
    return _list_masks(found), folder


def _list_masks(folder: Path) -> _Masks:
    """List the masks below a folder; raises DataProblem where two have the same name."""
    paths: dict[str, Path] = {}
    for path in sorted(Walker(folder, passes_over=True).walk(folder)):
        if not is_named_as_image(path.name):
            continue
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in paths:
            raise DataProblem(f"{paths[name]} and {path.name} are masks of the same image")
        paths[name] = path
    return _Masks(folder, paths)


def _walk(walker: Walker, place: Path, masks: _Masks) -> Iterable[Path]:
    return (path for path in walker.walk(place) if masks.folder not in path.parents)


def _leave_out_others(names: list[str], layout: FolderLayout) -> list[str]:
    """Return the names of images, and note the others."""
    if others := [name for name in names if not is_named_as_image(name)]:
        layout.notes.append(f"passed over, as they are no images: {describe_endings(others)}")
    return [name for name in names if is_named_as_image(name)]


def _refuse_missing(layout: FolderLayout, listed: Mapping[str, _Masks], request: DataRequest) -> None:
    """Raise DataProblem for images without a mask, unless they are left out."""
    missing = [file for file in layout.files if not file.mask]
    if not missing:
        return
    masks = listed[missing[0].part]
    verb = "has" if len(missing) == 1 else "have"
    amount = f"{len(missing):,} of {format_amount(len(layout.files), 'image')} {verb} no mask"
    example = f", such as {next(iter(masks.paths.values()))}" if masks.paths else ""
    where = f"a mask has the name of its image, below {masks.folder}, which has {len(masks.paths):,}{example}"
    text = f"{amount}: {list_names([file.name for file in missing])}; {where}"
    if len(missing) == len(layout.files):
        raise DataProblem(text)
    if not request.skip_bad:
        raise DataProblem(f"{text}; {name_option('skip_bad', True)} leaves them out")
    layout.files = [file for file in layout.files if file.mask]
    layout.notes.append(f"{text}; left out")


def _describe_spare(listed: Iterable[_Masks], used: set[Path]) -> list[str]:
    """Return a note on masks without an image."""
    paths = dict.fromkeys(path for masks in listed for path in masks.paths.values())
    spare = [path.name for path in paths if path not in used]
    return [f"{format_amount(len(spare), 'mask')} without an image: {list_names(spare)}"] if spare else []
