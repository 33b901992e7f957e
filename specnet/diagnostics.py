"""Messages about a spec as values: `Diagnostic`, with its `Code`, labels and fixes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum

from specnet.records import Record
from specnet.source import Span
from specnet.suggest import did_you_mean


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Code(Enum):
    """Every kind of diagnostic: the first letter is the severity, the text the title. Codes are never reused."""

    E001 = "the file is not text"
    E002 = "a limit is exceeded"
    E003 = "the line cannot be read"
    E004 = "the spec has no layers"
    E005 = "no input stands above the first layer"
    E101 = "no such layer or block"
    E102 = "no such name"
    E103 = "a name is given twice"
    E104 = "no such setting"
    E106 = "this does not belong here"
    E107 = "the name is reserved"
    E110 = "no such attribute"
    E111 = "an attribute is missing"
    E112 = "a value is not valid for its attribute"
    E113 = "an attribute is given twice"
    E114 = "too many values"
    E115 = "attributes exclude each other"
    E120 = "an expression has no value"
    E201 = "a block calls itself"
    E202 = "a tap or join cannot be resolved"
    E210 = "a file cannot be used"
    E301 = "pixels of the input are never read"
    E302 = "the window does not fit its input"
    E303 = "padding is wider than half the window"
    E304 = "groups do not divide the channels"
    E305 = "the layer needs another kind of input"
    E306 = "a size is out of bounds"
    E307 = "the input cannot be rearranged like this"
    E308 = "the layer of a plugin fails"
    E310 = "the arms of a join differ in shape"
    E401 = "a claimed shape is wrong"
    E402 = "an expectation is not met"
    W101 = "nothing reads this value"
    W303 = "the stride is larger than the window"
    W501 = "a bias before bn has no effect"
    W502 = "a softmax or sigmoid precedes a loss that applies its own"
    W503 = "two linear layers have no non-linearity between them"
    W504 = "dropout shifts the statistics of the bn after it"
    W505 = "the initialization does not suit the activation"
    W506 = "only warnings and notes can be allowed"
    W507 = "a group of parameters is empty"
    W508 = "the train section does not suit the network or the images"
    W509 = "bn forgets its running statistics with every batch"
    W510 = "the network has outputs that no class belongs to"
    W511 = "an input looks like channels first"
    W512 = "a join reads one value twice"
    N301 = "padding is never read"
    N302 = "pixels are skipped by subsampling"
    N303 = "one channel is joined with each of many"
    N501 = "K is neither a power of two nor a multiple of 8"
    N502 = "an even filter has no centre"
    N503 = "a map shrinks without a stride"
    N504 = "a pooling window is larger than 3×3"
    N505 = "one fc holds most of the parameters"
    N506 = "the receptive field is smaller than the image"
    N507 = "a large map is kept for many layers"

    @property
    def severity(self) -> Severity:
        return {"E": Severity.ERROR, "W": Severity.WARNING, "N": Severity.NOTE}[self.name[0]]


class PluginCode(Record):
    """The code of what a plugin's lint finds, `mypkg/wide_fc`: the package, and the word of the lint; its title."""

    name: str
    value: str
    severity: Severity


AnyCode = Code | PluginCode

ROUNDING: frozenset[AnyCode] = frozenset({Code.N301, Code.N302})
"""The notes that `--strict` turns into errors, as it does all warnings."""


class Edit(Record):
    """Replace the characters of `span` by `text`."""

    span: Span
    text: str


class InputClaim(Record):
    """What another tool's layer says of its input, `in_channels=3`, and the quantity that must have this value.

    `channels` is the last size of the input's shape, `features` the product of all, `input` the shape itself, `vector`
    the shape of a vector. For `map`, and `wide map` of more than a pixel, the value is what the layer is on
    such an input.
    """

    text: str
    quantity: str
    value: int | str | tuple[int, ...]


class Translated(Record):
    """Where another tool's layers stand, and each translated layer with what the original says of its input."""

    span: Span
    inputs: tuple[tuple[str, InputClaim | None], ...]


class Fix(Record):
    """A change of the spec that removes an error once it is verified; `safe` if it needs no choice by the user."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False
    translated: Translated | None = None
    """What the fix translates, if that is layers of another tool."""


class Label(Record):
    """A span that a message points at, with a text beside it (may be empty).

    The message is about its primary labels; the others show where its numbers come from.
    """

    span: Span
    text: str = ""
    primary: bool = True


class Diagnostic(Record):
    """One message about a spec: code, text, labels and fixes.

    `trace` are the block calls and repetitions that lead there, outermost first. A network built in Python has no
    labels.
    """

    code: AnyCode
    message: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    fixes: tuple[Fix, ...] = ()
    trace: tuple[Span, ...] = ()
    severity: Severity = Severity.ERROR
    node: str = ""
    """The name of the node that the message is about; "" for none."""

    @property
    def span(self) -> Span | None:
        """The span from the first primary label to the last one on the same line."""
        primary = [label.span for label in self.labels if label.primary]
        if not primary:
            return None
        on_line = [span for span in primary if span.source is primary[0].source and span.line == primary[0].line]
        return min(on_line, key=lambda span: span.start).to(max(on_line, key=lambda span: span.end))

    def apply_strict(self) -> Diagnostic:
        """Return the diagnostic under `--strict`: warnings and rounding notes become errors."""
        if self.severity is Severity.WARNING or self.code in ROUNDING:
            return replace(self, severity=Severity.ERROR)
        return self


def make_replacement(span: Span, text: str, title: str = "", safe: bool = False) -> Fix:
    """Return a fix that replaces a span by a text."""
    return Fix(title or text, (Edit(span, text),), safe)


def make_diagnostic(
    code: AnyCode,
    message: str,
    *places: Span | Label,
    notes: Iterable[str] = (),
    help: str = "",
    trace: Iterable[Span] = (),
    fixes: Iterable[Fix] = (),
    node: str = "",
    meant: str = "",
    is_certain: bool = True,
) -> Diagnostic:
    """Return a diagnostic with the severity of its code. Its fixes are candidates until they are verified.

    `meant` is the text that was probably intended at the first place; if that is certain, its fix is safe.
    """
    labels = tuple(place if isinstance(place, Label) else Label(place) for place in places)
    if meant:
        message += did_you_mean(meant)
        fixes = (make_replacement(labels[0].span, meant, safe=is_certain), *fixes)
    return Diagnostic(code, message, labels, tuple(notes), help, tuple(fixes), tuple(trace), code.severity, node)


def find_errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of severity error, in the same order."""
    return tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)


def sort_by_position(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics in the order of their spans; those without one come first."""
    return tuple(sorted(diagnostics, key=lambda d: d.span.start if d.span else 0))


@dataclass(eq=False, repr=False)
class DiagnosticLog:
    """Collects diagnostics, each once, and the places where names are declared, to point there."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    declared: dict[str, Span] = field(default_factory=dict)
    """Where blocks, parameters, values, labels and inputs are declared, by name."""
    reported: set[object] = field(default_factory=set)
    """The codes and places of the diagnostics so far, and the spans of the layers that wrong claims point at."""
    errors: int = 0
    """The number of errors so far."""

    def report(
        self,
        code: Code,
        message: str,
        *places: Span | Label,
        help: str = "",
        trace: Sequence[Span] = (),
        meant: str = "",
        is_certain: bool = True,
    ) -> None:
        """Make a diagnostic and add it; the declaration of the name that was probably meant is shown, too."""
        declared = self.declared.get(meant.removeprefix("@"))
        origin = [Label(declared, f"`{meant}` is declared here", primary=False)] if declared else []
        self.add(
            make_diagnostic(code, message, *places, *origin, help=help, trace=trace, meant=meant, is_certain=is_certain)
        )

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
            self.errors += diagnostic.severity is Severity.ERROR

    def _called_block(self, call: Span) -> list[Label]:
        declared = self.declared.get(call.text.partition(" ")[0])
        return [Label(declared, "in this block", primary=False)] if declared else []
