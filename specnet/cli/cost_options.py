"""The options of `specnet check` about memory and time: how a network is to be used, and on what."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from specnet.attributes import LARGEST
from specnet.byte_sizes import parse_bytes
from specnet.cli.options import positive_integer
from specnet.cli.output import CommandError
from specnet.compiler import Checked
from specnet.reporters.table_columns import Measures
from specnet.suggest import did_you_mean, find_closest_word

if TYPE_CHECKING:  # memory and time are computed on request
    from specnet.analyses.devices import Device
    from specnet.analyses.usage import MemoryUse, Usage
    from specnet.reporters.time_report import TrainingTime

MEMORY_COLUMNS = ("weights", "gradients", "optimizer_state", "kept")
"""The columns that `--memory` shows unless others are asked for."""

TIME_COLUMNS = ("macs", "time", "bound")
"""The columns that `--time` shows unless others are asked for."""


COST_COLUMNS = (*MEMORY_COLUMNS, "time", "bound")
"""The columns that depend on how the network is used."""


def add_cost_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--memory", action="store_true", help="show the memory of inference and of training")
    parser.add_argument(
        "--fits",
        metavar="SIZE",
        type=_size,
        help="show the largest batches that fit into 24GB, or a device such as h100",
    )
    parser.add_argument("--time", action="store_true", help="show the predicted time of a training step")
    parser.add_argument("--device", metavar="NAME", help="predict for this device; `specnet devices` lists them")
    parser.add_argument("--batch", type=positive_integer, metavar="N", help="images at once (default: the spec's)")
    parser.add_argument(
        "--precision", choices=("fp32", "bf16", "fp16"), help="precision (default: fp32; on a GPU, `train` takes bf16)"
    )


def _size(text: str) -> str:
    """Return a size as it is written, or the memory of a device; raises ArgumentTypeError for anything else."""
    from specnet.analyses.devices import DATA_SHEETS

    if device := DATA_SHEETS.get(text.strip()):
        return f"{device.memory / 1e9:g}GB"
    try:
        parse_bytes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text.strip()


def refuse_cost_options(options: argparse.Namespace, columns: Sequence[str]) -> None:
    """Raise CommandError for a batch beyond all limits, a device that there is not, and options that change nothing."""
    if options.batch and options.batch > LARGEST:
        raise CommandError(f"--batch {options.batch} is more than {LARGEST:,}, the largest number of images")
    if options.time:
        choose_device(options)
    elif options.device is not None:
        raise CommandError("--device goes with --time")
    uses_batch = options.memory or options.fits or options.time or not set(COST_COLUMNS).isdisjoint(columns)
    if name := next((name for name in ("batch", "precision") if getattr(options, name) and not uses_batch), None):
        raise CommandError(f"--{name} goes with --memory, --fits and --time")


def choose_cost_columns(options: argparse.Namespace) -> Sequence[str]:
    """Return the columns of what is asked for; none if nothing is."""
    columns = [*(MEMORY_COLUMNS if options.memory else ()), *(TIME_COLUMNS if options.time else ())]
    return ["name", "layer", "output", *columns] if columns else []


def choose_device(options: argparse.Namespace) -> Device:
    """Return the device to predict for: the one that is named, or else the one measured here; raises CommandError."""
    device = find_device(options.device)
    if options.precision and options.precision not in device.rates:
        raise CommandError(f"{device.title} has no figures for {options.precision}")
    return device


def find_device(name: str | None) -> Device:
    """Return the device of a name, or the first one that was measured; raises CommandError if there is none."""
    from specnet.analyses.devices import DATA_SHEETS
    from specnet.measured_devices import read_measured_devices

    measured = read_measured_devices()
    devices = DATA_SHEETS | measured
    if not name and not measured:
        raise CommandError(
            "no device is measured here: `specnet devices --measure` measures one in a few seconds; "
            f"or name one with --device: {', '.join(DATA_SHEETS)}"
        )
    name = name or next(iter(measured))
    if name not in devices:
        hint = did_you_mean(find_closest_word(name, devices)) or f"; there are {', '.join(devices)}"
        raise CommandError(f"there is no device `{name}`{hint}")
    return devices[name]


def read_usage(options: argparse.Namespace) -> Usage | None:
    """Return how a network is to be used; None if nothing is said about it."""
    if options.batch is None and options.precision is None and not options.time:
        return None
    from specnet.analyses.usage import Usage

    return Usage(options.batch, options.precision or "fp32", choose_device(options) if options.time else None)


def make_measures(checked: Checked, options: argparse.Namespace) -> Measures:
    """Return what is known of a network in use; memory and time are computed on first use, and once."""
    return Measures(checked, read_usage(options))


def get_use(checked: Checked, options: argparse.Namespace, measures: Measures) -> MemoryUse | None:
    """Return the memory of a sound network if it is asked for; raises CommandError where it is unknown."""
    if not (options.memory or options.fits) or not checked.has_sound_network or not checked.network.nodes:
        return None
    if measures.use is None:
        reason = f"`{checked.totals.unknown_layer('memory')}` does not say how its output is stored or what it keeps"
        raise CommandError(f"the memory of {checked.source.name} is unknown: {reason}", exit_code=1)
    return measures.use


def get_training_time(checked: Checked, options: argparse.Namespace, measures: Measures) -> TrainingTime | None:
    """Return the predicted time of a sound network if it is asked for."""
    if not options.time or not checked.has_sound_network or not checked.network.nodes:
        return None
    from specnet.reporters.time_report import make_training_time

    assert measures.step
    return make_training_time(measures.step, checked.network.training)


def format_costs(checked: Checked, options: argparse.Namespace, measures: Measures) -> list[str]:
    """Return the paragraphs about memory and time that are asked for."""
    paragraphs = list[str]()
    if use := get_use(checked, options, measures):
        from specnet.reporters.memory_report import format_fit, format_memory

        paragraphs += [format_memory(use)] if options.memory else []
        paragraphs += [format_fit(use, options.fits)] if options.fits else []
    if time := get_training_time(checked, options, measures):
        from specnet.reporters.time_report import format_time

        paragraphs.append(format_time(time))
    return paragraphs


def describe_costs(checked: Checked, options: argparse.Namespace) -> dict[str, Any]:
    """Return the JSON values about memory and time that are asked for: `memory`, `time`, or none."""
    measures, values = make_measures(checked, options), dict[str, Any]()
    if use := get_use(checked, options, measures):
        from specnet.reporters.memory_report import describe_memory

        values["memory"] = describe_memory(use, parse_bytes(options.fits) if options.fits else None)
    if time := get_training_time(checked, options, measures):
        from specnet.reporters.time_report import describe_time

        values["time"] = describe_time(time)
    return values
