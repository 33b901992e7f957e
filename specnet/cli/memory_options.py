"""The options of `specnet check` about memory: how a network is to be used, and the memory that there is."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from specnet.byte_sizes import parse_bytes
from specnet.cli.options import positive_integer
from specnet.cli.output import CommandError
from specnet.compiler import Checked

if TYPE_CHECKING:  # memory is measured on request
    from specnet.analyses.memory_use import MemoryUse, Usage

MEMORY_COLUMNS = ("name", "layer", "output", "weights", "gradients", "optimizer_state", "kept")
"""The columns of a table with `--memory`, unless others are asked for."""


def add_memory_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--memory", action="store_true", help="show the memory of inference and of training")
    parser.add_argument("--fits", metavar="SIZE", type=_size, help="show the largest batches that fit, as 24GB")
    parser.add_argument("--batch", type=positive_integer, metavar="N", help="images at once (default: the spec's)")
    parser.add_argument("--precision", choices=("fp32", "bf16", "fp16"), help="precision (default: fp32)")


def _size(text: str) -> str:
    """Return a size as it is written; raises ArgumentTypeError for anything else."""
    try:
        parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text.strip()


def read_usage(options: argparse.Namespace) -> Usage | None:
    """Return how a network is to be used; None if nothing is said about it."""
    if options.batch is None and options.precision is None:
        return None
    from specnet.analyses.memory_use import Usage

    return Usage(options.batch, options.precision or "fp32")


def measure_use(checked: Checked, options: argparse.Namespace) -> MemoryUse | None:
    """Return the memory of a sound network if it is asked for; raises CommandError where it is unknown."""
    if not (options.memory or options.fits) or not checked.ok or not checked.network.nodes:
        return None
    from specnet.analyses.memory_use import UnknownMemory, Usage, measure_memory_use

    try:
        return measure_memory_use(checked.network, read_usage(options) or Usage())
    except UnknownMemory as unknown:
        reason = f"`{unknown}` does not say how its output is stored or what it keeps"
        raise CommandError(f"the memory of {checked.source.name} is unknown: {reason}", exit_code=1) from None


def format_use(checked: Checked, options: argparse.Namespace) -> list[str]:
    """Return the paragraphs about memory that are asked for."""
    use = measure_use(checked, options)
    if use is None:
        return []
    from specnet.reporters.memory_report import format_fit, format_memory

    memory = [format_memory(use)] if options.memory else []
    return [*memory, format_fit(use, options.fits)] if options.fits else memory


def describe_use(checked: Checked, options: argparse.Namespace) -> dict[str, Any]:
    """Return the JSON values about memory that are asked for: `memory`, and none without."""
    use = measure_use(checked, options)
    if use is None:
        return {}
    from specnet.reporters.memory_report import describe_memory

    return {"memory": describe_memory(use, parse_bytes(options.fits) if options.fits else None)}
