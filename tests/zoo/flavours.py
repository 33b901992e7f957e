"""The spec of each reference network, and how its implementation differs from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Words = Mapping[str, str]


@dataclass(frozen=True)
class Flavour:
    """An implementation's variant of a spec; where it differs, it is checked without the spec's claims."""

    spec: str
    settings: Words = field(default_factory=dict)
    """The values of `--set` and `--input`."""
    edits: Words = field(default_factory=dict)
    """Texts of the spec or its blocks, with runs of spaces collapsed, and their replacements."""
    without: Words = field(default_factory=dict)
    """Kinds that only one of the two implementations lists, with the reason."""
    heads: Literal["run", "kept", "none"] = "run"
    """Whether the heads are run, kept but not run, or absent."""
    order: str = ""
    """Why arms are listed in another order; their inputs are compared all the same."""
    bn_without_scale: str = ""
    """Why bn has half as many parameters."""


FLOOR_AND_CEIL = "input 224x224x3\nround floor\ndefault pool ceil"

PLAIN_RELU = {"relu6": "relu"}
"""The record omits that Keras's ReLU is capped at 6."""

SHORTCUT_FIRST = "the shortcut's projection comes before the other arm"
BY_DEPTH = "Keras sorts layers by their distance from the output"
OFF_IN_KERAS = "Keras's models have no dropout"
OFF_IN_TIMM = "timm omits dropout that is off, or lists it with probability 0"

NORMALISED_GOOGLENET = {
    "input 224x224x3": "input 224x224x3\ndefault conv bias=no",
    "block inception": "default conv bias=no\nblock inception",
    "-> relu": "-> bn -> relu",
    " -> lrn": "",
    "K=n5 F=5 P=2": "K=n5 F=3 P=1",
    "pool4: pool max F=3 S=2 ceil": "pool4: pool max F=2",
}
"""torchvision's: bn instead of lrn, 3×3 for 5×5."""
NORMALISED_HEADS = NORMALISED_GOOGLENET | {
    "fc 1024 -> bn": "fc 1024",
    "pool avg F=5 S=3": "pool avg to=4x4",
}

CAFFENET = {
    "-> relu -> lrn": "-> relu",
    "pool1: pool max F=3 S=2": "pool1: pool max F=3 S=2 -> lrn",
    "pool2: pool max F=3 S=2": "pool2: pool max F=3 S=2 -> lrn",
}
"""Caffe's reference network: AlexNet, normalised after the pools."""

FLAVOURS: Mapping[str, Flavour] = {
    # torchvision
    "alexnet": Flavour("alexnet-torchvision"),
    "vgg11": Flavour("vgg11"),
    "vgg13": Flavour("vgg13"),
    "vgg16": Flavour("vgg16"),
    "vgg19": Flavour("vgg19"),
    "vgg11_bn": Flavour("vgg11-bn"),
    "vgg13_bn": Flavour("vgg13-bn"),
    "vgg16_bn": Flavour("vgg16-bn"),
    "vgg19_bn": Flavour("vgg19-bn"),
    "resnet18": Flavour("resnet18"),
    "resnet34": Flavour("resnet34"),
    "resnet50": Flavour("resnet50"),
    "resnet101": Flavour("resnet101"),
    "resnet152": Flavour("resnet152"),
    "resnext50_32x4d": Flavour("resnext50"),
    "wide_resnet50_2": Flavour("wide-resnet50-2"),
    "densenet121": Flavour("densenet121"),
    "densenet161": Flavour("densenet161"),
    "densenet169": Flavour("densenet169"),
    "densenet201": Flavour("densenet201"),
    "googlenet": Flavour("googlenet-torchvision"),
    "googlenet_aux": Flavour("googlenet-heads", edits=NORMALISED_HEADS),
    "googlenet_aux_eval": Flavour("googlenet-heads", edits=NORMALISED_HEADS, heads="kept"),
    "inception_v3": Flavour("inception-v3"),
    "inception_v3_aux_eval": Flavour("inception-v3", heads="kept"),
    "inception_v3_noaux": Flavour("inception-v3", heads="none"),
    "squeezenet1_0": Flavour("squeezenet-v1.0", edits={"input 227x227x3": FLOOR_AND_CEIL}),
    "squeezenet1_1": Flavour("squeezenet-v1.1", edits={"input 227x227x3": FLOOR_AND_CEIL}),
    "mobilenet_v2": Flavour("mobilenet-v2"),
    "mobilenet_v3_large": Flavour("mobilenet-v3-large"),
    "efficientnet_b0": Flavour("efficientnet-b0"),
    "convnext_tiny": Flavour("convnext-tiny"),
    "vit_b_16": Flavour("vit-b-16", without={"dropout": "torchvision lists it with probability 0"}),
    # timm
    "timm_vgg16": Flavour("vgg16"),
    "timm_resnet50": Flavour("resnet50"),
    "timm_densenet121": Flavour("densenet121", without={"dropout": OFF_IN_TIMM}),
    "timm_mobilenetv1_100": Flavour("mobilenet-v1", edits={"relu": "relu6"}),
    "timm_mobilenetv2_100": Flavour("mobilenet-v2", without={"dropout": OFF_IN_TIMM}),
    "timm_efficientnet_b0": Flavour("efficientnet-b0", without={"dropout": OFF_IN_TIMM, "drop_path": OFF_IN_TIMM}),
    "timm_convnext_tiny": Flavour("convnext-tiny", without={"dropout": OFF_IN_TIMM, "drop_path": OFF_IN_TIMM}),
    # pytorchcv
    "pytorchcv_alexnet": Flavour(
        "alexnet",
        edits={
            "input 227x227x3": FLOOR_AND_CEIL,
            "F=11 S=4 -> relu": "F=11 S=4 -> relu -> lrn",
            "F=5 P=2 -> relu": "F=5 P=2 -> relu -> lrn",
        },
    ),
    "pytorchcv_zfnet": Flavour(
        "zfnet",
        edits={
            " -> lrn": "",
            "F=7 S=2 P=1 -> relu": "F=7 S=2 P=1 -> relu -> lrn",
            "F=5 S=2 -> relu": "F=5 S=2 -> relu -> lrn",
        },
    ),
    "pytorchcv_preresnet18": Flavour("preact-resnet18"),
    "pytorchcv_squeezenet_v1_1": Flavour("squeezenet-v1.1", edits={"input 227x227x3": FLOOR_AND_CEIL}),
    "pytorchcv_mobilenet_w1": Flavour("mobilenet-v1"),
    "pytorchcv_xception": Flavour("xception", order=SHORTCUT_FIRST),
    # Caffe
    "caffe_lenet": Flavour("namesakes/lenet-caffe"),
    "caffe_cifar10_quick": Flavour("namesakes/cifar10-quick"),
    "caffe_alexnet": Flavour("alexnet-2012"),
    "caffe_caffenet": Flavour("alexnet-2012", edits=CAFFENET),
    "caffe_caffenet_fullconv": Flavour(
        "alexnet-2012",
        {"input": "451x451x3"},
        CAFFENET
        | {
            "fc6: fc 4096": "fc6: conv K=4096 F=6",
            "fc7: fc 4096": "fc7: conv K=4096 F=1",
            "fc8: fc 1000": "fc8: conv K=1000 F=1",
        },
    ),
    "caffe_nin_imagenet": Flavour("nin", edits={"input 227x227x3": FLOOR_AND_CEIL}),
    "caffe_nin_imagenet_227": Flavour("nin"),
    "caffe_vgg16": Flavour("vgg16"),
    "caffe_vgg19": Flavour("vgg19"),
    "caffe_vgg16bn_soeaver": Flavour("vgg16-bn"),
    "caffe_googlenet": Flavour("googlenet"),
    "caffe_googlenet_train_aux": Flavour("googlenet-heads"),
    "caffe_resnet50": Flavour("resnet50", {"strided": "1x1"}, {"P=3 bias=no": "P=3"}, order=SHORTCUT_FIRST),
    "caffe_resnet101": Flavour("resnet101", {"strided": "1x1"}, order=SHORTCUT_FIRST),
    "caffe_resnet152": Flavour("resnet152", {"strided": "1x1"}, order=SHORTCUT_FIRST),
    "caffe_resnext50_32x4d_soeaver": Flavour("resnext50"),
    "caffe_densenet121": Flavour("densenet121"),
    "caffe_densenet161": Flavour("densenet161"),
    "caffe_squeezenet_v1.0": Flavour("squeezenet-v1.0", edits={"K=1000 F=1": "K=1000 F=1 P=1"}),
    "caffe_squeezenet_v1.1": Flavour("squeezenet-v1.1"),
    "caffe_mobilenet_v1": Flavour("mobilenet-v1"),
    "caffe_mobilenet_v2": Flavour(
        "mobilenet-v2",
        edits={
            "relu6": "relu",
            "if t > 1": "if t > 0",
            "c=64 s=2": "c=64 s=1",
            "c=96 s=1": "c=96 s=2",
        },
        without={"dropout": "Caffe's file, for testing, has none"},
    ),
    # Keras
    "keras_VGG16": Flavour("vgg16", without={"dropout": OFF_IN_KERAS}),
    "keras_VGG19": Flavour("vgg19", without={"dropout": OFF_IN_KERAS}),
    "keras_ResNet50": Flavour("resnet50-keras", order=BY_DEPTH),
    "keras_DenseNet121": Flavour("densenet121"),
    "keras_InceptionV3": Flavour(
        "inception-v3",
        heads="none",
        without={"dropout": OFF_IN_KERAS},
        order=BY_DEPTH,
        bn_without_scale="relu comes next, and does not mind the scale",
    ),
    "keras_MobileNet": Flavour(
        "mobilenet-v1-keras", edits=PLAIN_RELU, without={"dropout": "it is off unless one trains"}
    ),
    "keras_MobileNetV2": Flavour("mobilenet-v2-keras", edits=PLAIN_RELU),
    "keras_Xception": Flavour("xception", order=BY_DEPTH),
    "keras_EfficientNetB0": Flavour("efficientnet-b0-keras", edits={"drop_path p": "dropout p"}),
    # milesial/Pytorch-UNet
    "unet_milesial_transposed_256": Flavour("namesakes/unet-padded"),
    "unet_milesial_transposed_572": Flavour("namesakes/unet-padded", {"input": "572x572x3", "odd": "1"}),
    "unet_milesial_bilinear_256": Flavour("namesakes/unet-padded", {"factor": "2"}),
    "unet_milesial_bilinear_572": Flavour("namesakes/unet-padded", {"input": "572x572x3", "odd": "1", "factor": "2"}),
}
