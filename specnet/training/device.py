"""What computes: the device, the precision, and what torch is told about both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import torch

from specnet.training.errors import CannotRun
from specnet.training.job import Options

NATIVE_BF16 = ("avx512_bf16", "amx_bf16")
"""The instructions without which a CPU is slower in bf16 than in fp32."""


@dataclass(frozen=True)
class Device:
    """Where and how precisely to compute."""

    torch: torch.device
    precision: str

    def autocast(self) -> AbstractContextManager[object]:
        """Convolutions and products in this precision; weights, sums and losses stay fp32."""
        return torch.autocast(self.torch.type, torch.bfloat16, enabled=self.precision == "bf16")

    @property
    def title(self) -> str:
        """How it is named to the user."""
        if self.torch.type == "cuda":
            return torch.cuda.get_device_name(self.torch)
        return f"{self.torch.type}, {torch.get_num_threads()} threads" if self.torch.type == "cpu" else self.torch.type


def choose(options: Options) -> Device:
    """The device asked for; raises CannotRun, saying what is there."""
    try:
        device = torch.device(options.device)
    except RuntimeError:
        raise CannotRun(f"there is no kind of device called {options.device}; here are: {there()}") from None
    if not _is_here(device):
        raise CannotRun(f"there is no device {options.device}; here are: {there()}{_why_no_gpu()}")
    if device.type == "cuda" and device.index is None:
        device = torch.device("cuda", torch.cuda.current_device())
    return Device(device, _has_bf16(device) if options.precision == "auto" else options.precision)


def there() -> str:
    """The devices of this machine, for a message."""
    gpus = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    apple = ["mps"] if torch.backends.mps.is_available() else []
    return ", ".join([f"cpu ({torch.get_num_threads()} threads)", *gpus, *apple])


def _is_here(device: torch.device) -> bool:
    match device.type:
        case "cpu":
            return True
        case "cuda":
            return (device.index or 0) < torch.cuda.device_count()
        case "mps":
            return torch.backends.mps.is_available()
    return False


def _why_no_gpu() -> str:
    built = torch.version.cuda is not None
    return "" if built else f"; torch {torch.__version__} is a build without CUDA"
