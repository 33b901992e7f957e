"""specnet filter: filter a picture with fixed kernels, or show how a convolution is computed."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import add_format_argument, named_path, output_file, parse_format
from specnet.cli.output import (
    CommandError,
    print_diagnostics,
    print_json,
    print_message,
    print_text,
    refuse_overwriting,
    write_file,
)
from specnet.cli.specs import check_network, refuse_overwriting_spec
from specnet.cli.torch_commands import requires_torch
from specnet.filtering.choices import EDGES, RANGES

if TYPE_CHECKING:
    import numpy as np

    from specnet.compiler import Checked
    from specnet.filtering.kernels import Kernel
    from specnet.filtering.numbers import Numbers
    from specnet.graph import Network

HELP = "filter a picture with fixed kernels, or show how a convolution is computed"

PATCH = 6
"""The height and width of the part of an image for which a convolution is worked out."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", nargs="?", type=named_path, metavar="IMAGE", help="an image file (PNG, JPEG, WebP …)")
    parser.add_argument(
        "--kernel",
        dest="kernels",
        action="append",
        default=[],
        metavar="K",
        help="sobel_x, gaussian_blur, box_blur:8 … or your own [[1, 0, -1], [2, 0, -2], [1, 0, -1]]; "
        "of several, one is applied after the other",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--spec", metavar="FILE", help="a .net file without parameters, such as a chain of filter layers")
    what.add_argument("--sheet", action="store_true", help="all kernels (or the given ones) side by side")
    what.add_argument(
        "--numbers",
        nargs="?",
        const="",
        metavar="LIST",
        help="print every product and sum for these numbers, [[1, 2], [3, 4]] or [1, 2, 1/6], or for the middle of "
        "IMAGE",
    )
    parser.add_argument("-o", dest="output", type=output_file, metavar="OUT", help="output file: .png, .jpg, .webp …")
    parser.add_argument("--grey", action="store_true", help="make the image grey first")
    parser.add_argument(
        "--edges",
        choices=EDGES,
        help="pad with zeros, as networks do (default), or by reflection; none: only windows within the image "
        "(default of --numbers); full: all windows that meet it",
    )
    parser.add_argument("--flip", action="store_true", help="flip the kernel first: true convolution")
    parser.add_argument(
        "--values",
        choices=RANGES,
        help="clip values to 0…255 (default), take them without their sign, or stretch their range",
    )
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0; an image that cannot be read ends with 1, a kernel that does not exist or fit with 2."""
    _refuse_missing_libraries()
    from specnet.filtering.correlation import DoesNotFit
    from specnet.filtering.kernels import NoKernel
    from specnet.filtering.numbers import NotNumbers

    try:
        if options.numbers is not None:
            return _show_numbers(options)
        if options.spec:
            return _apply_spec(options)
        return _write_sheet(options) if options.sheet else _apply_kernels(options)
    except (DoesNotFit, NoKernel, NotNumbers) as error:
        raise CommandError(str(error)) from None


def _refuse_missing_libraries() -> None:
    try:
        import numpy  # noqa: F401, only whether it is there
        import PIL  # noqa: F401, as above
    except ModuleNotFoundError as missing:
        raise CommandError(f"`specnet filter` needs {missing.name}: pip install 'specnet[train]'") from None


def _apply_kernels(options: argparse.Namespace) -> int:
    from specnet.filtering.correlation import filter_pixels

    kernels = _parse_kernels(options)
    if not kernels:
        raise CommandError("name a kernel, such as --kernel sobel_x, or use --sheet, --numbers or --spec")
    _find_ending(options)
    _write(options, filter_pixels(_read(options), kernels, options.edges or EDGES[0]), [k.name for k in kernels])
    return 0


def _parse_kernels(options: argparse.Namespace) -> list[Kernel]:
    from specnet.filtering.kernels import parse_kernel

    kernels = [parse_kernel(text) for text in options.kernels]
    return [kernel.flip() for kernel in kernels] if options.flip else kernels


def _read(options: argparse.Namespace, is_grey: bool = False) -> np.ndarray:
    """Return the image as uint8 H×W×C; raises CommandError."""
    from specnet.pictures.decoding import read_picture
    from specnet.pictures.files import BadImage

    if options.image is None:
        raise CommandError("name an image to filter")
    if not options.image.exists():
        raise CommandError(f"there is no file {options.image}")
    try:
        pixels = read_picture(options.image, 1 if is_grey or options.grey else 3)
    except BadImage as error:
        raise CommandError(f"{options.image} cannot be read: {error}", exit_code=1) from None
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _find_ending(options: argparse.Namespace) -> str:
    """Return the format that the output's name says; raises CommandError without one."""
    from specnet.filtering.picture import FORMATS

    if options.output is None:
        raise CommandError("name the picture to write: -o out.png")
    if options.image is not None:
        refuse_overwriting(options.output, [options.image])
    return parse_format(options.output, tuple(FORMATS))


def _write(options: argparse.Namespace, values: np.ndarray, kernels: list[str]) -> None:
    """Write filtered values H×W×C as a picture, and say how many of them are not from 0 to 255."""
    from specnet.filtering.picture import encode, measure_extent, to_bytes

    extent, kept = measure_extent(values), options.values or RANGES[0]
    write_file(options.output, encode(to_bytes(values, kept), _find_ending(options)))
    if options.format == "json":
        shape, found = list(values.shape), {"low": extent.low, "high": extent.high}
        shares = {"below_0": extent.below, "above_255": extent.above}
        names = {"schema": 1, "image": str(options.image), "output": str(options.output), "kernels": kernels}
        print_json({**names, "shape": shape, "values": kept, **found, **shares})
    odd = f"{extent.below:.1%} of the values are below 0 and {extent.above:.1%} above 255"
    if extent.below or extent.above:
        clipped = "; they were clipped (--values absolute or stretch shows them)" * (kept == "clip")
        print_message(f"from {extent.low:.4g} to {extent.high:.4g}: {odd}{clipped}")
    print_message(f"wrote {options.output}, {values.shape[0]}×{values.shape[1]}")


def _write_sheet(options: argparse.Namespace) -> int:
    from specnet.filtering.kernels import list_kernels
    from specnet.filtering.picture import encode
    from specnet.filtering.sheet import draw_sheet

    ending = _find_ending(options)
    kernels = _parse_kernels(options) or list_kernels()
    sheet = draw_sheet(_read(options), kernels, options.edges or EDGES[0], options.values or RANGES[0])
    write_file(options.output, encode(sheet, ending))
    if options.format == "json":
        names = [kernel.name for kernel in kernels]
        print_json({"schema": 1, "image": str(options.image), "output": str(options.output), "kernels": names})
    print_message(f"wrote {options.output}, {len(kernels)} kernels")
    return 0


# Numbers


def _show_numbers(options: argparse.Namespace) -> int:
    from specnet.filtering.kernels import parse_kernel
    from specnet.filtering.worked import format_worked, work_out

    if options.numbers and options.image is None and Path(options.numbers).suffix[1:].isalpha():
        options.image, options.numbers = Path(options.numbers), ""  # `--numbers photo.png` means the photograph
    _refuse_useless(options)
    if len(options.kernels) != 1:
        raise CommandError("--numbers works one convolution out: name one --kernel")
    numbers, origin = _find_numbers(options)
    worked = work_out(numbers, parse_kernel(options.kernels[0]), options.edges or "none", options.flip)
    if origin:
        print_message(origin)
    if options.format == "json":
        print_json({"schema": 1, **worked.to_record()})
    else:
        print_text("\n".join(format_worked(worked)))
    return 0


def _refuse_useless(options: argparse.Namespace) -> None:
    """Raise CommandError for an option that --numbers, which prints text, has no use for."""
    given = {"-o": options.output, "--values": options.values, "--grey": options.grey and options.numbers}
    if useless := [name for name, value in given.items() if value]:
        raise CommandError(f"--numbers prints products and sums of numbers as they are; leave {useless[0]} out")
    if options.numbers and options.image is not None:
        raise CommandError(f"--numbers has its own list, and {options.image} too; leave one of them out")


def _find_numbers(options: argparse.Namespace) -> tuple[Numbers, str]:
    """Return the numbers that are given, or the middle of the image in grey and where that is.

    Raises NotNumbers, CommandError.
    """
    from fractions import Fraction

    from specnet.filtering.numbers import parse_numbers

    if options.numbers:
        return parse_numbers(options.numbers), ""
    if options.image is None:
        raise CommandError("name the numbers, --numbers [1, 2, 1/6], or an image whose middle is taken")
    pixels = _read(options, is_grey=True)[:, :, 0]
    top, left = (max(0, (size - PATCH) // 2) for size in pixels.shape)
    patch = pixels[top : top + PATCH, left : left + PATCH]
    origin = f"{options.image} in grey, rows from {top + 1} and columns from {left + 1}"
    return tuple(tuple(map(Fraction, row)) for row in patch.tolist()), origin


# Specs


@requires_torch
def _apply_spec(options: argparse.Namespace) -> int:
    """Apply a network without parameters to the image; a spec with errors ends with 1."""
    import torch

    from specnet.backends.torch_module import build_module

    if options.kernels or options.edges or options.flip:
        raise CommandError("--spec says all about its filters; leave --kernel, --edges and --flip out")
    _find_ending(options)
    options.settings, options.input = [], None
    checked = _check_spec(options)
    if not checked.ok:
        return 1
    channels = checked.network.inputs[0].shape[-1]
    pixels = _read(options, is_grey=channels == 1)
    options.input = "x".join(map(str, pixels.shape))
    checked = _check_spec(options)
    if not checked.ok:
        return 1
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    with torch.inference_mode():
        values = build_module(checked.network).eval()(planes)
    _write(options, values[0].permute(1, 2, 0).numpy(), [])
    return 0


def _makes_pictures(network: Network) -> bool:
    """Whether a network has one input and one output, both maps of 1 or 3 channels."""
    shapes = [*(each.shape for each in network.inputs), *(network.shapes[name] for name in network.outputs)]
    return len(shapes) == 2 and not network.heads and all(shape and shape[2:] in ((1,), (3,)) for shape in shapes)


def _check_spec(options: argparse.Namespace) -> Checked:
    """Check the spec, whose errors are printed; raises CommandError if it makes no picture of a picture."""
    checked = check_network(options.spec, options)
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
        return checked
    refuse_overwriting_spec(options.output, checked)
    network, parameters = checked.network, checked.totals.parameters
    if parameters:
        raise CommandError(f"{options.spec} learns {parameters:,} parameters; only fixed layers filter a picture")
    if not _makes_pictures(network):
        raise CommandError(f"{options.spec} needs one input and one output of 1 or 3 channels to filter a picture")
    return checked
