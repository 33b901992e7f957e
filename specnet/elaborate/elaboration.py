"""Syntax tree → network: blocks, repetitions, conditions and names are resolved; positions go to a side table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specnet.diagnostics import Code, Diagnostic, find_errors
from specnet.elaborate.blocks import check_uncalled_blocks
from specnet.elaborate.context import BlockUse, Context, Read, UsedFiles
from specnet.elaborate.graph_builder import (
    Claim,
    Expectation,
    GraphBuilder,
    Place,
    Restates,
    ShapeUses,
    compare_every_claim,
)
from specnet.elaborate.scope import Scope
from specnet.elaborate.walk import WALKER
from specnet.errors import SpecNetError
from specnet.foreign import find_closest_word
from specnet.graph import Network
from specnet.option_names import name_override, write_override
from specnet.printable import escape_unprintable
from specnet.records import Record
from specnet.source import Source, Span
from specnet.suggest import did_you_mean
from specnet.syntax import tree
from specnet.syntax.limits import LimitExceeded
from specnet.syntax.parser import parse


class OverrideError(SpecNetError, ValueError):
    """An override names nothing in the spec, or gives it no value."""


class Elaborated(Record):
    """The network, the side table of where it was written, and the diagnostics."""

    network: Network
    places: Mapping[str, Place]
    """The places of inputs and nodes by name."""
    setting_spans: Mapping[str, Span]
    """The lines of the `train` section, and the section itself as `train`."""
    step_spans: Mapping[str, list[Span]]
    """The steps of each line of the `train` section."""
    claims: Mapping[str, Claim]
    """The claims by the name of the value at the end of the line."""
    restated: Mapping[str, Claim]
    """The claims that do not hold and are restated, as they are of the spec without overrides."""
    shape_uses: ShapeUses
    """The shapes on which the network itself depends."""
    variables: Mapping[str, Any]
    """The values of `let` at the top level, by name."""
    expectations: tuple[Expectation, ...]
    diagnostics: tuple[Diagnostic, ...]
    used: tuple[Source, ...]
    """The files that `use` brought in."""
    steps: int
    """The lines and elements that were walked, each as often as it was, long ones counted as several."""

    def find_output_layer(self) -> tuple[str, Span] | None:
        """Return the last layer that sets the number of outputs, and the attribute that does."""
        name = next(iter(self.network.outputs), "")  # a file of blocks alone has none
        while node := self.network.by_name.get(name):
            field = node.layer.output_field if node.layer else ""
            if span := self.places[name].attributes.get(field):
                return name, span
            name = node.operands[0] if len(node.operands) == 1 else ""
        return None


def elaborate(
    source: Source,
    lines: tree.Lines,
    is_complete: bool,
    read: Read,
    overrides: Mapping[str, str],
    restates: Restates = compare_every_claim,
) -> Elaborated:
    """Return the network that the lines describe. Never raises for a bad spec; raises OverrideError.

    Missing inputs and layers are reported only if the spec `is_complete`: all its lines could be read. A network that
    restates all claims is the one that its layers make, whatever is claimed.
    """
    expressions = {name: _parse_override(name, text) for name, text in overrides.items()}
    graph = GraphBuilder(restates=restates)
    context = Context(graph, WALKER, UsedFiles(read, source), BlockUse(), expressions, open_files=(source,))
    outputs = _walk(source, lines, is_complete, context)
    is_broken = not is_complete or bool(find_errors(context.graph.log.diagnostics))
    if is_broken:
        context.overrides.pop("input", None)  # the errors say why no `input` has taken it
    if context.overrides:
        _refuse_override(next(iter(context.overrides)), context.scope)
    graph.name = graph.name or _derive_name(source)
    return Elaborated(
        graph.finish(outputs),
        graph.places,
        graph.setting_spans,
        graph.step_spans,
        graph.claims,
        graph.restated,
        graph.shape_uses,
        context.scope.variables,
        tuple(graph.expectations),
        tuple(_explain(graph.log.diagnostics)),
        context.files.sources,
        graph.steps,
    )


def _explain(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Return the diagnostics with better ones for what is not a value at all."""
    if not find_errors(diagnostics):
        return diagnostics
    from specnet.foreign.operators import explain_operators

    return explain_operators(diagnostics)


def _walk(source: Source, lines: tree.Lines, is_complete: bool, context: Context) -> tuple[str, ...]:
    """Walk the whole spec; return the names of the outputs, none if a limit is exceeded."""
    outputs: tuple[str, ...] = ()
    try:
        end = context.walk(lines, None)
        outputs = (end,) if end is not None else ()
        if context.overrides:
            from specnet.elaborate.training import override_training

            override_training(context)
        check_uncalled_blocks(source, context)
        if is_complete:
            _report_gaps(source, lines, end, context)
    except LimitExceeded as limit:
        context.add_diagnostics([limit.diagnostic])
    return outputs


def _derive_name(source: Source) -> str:
    """Return the name of the file, for a network without a `net` line."""
    path = Path(source.name)
    return path.stem if path.suffix == ".net" else "network"


def _report_gaps(source: Source, lines: tree.Lines, end: str | None, context: Context) -> None:
    """Report a missing input, missing layers and unread values; a file of blocks alone is complete."""
    graph = context.graph
    if graph.without_input:
        context.report(Code.E005, "there is no `input` above this layer", graph.without_input.word)
    if not graph.nodes:
        has_only_blocks = bool(context.scope.blocks) and not graph.inputs
        if not graph.log.diagnostics and not has_only_blocks:
            place = lines[-1].span if lines else source.span(0, 0)
            context.report(Code.E004, "the spec has no layers", place)
    elif not find_errors(graph.log.diagnostics):
        _report_unread_values(end, graph)


def _report_unread_values(end: str | None, graph: GraphBuilder) -> None:
    read = {name for node in graph.nodes for name in node.inputs}
    read |= {head.value for head in graph.heads} | graph.carried
    for name, place in graph.places.items():
        if name not in read and name != end:
            graph.log.report(Code.W101, f"nothing reads `{name}`", place.element, trace=place.trace)


def _parse_override(name: str, text: str) -> tree.Expression:
    """Return the value of an override as an expression on the command line; raises OverrideError."""
    read_as, (place, given) = "let value = ", write_override(name)
    lines, diagnostics = parse(Source(name, read_as + text))
    source = Source(place, given + text)
    if not diagnostics and len(lines) == 1 and isinstance(lines[0], tree.Let):
        return tree.relocate(lines[0].value, source, len(given) - len(read_as))
    if "." in name:  # a setting may be a path, which need not be an expression
        return tree.Text(source.span(len(given), len(source.text)), text)
    raise OverrideError(f"{name_override(name)}: `{escape_unprintable(text)}` is not a value")


def _refuse_override(name: str, scope: Scope) -> None:
    """Raise OverrideError for a name that nothing in the spec has."""
    from specnet import settings
    from specnet.foreign.recipes import guess_setting

    line = name.removeprefix("train.").partition(".")[0]
    if line in settings.list_lines() and settings.takes_several(line):
        raise OverrideError(
            f"{name_override(name)}: `{line}` has several steps, which can be changed in the spec alone"
        )
    hint = did_you_mean(find_closest_word(name, scope.variables) or guess_setting(name))
    raise OverrideError(f"{name_override(name)}: the spec has no `let {name}`{hint}")
