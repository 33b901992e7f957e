"""Translate rows of Ultralytics's model files, `[-1, 1, Conv, [64, 3, 2]]`: from, number, module, arguments."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.foreign.calls import read_value, translate_statement
from specnet.foreign.chains import ChainBuilder, Draft
from specnet.foreign.torch_layers import MODULES
from specnet.foreign.translation import translate
from specnet.foreign.ultralytics_layers import ACTIVATION, OUTPUTS, ULTRALYTICS, complete

OPTIONS = "nc|ch|depth_multiple|width_multiple|activation|anchors|scales|backbone|head|[nsmlx]"
LINE = re.compile(
    r"[ \t]*(?:(?:-[ \t]*)?(?P<row>\[.*\])[ \t]*,?[ \t]*(?:#[^\n]*)?"
    rf"|(?P<key>{OPTIONS})[ \t]*:(?P<value>[^\n]*)"
    r"|\]?[ \t]*(?:#[^\n]*)?)[ \t\r]*(?:\n|\Z)"
)
"""A row, an option, or a comment; in old files a bracket stands around all rows."""


@dataclass(frozen=True)
class Row:
    """Where a module reads, how often it is repeated, its name and its arguments."""

    inputs: tuple[Any, ...]
    number: int
    module: str
    arguments: tuple[Any, ...]


def read_rows(text: str, start: int) -> tuple[list[Row], Mapping[str, str], int]:
    """Return the rows from an offset on, the options among them, and the offset of the end of the last row."""
    rows, options, at, end = list[Row](), dict[str, str](), start, start
    while at < len(text) and (found := LINE.match(text, at)):
        if found["row"]:
            row = _read_row(found["row"])
            if row is None and not _is_list_of_numbers(found["row"]):
                break
            rows, end = ([*rows, row], found.end("row")) if row else (rows, end)
        elif found["key"]:
            options[found["key"]] = found["value"].partition("#")[0].strip()
        at = found.end()
    return rows, options, end


def _read_row(text: str) -> Row | None:
    """Return a row, perhaps with the bracket that begins or ends all rows; None for a list of another form."""
    for own in (text, text.removeprefix("["), text.removesuffix("]")):
        try:
            node = ast.parse(own.strip(), mode="eval").body
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
        match node:
            case ast.List(elts=[inputs, ast.Constant(value=int(number)), module, ast.List(elts=rest)]):
                read = read_value(inputs)
                name = read_value(module)
                own_inputs = read if isinstance(read, tuple) else (read,)
                return Row(own_inputs, number, str(name), tuple(map(read_value, rest)))
    return None


def _is_list_of_numbers(text: str) -> bool:
    """Whether a list holds anchors."""
    return re.fullmatch(r"[\[\]\d\s,.]+", text) is not None


def translate_rows(rows: Sequence[Row], options: Mapping[str, str]) -> Draft:
    """Translate the rows of a model."""
    width, depth = (_read_factor(options, key) for key in ("width_multiple", "depth_multiple"))
    network = _Network(width, depth, _read_classes(options))
    if "activation" in options:
        network.set_activation(options["activation"])
    if "scales" in options:
        network.differences.append("the `scales` of widths and depths are left out")
    for row in rows:
        network.add(row)
    return network.finish()


def _read_factor(options: Mapping[str, str], key: str) -> float:
    try:
        return float(options.get(key, 1))
    except ValueError:
        return 1.0


def _read_classes(options: Mapping[str, str]) -> int | None:
    return int(options["nc"]) if options.get("nc", "").isdigit() else None


@dataclass
class _Network:
    """The layers so far; a value is named by the number of its row."""

    width: float
    depth: float
    classes: int | None
    builder: ChainBuilder = field(default_factory=lambda: ChainBuilder(current="-1"))
    activation: tuple[str, ...] = (ACTIVATION,)
    """The layers of `Conv`'s activation."""
    differences: list[str] = field(default_factory=list)
    is_known: bool = True
    count: int = 0

    def set_activation(self, text: str) -> None:
        """Set the activation of every `Conv`, such as `nn.ReLU()`."""
        call = translate_statement(text)
        if call and call.is_exact:
            self.activation = call.layers
        else:
            self.differences.append(f"`activation: {text}` has no counterpart")

    def add(self, row: Row) -> None:
        """Add the layers of a row."""
        name = row.module.rpartition(".")[2]
        table = MODULES if row.module.startswith("nn.") and name not in ULTRALYTICS else ULTRALYTICS
        if name in OUTPUTS:
            self.differences.append(f"{name} is left out: a spec ends with the values that it reads")
        elif name in table:
            arguments, rounded = complete(row.module, row.arguments, self.width, self.classes)
            found = translate(table[name], arguments, {})
            lost = (*filter(None, [rounded]), *found.differences)
            self.differences += [f"{row.module}: {difference}" for difference in lost]
            self.is_known &= found.is_known
            inputs = [self._resolve(number) for number in row.inputs]
            own = [self.activation if layer == ACTIVATION else (layer,) for layer in found.layers]
            layers = self._repeat([layer for layers in own for layer in layers], row.number)
            self.builder.add(str(self.count), layers, inputs, f"layer{self.count}")
        else:
            self.differences.append(f"`{row.module}` has no counterpart here; it may be a `block` of yours")
            self.is_known = False
        self.count += 1

    def _resolve(self, number: Any) -> str:
        return str(self.count + number if isinstance(number, int) and number < 0 else number)

    def _repeat(self, layers: Sequence[str], number: int) -> Sequence[str]:
        times = max(round(number * self.depth), 1) if number > 1 else 1
        return layers if times == 1 else (f"repeat {times} {{ {' -> '.join(layers)} }}",)

    def finish(self) -> Draft:
        unknown = [f"row {value} is not among those here" for value in self.builder.unknown if self.is_known]
        return Draft(tuple(self.builder.steps), (*self.differences, *unknown), self.is_known and not unknown)
