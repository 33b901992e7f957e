"""What plugins have registered: classes by the word that a spec calls them, who registered each, and where it stands.

A room that can be extended holds a `Registry` for the classes derived from a base class of its own; `register`, which
is what a plugin uses, finds it by that.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_args, get_origin, overload

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from specnet.errors import PluginError
from specnet.records import Record
from specnet.suggest import did_you_mean, find_closest_word

PLUGIN_API = 1
"""The version of what `specnet.plugins` offers; it grows where a plugin would have to be changed."""

WORD = re.compile(r"_*[A-Za-z][A-Za-z0-9_]*")

Registered = TypeVar("Registered", bound=type)


class Registration(Record):
    """A class, the word that stands for it in a spec, the plugin that registered it, and its place, `layers.py:12`."""

    word: str
    cls: type[Any]
    plugin: str
    place: str


@dataclass
class Importing:
    """The plugin that is being imported; "" while a program imports modules itself."""

    plugin: str = ""


_IMPORTING = Importing()


@contextmanager
def importing(plugin: str) -> Iterator[None]:
    """Say which plugin registers what is registered within the context."""
    before, _IMPORTING.plugin = _IMPORTING.plugin, plugin
    try:
        yield
    finally:
        _IMPORTING.plugin = before


HIDDEN: set[str] = set()
"""The plugins of another project than that of the spec that is read now."""


def hide(plugins: Iterable[str]) -> None:
    """Let specs use nothing of these plugins, and everything of all others."""
    HIDDEN.clear()
    HIDDEN.update(plugins)


@dataclass
class Registry:
    """The classes of one sort, such as layers, that plugins have registered, by their words.

    They are derived from `base`. `find_taken` returns what a word of the language or of SpecNet itself stands for, ""
    where it is free. `complete` checks a class under its word, and makes it ready; it raises PluginError. The words of
    a registry that `is_namespaced` have the plugin's package before them, `mypkg/wide_fc`.
    """

    sort: str
    base: type[Any]
    find_taken: Callable[[str], str]
    complete: Callable[[type[Any], str], None]
    is_namespaced: bool = False
    _found: dict[str, Registration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        REGISTRIES.append(self)

    def find(self, word: str) -> Registration | None:
        found = self._found.get(word)
        return None if found is None or found.plugin in HIDDEN else found

    def list_words(self) -> tuple[str, ...]:
        return tuple(sorted(each.word for each in self.list_visible()))

    def list_visible(self) -> tuple[Registration, ...]:
        """Return what the spec that is read now can use."""
        return tuple(each for each in self._found.values() if each.plugin not in HIDDEN)

    def list_registrations(self) -> tuple[Registration, ...]:
        return tuple(self._found.values())

    def add(self, cls: type[Any], word: str) -> None:
        """Register a class; raises PluginError where its word is taken or is none, or the class is not complete."""
        plugin, place = _IMPORTING.plugin or cls.__module__, find_place(cls)
        if not WORD.fullmatch(word):
            raise PluginError(f"{place}: `{word}` cannot be a word of a spec: it has letters, digits and _")
        name = f"{plugin.partition('.')[0]}/{word}" if self.is_namespaced else word
        if taken := self.find_taken(name):
            raise PluginError(f"{place}: the {self.sort} `{name}` takes the name of {taken}; {ANOTHER_NAME}")
        other = self._found.get(name)
        if other and not (is_same_class(other.cls, cls) and _may_run_again(other)):
            both = f"{other.place} of {other.plugin} and {place} of {plugin}"
            raise PluginError(f"the {self.sort} `{name}` is registered twice, at {both}; {ANOTHER_NAME}")
        self.complete(cls, name)
        self._found[name] = Registration(name, cls, plugin, place)

    def forget(self, plugin: str) -> None:
        """Take away what a plugin has registered."""
        self._found = {word: each for word, each in self._found.items() if each.plugin != plugin}


ANOTHER_NAME = '`@register("NAME")` gives it another'

ALIAS = 'give it another, and `Field(alias="NAME")` for specs'

TUPLE = "a tuple does not, such as tuple[int, ...]"

MUTABLE = (list, dict, set, bytearray)

REGISTRIES: list[Registry] = []
"""All registries of the modules that are imported."""


@overload
def register(given: Registered, /) -> Registered: ...
@overload
def register(given: str, /) -> Callable[[Registered], Registered]: ...
def register(given: Any, /) -> Any:
    """Register a class under its name in snake case, `leaky_relu` for `LeakyRelu`, or under the word that is given.

    Stands above a class: `@register`, or `@register("leaky_relu")`. Raises PluginError.
    """
    if isinstance(given, str):
        return lambda cls: _register(cls, given)
    return _register(given, make_word(getattr(given, "__name__", "")))


def _register(cls: Any, word: str) -> Any:
    registry = next((each for each in REGISTRIES if isinstance(cls, type) and issubclass(cls, each.base)), None)
    if registry is None:
        where = find_place(cls) if isinstance(cls, type) else repr(cls)
        bases = ", ".join(sorted(each.base.__name__ for each in REGISTRIES))
        raise PluginError(f"{where}: `@register` stands above a class that is derived from one of {bases}")
    registry.add(cls, word)
    return cls


def make_word(name: str) -> str:
    """Return the name of a class in snake case: `leaky_relu` for `LeakyRelu`, `se2d` for `SE2d`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def require_members(cls: type[Any], bases: Iterable[type[Any]], names: Iterable[str], what: str) -> None:
    """Raise PluginError unless a class has members of these names other than its bases'; `what` is "the loss `x`"."""
    for name in names:
        member = getattr(cls, name, None)
        if member is None or any(member is getattr(base, name, None) for base in bases):
            raise PluginError(f"{find_place(cls)}: {what} has no `{name}`")


def build_fields(cls: type[BaseModel], word: str) -> None:
    """Complete a class whose fields are attributes; raises PluginError for one that cannot be understood."""
    try:
        cls.model_rebuild(force=True)
    except (PydanticUserError, NameError) as error:
        reason = str(error).partition("\n")[0]
        raise PluginError(f"{find_place(cls)}: the attributes of `{word}` cannot be understood: {reason}") from None
    for problem in _find_field_problems(cls):
        raise PluginError(f"{find_place(cls)}: {problem.format(word=word)}")


def _find_field_problems(cls: type[BaseModel]) -> Iterator[str]:
    """Yield what is wrong about the fields of a class, its order of positional ones and its bare words."""
    for name, field_info in cls.model_fields.items():
        if any(name in vars(base) or name in base.__class_vars__ for base in _list_attribute_classes(cls)):
            yield f"the field `{name}` of `{{word}}` has the name of something that its base class has; {ALIAS}"
        if mutable := _find_mutable(field_info.annotation):
            yield f"the field `{name}` of `{{word}}` can be a {mutable.__name__}, whose values may change; {TUPLE}"
    positional, words = getattr(cls, "positional", ()), getattr(cls, "words", {})
    for name in (*positional, *(name for name, _ in words.values())):
        if name not in cls.model_fields:
            hint = did_you_mean(find_closest_word(name, cls.model_fields))
            yield f"`{{word}}` has no field `{name}`, which its class names in `positional` or `words`{hint}"


def _list_attribute_classes(cls: type[BaseModel]) -> list[type[BaseModel]]:
    """Return a class and its bases that can have fields, without pydantic's own, whose methods a field may hide."""
    return [base for base in cls.__mro__ if issubclass(base, BaseModel) and base is not BaseModel]


def _find_mutable(annotation: Any) -> type[Any] | None:
    """Return the first type in an annotation whose values can change, and so cannot be compared: a list; else None."""
    if (kind := get_origin(annotation) or annotation) in MUTABLE:
        return kind  # type: ignore[no-any-return]
    return next(filter(None, map(_find_mutable, get_args(annotation))), None)


def is_same_class(one: type[Any], other: type[Any]) -> bool:
    """Whether a class is the other one, or its definition run again, as in a notebook's cell."""
    return (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)


def _may_run_again(other: Registration) -> bool:
    """Whether a class may be defined again: in a cell, or a module that a program reloads, but in no plugin's file."""
    return not _IMPORTING.plugin or other.plugin != _IMPORTING.plugin


def find_place(cls: type[Any]) -> str:
    """Return the file and line of a class, or its module where there is no file."""
    from inspect import getsourcelines

    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    try:
        return f"{file or cls.__module__}:{getsourcelines(cls)[1]}"
    except (OSError, TypeError):
        return str(file or cls.__module__)


def find_registration(cls: type[Any]) -> Registration | None:
    """Return the registration of a class; None for one of SpecNet's own."""
    every = (each for registry in REGISTRIES for each in registry.list_registrations())
    return next((each for each in every if each.cls is cls), None)


def name_registered(value: object) -> str:
    """Return what messages call a value of a registered class: "the loss `focal` of mypkg.losses"."""
    for registry in REGISTRIES:
        for each in registry.list_registrations():
            if each.cls is type(value):
                return f"the {registry.sort} `{each.word}` of {each.plugin}"
    return f"`{type(value).__name__}`"


def list_registrations() -> tuple[Registration, ...]:
    """Return all registrations of all sorts."""
    return tuple(each for registry in REGISTRIES for each in registry.list_registrations())
