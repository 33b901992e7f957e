"""The compute device and its precision, deterministic algorithms, and a fast dropout for CPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import torch
from torch import Tensor, nn

from specnet.option_names import name_option
from specnet.printable import format_amount
from specnet.training.errors import CannotRun
from specnet.training.job import Options, Precision

NATIVE_BF16 = ("avx512_bf16", "amx_bf16")
"""The instruction sets without which a CPU is slower in bf16 than in fp32."""

DETERMINISTIC_CUBLAS = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
"""The environment that `--deterministic` needs; torch reads it once in a process, at the first product on a GPU."""

NOT_DETERMINISTIC = " does not have a deterministic implementation"
"""Part of torch's RuntimeErrors, behind the name of the operation."""

BITS = 16
"""Random bits for each element: four elements share one draw of the generator."""


@dataclass(frozen=True)
class Device:
    """A device and the precision to compute in."""

    place: torch.device
    precision: Precision

    def autocast(self) -> AbstractContextManager[object]:
        """Compute convolutions and products in this precision in the context; weights, sums and losses stay fp32."""
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
        """Return the scaler that keeps small gradients from becoming 0 in fp16; None for other precisions."""
        return torch.amp.GradScaler(self.place.type) if self.precision == "fp16" else None

    def explain_not_finite(self) -> list[str]:
        """Return a line on the precision as the cause of numbers that are not finite; none for fp32."""
        if self.precision == "fp32":
            return []
        return [f"it computes in {self.precision}; {name_option('precision', 'fp32')} shows whether that is the cause"]

    @property
    def title(self) -> str:
        """The name shown to the user."""
        if self.place.type == "cuda":
            return torch.cuda.get_device_name(self.place)
        return f"cpu, {_format_threads()}" if self.place.type == "cpu" else self.place.type


def choose_device(options: Options) -> Device:
    """Return the requested device, and the precision to compute in there; raises CannotRun."""
    try:
        place = torch.device(options.device)
    except RuntimeError:
        raise CannotRun(f"there is no kind of device called `{options.device}`; here are: {_list_devices()}") from None
    if not _is_available(place):
        raise CannotRun(
            f"there is no device `{options.device}` that torch can use; here are: {_list_devices()}{_explain_no_gpu()}"
        )
    if place.type == "cuda":
        os.environ.setdefault(*DETERMINISTIC_CUBLAS)
    if place.type == "cuda" and place.index is None:
        place = torch.device("cuda", torch.cuda.current_device())
    return Device(place, choose_precision(options.precision, place))


def refuse_gpus(count: int) -> None:
    """Raise CannotRun where there are fewer GPUs than requested."""
    there = torch.cuda.device_count()
    if count > there:
        raise CannotRun(
            f"there {'is' if there == 1 else 'are'} {there or 'no'} GPU{'' if there == 1 else 's'} here, "
            f"and {count} are asked for; here are: {_list_devices()}{_explain_no_gpu()}"
        )


def choose_precision(wanted: Literal["auto"] | Precision, place: torch.device) -> Precision:
    """Return bf16 for `auto` where it is native."""
    if wanted != "auto":
        return wanted
    return "bf16" if _has_native_bf16(place) else "fp32"


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
    """Return the devices of this machine, for a message."""
    gpus = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    apple = ["mps"] if torch.backends.mps.is_available() else []
    return ", ".join([f"cpu ({_format_threads()})", *gpus, *apple])


def _format_threads() -> str:
    return format_amount(torch.get_num_threads(), "thread")


def _explain_no_gpu() -> str:
    return "" if torch.version.cuda else f"; torch {torch.__version__} is a build without CUDA"


def _has_native_bf16(place: torch.device) -> bool:
    if place.type == "cpu":
        return any(cpu_capabilities().get(name) for name in NATIVE_BF16)
    return place.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def cpu_capabilities() -> Mapping[str, Any]:
    """Return the capabilities of the processor that torch reports; none in older versions."""
    found: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return found


@contextmanager
def use_deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """Use only torch's deterministic algorithms within the context, if wanted.

    Raises CannotRun at the first operation without one.
    """
    before = torch.are_deterministic_algorithms_enabled()
    if before or not wanted:  # the call alone takes torch most of a second
        yield
        return
    torch.use_deterministic_algorithms(True)
    try:
        yield
    except RuntimeError as error:
        operation, lacks, _ = str(error).partition(NOT_DETERMINISTIC)
        if not lacks:
            raise
        raise CannotRun(
            f"torch has no {operation} that gives the same bits every time; "
            f"train without {name_option('deterministic', True)}"
        ) from error
    finally:
        torch.use_deterministic_algorithms(before)


class FastDropout(nn.Dropout):
    """Zeroes each element with probability p, rounded to 16 bits, and scales the others by 1/(1 − p).

    torch's own draws a number for each element in turn, which takes a sixth of a step of a small network on a CPU.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return a tensor of the same shape, type and memory format."""
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
    """Replace all torch.nn.Dropout in a module that trains on a CPU."""
    for name, part in list(module.named_modules()):
        if type(part) is nn.Dropout:
            module.set_submodule(name, FastDropout(part.p).train(part.training))


CPU_ERRORS = ("can't allocate memory", "not enough memory", "Cannot allocate memory")
"""Parts of torch's RuntimeErrors where a CPU's memory does not suffice."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that the memory of a device does not suffice."""
    is_known = isinstance(error, MemoryError | torch.OutOfMemoryError)
    return is_known or any(words in str(error) for words in CPU_ERRORS)
