"""Operators that exporters write as several: a roll as two slices, a bias as an addition, group and response norms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from specnet.importers.onnx.building import ProgramBuilder
from specnet.importers.tensors.program import Operator

Match = tuple[Operator, list[Operator]] | None
"""An operator, and those that it stands for."""


class Composites:
    """Replaces patterns that end in an operator; what they consist of must be read by nothing else."""

    def __init__(self, program: ProgramBuilder, outputs: Sequence[str]) -> None:
        self.program = program
        self._givers = {op.output: op for op in program.operators}
        self._reads = Counter(name for op in program.operators for name in op.inputs if name)
        self._reads.update(outputs)
        self._gone = set[str]()

    def join(self) -> None:
        """Rewrite the operators of the program."""
        made = [self._rewrite(op) for op in self.program.operators]
        self.program.operators[:] = [op for op in made if op.output not in self._gone]

    def _rewrite(self, op: Operator) -> Operator:
        matches = (
            self._match_roll,
            self._match_group_norm,
            self._match_affine,
            self._match_bias,
            self._match_response,
        )
        for match in matches:
            found = match(op)
            if found is not None:
                new, parts = found
                self._gone |= {part.output for part in parts} - {new.output}
                sources = (source for part in parts for source in (part.source, *part.absorbed))
                absorbed = tuple(source for source in dict.fromkeys(sources) if source != new.source)
                self._givers[new.output] = replace(new, absorbed=absorbed)
                return self._givers[new.output]
        return op

    def _give(self, name: str | None, kind: str) -> Operator | None:
        """Return the operator of a kind that gives a value which one operator reads."""
        op = self._givers.get(name or "")
        return op if op and op.kind == kind and self._reads[op.output] == 1 and op.output not in self._gone else None

    def _match_roll(self, op: Operator) -> Match:
        """cat(x[k:], x[:k]) moves places by -k."""
        if op.kind != "cat" or len(op.inputs) != 2:
            return None
        last, first = (self._give(name, "slice") for name in op.inputs)
        if not last or not first or last.inputs != first.inputs:
            return None
        dim, end = op.attributes["dim"], op.shape[op.attributes["dim"]]
        wanted = [(dim, first.attributes["end"], end, 1), (dim, 0, last.attributes["start"], 1)]
        if [tuple(part.attributes[key] for key in ("dim", "start", "end", "step")) for part in (last, first)] != wanted:
            return None
        attributes = {"shifts": (-last.attributes["start"],), "dims": (dim,)}
        return replace(op, kind="roll", inputs=last.inputs, attributes=attributes), [last, first]

    def _match_group_norm(self, op: Operator) -> Match:
        """reshape(instance_norm(reshape(x))) with a part of the channels in each channel."""
        inner = self._give(op.inputs[0], "instance_norm") if op.kind == "reshape" else None
        before = self._give(inner.inputs[0], "reshape") if inner else None
        if not inner or not before or len(op.shape) < 3 or len(inner.shape) != 3:
            return None
        shape = self.program.shapes[before.inputs[0] or ""]
        scales = (self._is_filled(inner.inputs[1], 1.0), self._is_filled(inner.inputs[2], 0.0))
        if shape != op.shape or shape[1] % inner.shape[1] or not all(scales):
            return None
        attributes = {"groups": inner.shape[1], "eps": inner.attributes["eps"]}
        inputs = (before.inputs[0], None, None)
        return replace(op, kind="group_norm", inputs=inputs, attributes=attributes), [before, inner]

    def _is_filled(self, name: str | None, value: float) -> bool:
        return bool(name and self.program.is_small(name) and (self.program.array(name) == value).all())

    def _match_affine(self, op: Operator) -> Match:
        """group_norm(x) · weight + bias, each a number for each channel."""
        if op.kind != "add" or len(op.shape) < 3:
            return None
        product = next(filter(None, (self._give(name, "mul") for name in op.inputs)), None)
        norms = (self._give(name, "group_norm") for name in product.inputs) if product else ()
        norm = next(filter(None, norms), None)
        if not product or not norm or norm.inputs[1] is not None:
            return None
        numbers = [self._find_channels(each) for each in (product, op)]
        if not all(numbers):
            return None
        weight, bias = (self._flatten(name, op.shape[1]) for name in numbers)
        made = replace(norm, inputs=(norm.inputs[0], weight, bias), output=op.output, source=op.source)
        return made, [norm, product]

    def _find_channels(self, op: Operator, axis: int = 1) -> str:
        """Return the constant of an operator if it has a number for each place along an axis."""
        place = axis % len(op.shape)
        wanted = tuple(size if number == place else 1 for number, size in enumerate(op.shape))
        for name in filter(None, op.inputs):
            shape = self.program.shapes[name]
            if name in self.program.constants and (1,) * (len(wanted) - len(shape)) + shape == wanted:
                return name
        return ""

    def _flatten(self, name: str, channels: int) -> str:
        return self.program.derive(name, (channels,), lambda array: array, "channels")

    def _match_bias(self, op: Operator) -> Match:
        """conv(x) + b or linear(x) + b, a number for each channel."""
        if op.kind != "add" or len(op.shape) < 2:
            return None
        for kind, axis in (("linear", -1), ("conv", 1), ("conv_transpose", 1)):
            product = next(filter(None, (self._give(name, kind) for name in op.inputs)), None)
            name = self._find_channels(op, axis) if product and product.shape == op.shape else ""
            if product and name and product.inputs[2] is None:
                bias = self._flatten(name, op.shape[axis])
                return replace(product, inputs=(*product.inputs[:2], bias), output=op.output), [product, op]
        return None

    def _match_response(self, op: Operator) -> Match:
        """x / (k + alpha · mean of x² over some channels)^beta, as torch writes its local response norm."""
        power = self._give(op.inputs[1], "pow") if op.kind == "div" and len(op.shape) == 4 else None
        shifted = self._give(power.inputs[0], "add") if power else None
        scaled = self._give(shifted.inputs[0], "mul") if shifted else None
        after = self._give(scaled.inputs[0], "reshape") if scaled else None
        mean = self._give(after.inputs[0], "avg_pool") if after else None
        padded = self._give(mean.inputs[0], "pad") if mean else None
        before = self._give(padded.inputs[0], "reshape") if padded else None
        square = self._give(before.inputs[0], "mul") if before else None
        if not (power and shifted and scaled and after and mean and padded and before and square):
            return None
        numbers = [self._read_number(each.inputs[1]) for each in (scaled, power, shifted)]
        size, *others = mean.attributes["kernel"]
        pairs = [(0, 0), (0, 0), (size // 2, (size - 1) // 2), (0, 0), (0, 0)]
        if None in numbers or others != [1, 1] or [*padded.attributes["padding"]] != pairs:
            return None
        if square.inputs != (op.inputs[0], op.inputs[0]):
            return None
        attributes = {"size": size, **dict(zip(("alpha", "beta", "k"), numbers, strict=True))}
        made = replace(op, kind="local_response_norm", inputs=op.inputs[:1], attributes=attributes)
        return made, [square, before, padded, mean, after, scaled, shifted, power]

    def _read_number(self, name: str | None) -> float | None:
        """Return a constant of one number, as a person writes it."""
        if not name or not self.program.is_small(name) or self.program.array(name).size != 1:
            return None
        return float(f"{self.program.array(name).item():.7g}")
