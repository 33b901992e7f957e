"""Parameters of a block that stand for layers: `block unit(K, act={ relu })`, called with `act={ silu }`."""

from __future__ import annotations

import re
from collections.abc import Collection

from specnet.diagnostics import Code, Label
from specnet.elaborate.context import Context
from specnet.elaborate.scope import DefinedBlock, Scope
from specnet.layers import get_layer_class, list_kinds
from specnet.syntax import tree


def check_layer_parameter(name: tree.Name, layers: tree.Body, context: Context, statements: Collection[str]) -> None:
    """Report a parameter that stands for layers, and whose name already stands for something else in a chain."""
    known = context.scope.find_block(name.text)
    if name.text in statements or name.text in list_kinds():
        what = "a layer" if name.text in list_kinds() else "a word of the language"
        message = f"a parameter that stands for layers cannot be called `{name.text}`: that is {what}"
        context.report(Code.E107, message, name.span)
    elif known:
        first = Label(known.block.name.span, "first here", primary=False)
        context.report(Code.E103, f"there is already a block `{name.text}`", name.span, first)
    report_no_chain(name.text, layers, context)


def report_no_chain(name: str, layers: tree.Body, context: Context) -> bool:
    """Report braces that hold more than layers one after the other; return whether they do."""
    if not (fits := tree.is_chain(layers)):
        message = f"`{name}` takes layers one after the other, `{{ bn -> relu }}`; a block can hold more"
        context.report(Code.E106, message, layers.span)
    return not fits


def define_layers(name: tree.Name, layers: tree.Body, inner: Scope, home: Scope) -> None:
    """Let a parameter stand for layers in the scope `inner`, as a block does; they see the names of `home`."""
    passed = _find_passed(layers, home)
    block = tree.Block(layers.span, name, (), layers)
    inner.blocks[name.text] = passed or home.make_definition(block, is_parameter=True)


def _find_passed(layers: tree.Body, home: Scope) -> DefinedBlock | None:
    """Return the layers that a block was given itself and passes on, `act={ act }`."""
    if not tree.is_single_call(layers):
        return None
    chain = layers.lines[0]
    call = chain.elements[0] if isinstance(chain, tree.Chain) else None
    if not isinstance(call, tree.Call) or call.given:
        return None
    found = home.find_block(call.word.text)
    return found if found and found.is_parameter else None


def explain_layers_parameter(name: str) -> str:
    """Return how a parameter is declared that stands for layers."""
    return f"a parameter of a block stands for layers if its default is in braces, `{name}={{ … }}`"


def reads_as_layers(block: tree.Block, name: str) -> bool:
    """Return whether a line of a block has the name of a parameter in the place of a layer."""
    return bool(re.search(rf"(?:^|->|[{{|])[ \t]*{name}[ \t]*(?:->|[|}}\n]|$)", block.body.span.text, re.MULTILINE))


def is_layer_word(word: str, context: Context) -> bool:
    """Return whether a word is a layer or a block."""
    return get_layer_class(word) is not None or context.scope.find_block(word) is not None
