"""A class's forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from specnet.backends.torch_source.layout import flat, lines
from specnet.backends.torch_source.outline import Leaf
from specnet.backends.torch_source.parameters import Slot
from specnet.backends.torch_source.parts import Parts, attribute
from specnet.backends.torch_source.statements import Statement, statements
from specnet.backends.torch_source.variables import Variables
from specnet.naming import free_name


def forward(parts: Parts, inputs: Sequence[str]) -> list[str]:
    """`forward` with its arguments, which are called `inputs`."""
    return [f"    def forward({', '.join(('self', *inputs))}):", *_Body(parts, inputs).written]


class _Body:
    def __init__(self, parts: Parts, inputs: Sequence[str]) -> None:
        self.parts, self.unit, self.statements = parts, parts.design.whole, statements(parts)
        self.variables = Variables(self.unit, self.statements, dict(zip(self.unit.ins, inputs, strict=True)))
        self.kept: dict[str, str] = {}
        self.begun: dict[str, str] = {}
        self.written = list[str]()
        by_detour = groupby(range(len(self.statements)), lambda position: self.statements[position].detour)
        groups = [(slot, list(group)) for slot, group in by_detour]
        for slot, positions in groups:
            if slot:
                self.variables.keep(parts.detoured[slot][1], positions[0])
        for slot, positions in groups:
            if slot:
                self._begin_detour(slot, positions)
            for position in positions:
                self._write(position, 12 if slot else 8)
        self._return()

    def _begin_detour(self, slot: Slot, positions: list[int]) -> None:
        """The variable of what a detour makes holds what stands in for it until then."""
        value, instead = self.parts.detoured[slot]
        has_loop = any(self.statements[position].is_loop for position in positions)
        if self.variables.ends_at(instead, positions[-1]) and not has_loop:
            self.kept[value] = self.variables.names[instead]
        else:
            self.begun[value] = instead
            name = self.variables.fresh(value, positions[0])
            self.written.append(f"        {name} = {self.variables.names[instead]}")
        self.written.append(f"        if {flat(self.parts.stored(slot))}:")

    def _write(self, position: int, indent: int) -> None:
        statement, names = self.statements[position], self.variables.names
        if statement.is_loop:
            self._loop(position, indent)
            return
        text = statement.text(self.parts, [names[value] for value in statement.reads])
        read = [value for value in statement.makes if value in self.variables.readers]
        if self._returns(position):
            before = "return "
        else:
            made = [self._name(value, position) for value in read]
            before = f"{', '.join(made)} = " if made else ""
        self.written += lines(text, indent, before, comment=self._comment(statement))

    def _name(self, value: str, position: int) -> str:
        """The variable of what a statement makes; that of a detour's value is known before."""
        if value in self.kept:
            return self.variables.take(value, self.kept[value])
        return self.variables.names.get(value) or self.variables.name(value, position)

    def _loop(self, position: int, indent: int) -> None:
        """A series whose steps read more than the step before."""
        statement, names = self.statements[position], self.variables.names
        (made,), (value, *others) = statement.makes, statement.reads
        if made not in names and self.variables.ends_at(value, position):
            self.variables.take(made, names[value])
        elif made not in names:
            self.variables.fresh(made, position)
        step = free_name("step", names.values())
        if names[made] != names[value] and self.begun.get(made) != value:
            self.written.append(f"{' ' * indent}{names[made]} = {names[value]}")
        arguments = ", ".join([names[made], *(names[other] for other in others)])
        self.written.append(f"{' ' * indent}for {step} in {attribute(statement.items[0].owner)}:")
        self.written.append(f"{' ' * indent}    {names[made]} = {step}({arguments})")

    def _returns(self, position: int) -> bool:
        """Whether what leaves the class is what its last statement makes."""
        statement = self.statements[position]
        is_last = position == len(self.statements) - 1 and not statement.detour
        return is_last and not statement.is_loop and statement.makes == self.unit.outs

    def _return(self) -> None:
        if self.unit.outs and not (self.statements and self._returns(len(self.statements) - 1)):
            self.written.append(f"        return {', '.join(self.variables.names[value] for value in self.unit.outs)}")

    def _comment(self, statement: Statement) -> str:
        """The shape that leaves a statement's functions; what modules give is said where they are made."""
        leaves = [(item, item.content) for item in statement.items if isinstance(item.content, Leaf)]
        functions = [item for item, leaf in leaves if not any(call.is_module for call in leaf.calls)]
        return next((comment for item in reversed(functions) if (comment := self.parts.comment(item))), "")
