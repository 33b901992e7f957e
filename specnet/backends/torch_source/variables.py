"""Names for the values of a forward pass: `x` goes on, `y` branches off, a long skip is called as its layer is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from specnet.backends.torch_source.naming import USED
from specnet.backends.torch_source.outline import Unit
from specnet.backends.torch_source.statements import Statement
from specnet.naming import free_name

SHORT = ("x", "y", "z", "u", "v", "w")

BRANCH = "branch"
"""What an arm is called where more than two meet, with its number behind."""

LONG = 2
"""A value that a network, rather than a block, keeps for more statements than this has a name of its own."""


class Variables:
    """The variable of each value; one is used again when its value is no longer read."""

    def __init__(self, unit: Unit, found: Sequence[Statement], names: Mapping[str, str]) -> None:
        self.unit, self.names, self.alive = unit, dict(names), set(names)
        self.readers: dict[str, list[int]] = {}
        self.statements = found
        self.own: dict[str, str] = {}
        for position, statement in enumerate(found):
            for value in dict.fromkeys(statement.reads):
                self.readers.setdefault(value, []).append(position)
            part = statement.items[-1].name.replace(".", "_")
            part = part if part.isidentifier() else f"step_{part}"
            self.own |= {value: f"{part}_{n}" if n else part for n, value in enumerate(statement.makes)}
        for value in unit.outs:
            self.readers.setdefault(value, []).append(len(found))

    def keep(self, value: str, position: int) -> None:
        """Says that a value is needed up to this statement."""
        self.readers[value] = sorted([*self.readers.get(value, []), position])

    def ends_at(self, value: str, position: int) -> bool:
        """Whether a value is not read after this statement."""
        return self.readers.get(value, [-1])[-1] <= position

    def busy(self, position: int) -> set[str]:
        """The variables whose values are read after this statement."""
        self.alive = {value for value in self.alive if not self.ends_at(value, position - 1)}
        return {self.names[value] for value in self.alive if not self.ends_at(value, position)}

    def take(self, value: str, name: str) -> str:
        """Gives a value its variable."""
        self.names[value] = name
        self.alive.add(value)
        return name

    def fresh(self, value: str, position: int) -> str:
        """Chooses a variable that is not in use when this statement begins."""
        return self.take(value, self._free(value, self.busy(position - 1)))

    def _free(self, value: str, busy: set[str], going_on: Sequence[str] = ()) -> str:
        own = free_name(self.own[value], {*USED, *busy})
        return next((name for name in (*going_on, *SHORT) if name not in busy), own)

    def name(self, value: str, position: int) -> str:
        """Chooses the variable for what a statement makes."""
        busy = self.busy(position)
        ending = [self.names[v] for v in self.statements[position].reads if self.ends_at(v, position)]
        going_on = [name for name in ending if name not in busy and name in SHORT]
        branches = [name for name in ending if len(ending) == 1 and name not in busy and name.startswith(BRANCH)]
        if self._deserves_a_name(value, position):
            return self.take(value, free_name(self.own[value], {*USED, *busy}))
        arm = 0 if branches else self._arm(value, position)
        preferred = branches or ([f"{BRANCH}{arm}"] if arm else going_on)
        return self.take(value, self._free(value, busy, preferred))

    def _deserves_a_name(self, value: str, position: int) -> bool:
        """Whether it is a skip over a long way through the network, or an output on the side."""
        readers = self.readers.get(value, [])
        if self.unit.path or not readers:
            return False
        is_skip = len(readers) > 1 and readers[-1] - position > LONG
        return is_skip or (len(readers) == 1 and value in self.unit.outs[1:])

    def _arm(self, value: str, position: int) -> int:
        """The number of the arm that a value begins, if it ends where more than two meet; else 0."""
        reads = self.statements[position].reads
        if len(reads) == 1 and len(self.readers[reads[0]]) == 1:
            return 0
        while len(self.readers.get(value, [])) == 1 and self.readers[value][0] < len(self.statements):
            reader = self.statements[self.readers[value][0]]
            if len(set(reader.reads)) > 2:
                return reader.reads.index(value) + 1
            if len(reader.reads) > 1 or len(reader.makes) != 1:
                return 0
            value = reader.makes[0]
        return 0
