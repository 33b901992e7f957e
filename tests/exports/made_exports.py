"""Networks to export, with weights and running statistics that no start of a training has."""

from __future__ import annotations

import torch

from specnet.compiler import check_source
from specnet.exports.exportable import Exportable, export_untrained
from specnet.source import Source


def make_exportable(text: str, name: str = "made.net") -> Exportable:
    """Return the network of a spec with random running statistics."""
    checked = check_source(Source(name, text))
    assert checked.ok, checked.errors
    exportable = export_untrained(checked, {})
    vary_statistics(exportable.network)
    return exportable


def vary_statistics(network: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(1)
    for name, buffer in network.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(torch.randn(buffer.shape, generator=generator) / 10)
        if name.endswith("running_var"):
            buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
