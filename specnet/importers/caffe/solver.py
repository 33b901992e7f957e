"""A solver: the network that it names, and how it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from specnet.foreign.caffe_messages import Message
from specnet.importers.caffe.data import is_data
from specnet.importers.caffe.prototxt import NetText
from specnet.importers.errors import UnreadableModel
from specnet.importers.training import BatchCount, find_data_set

NETS = ("net", "train_net", "test_net")
"""The fields that name the file of a network."""

OPTIMIZERS = {
    "SGD": "sgd",
    "NESTEROV": "sgd",
    "ADAM": "adam",
    "RMSPROP": "rmsprop",
    "0": "sgd",
    "1": "sgd",
    "5": "adam",
    "4": "rmsprop",
}
"""The optimizers here by the types of solvers, and by the numbers of old files."""


def is_solver(fields: Message) -> bool:
    """Whether a file has the settings of a training in place of layers."""
    return bool(fields.values(*NETS, "base_lr", "net_param", "train_net_param")) and not fields.messages(
        "layer", "layers"
    )


def find_net(fields: Message, solver: Path) -> Path:
    """Return the file of a solver's network, beside it or below one of its parent folders; raises UnreadableModel."""
    named = [str(value) for value in fields.values(*NETS) if isinstance(value, str)]
    if not named:
        raise UnreadableModel(f"{solver} is a solver that names no network: it has no field `net`")
    for folder in solver.absolute().parents:
        for path in (folder / named[0], folder / Path(named[0]).name):
            if path.is_file() and path != solver:
                return path
    raise UnreadableModel(
        f"{solver} is the solver of the network `{named[0]}`, which is neither beside it nor in a folder above it;"
        " import that file, or put it there"
    )


def read_training(fields: Message, net: NetText) -> BatchCount:
    """Return the training of a solver and of the layer that feeds its network."""
    count = BatchCount()
    for layer in net.layers:
        if is_data(layer) and (layer.excluded or not count.batch):
            inner = [each for message in layer.message.messages(*_list_params(layer.message)) for each in message]
            own = Message(inner)
            sizes = [value for value in own.values("batch_size") if isinstance(value, int)]
            count.batch = sizes[-1] if sizes and not _is_test(layer.message) else count.batch
            count.images = find_data_set(own.text("source")).images or count.images
    count.parts = max(1, int(_number(fields, "iter_size", 1)))
    count.batch *= count.parts
    count.most = int(_number(fields, "max_iter", 0))
    _set_optimizer(fields, count)
    _set_schedule(fields, count)
    return count


def _list_params(message: Message) -> list[str]:
    return [field.key for field in message if field.key.endswith("_param")]


def _is_test(message: Message) -> bool:
    return any(rule.text("phase") == "TEST" for rule in message.messages("include"))


def _number(fields: Message, key: str, default: float) -> float:
    found = [value for value in fields.values(key) if isinstance(value, (int, float))]
    return found[-1] if found else default


def _set_optimizer(fields: Message, count: BatchCount) -> None:
    kind = fields.text("type") or fields.text("solver_type") or "SGD"
    word = OPTIMIZERS.get(kind.upper(), "")
    momentum, rate = _number(fields, "momentum", 0.0), _number(fields, "base_lr", 0.01)
    values: dict[str, Any] = {"lr": rate, "weight_decay": _number(fields, "weight_decay", 0.0) or None}
    if fields.text("regularization_type") == "L1":
        values["weight_decay"] = None
        count.remarks.append("the weight decay is that of L1, which an optimizer does not have")
    clip = _number(fields, "clip_gradients", 0.0)
    values["clip"] = clip if clip > 0 else None
    if word == "sgd":
        values |= {"momentum": momentum or None, "nesterov": True if kind.upper() in ("NESTEROV", "1") else None}
    elif word == "adam":
        values |= {"beta1": momentum or None, "beta2": _number(fields, "momentum2", 0.999)}
        values["eps"] = _number(fields, "delta", 1e-8)
    elif word == "rmsprop":
        values |= {"alpha": _number(fields, "rms_decay", 0.99), "eps": _number(fields, "delta", 1e-8)}
    if word:
        count.set("optimizer", word, values)
    else:
        count.remarks.append(f"there is no optimizer like the solver's, {kind}")


def _set_schedule(fields: Message, count: BatchCount) -> None:
    policy, gamma = fields.text("lr_policy", "fixed"), _number(fields, "gamma", 0.1)
    power, every = _number(fields, "power", 1.0), _number(fields, "stepsize", 0)
    if policy == "fixed":
        return
    if policy == "step" and every > 0:
        count.step((), every, gamma)
    elif policy == "multistep":
        count.step([float(value) for value in fields.values("stepvalue") if isinstance(value, (int, float))], 0, gamma)
    elif policy == "exp" and count.has_epochs and 0 < gamma < 1:
        count.set("schedule", "exponential", {"decay": round(gamma ** (count.images / count.batch), 9), "every": 1.0})
    elif policy == "poly" and power == 1:
        count.set("schedule", "triangle", {"start": 1.0, "peak": 1e-6, "end": 0.0})
    else:
        rule = {
            "poly": f"(1 - n/{count.most})^{power:g}",
            "inv": f"(1 + {gamma:g}·n)^-{power:g}",
            "exp": f"{gamma:g}^n",
            "sigmoid": f"1/(1 + exp(-{gamma:g}·(n - {every:g})))",
        }.get(policy, policy)
        count.remarks.append(
            f"the learning rate after n batches is {rule} of the first, for which there is no schedule"
        )
