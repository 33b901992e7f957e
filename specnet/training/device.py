"""The device that computes, its precision, and what torch is told about both."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import torch
from torch import Tensor, nn

from specnet.training.errors import CannotRun
from specnet.training.job import Options, Precision

NATIVE_BF16 = ("avx512_bf16", "amx_bf16")
"""The instructions without which a CPU is slower in bf16 than in fp32."""

WITHOUT_CPU_BF16 = (nn.LocalResponseNorm,)
"""The modules that torch 2.13 has no kernel for in bf16 on a CPU."""


@dataclass(frozen=True)
class Device:
    """Where and how precisely to compute."""

    place: torch.device
    precision: Precision

    def autocast(self) -> AbstractContextManager[object]:
        """Convolutions and products in this precision; weights, sums and losses stay fp32."""
        match self.precision:
            case "fp32":
                return nullcontext()
            case "bf16":
                return torch.autocast(self.place.type, torch.bfloat16)
            case "fp16":
                return torch.autocast(self.place.type, torch.float16)
            case _:
                assert_never(self.precision)

    def scaler(self) -> torch.amp.GradScaler | None:
        """What scales the loss up, so that small gradients do not become 0 in fp16; None where nothing needs it."""
        return torch.amp.GradScaler(self.place.type) if self.precision == "fp16" else None

    @property
    def title(self) -> str:
        """How it is named to the user."""
        if self.place.type == "cuda":
            return torch.cuda.get_device_name(self.place)
        return f"{self.place.type}, {torch.get_num_threads()} threads" if self.place.type == "cpu" else self.place.type


def choose_device(options: Options, module: nn.Module) -> Device:
    """The device asked for, in a precision that the module can take there; raises CannotRun, saying what is there."""
    try:
        place = torch.device(options.device)
    except RuntimeError:
        raise CannotRun(f"there is no kind of device called `{options.device}`; here are: {_list_devices()}") from None
    if not _is_available(place):
        raise CannotRun(
            f"there is no device `{options.device}` that torch can use; here are: {_list_devices()}{_explain_no_gpu()}"
        )
    if place.type == "cuda" and place.index is None:
        place = torch.device("cuda", torch.cuda.current_device())
    return Device(place, _choose_precision(options.precision, place, module))


def refuse_gpus(amount: int) -> None:
    """Raises CannotRun where there are not so many GPUs, saying what is there."""
    there = torch.cuda.device_count()
    if amount > there:
        raise CannotRun(
            f"there {'is' if there == 1 else 'are'} {there or 'no'} GPU{'' if there == 1 else 's'} here, "
            f"and {amount} are asked for; here are: {_list_devices()}{_explain_no_gpu()}"
        )


def _choose_precision(wanted: Literal["auto"] | Precision, place: torch.device, module: nn.Module) -> Precision:
    """`auto` is bf16 where that is native and all parts have it; raises CannotRun for a bf16 that one lacks."""
    if wanted == "fp32" or wanted == "fp16":
        return wanted
    without = next((type(part).__name__ for part in module.modules() if isinstance(part, WITHOUT_CPU_BF16)), None)
    can = place.type != "cpu" or without is None
    if wanted == "bf16" and not can:
        raise CannotRun(f"torch has no {without} in bf16 on a CPU; `--precision fp32`, or leave it to `auto`")
    is_bf16 = wanted == "bf16" or (wanted == "auto" and can and _has_native_bf16(place))
    return "bf16" if is_bf16 else "fp32"


def _is_available(place: torch.device) -> bool:
    match place.type:
        case "cpu":
            return True
        case "cuda":
            return (place.index or 0) < torch.cuda.device_count()
        case "mps":
            return torch.backends.mps.is_available()
    return False


def _list_devices() -> str:
    """The devices of this machine, for a message."""
    gpus = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    apple = ["mps"] if torch.backends.mps.is_available() else []
    return ", ".join([f"cpu ({torch.get_num_threads()} threads)", *gpus, *apple])


def _explain_no_gpu() -> str:
    return "" if torch.version.cuda else f"; torch {torch.__version__} is a build without CUDA"


def _has_native_bf16(place: torch.device) -> bool:
    if place.type == "cpu":
        return any(cpu_capabilities().get(name) for name in NATIVE_BF16)
    return place.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def cpu_capabilities() -> Mapping[str, Any]:
    """What torch knows of the processor; older versions know nothing."""
    found: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return found


@contextmanager
def use_deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """Within it, torch takes only algorithms that give the same bits every time, if that is wanted."""
    before = torch.are_deterministic_algorithms_enabled()
    if before or not wanted:  # merely to say so takes torch the best part of a second
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it cuBLAS refuses to be deterministic
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


BITS = 16
"""Of chance for each value: four values share one draw of the generator."""


class FastDropout(nn.Dropout):
    """Drops each value with probability p, rounded to 16 bits, and divides what is kept by the share that is kept.

    torch's own draws a number for each value, one after the other: a sixth of a step of a small network on a CPU.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Of any shape; the result has the same shape, type and memory format."""
        dropped = round(self.p * 2**BITS)
        if not self.training or not 0 < dropped < 2**BITS:
            return super().forward(input)
        draws = torch.empty(-(-input.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        chance = draws.view(torch.int16)[: input.numel()]
        mask = torch.empty_like(input)
        flat = mask.as_strided((input.numel(),), (1,))  # in the order of memory, whatever the format
        flat.copy_(chance >= dropped - 2 ** (BITS - 1)).mul_(2**BITS / (2**BITS - dropped))
        return input * mask


def use_fast_dropout(module: nn.Module) -> None:
    """Put it in the place of torch's, in all parts of a module that trains on a CPU."""
    for name, part in list(module.named_modules()):
        if type(part) is nn.Dropout:
            module.set_submodule(name, FastDropout(part.p).train(part.training))
