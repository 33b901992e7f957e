"""Write the constructor of a class, and the attributes in which it keeps parameters for the forward pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import groupby

from specnet.backends.source.calls import SourceCall
from specnet.backends.source.class_syntax import ClassSyntax
from specnet.backends.source.instances import (
    ClassDefinition,
    Instances,
    Repetition,
    find_repetitions,
)
from specnet.backends.source.module_tree import Child, Leaf, Module, Stack
from specnet.backends.source.parameters import INCREMENT, REPEATS, Slot
from specnet.backends.source.pretty_printer import (
    Bracketed,
    PythonText,
    format_call,
    format_flat,
    format_keyword,
    format_lines,
    format_literal,
)
from specnet.graph import Network
from specnet.layers.base import Shape, format_shape
from specnet.naming import escape_name, is_attribute, make_unused_name


def format_submodule(name: str, syntax: ClassSyntax) -> str:
    """Return the expression for a submodule: `self.conv1`; for no identifier `self.get_submodule("0.conv1")`."""
    if syntax.has_paths and not all(map(is_attribute, name.split("."))):
        return f'self.get_submodule("{name}")'
    found = "self"
    for part in name.split("."):
        found = f"{found}.{part}" if is_attribute(part) else f'getattr({found}, "{part}")'
    return found


class ClassBody:
    """The texts of a class's slots, as its constructor and its forward pass write them."""

    def __init__(
        self, network: Network, definition: ClassDefinition, instances: Instances, syntax: ClassSyntax
    ) -> None:
        self.network, self.definition, self.instances, self.syntax = network, definition, instances, syntax
        self.children = definition.full.children
        self.texts = definition.parameters.texts

    def arguments(self, child: Child, position: int, call: SourceCall) -> Iterator[PythonText]:
        """Yield the arguments of a child's call: by position or by name as in the signature, without defaults."""
        for name in call.arguments:
            slot = Slot(child.name, position, name)
            if slot in self.texts:
                written = self.texts[slot] if call.is_module else self.attribute_text(slot)
                text = call.signature.spell(name, written, call.arguments[name])
                is_positional = call.is_method or name in call.signature.positional
                yield text if is_positional else format_keyword(call.signature.spelling.get(name, name), text)

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """The constructor's parameters that the forward pass reads, and the attributes that keep them."""
        leaves = [(child.name, child.content.calls) for child in self.children if isinstance(child.content, Leaf)]
        functions = {(name, place) for name, calls in leaves for place, c in enumerate(calls) if not c.is_module}
        slots = [s for s in self.texts if s in self.definition.branches or (s.child, s.call) in functions]
        taken = {child.name for child in self.children}
        names = (name for slot in slots for name in self.definition.parameters.reads[slot])
        return {name: make_unused_name(escape_name(name), taken) for name in names}

    def attribute_text(self, slot: Slot) -> PythonText:
        """Return the text of a slot with attributes in place of the constructor's parameters."""
        text, names = self.texts[slot], self.definition.parameters.reads[slot]
        if not names:
            return text
        return re.sub(rf"\b({'|'.join(names)})\b", lambda name: f"self.{self.attributes[name[0]]}", format_flat(text))

    @cached_property
    def branch_values(self) -> Mapping[Slot, tuple[str, str]]:
        """The output of each optional branch, and the value that bypasses it."""
        values = {("", number): value for number, value in enumerate(self.definition.full.inputs)}
        for child in self.children:
            values |= {(child.name, number): value for number, value in enumerate(child.outputs)}
        branches = self.definition.branches.items()
        return {slot: (values[branch.output], values[branch.bypass]) for slot, branch in branches}

    def branch_of(self, child: Child) -> Slot | None:
        """Return the slot of the optional branch that a child belongs to."""
        return next((s for s, branch in self.definition.branches.items() if child.name in branch.children), None)

    def shape_comment(self, child: Child) -> str:
        """Return the shape of a map or sequence where all instances have the same and the child can change it."""
        shapes = self._shapes.get(child.name, set())
        shape = next(iter(shapes)) if len(shapes) == 1 else None
        return format_shape(shape) if shape and len(shape) > 1 and not self._preserves_shape(child, shape) else ""

    def _preserves_shape(self, child: Child, shape: Shape) -> bool:
        if not isinstance(child.content, Leaf):
            return False
        layer, is_function = child.content.node.layer, not any(call.is_module for call in child.content.calls)
        return bool(layer and layer.preserves_shape) or (is_function and self.network.shapes[child.inputs[0]] == shape)

    @cached_property
    def _shapes(self) -> Mapping[str, set[Shape | None]]:
        """The output shapes of each child in all instances of the class."""
        found: dict[str, set[Shape | None]] = {}
        for child in (child for module in self.definition.modules for child in module.children):
            found.setdefault(child.name, set()).update(self.network.shapes[value] for value in child.outputs[:1])
        return found


def write_init(body: ClassBody) -> list[str]:
    """Return the lines of `__init__`; none if the class has neither parameters nor submodules."""
    modules = [(child, text) for child in body.children if (text := _instantiate(body, child)) is not None]
    parameters = body.definition.parameters
    if not modules and not parameters.values and not body.syntax.keyword:
        return []
    defaults = {name: f"{name}={format_flat(format_literal(value))}" for name, value in parameters.defaults.items()}
    names = (defaults.get(name, name) for name in parameters.values)
    head = Bracketed("def __init__(", ("self", *names, *body.syntax.own_parameters), "):")
    lines = [*format_lines(head, 4), *([f"        {body.syntax.first_line}"] if body.syntax.first_line else [])]
    lines += [f"        self.{attribute} = {name}" for name, attribute in body.attributes.items()]
    containers = set[str]()
    for slot, group in groupby(modules, lambda module: body.branch_of(module[0])):
        lines += [f"        if {format_flat(body.texts[slot])}:"] if slot else []
        for child, text in group:
            lines += _assign_child(body, child, text, 12 if slot else 8, containers)
    return lines if modules or body.attributes or body.syntax.first_line else [*lines, "        pass"]


def _assign_child(body: ClassBody, child: Child, text: PythonText, indent: int, containers: set[str]) -> Iterator[str]:
    """Yield the lines that set an attribute, after empty modules for the containers of a dotted name."""
    path = child.name.split(".")
    for end in range(1, len(path)):
        container = ".".join(path[:end])
        if container not in containers:
            yield from _assign(body.syntax, container, body.syntax.container, "", indent)
        containers.add(container)
    containers.add(child.name)
    yield from _assign(body.syntax, child.name, text, body.shape_comment(child), indent)
    calls = child.content.calls if isinstance(child.content, Leaf) and body.syntax.freezes else ()
    for parameter in (name for call in calls for name in call.frozen):
        yield f"{' ' * indent}{format_submodule(child.name, body.syntax)}.{parameter}.requires_grad_(False)"


def _assign(syntax: ClassSyntax, name: str, text: PythonText, comment: str, indent: int) -> list[str]:
    holder, _, last = name.rpartition(".")
    target = format_submodule(holder, syntax) if holder else "self"
    if is_attribute(last):
        return format_lines(text, indent, f"{target}.{last} = ", comment=comment)
    before = f'{target}.add_module("{last}", ' if syntax.has_paths else f'setattr({target}, "{last}", '
    return format_lines(text, indent, before, ")", comment)


def _instantiate(body: ClassBody, child: Child) -> PythonText | None:
    """Return the expression that constructs a child; None for a function or another's weights."""
    if not child.is_owner:
        return None
    match child.content:
        case Leaf(calls=calls):
            modules = ((position, call) for position, call in enumerate(calls) if call.is_module)
            given = ((call, [*body.arguments(child, position, call)]) for position, call in modules)
            return next((format_call(call.name, body.syntax.hand_on(arguments)) for call, arguments in given), None)
        case Module(path=path):
            return _instance(body, child, 0, body.instances[path].definition)
        case Stack(modules=modules) as stack:
            found = enumerate(find_repetitions(body.instances, modules))
            items = tuple(_repetition(body, child, position, repetition) for position, repetition in found)
            sequential = format_call(body.syntax.sequential, items)
            return sequential if stack.is_sequential else format_call(body.syntax.module_list, [_list(items)])


def _instance(body: ClassBody, child: Child, position: int, definition: ClassDefinition) -> Bracketed:
    """Return the expression that constructs an instance: `Basic(64, stride=2)`."""
    defaults = definition.parameters.defaults
    given = list_arguments(body, child, position, definition)
    arguments = [format_keyword(name, text) if name in defaults else text for name, text in given]
    return format_call(definition.name, body.syntax.hand_on(arguments))


def list_arguments(
    body: ClassBody, child: Child, position: int, definition: ClassDefinition
) -> list[tuple[str, PythonText]]:
    """Return the parameters of an instance that differ from their defaults, with their texts."""
    texts = [(name, _argument(body, child, position, name)) for name in definition.parameters.values]
    return [(name, text) for name, text in texts if text is not None]


def _argument(body: ClassBody, child: Child, position: int, name: str) -> PythonText | None:
    """Return an argument, in a comprehension with its increment: `64 + 32 * i`."""
    first, increment = (body.texts.get(Slot(child.name, position, key)) for key in (name, name + INCREMENT))
    if increment is None:
        return first
    start, step = format_flat(first or "0"), format_flat(increment)
    sign, step = ("-", step[1:]) if step.startswith("-") else ("+", step)
    term = "i" if step == "1" else f"{step} * i"
    return term if (start, sign) == ("0", "+") else f"{start} {sign} {term}"


def _repetition(body: ClassBody, child: Child, position: int, repetition: Repetition) -> PythonText:
    """Return one instance, or several in a comprehension: `*[Basic(64) for _ in range(3)]`."""
    instance = _instance(body, child, position, repetition.definition)
    count = body.texts.get(Slot(child.name, position, REPEATS))
    if count is None:
        return instance
    names = repetition.definition.parameters.values
    grows = any(Slot(child.name, position, name + INCREMENT) in body.texts for name in names)
    return Bracketed("*[", (instance, f"for {'i' if grows else '_'} in range({format_flat(count)})"), "]", "")


def _list(items: tuple[PythonText, ...]) -> PythonText:
    """Return the items as a list, `[…]` rather than `[*[…]]`."""
    only = items[0] if len(items) == 1 else None
    return replace(only, head="[") if isinstance(only, Bracketed) and only.head == "*[" else Bracketed("[", items, "]")
