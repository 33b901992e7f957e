"""The registry of lints, which are the files of this folder whose names begin with a subject.

The subject is `network`, `train` or `allow`; a file is imported only for a spec that has its subject. Lints query the
traits of layers, never their kinds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from specnet.analyses.cost import Cost
from specnet.analyses.lints.view import Finding, LintRow, View
from specnet.analyses.messages import MARK, AllowedCodes, list_names
from specnet.diagnostics import Diagnostic, Label, make_diagnostic
from specnet.elaborate import Elaborated
from specnet.package import IncompleteInstall, list_modules, load_from_module
from specnet.registry import list_registrations
from specnet.source import Source


def load_lints(subjects: Collection[str]) -> Iterator[LintRow]:
    """Import the lints on these subjects; raises IncompleteInstall if there are none."""
    names = [name for name in list_modules(__package__) if name.partition("_")[0] in subjects]
    if not names:
        raise IncompleteInstall(f"there are no lints in {__package__}")
    for name in names:
        yield from load_from_module(f"{__package__}.{name}", "LINTS")


def _load_own_lints() -> Iterable[LintRow]:
    """Import the lints of plugins, where plugins have registered anything."""
    if not list_registrations():
        return ()
    from specnet.analyses.lints.own import list_own_lints

    return list_own_lints()


def advise(
    source: Source, elaborated: Elaborated, costs: Mapping[str, Cost], allowed: AllowedCodes
) -> Iterator[Diagnostic]:
    """Yield the findings in a sound network that are not allowed: one message per lint, or one per finding."""
    view = View(source, elaborated, costs, allowed)
    for lint in (*load_lints(_find_subjects(view)), *_load_own_lints()):
        found: dict[object, Finding] = {}
        for finding in lint.find(view):
            if not allowed.permits(lint.code, finding.span):
                found.setdefault(finding.span or finding, finding)
        findings = [*found.values()]
        groups = [findings] if lint.message else [[finding] for finding in findings]
        yield from (_make_diagnostic(lint, group) for group in groups if group)


def _find_subjects(view: View) -> set[str]:
    is_allowing = view.allowed.project or MARK in view.source.text
    optional = {"train": view.network.training, "allow": is_allowing}
    return {"network", *(subject for subject, is_there in optional.items() if is_there)}


def _make_diagnostic(lint: LintRow, findings: Sequence[Finding]) -> Diagnostic:
    """Make one message about these findings, located at the first."""
    first, several = findings[0], len(findings) > 1
    names = list_names([finding.name for finding in findings]) if lint.message else ""
    fact = lint.message.format(names=names, s="" if several else "s") or first.fact
    labels = [Label(first.span, first.beside), *first.others] if first.span else []
    return make_diagnostic(
        lint.code, fact, *labels, help=lint.help, trace=first.trace, node=first.name, fixes=first.fixes
    )
