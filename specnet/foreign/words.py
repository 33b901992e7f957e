"""Other tools' words for layers, attributes and settings, and the layers of PyTorch and Keras with their arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from specnet import suggest

ALIASES: Mapping[str, tuple[str, ...]] = {
    # values
    "false": ("no",),
    "true": ("yes",),
    # kinds of layer
    "convolution": ("conv",),
    "convolutional": ("conv",),
    "convtranspose": ("deconv",),
    "convtransposed": ("deconv",),
    "deconvolution": ("deconv",),
    "maxpool": ("pool max",),
    "maxpooling": ("pool max",),
    "avgpool": ("pool avg",),
    "averagepool": ("pool avg",),
    "averagepooling": ("pool avg",),
    "meanpool": ("pool avg",),
    "globalaveragepooling": ("pool avg global",),
    "globalavgpool": ("pool avg global",),
    "gap": ("pool avg global",),
    "globalmaxpooling": ("pool max global",),
    "adaptiveavgpool": ("pool avg global",),
    "pooling": ("pool",),
    "linear": ("fc",),
    "dense": ("fc",),
    "fullyconnected": ("fc",),
    "innerproduct": ("fc",),
    "connected": ("fc",),
    "affine": ("fc",),
    "batchnorm": ("bn",),
    "batchnormalization": ("bn",),
    "layernorm": ("ln",),
    "layernormalization": ("ln",),
    "groupnorm": ("gn",),
    "groupnormalization": ("gn",),
    "instancenorm": ("instance_norm",),
    "localresponsenorm": ("lrn",),
    "leaky": ("leaky_relu",),
    "swish": ("silu",),
    "hswish": ("hard_swish",),
    "hsigmoid": ("hard_sigmoid",),
    "logistic": ("sigmoid",),
    "droppath": ("drop_path",),
    "stochasticdepth": ("drop_path",),
    "zeropadding": ("pad",),
    "upsampling": ("upsample",),
    "pixelshuffle": ("depth_to_space",),
    "concatenate": ("concat",),
    "cat": ("concat",),
    "route": ("concat",),
    "eltwise": ("add",),
    "shortcut": ("add",),
    "sum": ("add",),
    "multiply": ("mul",),
    "skip": ("identity",),
    # attributes
    "filters": ("K",),
    "nfilters": ("K",),
    "numfilters": ("K",),
    "numoutput": ("K",),
    "channels": ("K",),
    "outchannels": ("K",),
    "outfeatures": ("K",),
    "units": ("K",),
    "neurons": ("K",),
    "output": ("K",),
    "kernelsize": ("F",),
    "kernel": ("F",),
    "ksize": ("F",),
    "poolsize": ("F",),
    "size": ("F", "to"),
    "window": ("F",),
    "stride": ("S",),
    "strides": ("S",),
    "subsample": ("S",),
    "padding": ("P",),
    "pad": ("P",),
    "pads": ("P",),
    "dilation": ("D",),
    "dilations": ("D",),
    "dilationrate": ("D",),
    "atrous": ("D",),
    "group": ("G",),
    "groups": ("G",),
    "numgroups": ("G",),
    "outputpadding": ("OP",),
    "usebias": ("bias",),
    "biasterm": ("bias",),
    "rate": ("p", "D"),
    "prob": ("p",),
    "probability": ("p",),
    "dropoutratio": ("p",),
    "negativeslope": ("slope",),
    "epsilon": ("eps",),
    "localsize": ("n",),
    "scalefactor": ("factor",),
    "scale": ("factor",),
    # training
    "learningrate": ("lr",),
    "baselr": ("lr",),
    "decay": ("weight_decay",),
    "l2": ("weight_decay",),
    "batchsize": ("batch",),
    "numepochs": ("epochs",),
    "dataset": ("data",),
    "crossentropyloss": ("cross_entropy",),
    "randomcrop": ("crop",),
    "randomresizedcrop": ("resized_crop",),
    "randomhorizontalflip": ("flip",),
    "randomrotation": ("rotate",),
    "categoricalcrossentropy": ("cross_entropy",),
}
"""SpecNet's words for another tool's, which is in lower case without underscores and a final `2d`.

Several words are for different places: `size` is `F` of a layer and `to` of a pool.
"""

ATTRIBUTES = ("K", "F", "S", "P", "D", "G", "OP", "bias", "slope", "eps")
"""The attributes whose names in other tools are translated."""

RECOGNISABLE = 5
"""The least length of another tool's word that is recognised when misspelt."""


def translate_word(word: str, possible: Sequence[str]) -> str:
    """Return SpecNet's word for another tool's, if it is possible; else ""."""
    aliases = (_normalize(word), *ALIASES.get(_normalize(word), ()))
    return next((alias for alias in aliases if alias.partition(" ")[0] in possible), "")


def translate_anywhere(word: str) -> str:
    """Return SpecNet's word for another tool's, if it is the same in every place; else ""."""
    aliases = ALIASES.get(_normalize(word), ())
    return aliases[0] if len(aliases) == 1 else ""


@lru_cache
def find_closest_word(word: str, possible: tuple[str, ...]) -> str:
    """Return the possible word that `word` probably means, also in another tool; "" unless one is close."""
    ours = translate_word(word, possible)
    return suggest.find_closest_word(word, possible, {**_list_synonyms(possible), **({word: ours} if ours else {})})


@lru_cache
def _list_synonyms(possible: tuple[str, ...]) -> Mapping[str, str]:
    """Return the possible words by other tools' words for them, which are long enough to be recognised when misspelt."""
    names = (name for name in ALIASES if len(name) >= RECOGNISABLE)
    return {name: ours for name in names if (ours := translate_word(name, possible))}


def _normalize(word: str) -> str:
    return re.sub(r"2d$", "", word.lower()).replace("_", "")


# Layers of other tools, and their arguments

INFERRED = "-"
"""The place of an argument that SpecNet infers: the input, or its number of channels."""


@dataclass(frozen=True)
class LayerSignature:
    """A layer of another tool: our words for it, our attributes in the order of its arguments, how many it needs."""

    words: str
    attributes: tuple[str, ...] = ()
    needed: int = 0
    tool: str = ""


def _read_signatures(tool: str, rows: str) -> dict[str, LayerSignature]:
    """Read a row for each layer: `Conv2d: conv | - K F / S P` needs three arguments and takes two more."""
    signatures = {}
    for row in rows.strip().splitlines():
        name, _, rest = row.strip().partition(":")
        words, _, attributes = rest.partition("|")
        needed, _, optional = attributes.partition("/")
        order = (*needed.split(), *optional.split())
        signatures[name] = LayerSignature(words.strip(), order, len(needed.split()), tool)
    return signatures


TORCH = _read_signatures(
    "PyTorch",
    """
    Conv2d: conv | - K F / S P D G bias
    ConvTranspose2d: deconv | - K F / S P OP G bias D
    MaxPool2d: pool max | F / S P D
    AvgPool2d: pool avg | F / S P
    AdaptiveAvgPool2d: pool avg | to
    AdaptiveMaxPool2d: pool max | to
    Linear: fc | - K / bias
    BatchNorm2d: bn | / - eps momentum
    GroupNorm: gn | G - / eps
    Dropout: dropout | / p
    LeakyReLU: leaky_relu | / slope
    ELU: elu | / alpha
    LocalResponseNorm: lrn | n / alpha beta k
    ReLU: relu
    ReLU6: relu6
    GELU: gelu
    SiLU: silu
    Sigmoid: sigmoid
    Tanh: tanh
    Softmax: softmax | / -
    Flatten: flatten
    Identity: identity
    max_pool2d: pool max | - F / S P
    avg_pool2d: pool avg | - F / S P
    """,
)
KERAS = _read_signatures(
    "Keras",
    """
    Conv2D: conv | K F / S P - D G
    Conv2DTranspose: deconv | K F / S P OP
    MaxPooling2D: pool max | F / S P
    MaxPool2D: pool max | F / S P
    AveragePooling2D: pool avg | F / S P
    GlobalAveragePooling2D: pool avg global
    GlobalMaxPooling2D: pool max global
    Dense: fc | K
    BatchNormalization: bn
    Dropout: dropout | / p
    ReLU: relu
    Softmax: softmax
    Flatten: flatten
    Input: input | shape
    Activation: | / activation
    """,
)

OURS = _read_signatures(
    "",
    """
    conv: conv | / K F S P D G
    deconv: deconv | / K F S P
    """,
)
"""SpecNet's own layers whose values have keys, called like a function."""

BOTH = {name: replace(TORCH[name], tool="PyTorch and Keras") for name in TORCH.keys() & KERAS.keys()}

LAYERS: Mapping[str, LayerSignature] = KERAS | TORCH | BOTH
"""The layers of PyTorch and Keras by name."""
