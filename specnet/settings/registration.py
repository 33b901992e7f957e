"""The choices of a line of the `train` section to which plugins can add some of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from specnet.attributes import Setting
from specnet.registry import Registry, build_fields, require_members

SettingT = TypeVar("SettingT", bound=Setting)


class Choices(Mapping[str, type[SettingT]]):
    """The settings of a line by their words: SpecNet's own, and then those that plugins have registered.

    They are derived from `base`, whose `required` names what a plugin's must have; `sort` is the noun of messages.
    """

    def __init__(self, sort: str, base: type[SettingT], own: Mapping[str, type[SettingT]]) -> None:
        self._base, self._own = base, own
        self._registry = Registry(sort, base, self._find_taken, self._complete)

    def _find_taken(self, word: str) -> str:
        return "one of SpecNet" if word in self._own else ""

    def _complete(self, cls: type[SettingT], word: str) -> None:
        bases = [base for base in cls.__mro__ if "required" in vars(base)]
        require_members(cls, bases, cls.required, f"the {self._registry.sort} `{word}`")
        build_fields(cls, word)

    def __getitem__(self, word: str) -> type[SettingT]:
        if word in self._own:
            return self._own[word]
        if registration := self._registry.find(word):
            return registration.cls
        raise KeyError(word)

    def __iter__(self) -> Iterator[str]:
        yield from self._own
        yield from self._registry.list_words()

    def __len__(self) -> int:
        return len(self._own) + len(self._registry.list_words())
