"""Place what was removed from a network among what is left: behind its neighbour, and in its scope if that is left."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from specnet.backends.diagram.model import Diagram

REMOVED = "removed "
"""What the names of removed boxes and scopes begin with; the space keeps them apart from those of layers."""


@dataclass(frozen=True)
class Placement:
    """Places the removed boxes of an old diagram in a new one."""

    old: Diagram
    new: Diagram
    identities: Mapping[str, str]
    """The box that each old box is in the merged diagram."""
    removed: Collection[str]

    def place(self) -> dict[str, list[str]]:
        """Return the contents of each scope of the merged diagram; "" is the top level."""
        contents = {name: [*scope.contents] for name, scope in self.new.scopes.items()} | {"": [*self.new.contents]}
        self._place_in("", self.old.contents, contents)
        return contents

    def _place_in(self, scope: str, inside: Sequence[str], contents: dict[str, list[str]]) -> None:
        """Insert what is removed of an old scope's contents into a scope that is left."""
        siblings, parents = contents[scope], self._find_parents(scope, contents)
        at = 0
        for name in inside:
            if name in self.old.scopes and name in self.new.scopes and name in siblings:
                self._place_in(name, self.old.scopes[name].contents, contents)
                at = siblings.index(name) + 1
            elif placed := [*self._add_removed(name, contents)]:
                siblings[at:at] = placed
                at += len(placed)
            elif (parent := parents.get(self.identities.get(name, ""))) is not None:
                at = siblings.index(parent) + 1

    def _find_parents(self, scope: str, contents: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Return, for each box anywhere in a scope, which of the scope's own contents it is or lies in."""
        found = dict[str, str]()
        for sibling in contents[scope]:
            found |= dict.fromkeys(_list_boxes(sibling, contents), sibling)
        return found

    def _add_removed(self, name: str, contents: dict[str, list[str]]) -> Iterator[str]:
        """Yield the removed boxes of an old box or scope; a scope of which nothing is left stays a scope."""
        if name not in self.old.scopes:
            if self.identities[name] in self.removed:
                yield self.identities[name]
            return
        inside = self.old.scopes[name].contents
        boxes = [*_list_boxes(name, {key: scope.contents for key, scope in self.old.scopes.items()})]
        if all(self.identities[box] in self.removed for box in boxes):
            contents[REMOVED + name] = [each for inner in inside for each in self._add_removed(inner, contents)]
            yield REMOVED + name
        else:
            for inner in inside:
                yield from self._add_removed(inner, contents)


def _list_boxes(name: str, contents: Mapping[str, Sequence[str]]) -> Iterator[str]:
    if name in contents:
        for inner in contents[name]:
            yield from _list_boxes(inner, contents)
    else:
        yield name
