"""The diagnostics of one elaboration, each reported once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from specnet.diagnostics import Code, Diagnostic, Label, make_diagnostic
from specnet.source import Span


@dataclass
class DiagnosticLog:
    """Collects diagnostics, and knows where names are declared, to point there."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    declared: dict[str, Span] = field(default_factory=dict)
    """Where blocks, parameters, values, labels and inputs are declared, by name."""
    reported: set[object] = field(default_factory=set)

    def report(
        self,
        code: Code,
        message: str,
        *places: Span | Label,
        help: str = "",
        trace: Sequence[Span] = (),
        meant: str = "",
    ) -> None:
        """Make a diagnostic and add it; the declaration of the name that was probably meant is shown, too."""
        declared = self.declared.get(meant.removeprefix("@"))
        origin = [Label(declared, f"`{meant}` is declared here", primary=False)] if declared else []
        self.add(make_diagnostic(code, message, *places, *origin, help=help, trace=trace, meant=meant))

    def add(self, diagnostic: Diagnostic, trace: tuple[Span, ...] = ()) -> None:
        """Add a diagnostic unless its code was reported at its place, as an error in a block is at the second call.

        `trace` is for a diagnostic that has none of its own.
        """
        diagnostic = replace(diagnostic, trace=diagnostic.trace or trace)
        if diagnostic.code is Code.E102 and diagnostic.trace:
            diagnostic = replace(diagnostic, labels=(*diagnostic.labels, *self._called_block(diagnostic.trace[-1])))
        key = diagnostic.code, diagnostic.labels and diagnostic.labels[0].span
        if key not in self.reported or not diagnostic.labels:
            self.reported.add(key)
            self.diagnostics.append(diagnostic)

    def _called_block(self, call: Span) -> list[Label]:
        declared = self.declared.get(call.text.partition(" ")[0])
        return [Label(declared, "in this block", primary=False)] if declared else []
