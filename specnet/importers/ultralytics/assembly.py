"""Adds the layers of a module one by one, under the names that they have in Ultralytics's own modules."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from specnet.foreign.translation import translate
from specnet.foreign.ultralytics_layers import ACTIVATION, ULTRALYTICS
from specnet.importers.imported import Fate, Scope, SourceLayer
from specnet.importers.layer_texts import let_round
from specnet.importers.recorder import Recorder
from specnet.layers.base import Shape


class Assembly:
    """Builds the module of one row."""

    def __init__(self, recorder: Recorder, source: SourceLayer, activation: Sequence[str], has_anchors: bool) -> None:
        self.recorder, self.source, self.activation = recorder, source, activation
        self.has_anchors = has_anchors
        """Whether the model is one of YOLOv5's family, whose bottlenecks begin with a window of one pixel."""

    def add(self, name: str, layers: str, *inputs: str) -> str:
        """Add a chain of layers that reads values; return its value, which has the name."""
        parts = name.split(".")
        scope = tuple(Scope(part) for part in parts[:-1])
        self.recorder.add(self.source, layers, inputs, name, name=name, scope=scope)
        return name

    def shape(self, value: str) -> Shape:
        return self.recorder.shape(value)

    def channels(self, value: str) -> int:
        return self.shape(value)[-1]

    def conv(
        self,
        name: str,
        x: str,
        c2: int,
        k: int | tuple[int, int] = 1,
        s: int | tuple[int, int] = 1,
        p: int | None = None,
        g: int = 1,
        d: int = 1,
        act: bool = True,
    ) -> str:
        """Add a convolution, a normalisation and an activation, as the table of foreign words has them."""
        conv, norm, *acts = _translate_conv(c2, k, s, p, g, d, act)
        value = self.add(f"{name}.conv", self.round(conv, x), x)
        value = self.add(f"{name}.bn", norm, value)
        chosen = [each for act in acts for each in (self.activation if act == ACTIVATION else (act,))]
        return self.add(f"{name}.act", " -> ".join(chosen), value) if chosen else value

    def round(self, window: str, x: str) -> str:
        """Return a layer that rounds down as torch does, where a spec has to say so."""
        return let_round(window, (self.shape(x),))

    def maximum(self, name: str, x: str, k: int, s: int = 1) -> str:
        """Add the maximum of windows that reach over the edge by half."""
        return self.add(name, self.round(f"pool max F={k} S={s} P={k // 2}", x), x)

    def halves(self, name: str, x: str) -> tuple[str, str]:
        """Add both halves of the channels of a value."""
        half = self.channels(x) // 2
        low = self.add(f"{name}.chunk0", f"slice 0..{half}", x)
        return low, self.add(f"{name}.chunk1", f"slice {half}..{2 * half}", x)

    def note(self, fate: Fate, reason: str) -> None:
        self.recorder.note(self.source, fate, reason)


@lru_cache(maxsize=4096)
def _translate_conv(*arguments: Any) -> tuple[str, ...]:
    return translate(ULTRALYTICS["Conv"], arguments, {}).layers
