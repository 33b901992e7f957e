"""Syntax tree → network: blocks, repetitions, conditions and names are resolved, and where each thing was written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from specnet.diagnostics import Code, Diagnostic, find_errors
from specnet.elaborate import training
from specnet.elaborate.build import Build, Claim, Expectation, Halt, Place
from specnet.elaborate.lines import CannotRead as CannotRead
from specnet.elaborate.lines import Elaborator
from specnet.elaborate.scope import Scope
from specnet.errors import SpecNetError
from specnet.foreign import closest_word
from specnet.graph import Network
from specnet.source import Source, Span
from specnet.suggest import did_you_mean
from specnet.syntax import tree
from specnet.syntax.parser import parse

Read = Callable[[str, Span], Source]
"""Reads a file that `use` names, relative to the file of the span; raises CannotRead."""


class OverrideError(SpecNetError, ValueError):
    """An override names nothing in the spec, or gives it no value."""


@dataclass(frozen=True)
class Elaborated:
    """The network, and the side table of where it was written."""

    network: Network
    places: Mapping[str, Place]
    settings: Mapping[str, Span]
    steps_of: Mapping[str, list[Span]]
    claims: Mapping[str, Claim]
    expectations: tuple[Expectation, ...]
    diagnostics: tuple[Diagnostic, ...]
    used: tuple[Source, ...]
    """The files that `use` brought in."""

    @property
    def answering(self) -> tuple[str, Span] | None:
        """The last layer that says how many outputs there are, and where it says so."""
        name = self.network.outputs[0]
        while node := self.network.by_name.get(name):
            attributes = self.places[name].attributes
            if span := attributes.get("out_features") or attributes.get("out_channels"):
                return name, span
            name = node.inputs[0] if len(node.inputs) == 1 else ""
        return None


def elaborate(
    source: Source, lines: tree.Lines, is_complete: bool, read: Read, overrides: Mapping[str, str]
) -> Elaborated:
    """The network that the lines describe. Never raises for a bad spec; raises OverrideError for a bad override.

    What is missing is said only of a spec that `is_complete`: all its lines could be read.
    """
    build = Build()
    elaborator = Elaborator(build, read, {name: _value(name, text) for name, text in overrides.items()})
    elaborator.using = (source.name,)
    scope = Scope()
    outputs: tuple[str, ...] = ()
    try:
        end = elaborator.run(lines, scope, None)
        outputs = (end,) if end is not None else ()
        if elaborator.overrides:
            training.override(elaborator, scope)
        if is_complete:
            _complain_of_gaps(build, source, lines, end, bool(scope.blocks))
    except Halt as halt:
        build.complain(halt.diagnostic)
    if elaborator.overrides:
        _refuse_override(next(iter(elaborator.overrides)), scope)
    build.name = build.name or _name_of(source)
    network = build.network(outputs)
    return Elaborated(
        network,
        build.places,
        build.settings,
        build.steps_of,
        build.claims,
        tuple(build.expectations),
        tuple(build.diagnostics),
        tuple(elaborator.used),
    )


def _name_of(source: Source) -> str:
    """The file's name, for a network that has none of its own."""
    path = Path(source.name)
    return path.stem if path.suffix == ".net" else "network"


def _complain_of_gaps(build: Build, source: Source, lines: tree.Lines, end: str | None, has_blocks: bool) -> None:
    """No input, no layers, values that nothing reads. A file of blocks alone is there to be used by others."""
    if build.without_input:
        message = "nothing arrives here: there is no `input` above"
        build.say(Code.E005, message, build.without_input.word)
    if not build.nodes:
        if build.diagnostics or (has_blocks and not build.inputs):
            return
        at = lines[-1].span if lines else source.span(0, 0)
        build.say(Code.E004, "the spec has no layers", at)
        return
    if find_errors(build.diagnostics):
        return
    read = {name for node in build.nodes for name in node.inputs} | {head.value for head in build.heads} | {end}
    for name, place in build.places.items():
        if name not in read:
            build.say(Code.W101, f"nothing reads `{name}`", place.element, trace=place.trace)


def _value(name: str, text: str) -> tree.Expression:
    """The value of an override as an expression that stands on the command line."""
    read_as, given = "let value = ", "--input " if name == "input" else f"--set {name}="
    lines, diagnostics = parse(Source(name, read_as + text))
    if diagnostics or len(lines) != 1 or not isinstance(lines[0], tree.Let):
        raise OverrideError(f"{given}{text}: `{text}` is not a value")
    return tree.relocate(lines[0].value, Source("<command line>", given + text), len(given) - len(read_as))


def _refuse_override(name: str, scope: Scope) -> None:
    from specnet import settings

    possible = [*scope.variables, *settings.lines()]
    hint = did_you_mean(closest_word(name, possible))
    raise OverrideError(f"--set {name}: the spec has no `let {name}`{hint}")
