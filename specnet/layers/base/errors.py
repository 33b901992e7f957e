"""Why a layer refuses its inputs, and remarks on a layer that accepts them."""

from __future__ import annotations

from dataclasses import dataclass

from specnet.diagnostics import Code


class LayerError(Exception):
    """Why a layer cannot take what arrives.

    `fact` follows the layer's name in the message; `attributes` are the fields it is about,
    `arithmetic` stands beside them, `notes` below; `arms` are the numbers of the inputs that show it, None if all do.
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
    """What is worth saying of a layer that is accepted; the fields are those of `LayerError`."""

    code: Code
    fact: str
    attributes: tuple[str, ...] = ()
    arithmetic: str = ""
