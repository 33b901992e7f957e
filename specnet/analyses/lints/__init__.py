"""Advice on a sound network: likely mistakes (W5…) and rules of thumb (N5…).

The folder is the registry. The first word of a file's name says what it looks at, and it is imported only where that
is there: a kind or family of layers, the `train` section, an `allow`; a `network` is there always.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.resources import files

from specnet.analyses.cost import Cost
from specnet.analyses.grouping import listed
from specnet.analyses.lints.base import Finding, Lint, View
from specnet.analyses.lints.base.allowed import MARK, Allowed
from specnet.diagnostics import Diagnostic, Label, make_diagnostic
from specnet.elaborate import Elaborated
from specnet.source import Source


@cache
def names() -> tuple[str, ...]:
    """The files of this folder."""
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name[:-3] for name in found if name.endswith(".py") and name != "__init__.py"))


def lints(subjects: Collection[str]) -> Iterator[Lint]:
    """The lints that look at one of the subjects."""
    for name in names():
        if any(name.startswith(f"{subject}_") for subject in subjects):
            yield from import_module(f"{__name__}.{name}").LINTS


def advice(source: Source, elaborated: Elaborated, costs: Mapping[str, Cost], allowed: Allowed) -> Iterator[Diagnostic]:
    """What the lints find in a sound network and nothing allows: a message for each kind, or for each finding."""
    view = View(source, elaborated, costs, allowed)
    for lint in lints(_subjects(view)):
        found: dict[object, Finding] = {}
        for finding in lint.find(view):
            if not allowed.permits(lint.code, finding.span):
                found.setdefault(finding.span or finding, finding)
        findings = [*found.values()]
        yield from (_said(lint, group) for group in ([findings] if lint.message else [[f] for f in findings]) if group)


def _subjects(view: View) -> set[str]:
    """What there is to look at."""
    layers = [node.layer for node in view.network.nodes if node.layer]
    subjects = {"network", *(layer.kind for layer in layers), *(str(layer.family) for layer in layers)}
    subjects |= {"train"} if view.network.training else set()
    return subjects | ({"allow"} if view.allowed.project or MARK in view.source.text else set())


def _said(lint: Lint, findings: Sequence[Finding]) -> Diagnostic:
    """One message of these findings, at the place of the first."""
    first, several = findings[0], len(findings) > 1
    fact = lint.message.format(names=listed([f.name for f in findings]), s="" if several else "s") or first.fact
    labels = [Label(first.span, first.beside), *first.others] if first.span else []
    return make_diagnostic(lint.code, fact, *labels, help=lint.help, trace=first.trace, node=first.name)
