"""Rows of the tables of languages: how the operation of one torch target is called there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from specnet.backends.channels_last.operations import Operation
from specnet.backends.source.calls import Calls, Form, Signature, SourceCall, parse_signature

Change = Callable[[Operation], Mapping[str, Any]]
"""Returns the arguments of an operation as a language has them, under torch's names."""


class NoCounterpart(Exception):
    """An operation has no counterpart in a language; the message says why."""


@dataclass(frozen=True)
class Row:
    """A class, a function or a template (`{x}[:, {0}]`), and its arguments as a signature: torch's names, the
    language's order and defaults; `spelling` and `forms` say how the language writes them.

    Arguments that the signature does not name are left out.
    """

    target: str
    arguments: str = ""
    change: Change | None = None
    spelling: Mapping[str, str] = field(default_factory=dict)
    forms: Mapping[str, Form] = field(default_factory=dict)
    is_module: bool = False

    @cached_property
    def signature(self) -> Signature:
        return replace(parse_signature(self.arguments), spelling=self.spelling, forms=self.forms)

    def convert(self, operation: Operation) -> Calls:
        """Return the call of an operation."""
        return (make_call(self.target, self.signature, self._list_arguments(operation), operation, self.is_module),)

    def _list_arguments(self, operation: Operation) -> Mapping[str, Any]:
        return {**operation.arguments, **(self.change(operation) if self.change else {})}


def make_call(
    target: str, signature: Signature, arguments: Mapping[str, Any], operation: Operation, is_module: bool = False
) -> SourceCall:
    """Return a call with those of the arguments that the signature names."""
    names = (*signature.positional, *signature.defaults)
    kept = signature.sort({name: value for name, value in arguments.items() if name in names})
    return SourceCall(target, kept, signature, operation.joins, is_module=is_module)


Convert = Callable[[Operation], Calls]
"""Returns the calls of an operation. Raises NoCounterpart."""

Rows = Mapping[str, "Row | Convert"]
"""A language's rows by the target of torch, or the operation, that they convert."""


def convert_operation(operation: Operation, rows: Rows) -> Calls:
    """Return the calls of an operation in the language of the rows. Raises NoCounterpart."""
    row = rows.get(operation.target)
    if row is None:
        raise NoCounterpart(f"it has nothing like torch's {operation.target.replace('modules.', '')}")
    return row.convert(operation) if isinstance(row, Row) else row(operation)
