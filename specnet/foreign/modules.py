"""The modules that a class of PyTorch or Keras gives to `self` in its `__init__`."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from specnet.foreign.calls import list_items
from specnet.foreign.folding import decide, fold

LONGEST_SHOWN = 50

ADDING = re.compile(r"(^|\.)(append|extend|insert|add_module|register_module|setattr)$")
"""Functions that add modules one by one."""

OWN_MODULES = re.compile(r"self\.(named_)?(modules|children|parameters)\(\)")


class Unfollowed(Exception):
    """The node that cannot be followed."""

    def __init__(self, node: ast.AST, why: str = "it cannot be followed") -> None:
        self.node, self.why = node, why

    @property
    def reason(self) -> str:
        first = ast.unparse(self.node).partition("\n")[0]
        text = first if len(first) <= LONGEST_SHOWN else f"{first[:LONGEST_SHOWN]}…"
        return f"line {getattr(self.node, 'lineno', 1)}, `{text}`: {self.why}"


@dataclass
class Instance:
    """A module: its class, its name, and what `self` holds."""

    definition: ast.ClassDef
    name: str
    constants: dict[str, ast.expr] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)


@dataclass
class Series:
    """Modules one after the other."""

    modules: list[Module]


@dataclass
class Leaf:
    """The call that makes a layer."""

    call: ast.Call
    name: str
    value: str = ""
    """What it computed when it was called first."""


Module = Instance | Series | Leaf


class ModuleMaker:
    """Makes modules of the classes and functions of a text."""

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self.classes = {each.name: each for each in body if isinstance(each, ast.ClassDef)}
        self.functions = {each.name: each for each in body if isinstance(each, ast.FunctionDef)}

    def make_instance(
        self, definition: ast.ClassDef, name: str, arguments: Sequence[ast.expr], keywords: Mapping[str, ast.expr]
    ) -> Instance:
        """Return a module as its `__init__` makes it."""
        instance = Instance(definition, name)
        method = find_method(definition, "__init__")
        if extended := [base for base in definition.bases if ast.unparse(base) in self.classes]:
            raise Unfollowed(extended[0], f"`{definition.name}` extends another class")
        if method:
            values = _bind(method, arguments, keywords)
            if lost := [each.arg for each in method.args.args[1:] if each.arg not in values]:
                raise Unfollowed(method, f"it is not known what `{lost[0]}` is")
            self._run_init(method.body, instance, values)
        return instance

    def _run_init(self, body: Sequence[ast.stmt], instance: Instance, values: dict[str, ast.expr]) -> None:
        for statement in body:
            known = values | instance.constants
            match statement:
                case (
                    ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value)
                    | ast.AnnAssign(
                        target=ast.Attribute(value=ast.Name(id="self"), attr=name), value=ast.expr() as value
                    )
                ):
                    self._set(instance, name, fold(value, known))
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    values[name] = fold(value, known)
                case ast.If(test=test) if (holds := decide(test, known)) is not None:
                    self._run_init(statement.body if holds else statement.orelse, instance, values)
                case ast.For(iter=values_) if OWN_MODULES.search(ast.unparse(values_)):
                    pass  # initial weights
                case _ if _changes_values(statement):
                    raise Unfollowed(statement)

    def _set(self, instance: Instance, name: str, value: ast.expr) -> None:
        path = f"{instance.name}_{name}".lstrip("_")
        if isinstance(value, ast.Call):
            instance.modules[name] = self._make(value, path)
        else:
            instance.constants[f"self.{name}"] = value

    def _make(self, call: ast.Call, path: str) -> Module:
        function = ast.unparse(call.func)
        if function in self.classes:
            keywords = {each.arg: each.value for each in call.keywords if each.arg}
            return self.make_instance(self.classes[function], path, call.args, keywords)
        if function in self.functions:
            return self._make(self._call_function(self.functions[function], call), path)
        if function.rpartition(".")[2] == "Sequential":
            items = [*list_items(call.args)]
            if lost := [node for _, node in items if not isinstance(node, ast.Call)]:
                raise Unfollowed(lost[0])
            return Series([self._make(node, "") for _, node in items if isinstance(node, ast.Call)])
        return Leaf(call, path)

    @staticmethod
    def _call_function(function: ast.FunctionDef, call: ast.Call) -> ast.Call:
        """Return the call that a function returns, `conv3x3(64)`."""
        values = _bind(function, call.args, {each.arg: each.value for each in call.keywords if each.arg}, first=0)
        match [each for each in function.body if not isinstance(each, ast.Expr)]:
            case [ast.Return(value=ast.Call() as made)]:
                found = fold(made, values)
                assert isinstance(found, ast.Call)
                return found
        raise Unfollowed(function)


def find_method(definition: ast.ClassDef, *names: str) -> ast.FunctionDef | None:
    methods = [each for each in definition.body if isinstance(each, ast.FunctionDef) and each.name in names]
    return methods[0] if methods else None


def _bind(
    method: ast.FunctionDef, given: Sequence[ast.expr], keywords: Mapping[str, ast.expr], first: int = 1
) -> dict[str, ast.expr]:
    """Return the arguments of a function by name, or of a method, from the one behind `self` on."""
    names = [each.arg for each in method.args.args[first:]]
    defaults = method.args.defaults
    values = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True)) if defaults else {}
    only = zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True)
    values |= {each.arg: default for each, default in only if default}
    return values | dict(zip(names, given, strict=False)) | dict(keywords)


def _changes_values(statement: ast.stmt) -> bool:
    """Whether a statement gives something to a name or to `self`, or adds modules."""
    nodes = list(ast.walk(statement))
    stores = any(isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store) for node in nodes)
    return stores or any(isinstance(node, ast.Call) and ADDING.search(ast.unparse(node.func)) for node in nodes)


def shorten_node(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= LONGEST_SHOWN else f"{text.partition('(')[0]}(…)"
