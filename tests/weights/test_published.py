"""Networks of torchvision, timm, pytorchcv and Keras give the same outputs through SpecNet's modules.

Their weights and statistics are random, saved as the libraries save published ones.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import specnet
from specnet.weights import match_weights, read_weights_file

pytestmark = pytest.mark.slow

OPERATORS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "roi_align": "(Tensor input, Tensor rois, float scale, int h, int w, int ratio, bool aligned) -> Tensor",
    "roi_pool": "(Tensor input, Tensor rois, float scale, int h, int w) -> (Tensor, Tensor)",
    "ps_roi_align": "(Tensor input, Tensor rois, float scale, int h, int w, int ratio) -> (Tensor, Tensor)",
    "ps_roi_pool": "(Tensor input, Tensor rois, float scale, int h, int w) -> (Tensor, Tensor)",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qroi_align": "(Tensor input, Tensor rois, float scale, int h, int w, int ratio, bool aligned) -> Tensor",
    "deform_conv2d": f"({', '.join(f'Tensor t{n}' for n in range(5))}, {', '.join(f'int n{n}' for n in range(8))}, "
    "bool mask) -> Tensor",
}
"""torchvision's compiled operators, which it looks for when it is imported; no network here calls them."""

KEPT = []
"""torch forgets the declarations of a library that is not kept."""


def import_torchvision() -> Any:
    """Import torchvision.models, also where its operators were compiled for another torch."""
    if not KEPT and not hasattr(torch.ops.torchvision, "nms"):
        KEPT.append(torch.library.Library("torchvision", "DEF"))
        for name, signature in OPERATORS.items():
            KEPT[0].define(name + signature)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torchvision.models", reason="torchvision is not installed: pip install '.[oracle]'")


def import_library(name: str) -> Any:
    import_torchvision()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip(name, reason=f"{name} is not installed: pip install '.[oracle]'")


def make_torchvision(name: str) -> nn.Module:
    models = import_torchvision()
    needed: dict[str, Any] = {"init_weights": False} if name == "googlenet" else {}
    if name in models.segmentation.__dict__:
        needed = {"weights_backbone": None} | ({} if name.startswith("lraspp") else {"aux_loss": True})
    return models.get_model(name, weights=None, **needed)  # type: ignore[no-any-return]


def make_timm(name: str) -> nn.Module:
    return import_library("timm").create_model(name)  # type: ignore[no-any-return]


def make_pytorchcv(name: str) -> nn.Module:
    import_library("pytorchcv")
    from pytorchcv.model_provider import get_model

    needed = {"fixed_size": False} if name.endswith(("_cityscapes", "_voc")) else {}
    return get_model(name, **needed)  # type: ignore[no-any-return]


def randomize(module: nn.Module) -> nn.Module:
    """Draw all weights and statistics, of a size that keeps the outputs' size."""
    generator = torch.Generator().manual_seed(1)
    for name, value in module.state_dict().items():
        if value.ndim > 1:
            value.copy_(torch.randn(value.shape, generator=generator) / value[0].numel() ** 0.5)
        elif name.endswith(("bias", "mean")):
            value.copy_(torch.randn(value.shape, generator=generator) * 0.1)
        elif value.is_floating_point():
            value.copy_(torch.rand(value.shape, generator=generator) + 0.5)
    return module.eval()


def save_safetensors(state: dict[str, Tensor], path: Path) -> None:
    from safetensors.torch import save_file

    save_file(state, path)


def save_sorted(state: dict[str, Tensor], path: Path) -> None:
    """Write with torch what a safetensors file gives, sorted by name."""
    torch.save(dict(sorted(state.items())), path)


SAVERS: dict[str, Callable[[dict[str, Tensor], Path], None]] = {
    "torch": torch.save,
    "safetensors": save_safetensors,
    "sorted by torch": save_sorted,
}


def load(spec: str, path: Path, size: int) -> nn.Module:
    """Return the module of a spec with the weights of a file, all of which must be matched."""
    module = specnet.compile(spec).eval()
    found = match_weights(read_weights_file(path), module)
    assert found.anew is None
    loaded = module.load_state_dict(found.convert(module, (size, size, 3)), strict=False)
    assert not [name for name in loaded.missing_keys if not name.endswith("num_batches_tracked")]
    return module


def list_outputs(outputs: Tensor | tuple[Tensor, ...] | dict[str, Tensor]) -> tuple[Tensor, ...]:
    """Return the outputs of a network with heads, or in torchvision by name, or its only one."""
    if isinstance(outputs, Tensor):
        return (outputs,)
    return tuple(outputs.values()) if isinstance(outputs, dict) else outputs


def assert_same(ours: Tensor, theirs: Tensor) -> None:
    assert theirs.std() > 1e-2 * theirs.abs().max() > 0
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))


@pytest.mark.parametrize("saver", SAVERS)
@pytest.mark.parametrize(
    ("make", "name", "spec"),
    [
        (make_torchvision, "alexnet", "alexnet-torchvision"),
        (make_torchvision, "vgg11_bn", "vgg11-bn"),
        (make_torchvision, "resnet18", "resnet18"),
        (make_torchvision, "resnet50", "resnet50"),
        (make_torchvision, "densenet121", "densenet121"),
        (make_torchvision, "googlenet", "googlenet-torchvision"),
        (make_torchvision, "mobilenet_v2", "mobilenet-v2"),
        (make_torchvision, "mobilenet_v3_large", "mobilenet-v3-large"),
        (make_torchvision, "efficientnet_b0", "efficientnet-b0"),
        (make_torchvision, "convnext_tiny", "convnext-tiny"),
        (make_torchvision, "fcn_resnet50", "fcn-resnet50"),
        (make_torchvision, "deeplabv3_resnet50", "deeplabv3-resnet50"),
        (make_torchvision, "lraspp_mobilenet_v3_large", "lraspp-mobilenet-v3"),
        (make_timm, "vgg11", "vgg11"),
        (make_timm, "resnet50", "resnet50"),
        (make_timm, "densenet121", "densenet121"),
        (make_timm, "mobilenetv2_100", "mobilenet-v2"),
        (make_timm, "efficientnet_b0", "efficientnet-b0"),
        (make_timm, "tf_efficientnet_b0", "efficientnet-b0-keras"),
        (make_timm, "convnext_tiny", "convnext-tiny"),
        (make_timm, "hrnet_w18", "hrnet-w18"),
        (make_timm, "repvgg_a0", "repvgg-a0"),
        (make_timm, "mobileone_s0", "mobileone-s0"),
        (make_timm, "skresnet50", "sk-resnet50"),
        (make_timm, "resnest50d", "resnest50d"),
        (make_pytorchcv, "vgg11", "vgg11"),
        (make_pytorchcv, "resnet18", "resnet18"),
        (make_pytorchcv, "densenet121", "densenet121"),
        (make_pytorchcv, "mobilenet_w1", "mobilenet-v1"),
        (make_pytorchcv, "efficientnet_b0", "efficientnet-b0"),
        (make_pytorchcv, "erfnet_cityscapes", "erfnet"),
        (make_pytorchcv, "linknet_cityscapes", "linknet"),
        (make_pytorchcv, "fastscnn_cityscapes", "fast-scnn"),
        (make_pytorchcv, "ctxnet_cityscapes", "contextnet"),
        (make_pytorchcv, "edanet_cityscapes", "edanet"),
        (make_pytorchcv, "dabnet_cityscapes", "dabnet"),
        (make_pytorchcv, "pspnet_resnetd50b_voc", "pspnet-resnet50"),
    ],
)
def test_networks_of_torch(make: Callable[[str], nn.Module], name: str, spec: str, saver: str, tmp_path: Path) -> None:
    theirs = randomize(make(name))
    SAVERS[saver](theirs.state_dict(), tmp_path / "weights")
    images = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        ours = load(spec, tmp_path / "weights", 224)(images)
        for our, their in zip(list_outputs(ours), list_outputs(theirs(images)), strict=True):
            assert_same(our, their)


def import_keras() -> Any:
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", reason="keras is not installed: pip install '.[oracle]'")
    if keras.backend.backend() != "torch":
        pytest.skip("Keras runs on another backend than torch")
    return keras


def randomize_keras(model: Any) -> None:
    generator = torch.Generator().manual_seed(1)
    for variable in model.weights:
        shape, name = variable.shape, variable.path.rpartition("/")[2]
        if len(shape) > 1:
            is_depthwise = "dw" in variable.path or "depthwise" in variable.path
            inputs = prod(shape[:2] if is_depthwise else shape[:-1])
            variable.assign((torch.randn(shape, generator=generator) / inputs**0.5).numpy())
        elif name in ("bias", "beta", "moving_mean"):
            variable.assign((torch.randn(shape, generator=generator) * 0.1).numpy())
        elif name in ("gamma", "moving_variance", "variable"):
            variable.assign((torch.rand(shape, generator=generator) + 0.5).numpy())


def save_version_2(model: Any, path: Path) -> None:
    """Write the weights as published files have them, in Keras's first layout."""
    h5py = pytest.importorskip("h5py")
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    with h5py.File(path, "w") as file:
        save_weights_to_hdf5_group(file, model)


KERAS_SAVERS: dict[str, Callable[[Any, Path], None]] = {
    "version2.h5": save_version_2,
    "version3.weights.h5": lambda model, path: model.save_weights(path),
    "whole.keras": lambda model, path: model.save(path),
}


@pytest.mark.parametrize(
    ("name", "spec", "scale", "options"),
    [
        ("VGG16", "vgg16", 1, {}),
        ("ResNet50", "resnet50-keras", 1, {}),
        ("DenseNet121", "densenet121", 1, {}),
        ("MobileNet", "mobilenet-v1-keras", 1, {}),
        ("MobileNetV2", "mobilenet-v2-keras", 1, {}),
        ("EfficientNetB0", "efficientnet-b0-keras", 255, {}),
        ("ConvNeXtTiny", "convnext-tiny", 1, {"include_preprocessing": False}),
    ],
)
def test_networks_of_keras(name: str, spec: str, scale: float, options: dict[str, Any], tmp_path: Path) -> None:
    """`scale` undoes the layers of a network that prepare its images."""
    keras = import_keras()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(keras.applications, name)(weights=None, classifier_activation=None, **options)
        randomize_keras(model)
        images = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(2))
        theirs = model((images * scale).permute(0, 2, 3, 1).numpy(), training=False).detach().cpu()
        for file, saver in KERAS_SAVERS.items():
            saver(model, tmp_path / file)
            with torch.no_grad():
                assert_same(load(spec, tmp_path / file, 224)(images), theirs)
            (tmp_path / file).unlink()
