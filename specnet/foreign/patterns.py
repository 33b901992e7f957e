"""Statements of programs that give no value of the network: imports, constants, `Model(…)`, `model.summary()`."""

from __future__ import annotations

import ast
import re

from specnet.foreign.calls import parse_python
from specnet.foreign.tools import CONSTANT, IMPORT
from specnet.syntax.parser_input import MASK

NAME = r"[A-Za-z_]\w*"
GIVEN = rf"(?:{NAME}(?:[ \t]*,[ \t]*{NAME})*[ \t]*=[ \t]*)?"
"""The names that take what a call gives, if any."""

MODEL = re.compile(rf"[ \t]*{GIVEN}(?:[\w.]+\.)?Model\(")
TRAINING = re.compile(
    rf"[ \t]*{GIVEN}(?:[\w.]+\.(?:compile|fit|fit_generator)|(?:[\w.]+\.)?optim(?:izers)?\.\w+|(?:\w+\.)*\w+Loss|"
    r"(?:[\w.]+\.)?losses\.\w+)\("
)
"""Calls that say how a model is trained."""

IDLE = re.compile(
    rf"[ \t]*(?:{GIVEN}(?:[\w.]+\.)?Sequential\(\)|super\([^()]*\)\.__init__\([^()]*\)|return\b|print\(|assert\b|del\b|"
    rf"{GIVEN}[\w.]+\.(?:summary|eval|train|build|cuda|cpu|evaluate|predict|save\w*|load_\w+|zero_grad|step|backward|"
    rf"manual_seed|seed|set_seed|plot_model)\(|[rbu]?\"\"\"[^\n]*\"\"\"|plt\.|{GIVEN}torch\.device\(|%|!pip)"
)
"""Statements that do nothing to the layers."""

IMAGES = re.compile(r"[ \t]*[\w(), \t]+=[ \t]*[\w.]+\.load_data\(")
"""The reading of a data set of Keras."""

NUMBER = re.compile(r"(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*(?P<value>[\d_.]+(?:[eE]-?\d+)?)")
"""A number with a name."""

INSTANCE = re.compile(
    rf"[ \t]*(?P<variable>{NAME})[ \t]*=[ \t]*(?P<name>[A-Z]\w*)\((?P<arguments>[^\n()]*)\)"
    r"(?:\.(?:to|cuda|cpu)\([^\n()]*\))?[ \t]*(?:#.*)?"
)
"""The making of a network, `net = Net()`."""

LOOP = re.compile(
    rf"(?P<indent>[ \t]*)(?:for|while|with|if|try)\b[^\n{{}}]*:[ \t{MASK}]*\n"
    rf"(?P<body>(?:(?P=indent)[ \t]+[^\n]*(?:\n|\Z)|[ \t\r{MASK}]*\n)*)"
)
LEARNS = re.compile(r"\.backward\(|\bzero_grad\(|\.step\(|\bno_grad\(|__name__|\bprint\(|\bloader\b|\w+_loader\b")
"""What the body of a training loop has, and no `repeat` of layers."""

CLASS = re.compile(r"[ \t]*(?:class|def)\b")


def gives_no_value(statement: str) -> bool:
    """Return whether a statement of a program gives no value of the network."""
    kinds = (IMPORT, CLASS, MODEL, TRAINING, IDLE, IMAGES, CONSTANT)
    return any(kind.match(statement) for kind in kinds)


def list_outputs(text: str) -> list[str]:
    """Return the outputs of a call of `Model`."""
    match parse_python(text):
        case [ast.Assign(value=ast.Call() as call)] | [ast.Expr(value=ast.Call() as call)]:
            named = [keyword.value for keyword in call.keywords if keyword.arg in ("outputs", "output")]
            for node in [*named, *call.args[1:2]]:
                return [ast.unparse(each) for each in (node.elts if isinstance(node, ast.List) else [node])]
    return []
