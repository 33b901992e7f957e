"""Why a layer refuses its inputs, and remarks on a layer that accepts them."""

from __future__ import annotations

from dataclasses import dataclass

from specnet.diagnostics import Code


class LayerError(Exception):
    """A layer cannot take its inputs.

    `fact` follows the layer's name in the message. `attributes` are the fields it concerns, `arithmetic` is shown
    beside them and `notes` below; `arms` are the positions of the inputs that show the conflict, None for all.
    """

    def __init__(
        self,
        code: Code,
        fact: str,
        attributes: tuple[str, ...] = (),
        arithmetic: str = "",
        notes: tuple[str, ...] = (),
        arms: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__(fact)
        self.code, self.fact, self.attributes, self.arithmetic, self.notes = code, fact, attributes, arithmetic, notes
        self.arms = arms


@dataclass(frozen=True)
class LayerNote:
    """A remark on a layer that is accepted; the fields are those of `LayerError`."""

    code: Code
    fact: str
    attributes: tuple[str, ...] = ()
    arithmetic: str = ""
