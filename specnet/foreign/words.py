"""Other tools' words for layers, attributes and settings, one by one; their calls are in the tables of layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from specnet import suggest
from specnet.suggest import is_misspelling

ALIASES: Mapping[str, tuple[str, ...]] = {
    # values
    "false": ("no",),
    "true": ("yes",),
    # kinds of layer
    "convolution": ("conv",),
    "convolutional": ("conv",),
    "convtranspose": ("deconv",),
    "convtransposed": ("deconv",),
    "convt": ("deconv",),
    "convolutiontranspose": ("deconv",),
    "conv2dtranspose": ("deconv",),
    "conv2dtransposed": ("deconv",),
    "convolution2dtranspose": ("deconv",),
    "deconvolution": ("deconv",),
    "dwconv": ("conv",),
    "depthwise": ("conv",),
    "depthwiseconv": ("conv",),
    "separableconv": ("conv",),
    "dilatedconv": ("conv",),
    "atrousconv": ("conv",),
    "deconvolutional": ("deconv",),
    "fractionallystridedconv": ("deconv",),
    "transposeconv": ("deconv",),
    "transposeconvolution": ("deconv",),
    "transposed": ("deconv",),
    "transposedconv": ("deconv",),
    "transposedconvolution": ("deconv",),
    "tconv": ("deconv",),
    "upconv": ("deconv",),
    "upconvolution": ("deconv",),
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
    "bnorm": ("bn",),
    "batchnormalization": ("bn",),
    "layernorm": ("ln",),
    "layernormalization": ("ln",),
    "groupnorm": ("gn",),
    "groupnormalization": ("gn",),
    "instancenorm": ("instance_norm",),
    "localresponsenorm": ("lrn",),
    "rmsnormalization": ("rms_norm",),
    "globalresponsenorm": ("grn",),
    "layerscale": ("scale",),
    "attn": ("attention",),
    "mha": ("attention",),
    "msa": ("attention",),
    "selfattention": ("attention",),
    "multiheadattention": ("attention",),
    "multiheadselfattention": ("attention",),
    "crossattention": ("attention",),
    "windowattention": ("attention",),
    "shiftedwindowattention": ("attention",),
    "clstoken": ("class_token",),
    "posembed": ("positions learned",),
    "positionembedding": ("positions learned",),
    "positionalembedding": ("positions learned",),
    "absoluteposembed": ("positions learned",),
    "positionalencoding": ("positions sine",),
    "sinusoidal": ("positions sine",),
    "patchembed": ("conv",),
    "patchembedding": ("conv",),
    "patchmerging": ("space_to_depth",),
    "leaky": ("leaky_relu",),
    "lrelu": ("leaky_relu",),
    "swish": ("silu",),
    "hswish": ("hard_swish",),
    "hsigmoid": ("hard_sigmoid",),
    "logistic": ("sigmoid",),
    "droppath": ("drop_path",),
    "stochasticdepth": ("drop_path",),
    "zeropadding": ("pad",),
    "upsampling": ("upsample",),
    "bilinear": ("upsample bilinear",),
    "pixelshuffle": ("depth_to_space",),
    "concatenate": ("concat",),
    "cat": ("concat",),
    "route": ("concat",),
    "eltwise": ("add",),
    "shortcut": ("add",),
    "sum": ("add",),
    "multiply": ("mul",),
    "subtract": ("sub",),
    "minus": ("sub",),
    "difference": ("sub",),
    "max": ("maximum", "pool max"),
    "skip": ("identity",),
    # attributes
    "filters": ("K",),
    "nfilters": ("K",),
    "numfilters": ("K",),
    "numoutput": ("K",),
    "channels": ("K", "C"),
    "inchannels": ("C",),
    "inplanes": ("C",),
    "height": ("H",),
    "width": ("W",),
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
    "numheads": ("heads",),
    "nhead": ("heads",),
    "nheads": ("heads",),
    "windowsize": ("window",),
    "shiftsize": ("shift",),
    "srratio": ("reduce",),
    "reductionratio": ("reduce",),
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

PARTIAL = frozenset(
    (
        "dwconv",
        "depthwise",
        "depthwiseconv",
        "separableconv",
        "dilatedconv",
        "atrousconv",
        "dropout2d",
        "spatialdropout",
        "max",
        "crossattention",
        "windowattention",
        "shiftedwindowattention",
        "positionembedding",
        "positionalembedding",
        "positionalencoding",
        "patchembed",
        "patchembedding",
        "patchmerging",
    )
)
"""Words that say more than those in their place, such as the number of groups."""

FAMILIES = frozenset({"norm", "normalization", "normalisation"})
"""Words for several kinds, of which none is meant more than another."""

ATTRIBUTES = ("K", "F", "S", "P", "D", "G", "OP", "bias", "slope", "eps")
"""The attributes whose names in other tools are translated."""

RECOGNISABLE = 6
"""The least length of another tool's word that is recognised when misspelt."""


def translate_word(word: str, possible: Sequence[str]) -> str:
    """Return SpecNet's word for another tool's, if it is possible; else ""."""
    aliases = (normalize_word(word), *ALIASES.get(normalize_word(word), ()))
    return next((alias for alias in aliases if alias.partition(" ")[0] in possible), "")


def translate_anywhere(word: str) -> str:
    """Return SpecNet's word for another tool's, if it is the same in every place; else ""."""
    aliases = ALIASES.get(normalize_word(word), ())
    return aliases[0] if len(aliases) == 1 else ""


@lru_cache(maxsize=4096)
def find_closest_word(word: str, possible: tuple[str, ...]) -> str:
    """Return the possible word that `word` probably means, also in another tool; "" unless one is close."""
    if normalize_word(word) in FAMILIES and word not in possible:
        return ""
    ours = translate_word(word, possible)
    return suggest.find_closest_word(word, possible, {**_list_synonyms(possible), **({word: ours} if ours else {})})


@lru_cache(maxsize=4096)
def is_certain(word: str, meant: str) -> bool:
    """Whether a word that is replaced by `meant` is another tool's word for it, or can only be that one misspelt."""
    name = normalize_word(word)
    aliases = ALIASES.get(name, ())
    known = [alias for alias, ours in ALIASES.items() if meant in ours and len(alias) >= RECOGNISABLE]
    return not {name, word.lower()} & PARTIAL and (
        meant in aliases or any(is_misspelling(name, each) for each in (meant, *known))
    )


@lru_cache
def _list_synonyms(possible: tuple[str, ...]) -> Mapping[str, str]:
    """Return the possible words by other tools' words for them, of a length that is recognised when misspelt."""
    names = (name for name in ALIASES if len(name) >= RECOGNISABLE)
    return {name: ours for name in names if (ours := translate_word(name, possible))}


def normalize_word(word: str) -> str:
    """Return a word in lower case, without underscores and a final `2d`."""
    return re.sub(r"2d$", "", word.lower()).replace("_", "")
