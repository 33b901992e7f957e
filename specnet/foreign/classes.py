"""Translate a class with a `forward`, of PyTorch or Keras, by following what that method computes.

The layers are those that `__init__` gives to `self`; instances of other classes of the same text are followed, too.
What cannot be followed, such as a loop, is named with its line, and nothing is translated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from specnet.builder import KEYWORDS
from specnet.foreign.calls import OPERATORS, VARIABLES, translate_call
from specnet.foreign.chains import MOST_TRANSLATED, ChainBuilder, Draft, Step
from specnet.foreign.folding import decide, fold
from specnet.foreign.modules import Instance, Leaf, Module, ModuleMaker, Series, Unfollowed, find_method, shorten_node
from specnet.foreign.tools import Program
from specnet.foreign.translation import Reads
from specnet.layers import get_layer_class

METHODS = ("forward", "call")
"""The methods of PyTorch and of Keras that compute the output."""

BEGINNING = "(input)"
"""The value that arrives."""

MOST_ON_A_LINE = 4
"""The number of layers on a line after which one with weights begins another."""


def find_network(classes: Sequence[ast.ClassDef]) -> ast.ClassDef | None:
    """Return the one class with a `forward` that no other one uses; None if there are several."""
    own = [each for each in classes if find_method(each, *METHODS)]
    used = {
        node.id
        for each in own
        for node in ast.walk(each)
        if isinstance(node, ast.Name) and node.id != each.name and isinstance(node.ctx, ast.Load)
    }
    main = [each for each in own if each.name not in used]
    return main[0] if len(main) == 1 else None


def translate_class(network: ast.ClassDef, body: Sequence[ast.stmt], program: Program, made: ast.Call | None) -> Draft:
    """Translate a class whose instances are networks; a draft that is not known says why not.

    `body` are the classes and functions around it, and `made` is the call that makes an instance, if there is one.
    """
    follower = _Follower(program)
    keywords = {each.arg: each.value for each in made.keywords if each.arg} if made else {}
    try:
        instance = ModuleMaker(body).make_instance(network, "", made.args if made else (), keywords)
        follower.run(instance, [BEGINNING], network)
    except Unfollowed as error:
        return Draft((), (error.reason,), is_known=False)
    except TooLong:
        return Draft((), (f"networks of up to {MOST_TRANSLATED:,} layers are translated",), is_known=False)
    except RecursionError:
        return Draft((), (f"`{network.name}` calls itself, or calls are nested too deep",), is_known=False)
    return follower.finish()


class TooLong(Exception):
    """A network has more layers than are translated."""


class _Follower:
    """Follows calls, and puts the layers in a chain."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.builder = ChainBuilder()
        self.builder.add(BEGINNING, ("identity",), (), "x_")
        self.differences: list[str] = []
        self.names: dict[int, str] = {}
        """The names of steps with weights, by their numbers."""
        self.labels = {"x_"}
        self.count = 0
        self.unnamed = set[str]()
        """The labels of values that have no name."""

    def run(self, instance: Instance, inputs: Sequence[str], call: ast.AST) -> str:
        """Return the value that a module's `forward` computes from values."""
        method = find_method(instance.definition, *METHODS)
        if method is None:
            raise Unfollowed(call, f"`{instance.definition.name}` has no `forward` here")
        parameters = [each.arg for each in method.args.args[1:]]
        if len(inputs) > len(parameters) or len(parameters) - len(method.args.defaults) > len(inputs):
            raise Unfollowed(call, f"`{instance.definition.name}` reads {len(parameters)} values")
        frame = _Frame(self, instance, dict(zip(parameters, inputs, strict=False)))
        result = frame.run(method.body)
        if result is None:
            raise Unfollowed(method, "it returns nothing")
        return result

    def apply(self, module: Module, inputs: Sequence[str], call: ast.AST) -> str:
        """Return the value that a module computes from values."""
        match module:
            case Instance():
                return self.run(module, inputs, call)
            case Series(modules):
                for each in modules:
                    inputs = [self.apply(each, inputs, call)]
                return inputs[0]
            case Leaf():
                return self._apply_leaf(module, inputs)

    def _apply_leaf(self, leaf: Leaf, inputs: Sequence[str]) -> str:
        if leaf.value:  # once more, with the same weights
            label = self.builder.label(leaf.value)
            return self.add((f"same {label}",), inputs)
        value = self.add_call(leaf.call, inputs, leaf.name, leaf.call)
        if self._has_weights(self.builder.steps[-1]):
            leaf.value = value
        return value

    def add_call(self, node: ast.Call, inputs: Sequence[str], name: str, shown: ast.AST) -> str:
        """Add the layers of a call that reads values, and which messages show."""
        found = translate_call(node, self.program)
        words = {layer.partition(" ")[0] for layer in found.layers} if found else set()
        if found is None or not found.is_known or not words or not all(map(get_layer_class, words)):
            raise Unfollowed(shown, "; ".join(found.differences) if found and found.differences else "it is no layer")
        own = f"line {getattr(shown, 'lineno', 1)}, `{shorten_node(shown)}`: "
        self.differences += [own + difference for difference in found.differences]
        reads = [each for step in found.steps for each in step.reads]
        return self.add(found.layers, inputs, name, reads)

    def add(
        self, layers: Sequence[str], inputs: Sequence[str], name: str = "", reads: Sequence[Reads | None] = ()
    ) -> str:
        """Add layers that read values; return what they give."""
        self.count += 1
        if self.count > MOST_TRANSLATED:
            raise TooLong
        value = f"({self.count})"
        label = self.take_label(name or f"value{self.count}")
        self.unnamed |= set() if name else {label}
        if tuple(layers) == ("identity",) and len(inputs) == 1:
            self.builder.rename(value, inputs[0])
            return value
        self.builder.add(value, layers, inputs, label, reads)
        if name and self._has_weights(self.builder.steps[-1]):
            self.names[len(self.builder.steps) - 1] = label
        return value

    def take_label(self, name: str) -> str:
        """Return a name that no other value has."""
        label = f"{name}_" if name in KEYWORDS | VARIABLES else name
        while label in self.labels:
            label += "_"
        self.labels.add(label)
        return label

    @staticmethod
    def _has_weights(step: Step) -> bool:
        classes = (get_layer_class(layer.partition(" ")[0]) for layer in step.layers)
        return any(cls and "freeze" in cls.model_fields for cls in classes)

    def finish(self) -> Draft:
        """Return the lines: each begins with a layer with weights and a name, or ends with a value read elsewhere."""
        lines, renamed, is_open = list[Step](), dict[str, str](), False
        for number, step in enumerate(self.builder.steps):
            own = self.names.get(number, "")
            if number == 0 and not step.label:
                continue  # nothing reads the value that arrives but the first line
            is_long = is_open and len(lines[-1].layers) >= MOST_ON_A_LINE and self._has_weights(step)
            if not is_open or own or is_long or step.layers[0].startswith("@"):
                lines.append(replace(step, label=step.label or own))
            else:
                last = lines[-1]
                label = last.label or step.label
                renamed |= {step.label: label} if step.label else {}
                lines[-1] = Step(label, last.layers + step.layers, last.reads + step.reads)
            is_open = not step.label
        steps = tuple(
            replace(line, layers=tuple(_rename_taps(each, renamed) for each in line.layers)) for line in lines
        )
        return Draft(steps, tuple(dict.fromkeys(self.differences)), is_known=True)


def _rename_taps(layer: str, names: Mapping[str, str]) -> str:
    return re.sub(r"@(\w+)", lambda found: f"@{names.get(found[1], found[1])}", layer)


class _Frame:
    """The names of values within one call of `forward`."""

    def __init__(self, follower: _Follower, instance: Instance, values: dict[str, str]) -> None:
        self.follower, self.instance, self.values = follower, instance, values
        self.constants: dict[str, ast.expr] = dict(instance.constants)

    def run(self, body: Sequence[ast.stmt]) -> str | None:
        """Return the value that statements return; None if they go on."""
        for statement in body:
            match statement:
                case ast.Return(value=ast.expr() as value):
                    return self.evaluate(value)
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self._assign(name, value)
                case ast.AugAssign(target=ast.Name(id=name), op=operation, value=value):
                    self.values[name] = self.evaluate(ast.BinOp(ast.Name(name, ast.Load()), operation, value))
                case ast.If(test=test) if (holds := self._decide(test)) is not None:
                    found = self.run(statement.body if holds else statement.orelse)
                    if found is not None:
                        return found
                case ast.Expr(value=ast.Constant() | ast.Call(func=ast.Name(id="print"))) | ast.Pass() | ast.Assert():
                    pass
                case _:
                    raise Unfollowed(statement)
        return None

    def _decide(self, test: ast.expr) -> bool | None:
        """Return whether a condition holds, such as `self.downsample is not None`."""
        held = {f"self.{name}": ast.Constant("a module") for name in self.instance.modules}
        return decide(test, {**held, **self.constants})

    def _assign(self, name: str, value: ast.expr) -> None:
        folded = fold(value, self.constants)
        if isinstance(folded, ast.Constant):
            self.constants[name] = folded
            self.values.pop(name, None)
            return
        self.values[name] = found = self.evaluate(value)
        self.constants.pop(name, None)
        builder = self.follower.builder
        if (
            name not in VARIABLES
            and builder.labels.get(found) in self.follower.unnamed
            and not builder.is_tapped(found)
        ):
            builder.labels[found] = self.follower.take_label(name)

    def evaluate(self, node: ast.expr) -> str:
        """Return the value of an expression."""
        match node:
            case ast.Name(id=name) if name in self.values:
                return self.values[name]
            case ast.BinOp(left=left, op=operation, right=right) if self._is_value(node) and (
                join := OPERATORS.get(type(operation))
            ):
                return self.follower.add((join,), [self.evaluate(left), self.evaluate(right)])
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name), args=args, keywords=[]):
                if name not in self.instance.modules:
                    raise Unfollowed(node, f"`self.{name}` is not a layer that `__init__` makes")
                inputs = [self.evaluate(each) for each in args]
                return self.follower.apply(self.instance.modules[name], inputs, node)
            case ast.Call(func=ast.Call() as layer, args=args, keywords=[]):
                return self.follower.add_call(layer, [self.evaluate(each) for each in args], "", node)
            case ast.Call(func=ast.Name()):
                return self._call(node)
            case ast.Call(func=ast.Attribute(value=value)) if ast.unparse(value) != "self":
                return self._call(node)
        raise Unfollowed(node)

    def _call(self, node: ast.Call) -> str:
        """Add the layers of a function or a method of a value."""
        inputs = dict[str, str]()

        def put(value: ast.expr) -> ast.expr:
            name = f"value{len(inputs)}"
            inputs[name] = self.evaluate(value)
            return ast.Name(name, ast.Load())

        call = fold(node, self.constants)
        assert isinstance(call, ast.Call)
        function, args = call.func, list(call.args)
        if isinstance(function, ast.Attribute) and self._is_value(function.value):
            function = ast.Attribute(put(function.value), function.attr, ast.Load())
        elif args and isinstance(args[0], ast.List | ast.Tuple):
            args[0] = ast.List([put(each) for each in args[0].elts], ast.Load())
        else:
            args = [put(each) if self._is_value(each) else each for each in args]
        if not inputs:
            raise Unfollowed(node)
        made = ast.copy_location(ast.Call(function, args, call.keywords), node)
        return self.follower.add_call(made, [*inputs.values()], "", node)

    def _is_value(self, node: ast.expr) -> bool:
        """Whether an expression is a value of the network, and not its size."""
        match node:
            case ast.Name(id=name):
                return name in self.values
            case ast.Call(func=ast.Attribute(attr="size" | "dim" | "numel")):
                return False
            case ast.Call(func=function):
                return (
                    "self." in ast.unparse(function)
                    or any(map(self._is_value, node.args))
                    or (isinstance(function, ast.Attribute) and self._is_value(function.value))
                )
            case ast.BinOp(left=left, right=right):
                return self._is_value(left) and self._is_value(right)
        return False
