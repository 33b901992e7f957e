"""Advice on a sound network: likely mistakes (W5…) and rules of thumb (N5…). One file a lint, or a few that belong
together; the folder is the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.resources import files
from itertools import chain

from specnet.analyses.cost import Cost
from specnet.analyses.grouping import listed
from specnet.analyses.lints.base import Finding, Lint, View
from specnet.analyses.lints.base.allowed import Allowed
from specnet.diagnostics import Diagnostic, Label, report
from specnet.elaborate import Elaborated
from specnet.source import Source


@cache
def lints() -> tuple[Lint, ...]:
    """Those of all files of this folder."""
    names = sorted(entry.name for entry in files(__name__).iterdir())
    modules = [name[:-3] for name in names if name.endswith(".py") and name != "__init__.py"]
    return tuple(chain.from_iterable(import_module(f"{__name__}.{name}").LINTS for name in modules))


def advice(source: Source, elaborated: Elaborated, costs: Mapping[str, Cost], allowed: Allowed) -> Iterator[Diagnostic]:
    """What the lints find in a sound network, but for what is allowed: one message a kind."""
    view = View(source, elaborated, costs, allowed)
    for lint in lints():
        found = {finding.span or finding: finding for finding in reversed([*lint.find(view)])}
        left = [f for f in reversed(found.values()) if not allowed.permits(lint.code, f.span)]
        if lint.message and left:
            yield _said(lint, left)
        elif left:
            yield from (_said(lint, [finding]) for finding in left)


def _said(lint: Lint, findings: Sequence[Finding]) -> Diagnostic:
    """One message of all findings of a lint, at the place of the first."""
    first, names = findings[0], [finding.name for finding in findings]
    fact = lint.message.format(names=listed(names), s="" if len(names) > 1 else "s") if lint.message else first.fact
    labels = [Label(first.span, first.beside), *first.others] if first.span else []
    return report(lint.code, fact, *labels, help=lint.help, trace=first.trace, node=first.name)
