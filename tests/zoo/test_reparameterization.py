"""Networks whose arms become one convolution after training compute the same in both forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
import torch
from paths import SPECS
from torch import Tensor, nn

from specnet.backends.torch_module import build_module
from specnet.compiler import Checked, check_source
from specnet.graph import Network
from specnet.source import Source
from tests.zoo.test_zoo import SMALL

Arm = tuple[nn.Conv2d | None, nn.BatchNorm2d]
"""A conv and its bn, or a bn alone."""


def check(name: str, deploy: str) -> Checked:
    file = SPECS / f"{name}.net"
    lines = [line.partition(" => ")[0] for line in file.read_text(encoding="utf-8").splitlines()]
    text = "\n".join(line for line in lines if not line.startswith("expect"))
    return check_source(Source(str(file), text), {"input": SMALL[name], "deploy": deploy})


def find_arms(network: Network, module: nn.Module, block: str) -> Iterator[Arm]:
    """Yield the arms of a block, each of which ends with a bn."""
    for node in network.nodes:
        if node.kind == "bn" and node.name.startswith(f"{block}."):
            (source,) = node.inputs
            conv = module.get_submodule(source) if network.by_name[source].kind == "conv" else None
            norm = module.get_submodule(node.name)
            assert isinstance(norm, nn.BatchNorm2d)
            assert conv is None or isinstance(conv, nn.Conv2d)
            yield conv, norm


def fold(arm: Arm, like: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Return the weights and biases of the one conv that computes what an arm does (Ding et al. 2021, figure 4)."""
    conv, norm = arm
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    if conv:
        margin = (like.kernel_size[0] - conv.kernel_size[0]) // 2
        weight = nn.functional.pad(conv.weight, [margin] * 4)
    else:
        weight = nn.init.dirac_(torch.empty_like(like.weight), like.groups)
    return weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


def deploy_block(arms: Iterable[Arm], conv: nn.Conv2d) -> None:
    folded = [fold(arm, conv) for arm in arms]
    assert conv.bias is not None
    conv.weight.copy_(sum(weight for weight, _ in folded))
    conv.bias.copy_(sum(bias for _, bias in folded))


@pytest.mark.torch
@pytest.mark.parametrize("name", ["repvgg-a0", "mobileone-s0"])
def test_both_forms_compute_the_same(name: str) -> None:
    trained, deployed = (check(name, deploy).network for deploy in ("no", "yes"))
    torch.manual_seed(1)
    ours, theirs = (build_module(network).eval() for network in (trained, deployed))
    images = torch.randn(2, 3, *(int(size) for size in SMALL[name].split("x")[:2]))
    with torch.no_grad():
        for norm in (part for part in ours.modules() if isinstance(part, nn.BatchNorm2d)):
            norm.weight.uniform_(0.2, 0.6)
            norm.bias.normal_(0, 0.1)
            norm.running_mean.normal_(0, 0.1)
            norm.running_var.uniform_(0.5, 1.5)
        for node in deployed.nodes:
            layer = theirs.get_submodule(node.name) if node.kind in ("conv", "fc") else None
            if isinstance(layer, nn.Conv2d):
                deploy_block(find_arms(trained, ours, node.name.rpartition(".")[0]), layer)
            elif layer:
                layer.load_state_dict(ours.get_submodule(node.name).state_dict())
        expected = ours(images)
        assert expected.std() > 1e-2 * expected.abs().max()
        torch.testing.assert_close(theirs(images), expected, rtol=1e-3, atol=1e-3 * float(expected.abs().max()))
