"""specnet devices: list the devices that times are predicted for, and measure the one at hand."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from specnet.analyses.devices import DATA_SHEETS, Device, Rates
from specnet.cli.options import add_device_arguments, add_format_argument
from specnet.cli.output import CommandError, print_json, print_message, print_text
from specnet.cli.torch_commands import requires_torch
from specnet.file_access import describe_reason
from specnet.layers.base.traits import Workload
from specnet.measured_devices import find_file, read_measured_devices, save_measured_device
from specnet.reporters.table import align_rows

HELP = "list the devices that times are predicted for, and measure the one at hand"

HEADINGS = ("name", "device", "figures", "fp32 TFLOP/s", "16-bit", "GB/s", "memory")

FLOPS_PER_MAC = 2

UNITS = {Workload.POOLING: "10⁹ elements/s", Workload.NORMALISATION: "GB/s", Workload.ELEMENTWISE: "GB/s"}
"""The units of rates that are not multiply-accumulates."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--measure", action="store_true", help="measure the device at hand, in a few seconds")
    add_device_arguments(parser)
    add_format_argument(parser)


def run(options: argparse.Namespace) -> int:
    if options.measure:
        return _measure(options)
    if options.device:
        raise CommandError("--gpu and --device go with --measure")
    devices = [*read_measured_devices().values(), *DATA_SHEETS.values()]
    if options.format == "json":
        print_json({"schema": 1, "devices": [asdict(device) for device in devices]})
    else:
        print_text("\n".join(align_rows([HEADINGS, *map(_format_row, devices)], right=range(3, 7))))
    return 0


@requires_torch
def _measure(options: argparse.Namespace) -> int:
    """Measure a device, and keep its figures."""
    from specnet.training import Options
    from specnet.training.device import choose_device
    from specnet.training.device_benchmark import measure_device

    try:
        place = find_file()
    except (OSError, RuntimeError) as error:
        raise CommandError(
            f"{getattr(error, 'filename', None) or 'the cache'} cannot be written: {describe_reason(error)}"
        ) from None
    device = measure_device(choose_device(Options(device=options.device or "cpu")))
    if options.format == "json":
        print_json({"schema": 1, "devices": [asdict(device)]})
    else:
        print_text("\n\n".join((device.title, *(_format_rates(*each) for each in device.rates.items()))))
    try:
        print_message(f"saved in {save_measured_device(device)}, for `specnet check --time`")
    except OSError as error:
        raise CommandError(f"{place} cannot be written: {describe_reason(error)}") from None
    return 0


def _format_row(device: Device) -> tuple[str, ...]:
    peaks = [_find_peak(device, *names) for names in (("fp32",), ("bf16", "fp16"))]
    cells = [f"{peak / 1e12:.3g}" if peak else "" for peak in peaks]
    return (
        device.name,
        device.title,
        device.source,
        *cells,
        f"{device.bandwidth / 1e9:,.0f}",
        f"{device.memory / 1e9:,.0f} GB",
    )


def _find_peak(device: Device, *names: str) -> float:
    """Return the floating-point operations a second of products of matrices, in the first precision that it has."""
    rates = next((rates for name, rates in device.rates.items() if name in names), None)
    return FLOPS_PER_MAC * rates[Workload.MATMUL].forward if rates else 0.0


def _format_rates(precision: str, rates: Rates) -> str:
    rows = [
        (workload.value, f"{rate.forward / 1e9:.3g}", f"{rate.backward / 1e9:.3g}", UNITS.get(workload, "GMAC/s"))
        for workload, rate in rates.items()
    ]
    return "\n".join(align_rows([(precision, "forward", "backward", ""), *rows], right=(1, 2)))
