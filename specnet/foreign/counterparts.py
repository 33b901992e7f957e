"""What there is here for other tools' layers that are several lines, and for attributes that are none of their own."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.attributes import Attributes
from specnet.foreign.words import normalize_word
from specnet.layers import get_layer_class

MLP = "`add { | ln -> fc 4*C -> gelu -> fc C//4 | identity }`"
"""The second half of a transformer's block."""

BLOCK = f"two lines here: `add {{ | ln -> attention heads=3 | identity }}` and {MLP}"
"""A transformer's block, which normalises before attention."""

LINES: Mapping[str, str] = {
    "transformerencoderlayer": f"{BLOCK}; without `norm_first`, each `ln` stands behind its `add`",
    "transformerblock": BLOCK,
    "encoderblock": BLOCK,
    "mlp": f"a line of layers here: {MLP}",
    "mlpblock": f"a line of layers here: {MLP}",
    "feedforward": f"a line of layers here: {MLP}",
    "ffn": f"a line of layers here: {MLP}",
    "patchembed": "two layers here: `conv K=192 F=16 S=16 -> tokens`",
}
"""What other tools' words for several layers are here, by the word in lower case without underscores."""

RELATIVE = "bias=relative"

NO_MASK = "no position is masked here: each attends to all others, or to those of its window"

NO_DROPOUT = "the weights have no dropout here; `dropout` is a layer of its own, behind attention"

ATTRIBUTES: Mapping[tuple[str, str], str] = {
    ("attention", "relativebias"): RELATIVE,
    ("attention", "relativepositionbias"): RELATIVE,
    ("attention", "relposbias"): RELATIVE,
    ("attention", "relpos"): RELATIVE,
    ("attention", "userelposbias"): RELATIVE,
}
"""The attribute with its value that another tool's attribute is here, by the kind of layer and that word."""

ABSENT: Mapping[tuple[str, str], str] = {
    ("attention", "causal"): NO_MASK,
    ("attention", "iscausal"): NO_MASK,
    ("attention", "usecausalmask"): NO_MASK,
    ("attention", "mask"): NO_MASK,
    ("attention", "attnmask"): NO_MASK,
    ("attention", "dropout"): NO_DROPOUT,
    ("attention", "attndrop"): NO_DROPOUT,
}
"""Why there is no such attribute here."""


def explain_layer(function: str) -> str:
    """Return what stands here for another tool's layer that no single layer is, `nn.TransformerEncoderLayer`."""
    lines = LINES.get(normalize_word(function.rpartition(".")[2]), "")
    return f"`{function}` is {lines}" if lines else f"`{function}` has no counterpart here"


def find_lines(word: str) -> str:
    """Return the note on a word that stands for several layers here; "" for any other word."""
    return explain_layer(word) if normalize_word(word) in LINES else ""


def find_attribute(attributes: type[Attributes], key: str) -> tuple[str, str]:
    """Return the attribute that another tool's one is here, with its value, or why there is none; "" for unknown."""
    word = normalize_word(key)
    known = [each for each in (*ATTRIBUTES, *ABSENT) if each[1] == word and get_layer_class(each[0]) is attributes]
    return next(((ATTRIBUTES.get(each, ""), ABSENT.get(each, "")) for each in known), ("", ""))
