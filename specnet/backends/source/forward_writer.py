"""Write the forward pass of a class: group its calls into statements, and choose their variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import reduce
from itertools import groupby

from specnet.backends.source.calls import SourceCall
from specnet.backends.source.init_writer import ClassBody, format_submodule
from specnet.backends.source.module_tree import Child, Leaf, Module, Stack
from specnet.backends.source.parameters import ACTIVATION, USED_NAMES, Slot, to_python_name
from specnet.backends.source.pretty_printer import (
    LINE_WIDTH,
    Bracketed,
    PythonText,
    format_call,
    format_flat,
    format_lines,
    format_operand,
)
from specnet.graph import Network, ValueRef
from specnet.layers.base import Family
from specnet.naming import make_numbered_name, make_unused_name

MAX_NESTED_CALLS = 4
"""The largest number of nested calls on one line."""

FOLLOWERS = (Family.ACTIVATION, Family.NORMALISATION, Family.REGULARISATION)
"""Layers that are written on the line of the layer before them."""

OPERATORS = {"torch.add": " + ", "torch.sub": " - ", "torch.mul": " * "}

SHORT_NAMES = ("x", "y", "z", "u", "v", "w")

ARM_NAME = "branch"
"""The variable of an arm where more than two meet, followed by its number."""

LONG_LIFETIME = 2
"""A value that the network, rather than a block, keeps for more statements than this is named after its layer."""


def write_forward(body: ClassBody, given: Mapping[str, str]) -> list[str]:
    """Return the lines of `forward`; `given` are the spec's names of the values that reach the module."""
    inputs = choose_input_names(body.definition.full, given)
    return [f"    def {body.syntax.method}({', '.join(('self', *inputs))}):", *ForwardWriter(body, inputs).lines]


def list_given_values(network: Network, path: str) -> Mapping[str, str]:
    """Return the names of values within a block's call or a turn of a loop, by their names in the network."""
    scope, loop = network.scopes.get(path), network.scopes.get(path.rpartition(".")[0])
    carried = {value.name: value.tap for value in loop.carried} if loop else {}
    arguments = scope.values if scope else ()
    return carried | {value.name: name for name, value in arguments if isinstance(value, ValueRef)}


def choose_input_names(module: Module, given: Mapping[str, str]) -> list[str]:
    """Return `x`, the names of a block's parameters for values or of a loop's values, and `skip`, `skip2`, …"""
    if not module.path and len(module.inputs) > 1:
        return list(module.inputs)
    if len(module.inputs) == 1:
        return ["x"]
    names = list[str]()
    for number, value in enumerate(module.inputs):
        name = to_python_name(given[value]) if value in given else "skip" if number else "x"
        names.append(make_numbered_name(name, names))
    return names


# Statements


@dataclass
class ForwardStatement:
    """Children that each read the one before, written on one line, and the optional branch they belong to."""

    children: list[Child]
    branch: Slot | None

    @property
    def reads(self) -> tuple[str, ...]:
        return self.children[0].inputs

    @property
    def assigns(self) -> tuple[str, ...]:
        return self.children[-1].outputs

    @property
    def depth(self) -> int:
        """The number of nested calls."""
        return sum(len(child.content.calls) if isinstance(child.content, Leaf) else 1 for child in self.children)

    @property
    def is_loop(self) -> bool:
        """Whether it calls the modules of a stack one by one."""
        stack = self.children[0].content
        return isinstance(stack, Stack) and not stack.is_sequential

    def format(self, body: ClassBody, values: list[PythonText]) -> PythonText:
        """Return the expression that computes its outputs from values."""
        for child in self.children:
            values = [_call_child(body, child, values)]
        return values[0]


def group_statements(body: ClassBody) -> list[ForwardStatement]:
    """Group the children of a class into statements, as a person groups conv, bn, relu on one line."""
    module = body.definition.full
    reads = Counter([*module.outputs, *(value for child in module.children for value in child.inputs)])
    reads.update(bypass for _, bypass in body.branch_values.values())
    found = list[ForwardStatement]()
    for child in module.children:
        longer = _append(found[-1], child, body, reads) if found else None
        if longer:
            found[-1] = longer
        else:
            found.append(ForwardStatement([child], body.branch_of(child)))
    return found


def _append(statement: ForwardStatement, child: Child, body: ClassBody, reads: Counter[str]) -> ForwardStatement | None:
    """Return the statement with one more child; None unless the child belongs on its line and alone reads its value."""
    chained = child.inputs == statement.assigns and len(child.inputs) == 1 and reads[child.inputs[0]] == 1
    longer = ForwardStatement([*statement.children, child], body.branch_of(child))
    if not chained or statement.branch != longer.branch or statement.is_loop or not _belongs(statement, child):
        return None
    fits = len(format_flat(longer.format(body, [*longer.reads]))) <= LINE_WIDTH - 16
    return longer if longer.depth <= MAX_NESTED_CALLS and fits else None


def _belongs(statement: ForwardStatement, child: Child) -> bool:
    """Return whether layers belong together: conv, bn, relu or bn, relu, conv, and dropout with the layer before it."""
    leads = [_family(each) not in FOLLOWERS for each in statement.children]
    if not any(leads):
        return True
    return _family(child) in FOLLOWERS and (leads[0] or _family(child) is Family.REGULARISATION)


def _family(child: Child) -> Family | None:
    layer = child.content.node.layer if isinstance(child.content, Leaf) else None
    return layer.family if layer else None


# Calls


def _call_child(body: ClassBody, child: Child, values: Sequence[PythonText]) -> PythonText:
    """Return the expression that applies a child to values."""
    if not isinstance(child.content, Leaf):
        return format_call(format_submodule(child.owner, body.syntax), values)
    for position, call in enumerate(child.content.calls):
        values = [_join(body, child, position, call, values)]
    return values[0]


def _join(body: ClassBody, child: Child, position: int, call: SourceCall, values: Sequence[PythonText]) -> PythonText:
    """Return a call with several values: as a list, pairwise from the left, in order, or the size of the second."""
    if call.joins == "list":
        return _apply(body, child, position, call, [Bracketed("[", tuple(values), "]")])
    if call.joins == "size":
        size = body.syntax.size.format(format_operand(values[1]))
        return _apply(body, child, position, call, [values[0], f"size={size}"])
    if call.joins != "fold":
        return _apply(body, child, position, call, values)
    if call.target in OPERATORS:
        return OPERATORS[call.target].join(format_flat(value) for value in values)
    return reduce(lambda one, other: _apply(body, child, position, call, [one, other]), values)


def _apply(body: ClassBody, child: Child, position: int, call: SourceCall, values: Sequence[PythonText]) -> PythonText:
    if call.is_module:
        return format_call(format_submodule(child.owner, body.syntax), values)
    arguments = [*body.arguments(child, position, call)]
    if call.target in OPERATORS and arguments:
        return f"{format_flat(arguments[0])}{OPERATORS[call.target]}{format_operand(values[0])}"
    slot = Slot(child.name, position, ACTIVATION)
    function = format_flat(body.attribute_text(slot)) if call.is_activation else call.name
    return body.syntax.apply_function(call, function, values, arguments)


# Variables


class Variables:
    """The variable of each value: `x` is reassigned, `y` branches off, a long skip is named after its layer.

    A variable is free again when its value is no longer read.
    """

    def __init__(
        self,
        module: Module,
        statements: Sequence[ForwardStatement],
        names: Mapping[str, str],
        used: Set[str] = USED_NAMES,
    ) -> None:
        self.module, self.names, self.alive, self.used = module, dict(names), set(names), used
        self.reserved: Set[str] = frozenset()
        """Names that hold something else throughout: the parameters of a function."""
        self.readers: dict[str, list[int]] = {}
        self.statements = statements
        self.layer_names: dict[str, str] = {}
        for position, statement in enumerate(statements):
            for value in dict.fromkeys(statement.reads):
                self.readers.setdefault(value, []).append(position)
            name = statement.children[-1].name.replace(".", "_")
            name = name if name.isidentifier() else f"step_{name}"
            self.layer_names |= {value: f"{name}_{n}" if n else name for n, value in enumerate(statement.assigns)}
        for value in module.outputs:
            self.readers.setdefault(value, []).append(len(statements))

    def add_reader(self, value: str, position: int) -> None:
        """Keep a value alive up to this statement."""
        self.readers[value] = sorted([*self.readers.get(value, []), position])

    def is_dead_after(self, value: str, position: int) -> bool:
        """Return whether no later statement reads a value."""
        return self.readers.get(value, [-1])[-1] <= position

    def assign(self, value: str, name: str) -> str:
        """Let a variable hold a value from now on."""
        self.names[value] = name
        self.alive.add(value)
        return name

    def assign_unused(self, value: str, position: int) -> str:
        """Choose a variable that is not in use when this statement begins."""
        return self.assign(value, self._choose(value, self._in_use(position - 1)))

    def assign_result(self, value: str, position: int) -> str:
        """Choose the variable for an output of this statement."""
        in_use = self._in_use(position)
        dying = [self.names[v] for v in self.statements[position].reads if self.is_dead_after(v, position)]
        reused = [name for name in dying if name not in in_use and name in SHORT_NAMES]
        same_arm = [name for name in dying if len(dying) == 1 and name not in in_use and name.startswith(ARM_NAME)]
        if self._is_named_after_layer(value, position):
            return self.assign(value, make_unused_name(self.layer_names[value], {*self.used, *in_use}))
        arm = 0 if same_arm else self._arm_number(value, position)
        preferred = same_arm or ([f"{ARM_NAME}{arm}"] if arm else reused)
        return self.assign(value, self._choose(value, in_use, preferred))

    def _in_use(self, position: int) -> set[str]:
        """Return the variables whose values are read after this statement."""
        self.alive = {value for value in self.alive if not self.is_dead_after(value, position - 1)}
        return {self.names[value] for value in self.alive if not self.is_dead_after(value, position)} | self.reserved

    def _choose(self, value: str, in_use: set[str], preferred: Sequence[str] = ()) -> str:
        layer_name = make_unused_name(self.layer_names[value], {*self.used, *in_use})
        return next((name for name in (*preferred, *SHORT_NAMES) if name not in in_use), layer_name)

    def _is_named_after_layer(self, value: str, position: int) -> bool:
        """Return whether it is a long skip through the network, or a further output."""
        readers = self.readers.get(value, [])
        if self.module.path or not readers:
            return False
        is_skip = len(readers) > 1 and readers[-1] - position > LONG_LIFETIME
        return is_skip or (len(readers) == 1 and value in self.module.outputs[1:])

    def _arm_number(self, value: str, position: int) -> int:
        """Return the number of the arm that begins with a value, if it ends where more than two meet; else 0."""
        reads = self.statements[position].reads
        if len(reads) == 1 and len(self.readers[reads[0]]) == 1:
            return 0
        while len(self.readers.get(value, [])) == 1 and self.readers[value][0] < len(self.statements):
            reader = self.statements[self.readers[value][0]]
            if len(set(reader.reads)) > 2:
                return reader.reads.index(value) + 1
            if len(reader.reads) > 1 or len(reader.assigns) != 1:
                return 0
            value = reader.assigns[0]
        return 0


# Lines


class ForwardWriter:
    """Writes the lines of `forward` statement by statement."""

    indent = 8
    """The blanks before a statement."""

    def __init__(self, body: ClassBody, inputs: Sequence[str], used: Set[str] = USED_NAMES) -> None:
        self.body, self.module, self.statements = body, body.definition.full, self.group_statements(body)
        names = dict(zip(self.module.inputs, inputs, strict=True))
        self.variables = self.make_variables(names, used)
        self.reused: dict[str, str] = {}
        """The variable of a branch's output, where it is that of the bypass."""
        self.initial: dict[str, str] = {}
        """The value that the variable of a branch's output holds before the branch."""
        self.lines = list[str]()
        by_branch = groupby(range(len(self.statements)), lambda position: self.statements[position].branch)
        groups = [(slot, list(group)) for slot, group in by_branch]
        for slot, positions in groups:
            if slot:
                self.variables.add_reader(body.branch_values[slot][1], positions[0])
        for slot, positions in groups:
            if slot:
                self._begin_branch(slot, positions)
            for position in positions:
                self.write_statement(position, self.indent + 4 if slot else self.indent)
        self.write_return()

    def make_variables(self, names: Mapping[str, str], used: Set[str]) -> Variables:
        """Return the variables of the function, whose inputs have these names."""
        return Variables(self.module, self.statements, names, used)

    def group_statements(self, body: ClassBody) -> list[ForwardStatement]:
        """Return the statements, each of them one or several children."""
        return group_statements(body)

    def _begin_branch(self, slot: Slot, positions: list[int]) -> None:
        """Write `if`, and before it let the variable of the branch's output hold the bypass."""
        value, bypass = self.body.branch_values[slot]
        has_loop = any(self.statements[position].is_loop for position in positions)
        if self.variables.is_dead_after(bypass, positions[-1]) and not has_loop:
            self.reused[value] = self.variables.names[bypass]
        else:
            self.initial[value] = bypass
            name = self.variables.assign_unused(value, positions[0])
            self.lines.append(f"{' ' * self.indent}{name} = {self.variables.names[bypass]}")
        self.lines.append(f"{' ' * self.indent}if {format_flat(self.body.attribute_text(slot))}:")

    def write_statement(self, position: int, indent: int) -> None:
        statement, names = self.statements[position], self.variables.names
        if statement.is_loop:
            self._write_loop(position, indent)
            return
        text = statement.format(self.body, [names[value] for value in statement.reads])
        if self.is_return(position):
            before = "return "
        else:
            targets = [self.choose_target(v, position) for v in statement.assigns if v in self.variables.readers]
            before = f"{', '.join(targets)} = " if targets else ""
        self.lines += format_lines(text, indent, before, comment=self._comment(statement))

    def choose_target(self, value: str, position: int) -> str:
        """Return the variable of a statement's output; that of a branch's output is known before."""
        if value in self.reused:
            return self.variables.assign(value, self.reused[value])
        return self.variables.names.get(value) or self.variables.assign_result(value, position)

    def _write_loop(self, position: int, indent: int) -> None:
        """Write a `for` over a stack that carries values from module to module, or a list of modules side by side."""
        statement, names = self.statements[position], self.variables.names
        (child,) = statement.children
        carried = child.content.carried if isinstance(child.content, Stack) else 0
        if not carried:
            self._write_arms(position, indent)
            return
        pairs = [*zip(statement.assigns, statement.reads, strict=False)]
        for output, _ in pairs:
            self.variables.add_reader(output, position)  # so that one that nothing reads has a variable of its own
        for output, value in pairs:
            self._begin_loop(output, value, position, indent)
        step = make_unused_name("step", names.values())
        targets = ", ".join(names[output] for output, _ in pairs)
        arguments = ", ".join([targets, *(names[other] for other in statement.reads[carried:])])
        self.lines.append(f"{' ' * indent}for {step} in {format_submodule(child.owner, self.body.syntax)}:")
        self.lines.append(f"{' ' * indent}    {targets} = {step}({arguments})")

    def _begin_loop(self, output: str, value: str, position: int, indent: int) -> None:
        """Let a variable hold a value before the loop that carries it, and the output of the loop after it."""
        names = self.variables.names
        if output not in names and self.variables.is_dead_after(value, position):
            self.variables.assign(output, names[value])
        elif output not in names:
            self.variables.assign_unused(output, position)
        if names[output] != names[value] and self.initial.get(output) != value:
            self.lines.append(f"{' ' * indent}{names[output]} = {names[value]}")

    def _write_arms(self, position: int, indent: int) -> None:
        """Write a list of the values of modules that stand side by side."""
        statement, names = self.statements[position], self.variables.names
        arm = make_unused_name("arm", names.values())
        arguments = [names[value] for value in statement.reads]
        targets = [self.choose_target(value, position) for value in statement.assigns]
        modules = format_submodule(statement.children[0].owner, self.body.syntax)
        each = format_call(arm, arguments), f"for {arm} in {modules}"
        self.lines += format_lines(Bracketed("[", each, "]", ""), indent, f"{', '.join(targets)} = ")

    def is_return(self, position: int) -> bool:
        """Return whether this is the last statement and computes the outputs of the class."""
        statement = self.statements[position]
        is_last = position == len(self.statements) - 1 and not statement.branch
        return is_last and not statement.is_loop and statement.assigns == self.module.outputs

    def write_return(self) -> None:
        if self.module.outputs and not (self.statements and self.is_return(len(self.statements) - 1)):
            names = ", ".join(self.variables.names[value] for value in self.module.outputs)
            self.lines.append(f"{' ' * self.indent}return {names}")

    def _comment(self, statement: ForwardStatement) -> str:
        """Return the output shape of a statement's functions; that of modules is in the constructor."""
        leaves = [(child, child.content) for child in statement.children if isinstance(child.content, Leaf)]
        functions = [child for child, leaf in leaves if not any(call.is_module for call in leaf.calls)]
        return next((c for child in reversed(functions) if (c := self.body.shape_comment(child))), "")
