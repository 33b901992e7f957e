"""Lints of plugins: their class, their codes, and their run on a network, in which a mistake of theirs is named."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from functools import partial
from typing import ClassVar

from specnet.analyses.lints.view import Finding, LintRow, View
from specnet.diagnostics import PluginCode, Severity
from specnet.errors import PluginError
from specnet.plugin_loading.importing import explain_failure, find_home
from specnet.registry import Registration, Registry, find_place, name_registered, require_members


class Lint:
    """A rule that likely mistakes are found by, whose first line of documentation is the title of its code."""

    severity: ClassVar[Severity] = Severity.WARNING
    """A warning, which is an error where checks are strict, or a note."""

    help: ClassVar[str] = ""
    """What to do about it."""

    def find(self, view: View) -> Iterable[Finding]:
        """Yield `view.make_finding(node, …)` for each layer of a sound network that the rule is about."""
        raise NotImplementedError


def _complete(cls: type[Lint], word: str) -> None:
    require_members(cls, [Lint], ["find"], f"the lint `{word}`")
    if cls.severity not in (Severity.WARNING, Severity.NOTE):
        choices = "Severity.WARNING or Severity.NOTE"
        raise PluginError(f"{find_place(cls)}: the `severity` of the lint `{word}` is {choices}, not {cls.severity!r}")
    if not isinstance(cls.help, str):
        raise PluginError(f"{find_place(cls)}: the `help` of the lint `{word}` is a text, not {cls.help!r:.60}")


OWN_LINTS = Registry("lint", Lint, lambda word: "", _complete, is_namespaced=True)


def make_code(registration: Registration) -> PluginCode:
    """Return the code of a lint, `mypkg/wide_fc`."""
    title = (registration.cls.__doc__ or registration.word).strip().partition("\n")[0].rstrip(".")
    return PluginCode(registration.word, title, registration.cls.severity)


def list_own_lints() -> Iterator[LintRow]:
    """Yield the lints of plugins."""
    for registration in OWN_LINTS.list_visible():
        code = make_code(registration)
        yield LintRow(code, partial(_find, registration.cls, code.value), "", registration.cls.help)


def _find(cls: type[Lint], title: str, view: View) -> list[Finding]:
    """Return what a lint finds, with its title where it says no more of a place; raises PluginError."""
    lint = cls()
    try:
        with redirect_stdout(sys.stderr):  # what a lint prints is no result
            findings = list(lint.find(view))
    except (Exception, SystemExit) as error:
        what = f"{name_registered(lint)} cannot read {view.source.name}: its `find`"
        raise PluginError(explain_failure(error, what, [find_home(cls)])) from None
    if stray := next((each for each in findings if not isinstance(each, Finding)), None):
        fact = f"{name_registered(lint)} yields {stray!r:.60}"
        raise PluginError(f"{fact}, and not what `view.make_finding` returns; it stands at {find_place(cls)}")
    return [finding._replace(fact=finding.fact or title) for finding in findings]
