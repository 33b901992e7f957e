"""What SpecNet says about a spec, as a value: `Diagnostic`, with its `Code`, its places and its fixes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from specnet.source import Span
from specnet.suggest import did_you_mean


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Code(Enum):
    """Every kind of message. The first letter is its severity, the text its title; codes are never reused."""

    E001 = "the file is not text"
    E002 = "a limit is exceeded"
    E003 = "the line cannot be read"
    E004 = "the spec has no layers"
    E005 = "the spec has no input"
    E101 = "no such layer or block"
    E102 = "no such name"
    E103 = "a name is given twice"
    E104 = "no such setting"
    E106 = "this does not belong here"
    E107 = "not a possible name"
    E110 = "no such attribute"
    E111 = "an attribute is missing"
    E112 = "a value does not suit its attribute"
    E113 = "an attribute is given twice"
    E114 = "too many values"
    E115 = "attributes that exclude each other"
    E120 = "an expression has no value"
    E201 = "a block never ends"
    E202 = "a tap or join cannot be resolved"
    E210 = "a file cannot be used"
    E301 = "real pixels are left unread"
    E302 = "the window does not fit its input"
    E303 = "padding is wider than half the window"
    E304 = "groups do not divide the channels"
    E305 = "the layer needs another kind of input"
    E306 = "a size is out of bounds"
    E307 = "what arrives cannot be rearranged so"
    E310 = "the arms of a join differ"
    E401 = "a claimed shape is wrong"
    E402 = "an expectation is not met"
    W101 = "nothing reads this value"
    W303 = "the stride is larger than the window"
    W501 = "a bias before bn has no effect"
    W502 = "a softmax stands before a loss that has its own"
    W503 = "two linear layers have nothing non-linear between"
    W504 = "dropout shifts the statistics of the bn behind it"
    W505 = "the starting weights do not suit the activation"
    W506 = "what is allowed is no warning and no note"
    W507 = "a group of parameters is empty"
    W508 = "the recipe does not suit the network or the images"
    N301 = "padding is left unread"
    N302 = "pixels are skipped by subsampling"
    N501 = "K is neither a power of two nor a multiple of 8"
    N502 = "an even filter has no middle"
    N503 = "a map shrinks without a stride"
    N504 = "a pooling window is larger than 3×3"
    N505 = "one fc holds most parameters"
    N506 = "the receptive field is smaller than the image"
    N507 = "a large map is kept for long"

    @property
    def severity(self) -> Severity:
        return {"E": Severity.ERROR, "W": Severity.WARNING, "N": Severity.NOTE}[self.name[0]]


ROUNDING = frozenset({Code.N301, Code.N302})
"""The notes that `--strict` makes errors, as it does all warnings."""


@dataclass(frozen=True)
class Edit:
    """Replace the characters of `span` by `text`."""

    span: Span
    text: str


@dataclass(frozen=True)
class Fix:
    """A change of the spec after which, as the checker has tried, the error is gone."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True)
class Label:
    """A place that a message points at, and what is to be seen there (may be empty).

    The message is about its primary places; the others show where its numbers come from.
    """

    span: Span
    text: str = ""
    primary: bool = True


@dataclass(frozen=True)
class Diagnostic:
    """One message: `code`, what is the matter, where, why.

    `trace` are the calls that led there, outermost first. A spec built in Python has no places.
    """

    code: Code
    message: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str = ""
    fixes: tuple[Fix, ...] = ()
    trace: tuple[Span, ...] = ()
    severity: Severity = Severity.ERROR
    node: str = ""
    """The layer that it is about, by its name in the network."""

    @property
    def span(self) -> Span | None:
        """From the first primary place to the last one of that line."""
        primary = [label.span for label in self.labels if label.primary]
        if not primary:
            return None
        on_line = [span for span in primary if span.source is primary[0].source and span.line == primary[0].line]
        return min(on_line, key=lambda span: span.start).to(max(on_line, key=lambda span: span.end))

    def hardened(self) -> Diagnostic:
        """As `--strict` sees it: warnings and rounding notes are errors."""
        if self.severity is Severity.WARNING or self.code in ROUNDING:
            return replace(self, severity=Severity.ERROR)
        return self


def replacing(span: Span, text: str, title: str = "", safe: bool = False) -> Fix:
    """The fix that puts `text` in the place of `span`."""
    return Fix(title or text, (Edit(span, text),), safe)


def make_diagnostic(
    code: Code,
    message: str,
    *places: Span | Label,
    notes: Iterable[str] = (),
    help: str = "",
    trace: Iterable[Span] = (),
    fixes: Iterable[Fix] = (),
    node: str = "",
    meant: str = "",
) -> Diagnostic:
    """A diagnostic of the severity that its code has. Its fixes are candidates until they are proved.

    `meant` is what the first place probably should read.
    """
    labels = tuple(place if isinstance(place, Label) else Label(place) for place in places)
    if meant:
        message += did_you_mean(meant)
        fixes = (replacing(labels[0].span, meant, safe=True), *fixes)
    return Diagnostic(code, message, labels, tuple(notes), help, tuple(fixes), tuple(trace), code.severity, node)


def find_errors(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR)


def in_file_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(diagnostics, key=lambda d: d.span.start if d.span else 0))
