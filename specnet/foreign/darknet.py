"""Translate Darknet's sections, `[convolutional]` and a line for each option, as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from specnet.foreign.chains import ChainBuilder, Draft
from specnet.foreign.darknet_layers import DARKNET, OUTPUTS, REFERENCES, complete, list_losses
from specnet.foreign.translation import translate

SECTION = re.compile(
    r"[ \t]*\[(?P<kind>\w+)\][ \t\0\r]*(?P<body>(?:\n[ \t]*(?:\w+[ \t]*=[^\n]*|[#;\0][^\n]*)?(?=\n|\Z))*)\n?"
)
"""A section of a text with comments masked."""

OPTION = re.compile(r"^[ \t]*(\w+)[ \t]*=([^\n#;]*)", re.MULTILINE)

Section = tuple[str, Mapping[str, Any]]
"""The name of a section, and its options."""


def read_sections(text: str, code: str, start: int) -> tuple[list[Section], int]:
    """Return the sections from an offset on, and the offset of their end; `code` is the text with comments masked."""
    sections, end = list[Section](), start
    while found := SECTION.match(code, end):
        options = {key: read_option(value) for key, value in OPTION.findall(text[slice(*found.span("body"))])}
        sections.append((found["kind"], options))
        end = found.end()
    return sections, start + len(text[start:end].rstrip())


def read_option(text: str) -> Any:
    """Return a number, a tuple of numbers, or the text."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    numbers = [_read_number(part) for part in parts]
    return numbers[0] if len(numbers) == 1 else tuple(numbers)


def _read_number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def translate_sections(sections: Sequence[Section]) -> Draft:
    """Translate sections, the first of which may be [net]."""
    network = _Network()
    for kind, options in sections:
        network.add(kind, options)
    return network.finish()


@dataclass
class _Network:
    """The layers so far; a value is named by the number of its section, as in `from=-3`."""

    builder: ChainBuilder = field(default_factory=lambda: ChainBuilder(current="-1"))
    differences: list[str] = field(default_factory=list)
    is_known: bool = True
    count: int = 0
    """The number of sections so far, without [net]."""

    def add(self, kind: str, options: Mapping[str, Any]) -> None:
        """Add the layers of a section."""
        if kind in ("net", "network"):
            self._add_input(options)
            return
        if kind in OUTPUTS:
            self.differences.append(f"[{kind}] is left out: a spec ends with the values that it reads")
            self.builder.rename(str(self.count), str(self.count - 1))
        elif kind not in DARKNET:
            self.differences.append(f"[{kind}] has no counterpart here")
            self.is_known = False
        else:
            self._add_layers(kind, options)
        self.count += 1

    def _add_input(self, options: Mapping[str, Any]) -> None:
        sizes = {side: options[side] for side in ("height", "width", "channels") if side in options}
        training = ", ".join(name for name in options if name not in sizes)
        if training:
            self.differences.append(f"of [net], what training depends on is left out: {training}")
        found = translate(DARKNET["net"], (), sizes)
        if len(sizes) == 3:
            self.builder.add("-1", found.layers, (), "image")
        self.differences += found.differences

    def _add_layers(self, kind: str, options: Mapping[str, Any]) -> None:
        key, reads_last = REFERENCES.get(kind, ("", True))
        own = {name: value for name, value in options.items() if name != key}
        found = translate(DARKNET[kind], (), complete(kind, own))
        inputs = [str(self.count - 1)] if reads_last else []
        inputs += [self._resolve(number) for number in _list_numbers(options.get(key))]
        self.is_known &= found.is_known
        losses = (*found.differences, *list_losses(kind, own, len(inputs)))
        self.differences += [f"[{kind}]: {difference}" for difference in losses]
        if not inputs:
            self.differences.append(f"[{kind}] names no layers")
            self.is_known = False
            return
        layers = found.layers[1:] if key and len(inputs) == 1 else found.layers  # a route to one layer joins nothing
        if layers:
            reads = found.reads[len(found.layers) - len(layers) :]
            self.builder.add(str(self.count), layers, inputs, f"layer{self.count}", reads)
        else:
            self.builder.rename(str(self.count), *inputs)

    def _resolve(self, number: Any) -> str:
        """Return the name of the value that a number names: of a section from the start, or back from this one."""
        return str(self.count + number if isinstance(number, int) and number < 0 else number)

    def finish(self) -> Draft:
        unknown = [f"layer {value} is not among the sections here" for value in self.builder.unknown if self.is_known]
        return Draft(tuple(self.builder.steps), (*self.differences, *unknown), self.is_known and not unknown)


def _list_numbers(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple) else () if value is None else (value,)
