"""Compare the module in memory with the one that the generated source defines."""

from __future__ import annotations

import torch
from torch import nn

from specnet.backends.torch_module import build_module
from specnet.backends.torch_source import generate_source
from specnet.compiler import check_source
from specnet.elaborate.formulas import NO_FORMULAS, Formulas
from specnet.graph import Network
from specnet.layers.base import order_as_torch
from specnet.source import Source


def network(text: str) -> Network:
    checked = check_source(Source("<text>", text))
    assert checked.ok, [diagnostic.message for diagnostic in checked.diagnostics]
    return checked.network


def written(built: Network, formulas: Formulas = NO_FORMULAS) -> type[nn.Module]:
    """Return the class of the network that the generated source defines."""
    text = generate_source(built, "", formulas)
    names: dict[str, object] = {"__name__": "generated"}
    exec(compile(text, "<generated>", "exec"), names)
    classes = [line for line in text.splitlines() if line.startswith("class ")]
    found = names[classes[-1].removeprefix("class ").partition("(")[0]]
    assert isinstance(found, type) and issubclass(found, nn.Module)
    return found


def assert_same(built: Network, formulas: Formulas = NO_FORMULAS) -> None:
    """Assert that both modules start with the same weights, load each other's and compute the same, in training too."""
    torch.manual_seed(0)
    in_memory: nn.Module = build_module(built)
    torch.manual_seed(0)
    generated = written(built, formulas)()
    ours, theirs = in_memory.state_dict(), generated.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    learned = [{name for name, p in module.named_parameters() if p.requires_grad} for module in (in_memory, generated)]
    assert learned[0] == learned[1]
    generated.load_state_dict(ours, strict=True)
    in_memory.load_state_dict(theirs, strict=True)
    images = [torch.randn(2, *order_as_torch(i.shape)) for i in built.inputs]
    for training in (False, True):
        results = []
        for module in (in_memory, generated):
            torch.manual_seed(1)
            result = module.train(training)(*images)
            results.append(result if isinstance(result, tuple) else (result,))
        assert len(results[0]) == len(results[1])
        assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))
