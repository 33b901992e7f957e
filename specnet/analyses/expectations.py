"""`expect parameters 62_378_344`: claims about the whole network."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from specnet.analyses.cost import Totals
from specnet.byte_sizes import ByteSize, format_bytes_as
from specnet.diagnostics import Code, Diagnostic, Edit, Fix, Label, make_diagnostic, make_replacement
from specnet.elaborate import Elaborated, Expectation
from specnet.suggest import find_closest_word, is_misspelling

if TYPE_CHECKING:
    from specnet.settings import Training

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "!=": operator.ne,
}

QUANTITIES: Mapping[str, Callable[[Totals], int | None]] = {
    "parameters": lambda totals: totals.parameters,
    "macs": lambda totals: totals.macs,
    "memory": lambda totals: totals.memory,
    "training_memory": lambda totals: totals.training_memory,
    "receptive_field": lambda totals: totals.receptive_field,
}

NAMES = {
    "params": "parameters",
    "param": "parameters",
    "weights": "parameters",
    "flops": "macs",
    "madds": "macs",
    "multiply_adds": "macs",
    "mult_adds": "macs",
    "ram": "memory",
    "inference_memory": "memory",
    "vram": "training_memory",
    "gpu_memory": "training_memory",
    "memory_training": "training_memory",
    "rf": "receptive_field",
    "field": "receptive_field",
}
"""Other names of quantities."""

FLOPS = 2
"""The floating-point operations of a multiply-accumulate, by which many papers count."""

CLOSE = 0.01
"""The relative difference of a rounded number, or of one that also counts biases."""

MEANING_OF_FLOPS = "a multiply-accumulate (MAC) is two floating-point operations (FLOPs), a product and a sum"
"""The note where a number may count FLOPs."""

UNITS = {
    "memory": "bytes of memory",
    "training_memory": "bytes of memory in training",
    "receptive_field": "pixels of receptive field",
}
"""The units of quantities whose names are not units."""

IN_BYTES = ("memory", "training_memory")
"""The quantities that may be expected as sizes in bytes, such as 2GB."""

MOST_EXPLAINED = 10
"""The unmet expectations that are explained; the others of a spec with more are only reported."""

UNKNOWN = {
    "macs": ("MACs of the network are", "how many it takes"),
    "memory": ("memory of the network is", "how its output is stored"),
    "training_memory": ("memory of training the network is", "what it keeps for the backward pass"),
    "receptive_field": ("receptive field of the network is", "which pixels each position reads"),
}
"""Phrases for the message about an unknown quantity: the quantity, and the fact that a layer does not declare."""


class RestatedExpectation(NamedTuple):
    """An expectation of the network at its written inputs, and the quantity at the present ones."""

    expectation: Expectation
    actual: int


def find_invalid_expectations(expectations: Iterable[Expectation]) -> Iterator[Diagnostic]:
    """Report expectations of quantities that do not exist, and sizes in bytes of those that are not in bytes."""
    for expectation in expectations:
        if expectation.quantity not in QUANTITIES:
            yield _report_unknown_quantity(expectation)
        elif isinstance(expectation.value, ByteSize) and expectation.quantity not in IN_BYTES:
            yield _report_bytes(expectation)


def _report_bytes(expectation: Expectation) -> Diagnostic:
    """Report a size in bytes of a quantity that is not in bytes; B, which may mean a billion, is 10⁹ bytes no more."""
    span = expectation.value_span
    message = f"`{expectation.quantity}` is a number, not a size in bytes, `{span.text}`"
    is_billion = re.fullmatch(r"[0-9._]+[kMG]?B", span.text)
    number = f"{span.text[:-1]}G" if is_billion and span.text[-2].isdigit() else span.text.removesuffix("B")
    fixes = [make_replacement(span, number)] if is_billion else []
    return make_diagnostic(Code.E112, message, span, fixes=fixes)


def _report_unknown_quantity(expectation: Expectation) -> Diagnostic:
    """Report a quantity that does not exist; FLOPs are MACs, or twice as many, which the user has to say."""
    given = expectation.quantity.lower()
    meant = find_closest_word(given, QUANTITIES, NAMES)
    known = "" if meant else f"; it knows {', '.join(QUANTITIES)}"
    message = f"`expect` does not know `{expectation.quantity}`{known}"
    is_flops = meant == "macs" and "flop" in given
    return make_diagnostic(
        Code.E102,
        message,
        expectation.quantity_span,
        notes=[MEANING_OF_FLOPS] if is_flops else [],
        fixes=_halve(expectation) if is_flops else [],
        meant=meant,
        is_certain=bool(meant) and not is_flops and (given in NAMES or is_misspelling(given, meant)),
    )


def _halve(expectation: Expectation) -> Iterator[Fix]:
    """Yield the expectation of MACs that a number of FLOPs stands for, if all of them are counted."""
    half, rest = divmod(expectation.value, FLOPS)
    if not rest:
        text = f"{int(half):_}"
        edits = (Edit(expectation.quantity_span, "macs"), Edit(expectation.value_span, text))
        yield Fix(f"macs {text}", edits)


def check_expectations(elaborated: Elaborated, totals: Totals) -> Iterator[Diagnostic]:
    """Report the expectations that the network does not meet, and those that depend on an unknown quantity."""
    unmet = 0
    for expectation in elaborated.expectations:
        if expectation.quantity not in QUANTITIES:
            continue
        actual = QUANTITIES[expectation.quantity](totals)
        if actual is None:
            yield _report_unknown(expectation, elaborated, totals)
        elif not COMPARISONS[expectation.comparison](actual, expectation.value):
            unmet += 1
            explanations = _explain_gap(expectation, elaborated, actual) if unmet <= MOST_EXPLAINED else ()
            yield _report_unmet(expectation, actual, explanations)


def list_unmet(expectations: Iterable[Expectation], totals: Totals) -> Iterator[str]:
    """Yield the valid expectations that are not met, or not known to be, as `parameters < 600,000`."""
    for expectation in expectations:
        actual = QUANTITIES[expectation.quantity](totals)
        if actual is None or not COMPARISONS[expectation.comparison](actual, expectation.value):
            wanted = write_like(expectation)(expectation.value)
            yield f"{expectation.quantity} {expectation.comparison} {wanted}"


def _report_unknown(expectation: Expectation, elaborated: Elaborated, totals: Totals) -> Diagnostic:
    layer = totals.unknown_layer(expectation.quantity)
    quantity, missing = UNKNOWN[expectation.quantity]
    place = elaborated.places[layer]
    label = Label(place.word, f"does not say {missing}", primary=False)
    message = f"the {quantity} unknown: `{layer}` does not say {missing}"
    return make_diagnostic(Code.E402, message, expectation.value_span, label)


def _report_unmet(expectation: Expectation, actual: int, notes: Iterable[str]) -> Diagnostic:
    write, unit = write_like(expectation), UNITS.get(expectation.quantity, expectation.quantity)
    has, expected, gap = write(actual), write(expectation.value), actual - expectation.value
    wanted = expected if expectation.comparison == "==" else f"{expectation.comparison} {expected}"
    more, less = "too many", "too few"
    if isinstance(expectation.value, ByteSize):
        unit, more, less = unit.removeprefix("bytes "), "too much", "too little"
        has = has if has != expected else f"{actual:,} B"
    label = Label(expectation.value_span, f"{write(abs(gap))} {more if gap > 0 else less}" if gap else "")
    return make_diagnostic(Code.E402, f"the network has {has} {unit}; expected {wanted}", label, notes=notes)


def write_like(expectation: Expectation) -> Callable[[float], str]:
    """Return the function that writes numbers as an expectation has them: as counts, or in units of bytes."""
    text = expectation.value_span.text
    return (lambda size: format_bytes_as(size, text)) if isinstance(expectation.value, ByteSize) else "{:,}".format


def _explain_gap(expectation: Expectation, elaborated: Elaborated, actual: int) -> Iterator[str]:
    """Yield the other ways of counting, or close variants of the network, by which the expected number is right."""
    if (
        expectation.quantity == "macs"
        and expectation.comparison == "=="
        and _is_close(expectation.value, FLOPS * actual)
    ):
        exactly = "" if expectation.value == FLOPS * actual else "about "
        yield f"{expectation.value:,} is {exactly}twice that: {MEANING_OF_FLOPS}"
    if expectation.quantity == "training_memory":
        yield _describe_step(elaborated.network.training)
    if expectation.quantity == "parameters" and expectation.comparison == "==":
        from specnet.analyses.parameter_gaps import explain_gap  # few networks have a gap, and all would wait for it

        output = elaborated.find_output_layer()
        yield from explain_gap(elaborated.network, output[0] if output else "", actual, int(expectation.value))


def _describe_step(training: Training | None) -> str:
    """Return what step the memory in training is that of."""
    from specnet.settings import Training, get_choice

    settings = training or Training()
    images = f"{settings.batch.part:,} image{'s' if settings.batch.part > 1 else ''}"
    by = get_choice("optimizer", settings.optimizer)
    return f"that of a step of {images} by {by} in fp32"


def _is_close(value: float, other: float) -> bool:
    return abs(value - other) <= CLOSE * other
