"""Networks of torchvision and timm with random numbers in all tensors, as `specnet import` calls them.

As they are made, many have zeros where an error would show: in factors of layers, in the biases of positions.
"""

from __future__ import annotations

import torch
from reference_equality.libraries import import_library
from torch import nn

TORCHVISION = (
    "alexnet", "vgg11", "vgg16_bn", "googlenet", "inception_v3", "resnet18", "resnet50", "resnext50_32x4d",
    "wide_resnet50_2", "densenet121", "squeezenet1_1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small",
    "mnasnet1_0", "shufflenet_v2_x1_0", "efficientnet_b0", "efficientnet_v2_s", "regnet_y_400mf", "regnet_x_400mf",
    "convnext_tiny", "swin_t", "maxvit_t", "vit_b_16",
)  # fmt: skip

TIMM = (
    "resnet50", "resnext50_32x4d", "resnet18d", "resnetv2_50", "seresnet50", "skresnet18", "res2net50_26w_4s",
    "resnest14d", "regnety_002", "densenet121", "vgg11_bn", "mobilenetv1_100", "mobilenetv2_100",
    "mobilenetv3_large_100", "mobilenetv4_conv_small", "mnasnet_100", "ghostnet_100", "efficientnet_b0",
    "tf_efficientnet_b0", "tf_efficientnetv2_s", "legacy_xception", "inception_v4", "inception_resnet_v2", "dla34",
    "vovnet39a", "hrnet_w18_small", "darknet53", "cspdarknet53", "repvgg_a0", "convnext_atto", "convnextv2_atto",
    "convmixer_768_32", "poolformer_s12", "vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224",
    "swin_tiny_patch4_window7_224", "mixer_s32_224", "resmlp_12_224", "gmlp_s16_224", "mobilevit_xxs", "pit_ti_224",
    "maxvit_pico_rw_256", "pvt_v2_b0", "starnet_s1",
)  # fmt: skip


def make(library: str, name: str) -> nn.Module:
    """Return a network of torchvision or timm by its name."""
    torch.manual_seed(0)
    if library == "timm":
        module: nn.Module = import_library("timm").create_model(name)
    else:
        module = getattr(import_library("torchvision.models"), name)(weights=None)
    _fill(module)
    return module.eval()


def _fill(module: nn.Module) -> None:
    """Give every tensor numbers that keep the size of what passes through: factors near 1, small weights."""
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if name.endswith("running_var") or (tensor.ndim == 1 and not name.endswith(("bias", "mean"))):
                tensor.copy_(0.75 + 0.5 * torch.rand(tensor.shape)) if tensor.is_floating_point() else None
            elif tensor.ndim <= 1 or "table" in name:
                tensor.copy_(0.1 * torch.randn(tensor.shape)) if tensor.is_floating_point() else None
