"""The arms of a join: `| for F in 3 5 { | … }` and `| if S == 1 { | … }` stand for several of them, or none."""

from __future__ import annotations

from dataclasses import dataclass, field

from specnet.diagnostics import Code, make_diagnostic, make_replacement
from specnet.elaborate.context import Context
from specnet.elaborate.control_flow import LoopStatement, choose_branch, list_turns
from specnet.elaborate.scope import ValueName
from specnet.elaborate.statements import check_claim
from specnet.layers import get_layer_class
from specnet.layers.base.traits import Trait
from specnet.records import Record
from specnet.source import Span
from specnet.syntax import tree


class Arm(Record):
    """The lines of an arm, and the braces and the context that they stand in."""

    lines: tree.Lines
    body: tree.Body
    context: Context


@dataclass(eq=False, repr=False)
class Arms:
    """The arms of a join, written out."""

    value: ValueName
    """The value that reaches the join."""
    arms: list[Arm] = field(default_factory=list)
    is_complete: bool = True
    """Whether all are known; False also if a loop or condition among them is wrong, which is reported."""
    variable: list[Span] = field(default_factory=list)
    """The loops and conditions among them, on which their number depends."""

    def add(self, body: tree.Body, context: Context) -> None:
        """Add the arms between braces."""
        if body.lines:
            context.report(Code.E106, "lines before the first bar belong to no arm", body.lines[0].span)
        for lines in body.arms:
            readable = tuple(line for line in lines if not isinstance(line, tree.Unreadable))
            element = _only_element(readable)
            _report_claim(lines, context)
            if not element or not _stands_for_arms(element):
                self.arms.append(Arm(lines, body, context))
                continue
            self.is_complete &= readable == lines
            context.graph.has_gaps |= readable != lines
            if isinstance(element, tree.If):
                self.variable.append(element.condition.span)
                self._add_branch(element, context)
            elif isinstance(element, tree.Repeat | tree.For):
                self._add_turns(element, context)

    def find_only_loop(self) -> tree.Repeat | tree.For | None:
        """Return the loop that is the only arm, and has no bars of its own."""
        element = _only_element(self.arms[0].lines) if len(self.arms) == 1 and not self.variable else None
        return element if isinstance(element, tree.Repeat | tree.For) else None

    def _add_branch(self, element: tree.If, context: Context) -> None:
        branch = choose_branch(element, context, self.value)
        if isinstance(branch, tree.If):
            self.is_complete = False
            if context.is_uncalled:
                self._check_branches(branch, context)
        elif branch and branch.arms:
            self.add(branch, context)
        elif branch:
            self.arms.append(Arm(branch.lines, branch, context))

    def _check_branches(self, element: tree.If, context: Context) -> None:
        """Check the arms in the branches of a condition that is unknown, which may or may not be there."""
        for branch in (element.body, element.otherwise):
            inner = context.within(context.scope.copy())
            if isinstance(branch, tree.If):
                self._add_branch(branch, inner)
            elif branch:
                apart = Arms(None)
                apart.add(branch, inner)
                apart.walk(inner)
            context.scope.absorb(inner.scope)

    def _add_turns(self, element: tree.Repeat | tree.For, context: Context) -> None:
        """Add the arms of each turn; all turns see the same values."""
        loop = LoopStatement.of(element)
        self.variable.append(loop.header)
        if loop.carried:
            message = f"the arms of `{loop.word}` stand side by side, so that none can carry a value to the next"
            context.report(Code.E106, message, loop.carried[0].span)
            taps: dict[str, ValueName] = dict.fromkeys(tap.name for tap in loop.carried)
            context = context.within(context.scope.make_carrying(taps))
        turns = list_turns(element, context, self.value)
        self.is_complete &= turns is not None and not context.is_uncalled
        name = context.scope.take_name(loop.word, None).removeprefix(context.scope.path)
        for number, current in enumerate(turns or ()):
            context.graph.count_step(loop.header)
            self.add(element.body, loop.make_turn(context, f"{name}.{number}", current))

    def walk(self, context: Context) -> list[ValueName]:
        """Return the value at the end of each arm; None stands for those that are unknown.

        The arms `identity or { … }` meet the shape of the first other one.
        """
        ends: list[ValueName] = [None] * len(self.arms)
        choices = [_identity_or(arm.lines) for arm in self.arms]
        if choices and all(choices):
            message = "one arm must have no alternative, since it sets the shape for the others"
            context.report(Code.E202, message, self.arms[0].body.span)
            return ends
        for i, arm in enumerate(self.arms):
            if not choices[i]:
                ends[i] = _walk_arm(arm, self.value)
        if any(choices):
            self._walk_alternatives(ends, choices, context)
        return ends if self.is_complete else [*ends, None]

    def _walk_alternatives(self, ends: list[ValueName], choices: list[tree.Call | None], context: Context) -> None:
        """Put in the ends of the arms `identity or { … }`, the others being known."""
        value, other = self.value, ends[choices.index(None)]
        target, shape = _shape_of(other, context), _shape_of(value, context)
        if value and other:
            context.graph.shape_uses.pairs.add((value, other))
        for i, choice in enumerate(choices):
            if choice and (context.is_uncalled or (target and shape)):
                lines = choice.alternative or ()
                ends[i] = value if shape and shape == target else self.arms[i].context.walk(lines, value)
                _check_claim(self.arms[i], ends[i])


def _report_claim(lines: tree.Lines, context: Context) -> None:
    """Report a claim behind a loop or condition that stands for several arms, each of which has a shape."""
    chain = lines[0] if len(lines) == 1 else None
    if isinstance(chain, tree.Chain) and chain.claim and _stands_for_arms(chain.elements[0]):
        context.report(Code.E106, "a claim stands behind the layers of an arm, within its bars", chain.claim.span)


def _stands_for_arms(element: tree.Element) -> bool:
    if isinstance(element, tree.If):
        return _has_bars(element)
    return isinstance(element, tree.Repeat | tree.For) and bool(element.body.arms)


def _has_bars(element: tree.If) -> bool:
    """Return whether a branch of a condition consists of arms."""
    other = element.otherwise
    return bool(element.body.arms or (_has_bars(other) if isinstance(other, tree.If) else other and other.arms))


def _shape_of(value: ValueName, context: Context) -> tuple[int, ...] | None:
    return context.graph.shapes[value] if value else None


def _walk_arm(arm: Arm, value: ValueName) -> ValueName:
    context = arm.context
    if not arm.lines:
        bar = _find_empty_arm(arm.body)
        message = "the arm is empty; `identity` passes its input on unchanged"
        fixes = [make_replacement(bar, "", "without the bar"), make_replacement(bar, "| identity")]
        context.add_diagnostics([make_diagnostic(Code.E106, message, bar, fixes=fixes)], context.scope.trace)
        return None
    only = _only_call(arm.lines)
    if only and _is_identity(only) and not only.arguments:
        _check_claim(arm, value)
        return value
    return context.walk(arm.lines, value)


def _check_claim(arm: Arm, value: ValueName) -> None:
    """Compare the claim behind `identity` with the value that it passes on."""
    chain = arm.lines[0]
    if isinstance(chain, tree.Chain) and chain.claim:
        check_claim(chain, chain.claim, arm.context, value)


def _find_empty_arm(body: tree.Body) -> Span:
    """Return the bar of the first arm without lines, which the tree does not hold."""
    start = body.span.start
    for arm in body.arms:
        bar = body.span.source.text.find("|", start)
        if not arm:
            return body.span.source.span(bar, bar + 1) if bar >= 0 else body.span
        start = arm[-1].span.end
    return body.span


def _identity_or(arm: tree.Lines) -> tree.Call | None:
    """Return the call of an arm that is `identity or { … }`, else None."""
    call = _only_call(arm)
    return call if call and _is_identity(call) and call.alternative is not None else None


def _is_identity(call: tree.Call) -> bool:
    kind = get_layer_class(call.word.text)
    return kind is not None and Trait.IDENTITY in kind.kind_traits


def _only_call(arm: tree.Lines) -> tree.Call | None:
    """Return the call of an arm that consists of one call without a label, else None."""
    element = _only_element(arm)
    return element if isinstance(element, tree.Call) else None


def _only_element(arm: tree.Lines) -> tree.Element | None:
    """Return the element of an arm that is one element without a label, else None."""
    if len(arm) != 1 or not isinstance(arm[0], tree.Chain) or arm[0].label or len(arm[0].elements) != 1:
        return None
    return arm[0].elements[0]
