"""How [net] says that a network is trained, as the lines of a `train` section."""

from __future__ import annotations

from typing import Any

from specnet.importers.darknet.cfg import Section
from specnet.importers.training import BatchCount

SIZES = frozenset({"height", "width", "channels", "inputs"})

READ = SIZES | {
    "batch", "subdivisions", "learning_rate", "momentum", "decay", "policy", "steps",
    "scales", "step", "scale", "max_batches", "burn_in", "power", "adam",
    "B1", "B2", "eps", "gamma",
}  # fmt: skip
"""The options that are written as settings, or of which a remark says why not."""


def read_training(net: Section) -> BatchCount:
    """Return the training that [net] describes."""
    count = BatchCount()
    count.batch = max(0, net.whole("batch", 1))
    count.parts = max(1, net.whole("subdivisions", 1))
    count.most = max(0, net.whole("max_batches", 0))
    _set_optimizer(net, count)
    _set_schedule(net, count)
    others = [name for name in net.options if name not in READ]
    if others:
        count.remarks.append(f"of [net], what is not here: {', '.join(others)}")
    return count


def _number(net: Section, name: str, default: float) -> float:
    value = net.options.get(name, default)
    return float(value) if isinstance(value, (int, float)) else default


def _set_optimizer(net: Section, count: BatchCount) -> None:
    if "learning_rate" not in net.options:
        return
    decay = _number(net, "decay", 0.0001) or None
    values: dict[str, Any] = {"lr": _number(net, "learning_rate", 0.001), "weight_decay": decay}
    if net.whole("adam", 0):
        values |= {"beta1": _number(net, "B1", 0.9), "beta2": _number(net, "B2", 0.999)}
        count.set("optimizer", "adam", values | {"eps": _number(net, "eps", 1e-7)})
    else:
        count.set("optimizer", "sgd", values | {"momentum": _number(net, "momentum", 0.9) or None})


def _set_schedule(net: Section, count: BatchCount) -> None:
    policy = str(net.options.get("policy", "constant"))
    rule = {
        "steps": f"is multiplied by {_list(net, 'scales')} after {_list(net, 'steps')} batches",
        "step": f"is multiplied by {_list(net, 'scale')} after every {_list(net, 'step')} batches",
        "poly": f"after n batches is (1 - n/{count.most})^{_number(net, 'power', 4):g} of the first",
        "exp": f"after n batches is {_number(net, 'gamma', 1):g}^n of the first",
        "sgdr": "follows a cosine that begins anew",
    }.get(policy)
    if rule:
        count.remarks.append(f"the learning rate {rule}; a schedule here has epochs, which depend on the data")
    elif policy not in ("constant", "random"):
        count.remarks.append(f"there is no schedule like `policy={policy}`")
    if burn_in := net.whole("burn_in", 0):
        count.remarks.append(f"the learning rate rises over the first {burn_in:,} batches")


def _list(net: Section, name: str) -> str:
    return ", ".join(map(str, net.numbers(name)))
