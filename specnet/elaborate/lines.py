"""Lines in the order of the file → nodes: what each word does, which names are seen, what arrives where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from specnet.diagnostics import Code, Label, make_diagnostic
from specnet.elaborate import joins, statements
from specnet.elaborate.binding import bind
from specnet.elaborate.blocks import call_block
from specnet.elaborate.build import DEEPEST, MOST_NODES, Build, Claim, Halt, Place, limit
from specnet.elaborate.scope import UNSET, Scope, Value
from specnet.elaborate.scope import Label as LineLabel
from specnet.foreign import closest_word, recognise
from specnet.graph import ModuleScope, ValueRef, find_shape_origin
from specnet.layers import kinds, layer_class
from specnet.layers.base import Family, format_shape
from specnet.naming import escape_attribute
from specnet.printer.values import quote_value
from specnet.source import Source, Span
from specnet.syntax import tree
from specnet.syntax.expressions import Lookup, NoSuchName, NoSuchTap, NoValue, Unknown, evaluate, truth, whole_number
from specnet.syntax.parser import parse


class CannotRead(Exception):
    """Why a used file cannot be read."""


class Elaborator:
    """Walks the lines and builds the network; every complaint goes to `build`."""

    def __init__(self, build: Build, read: Callable[[str, Span], Source], overrides: Mapping[str, tree.Expression]):
        self.build = build
        self.read = read
        self.overrides = dict(overrides)
        self.shared: list[str] | None = None
        """While `same` repeats a line: the nodes whose weights the coming ones use."""
        self.using: tuple[str, ...] = ()
        """The files that are being read, the spec's own first."""
        self.used: list[Source] = []
        """The files that were read, in this order."""
        self.depth = 0

    # Lines

    def run(self, lines: tree.Lines, scope: Scope, value: Value) -> Value:
        """The value after the last line, given the one that arrives at the first."""
        self.depth += 1
        if self.depth > DEEPEST:
            message = f"blocks and braces are nested more than {DEEPEST} deep"
            raise Halt(limit(message, lines[0].span if lines else self._anywhere()))
        scope.reserved.update(_labels(lines))
        for line in lines:
            value = self._line(line, scope, value)
        self.depth -= 1
        return value

    def _anywhere(self) -> Span:
        return next(reversed(self.build.places.values())).element

    def _line(self, line: tree.Line, scope: Scope, value: Value) -> Value:
        match line:
            case tree.Let():
                self._let(line, scope, value)
            case tree.Block():
                statements.define_block(self, line, scope)
            case tree.Expect():
                statements.expect(self, line, scope, value)
            case tree.Chain():
                return self._chain(line, scope, value)
            case tree.Unreadable():
                self.build.has_gaps = True
                self.build.lacks_blocks |= line.span.source.line(line.span.line).lstrip().startswith(("block", "use"))
                return None
        return value

    def _let(self, line: tree.Let, scope: Scope, value: Value) -> None:
        name = line.name.text
        if name in ("C", "H", "W"):
            message = f"`{name}` cannot be declared: it is the shape that arrives at each layer"
            self.build.say(Code.E107, message, line.name.span)
        elif name in scope.variables:
            self.build.say(Code.E103, f"`{name}` already has a value", line.name.span)
        else:
            overridden = scope.parent is None and name in self.overrides
            expression = self.overrides.pop(name) if overridden else line.value
            scope.variables[name] = self.value_of(expression, scope, value)
            self.build.declared[name] = line.name.span

    def _chain(self, chain: tree.Chain, scope: Scope, value: Value) -> Value:
        label = self._label(chain, scope)
        first_node = len(self.build.nodes)
        for position, element in enumerate(chain.elements):
            if isinstance(element, tree.Resume):
                value = self._resume(element, scope, value, at_start=position == 0)
            else:
                value = self.element(element, scope, value, label)
        if label and chain.label:
            scope.taps.setdefault(chain.label.text, value)
            scope.labelled[chain.label.text] = chain, [node.name for node in self.build.nodes[first_node:]]
        if chain.claim is not None:
            self._claim(chain, chain.claim, scope, value)
        return value

    def _label(self, chain: tree.Chain, scope: Scope) -> LineLabel | None:
        if chain.label is None:
            return None
        name = chain.label.text
        if name in scope.labels or escape_attribute(name) in scope.names:
            first = scope.labels.get(name)
            places = [Label(first.span, "first here", primary=False)] if first else []
            self.build.say(Code.E103, f"the label `{name}` is taken", chain.label.span, *places)
            return None
        scope.labels[name] = chain.label
        self.build.declared[name] = chain.label.span
        return LineLabel(escape_attribute(name))

    def _claim(self, chain: tree.Chain, claim: tree.Expression, scope: Scope, value: Value) -> None:
        """Compares the shape at a line's end with `=> SHAPE`; behind an error, goes on with the claimed one."""
        claimed = self.value_of(claim, scope, value)
        shape = claimed if isinstance(claimed, tuple) else (claimed,)
        if claimed is UNSET or value is None:
            return
        if not all(isinstance(size, int) and size > 0 for size in shape):
            self.build.say(Code.E112, "a claim is a shape, as `55x55x96` or `1000`", claim.span)
            return
        self.build.claims[value] = Claim(shape, claim.span, chain.span)
        actual = self.build.shapes[value]
        if actual is not None and actual != shape:
            message = f"`{value}` gives {format_shape(actual)}, not {format_shape(shape)} as claimed"
            made_at = self._made_at(value, claim.span)
            if made_at is None or made_at.span not in self.build.said:  # a slip in a block is said at its first call
                origins = [made_at] if made_at else []
                self.build.complain(
                    make_diagnostic(Code.E401, message, claim.span, *origins, trace=scope.trace, node=value)
                )
                self.build.said.update(label.span for label in origins)
            self.build.broken.add(value)
        self.build.shapes[value] = shape

    def _made_at(self, value: str, claim: Span) -> Label | None:
        """The layer that made a value's shape, where that is on another line than the claim."""
        maker = find_shape_origin({node.name: node for node in self.build.nodes}, value)
        element = self.build.places[maker].element
        return None if element.line == claim.line else Label(element, f"made here, by `{maker}`", primary=False)

    # Elements

    def element(self, element: tree.Element, scope: Scope, value: Value, label: LineLabel | None) -> Value:
        """The value after one element of a chain."""
        self.build.step(element.span)
        match element:
            case tree.Call():
                return self._call(element, scope, value, label)
            case tree.If():
                return self._if(element, scope, value)
            case tree.Repeat():
                return self._repeat(element, scope, value, label)
            case tree.For():
                values = [self.value_of(item, scope, value) for item in element.values]
                header = element.variable.span.to(element.values[-1].span)
                return self._repetitions("for", element.variable, values, element.body, header, scope, value, label)
            case tree.Resume():
                return self._resume(element, scope, value, at_start=False)

    def _call(self, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
        word = call.word.text
        if scope.block(word):
            return call_block(self, call, scope, value, label)
        if word in statements.STATEMENTS:
            return statements.STATEMENTS[word](self, call, scope, value, label)
        kind = layer_class(word)
        if kind is None and self.build.lacks_blocks:
            return None
        if kind is None:
            possible = [*kinds(), *scope.visible_blocks(), *statements.STATEMENTS]
            from specnet.foreign.arguments import complete_keys
            from specnet.foreign.python import translate_layer_call

            message = f"no layer or block is called `{word}`"
            resembled = closest_word(word, possible)
            whole = translate_layer_call(call.span.text) or complete_keys(resembled, call)
            meant, place = (whole, call.span) if whole else (resembled, call.word.span)
            where = "" if meant else "`specnet explain` lists all layers"
            self.build.say(Code.E101, message, place, help=where, trace=scope.trace, meant=meant)
            return None
        if kind.family is Family.JOIN:
            return joins.join(self, kind, call, scope, value, label)
        if call.body or call.alternative is not None:
            self.build.say(Code.E106, f"`{word}` takes no braces", call.word.span)
        return self._layer(call, scope, value, label)

    def _layer(self, call: tree.Call, scope: Scope, value: Value, label: LineLabel | None) -> Value:
        """Adds one layer; what is wrong with its attributes is said, and then its shape is unknown."""
        word = call.word.text
        kind = layer_class(word)
        assert kind is not None
        bound = bind(kind, call.word, call.arguments, self.lookup(scope, value), scope.default(word))
        for diagnostic in bound.diagnostics:
            self.build.complain(diagnostic, scope.trace)
        place = Place(call.span, call.word.span, bound.spans, scope.trace)
        return self.build.add(scope.name_for(word, label), word, bound.attributes, (value,), place, self.next_shared())

    def next_shared(self) -> str | None:
        return self.shared.pop(0) if self.shared else None

    def _resume(self, element: tree.Resume, scope: Scope, value: Value, at_start: bool) -> Value:
        """`@name` takes a value up again at a chain's start, and names one elsewhere."""
        name = element.tap.name
        if at_start:
            return self.tap(element.tap, scope)
        if name in scope.taps:
            self.build.say(Code.E103, f"`@{name}` already names a value", element.span)
        scope.taps[name] = value
        self.build.declared[name] = element.span
        return value

    def tap(self, tap: tree.Tap, scope: Scope) -> Value:
        """The value that `@name` names; None where it is unknown or, as is reported then, does not exist."""
        given = self.value_of(tap, scope, None)
        return given.name if isinstance(given, ValueRef) else None

    def _if(self, element: tree.If, scope: Scope, value: Value) -> Value:
        branch: tree.Body | tree.If | None = element
        while isinstance(branch, tree.If):
            try:
                holds = truth(branch.condition, self.lookup(scope, value))
            except Unknown:
                return None
            except NoValue as error:
                self._complain_of(error, scope)
                return None
            branch = branch.body if holds else branch.otherwise
        return self.run(branch.lines, scope, value) if branch else value

    def _repeat(self, element: tree.Repeat, scope: Scope, value: Value, label: LineLabel | None) -> Value:
        lookup = self.lookup(scope, value)
        try:
            if isinstance(element.count, tree.Range):
                low, high = (whole_number(bound, lookup) for bound in (element.count.low, element.count.high))
            else:
                low, high = 0, whole_number(element.count, lookup)
        except Unknown:
            return None
        except NoValue as error:
            self._complain_of(error, scope)
            return None
        if high < low:
            message = f"a repetition cannot run {high - low} times"
            self.build.say(Code.E112, message, element.count.span)
            return None
        if high - low > MOST_NODES:
            message = f"a repetition runs at most {MOST_NODES:,} times, not {quote_value(high - low)}"
            raise Halt(limit(message, element.count.span))
        header = (element.variable or element.count).span.to(element.count.span)
        values = range(low, high)
        return self._repetitions("repeat", element.variable, values, element.body, header, scope, value, label)

    def _repetitions(
        self,
        word: str,
        variable: tree.Name | None,
        values: Iterable[Any],
        body: tree.Body,
        header: Span,
        scope: Scope,
        value: Value,
        label: LineLabel | None,
    ) -> Value:
        """Runs the body once for each value, each time in a scope `NAME.0`, `NAME.1`, …"""
        if body.arms:
            self.build.say(Code.E106, f"`{word}` takes no arms", body.span)
        name = scope.name_for(word, label)
        self.build.scopes[name] = ModuleScope(word)
        for number, current in enumerate(values):
            self.build.step(header)
            inner = scope.inner(f"{name.removeprefix(scope.path)}.{number}", single_call=tree.is_single_call(body))
            if variable:
                inner.variables[variable.text] = current
                inner.trace = (*scope.trace, header)
                self.build.declared[variable.text] = variable.span
            value = self.run(body.lines, inner, value)
        return value

    # What statements need

    def again(self, label: str, scope: Scope, value: Value, line_label: LineLabel | None) -> Value:
        """A labelled line once more, its nodes using the weights of the first ones."""
        chain, originals = scope.labelled[label]
        self.shared = list(originals)
        renamed = line_label or LineLabel(scope.name_for(label, None).removeprefix(scope.path))
        for element in chain.elements:
            if not isinstance(element, tree.Resume):
                value = self.element(element, scope, value, renamed)
        self.shared = None
        return value

    def scope_of_head(self, scope: Scope, name: str) -> Scope:
        return scope.inner(name.removeprefix(scope.path))

    def use(self, path: tree.Text, scope: Scope) -> None:
        """Brings in another file's blocks, with the values and defaults that they see there."""
        try:
            source = self.read(path.value, path.span)
        except CannotRead as error:
            self.build.lacks_blocks = True
            self.build.say(Code.E210, str(error), path.span)
            return
        if source.name in self.using:
            message = f"the files use each other in a circle: {' → '.join((*self.using, source.name))}"
            self.build.say(Code.E210, message, path.span)
            return
        self.used.append(source)
        lines, diagnostics = parse(source, recognise)
        self.build.diagnostics += diagnostics
        home = Scope()
        self.using = (*self.using, source.name)
        self.run(tuple(line for line in lines if _is_declaration(line)), home, None)
        self.using = self.using[:-1]
        for name, block in home.blocks.items():
            if scope.block(name):
                self.build.say(Code.E103, f"there is a block `{name}` already", path.span)
            scope.blocks.setdefault(name, block)

    # Values

    def lookup(self, scope: Scope, value: Value) -> Lookup:
        """What names mean at a layer: variables, and C, H, W of the shape that arrives."""

        def look(name: tree.Name | tree.Tap) -> Any:
            if isinstance(name, tree.Tap):
                return _value_of_tap(name, scope)
            found, variable = scope.variable(name.text)
            if found:
                if variable is UNSET:
                    raise Unknown
                return variable
            if name.text in ("C", "H", "W"):
                return self._arriving_size(name, value)
            possible = scope.visible_names()
            raise NoSuchName(f"`{name.text}` has no value here", name.span, closest_word(name.text, possible))

        return look

    def _arriving_size(self, name: tree.Name, value: Value) -> int:
        if not self.build.inputs and not self.build.has_gaps:
            raise NoSuchName(f"nothing arrives here yet, so `{name.text}` has no value", name.span)
        shape = self.build.shapes[value] if value is not None else None
        if shape is None:
            raise Unknown
        if len(shape) == 1 and name.text != "C":
            raise NoSuchName(f"a vector of {format_shape(shape)} arrives, and has no `{name.text}`", name.span)
        return shape["HWC".index(name.text)] if len(shape) == 3 else shape[0]

    def value_of(self, expression: tree.Expression, scope: Scope, value: Value) -> Any:
        """The value of an expression; UNSET where it is unknown or, as is said then, wrong."""
        try:
            return evaluate(expression, self.lookup(scope, value))
        except Unknown:
            return UNSET
        except NoValue as error:
            self._complain_of(error, scope)
            return UNSET

    def _complain_of(self, error: NoValue, scope: Scope) -> None:
        self.build.say(error.code, error.message, error.span, trace=scope.trace, meant=error.meant)


def _value_of_tap(tap: tree.Tap, scope: Scope) -> ValueRef:
    found, value = scope.tap(tap.name)
    if not found:
        meant = closest_word(tap.name, scope.visible_taps())
        raise NoSuchTap(f"no value above is named `@{tap.name}`", tap.span, meant and f"@{meant}")
    if value is None:
        raise Unknown
    return ValueRef(value)


def _is_declaration(line: tree.Line) -> bool:
    """Whether a line of a used file counts: blocks, and what they see; not the network that stands there too."""
    if isinstance(line, tree.Chain):
        element = line.elements[0]
        return isinstance(element, tree.Call) and element.word.text in ("default", "round", "use")
    return isinstance(line, tree.Let | tree.Block)


def _labels(lines: tree.Lines) -> Iterator[str]:
    """The labels of these lines and of what stands in their arms and conditions: names of one scope."""
    for line in lines:
        if isinstance(line, tree.Chain):
            if line.label:
                yield line.label.text
            for element in line.elements:
                if isinstance(element, tree.Call | tree.If) and element.body:
                    for inner in (element.body.lines, *element.body.arms):
                        yield from _labels(inner)
