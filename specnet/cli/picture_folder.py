"""Write the pictures that a network makes of images into a folder, one by one as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from specnet.cli.output import CommandError, print_message, write_file
from specnet.pictures.files import BadFile
from specnet.printable import format_amount
from specnet.training import Prediction
from specnet.training.data.image_decoding import ImageFormat

Results = Iterable[Prediction | BadFile]


def prepare_folder(folder: Path, images: Iterable[Path]) -> None:
    """Make the folder; raises CommandError where images are read from it."""
    if folder.resolve() in {(path if path.is_dir() else path.parent).resolve() for path in images}:
        raise CommandError(f"{folder} has the images that are read; name another folder")
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file; name a folder")
    if not folder.parent.is_dir():
        raise CommandError(f"{folder} cannot be made: there is no folder {folder.parent}")
    folder.mkdir(exist_ok=True)


def write_pictures(results: Results, folder: Path, form: ImageFormat) -> Iterator[Prediction | BadFile]:
    """Yield the results, after the pictures of each are written by the name of its image; says at the end how many.

    The network reads the images in the given form.

    Raises CommandError where two images have the same name.
    """
    written = dict[Path, Path]()
    for result in results:
        if isinstance(result, Prediction):
            _write(result, folder, form, written)
        yield result
    print_message(f"wrote {format_amount(len(written), 'picture')} into {folder}")


def _write(result: Prediction, folder: Path, form: ImageFormat, written: dict[Path, Path]) -> None:
    for suffix, content in result.answer.draw(result.image, form).items():
        target = folder / f"{result.image.stem}{suffix}.png"
        if target in written:
            raise CommandError(f"{written[target]} and {result.image} would both be written as {target}", exit_code=1)
        written[target] = result.image
        write_file(target, content)
