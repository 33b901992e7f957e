"""Optimizers and losses of PyTorch and Keras, and what `compile` and `fit` say: see meaning.py for the rows.

`fit` of Keras takes 32 images at once unless it is told otherwise, and validates with the last images of the set.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from specnet import settings
from specnet.foreign.calls import parse_python, read_value
from specnet.foreign.meaning import Table, read_table
from specnet.foreign.patterns import NUMBER
from specnet.foreign.translation import translate
from specnet.foreign.values import Expression, Value, format_foreign_value


def _split_betas(arguments: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return Adam's two rates, which torch takes as a pair."""
    betas = arguments.get("betas")
    return dict(zip(("beta1", "beta2"), betas, strict=False)) if isinstance(betas, tuple) else {}


OPTIMIZERS: Mapping[str, Table] = {
    "PyTorch": read_table(
        """
Optimizer(*, maximize: False = False, foreach: unread = None, differentiable: unread = False, fused: unread = None,
       capturable: unread = False) ->
SGD(params: unread, lr: lr = 1e-3, momentum: momentum = 0, dampening: 0 = 0, weight_decay: weight_decay = 0,
       nesterov: nesterov = False, **kwargs: Optimizer) -> sgd
Adam(params: unread, lr: lr = 1e-3, betas: unread = None, eps: eps = 1e-8, weight_decay: weight_decay = 0,
       amsgrad: False = False, *, beta1: beta1 = 0.9, beta2: beta2 = 0.999, **kwargs: Optimizer) -> adam
AdamW(params: unread, lr: lr = 1e-3, betas: unread = None, eps: eps = 1e-8, weight_decay: weight_decay = 1e-2,
       amsgrad: False = False, *, beta1: beta1 = 0.9, beta2: beta2 = 0.999, **kwargs: Optimizer) -> adamw
RMSprop(params: unread, lr: lr = 1e-2, alpha: alpha = 0.99, eps: eps = 1e-8, weight_decay: weight_decay = 0,
       momentum: momentum = 0, centered: False = False, **kwargs: Optimizer) -> rmsprop
""",
        completions={"Adam": _split_betas, "AdamW": _split_betas},
        classes=settings.get_choices("optimizer"),
    ),
    "Keras": read_table(
        """
Optimizer(*, clipnorm: None = None, clipvalue: None = None, global_clipnorm: clip = None, use_ema: False = False,
       ema_momentum: unread = 0.99, ema_overwrite_frequency: unread = None, loss_scale_factor: unread = None,
       gradient_accumulation_steps: None = None, name: unread = None, decay: 0 = 0) ->
SGD(learning_rate: lr = 0.01, momentum: momentum = 0.0, nesterov: nesterov = False, weight_decay: None = None,
       **kwargs: Optimizer) -> sgd
Adam(learning_rate: lr = 1e-3, beta_1: beta1 = 0.9, beta_2: beta2 = 0.999, epsilon: eps = 1e-7,
       amsgrad: False = False, weight_decay: None = None, **kwargs: Optimizer) -> adam
AdamW(learning_rate: lr = 1e-3, weight_decay: weight_decay = 4e-3, beta_1: beta1 = 0.9, beta_2: beta2 = 0.999,
       epsilon: eps = 1e-7, amsgrad: False = False, **kwargs: Optimizer) -> adamw
RMSprop(learning_rate: lr = 1e-3, rho: alpha = 0.9, momentum: momentum = 0.0, epsilon: eps = 1e-7,
       centered: False = False, weight_decay: None = None, **kwargs: Optimizer) -> rmsprop
""",
        renamed={"lr": "learning_rate"},
        classes=settings.get_choices("optimizer"),
    ),
}

LOSSES: Table = read_table(
    """
CrossEntropyLoss(weight: None = None, size_average: unread = None, ignore_index: unread = -100, reduce: unread = None,
       reduction: "mean" = "mean", label_smoothing: smoothing = 0.0) -> cross_entropy
CategoricalCrossentropy(from_logits: True = False, label_smoothing: smoothing = 0.0, axis: -1 = -1,
       reduction: unread = None, name: unread = None) -> cross_entropy
CategoricalCrossentropy(from_logits: False = False, label_smoothing: smoothing = 0.0, axis: -1 = -1,
       reduction: unread = None,
       name: unread = None) -> cross_entropy, but it applies a softmax itself: leave out that of the last layer
SparseCategoricalCrossentropy(from_logits: True = False, ignore_class: None = None, reduction: unread = None,
       name: unread = None) -> cross_entropy
SparseCategoricalCrossentropy(from_logits: False = False, ignore_class: None = None, reduction: unread = None,
       name: unread = None) -> cross_entropy, but it applies a softmax itself: leave out that of the last layer
""",
    classes=settings.get_choices("loss"),
)

NAMES = {
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "rmsprop": "RMSprop",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
}
"""The classes by Keras's texts."""

FIT = (
    "x", "y", "batch_size", "epochs", "verbose", "callbacks", "validation_split", "validation_data", "shuffle",
    "class_weight", "sample_weight", "initial_epoch", "steps_per_epoch",
)  # fmt: skip
"""The arguments of Keras's `fit`, in their order."""

UNREAD = frozenset({"verbose", "metrics", "run_eagerly", "steps_per_execution", "jit_compile", "auto_scale_loss"})
"""Arguments of `compile` and `fit` that do not change what is learned."""

LINES = ("data", "split", "loss", "optimizer", "batch", "epochs")
"""The lines of `train` in their order."""

DATA = re.compile(r"\b(?:datasets\.)?(mnist|fashion_mnist|cifar10|cifar100)\.load_data\(|\b(MNIST|CIFAR10|CIFAR100)\(")
"""The data sets that a spec has, too."""

CONSTANTS = re.compile(rf"^{NUMBER.pattern}[ \t]*(?:#.*)?$", re.MULTILINE)
ASSIGNED = re.compile(r"^(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*(?P<value>[\w.]+\([^\n]*\))[ \t]*(?:#.*)?$", re.MULTILINE)


@dataclass
class Recipe:
    """The lines of a `train` section, and what they do not say of the original."""

    program: str
    """The text around the calls, which gives names their values."""
    lines: dict[str, str] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        lines = [f"  {line:<9} {self.lines[line]}" for line in LINES if line in self.lines]
        return "\n".join(["train {", *lines, "}"])

    def add(self, statement: str) -> None:
        """Add what a statement says: `model.compile(…)`, `model.fit(…)`, an optimizer or a loss."""
        call = _find_call(statement)
        if call is None:
            return
        name = ast.unparse(call.func).rpartition(".")[2]
        keywords = {each.arg: each.value for each in call.keywords if each.arg}
        if name == "compile":
            given = dict(zip(("optimizer", "loss", "metrics"), call.args, strict=False)) | keywords
            self._add_compile(given)
        elif name in ("fit", "fit_generator"):
            self._add_fit(dict(zip(FIT, call.args, strict=False)) | keywords)
        elif "optim" in ast.unparse(call.func):
            self._add_optimizer(call)
        else:
            self._add_loss(call)

    def _add_compile(self, given: Mapping[str, ast.expr]) -> None:
        for key, node in given.items():
            node = self._resolve(node)
            if key == "optimizer":
                self._add_optimizer(node)
            elif key == "loss":
                self._add_loss(node)
            elif key not in UNREAD:
                self._leave_out(key, node)

    def _add_fit(self, given: Mapping[str, ast.expr]) -> None:
        self.lines["batch"] = self._format(given["batch_size"]) if "batch_size" in given else "32"
        self.lines["epochs"] = self._format(given["epochs"]) if "epochs" in given else "1"
        if "validation_split" in given:
            self.lines["split"] = f"validation={self._format(given['validation_split'])}"
        images = [ast.unparse(given[key]) for key in ("x", "y") if key in given]
        if found := DATA.search(self.program):
            self.lines["data"] = (found[1] or found[2]).lower()
        elif images:
            self.differences.append(f"`data` says which images `{', '.join(images)}` are")
        done = {"x", "y", "batch_size", "epochs", "validation_split"} | UNREAD
        for key, node in given.items():
            if key not in done:
                self._leave_out(key, node)

    def _add_optimizer(self, node: ast.expr) -> None:
        is_torch = isinstance(node, ast.Call) and (bool(node.args) and "parameters" in ast.unparse(node.args[0]))
        self._add_line("optimizer", node, OPTIMIZERS["PyTorch" if is_torch else "Keras"])

    def _add_loss(self, node: ast.expr) -> None:
        self._add_line("loss", node, LOSSES)

    def _add_line(self, line: str, node: ast.expr, table: Table) -> None:
        """Translate the call of a class, or Keras's name of one."""
        arguments, keywords = list[Value](), dict[str, Value]()
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            arguments = [self._read(each) for each in node.args]
            keywords = {each.arg: self._read(each.value) for each in node.keywords if each.arg}
        else:
            text = node.value if isinstance(node, ast.Constant) else ast.unparse(node).rpartition(".")[2]
            name = NAMES.get(str(text).lower(), str(text))
        if name not in table:
            self.differences.append(f"`{name}` has no counterpart: `specnet explain {line}` lists what there is")
            return
        found = translate(table[name], arguments, keywords)
        self.lines[line] = found.layers[0]
        self.differences += [f"{name}: {difference}" for difference in found.differences]

    def _resolve(self, node: ast.expr) -> ast.expr:
        """Return the call that a name stands for."""
        if isinstance(node, ast.Name):
            for found in ASSIGNED.finditer(self.program):
                if found["name"] == node.id and (call := _find_call(found["value"])):
                    return call
        return node

    def _read(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Name):
            for found in CONSTANTS.finditer(self.program):
                if found["name"] == node.id:
                    return ast.literal_eval(found["value"])
        return read_value(node)

    def _format(self, node: ast.expr) -> str:
        value = self._read(node)
        return (
            f"({value})" if isinstance(value, Expression) and not value.isidentifier() else format_foreign_value(value)
        )

    def _leave_out(self, key: str, node: ast.expr) -> None:
        text = ast.unparse(node)
        self.differences.append(f"`{key}={text if len(text) < 40 else '…'}` is left out")


def _find_call(statement: str) -> ast.Call | None:
    match parse_python(statement):
        case [ast.Expr(value=ast.Call() as call)] | [ast.Assign(value=ast.Call() as call)]:
            return call
    return None


def read_recipe(statements: Sequence[str], program: str) -> Recipe:
    """Return what statements say of training; `program` is the text that holds them."""
    recipe = Recipe(program)
    for statement in statements:
        recipe.add(statement)
    return recipe
