"""What other tools call the things that SpecNet calls otherwise: the one table of aliases."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

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
"""By a word in lower case without underscores and a final `2d`: SpecNet's words, one for each place it can stand in."""

ATTRIBUTES = ("K", "F", "S", "P", "D", "G", "OP", "bias", "slope", "eps")
"""What a word before a colon probably is."""


def ours(word: str, possible: Sequence[str]) -> str:
    """What a word of another tool is called here, if that is among what is possible."""
    aliases = (_plain(word), *ALIASES.get(_plain(word), ()))
    return next((alias for alias in aliases if alias.partition(" ")[0] in possible), "")


def ours_anywhere(word: str) -> str:
    """What a word of another tool is called here, if that is the same in every place."""
    aliases = ALIASES.get(_plain(word), ())
    return aliases[0] if len(aliases) == 1 else ""


RECOGNISABLE = 5
"""Letters that another tool's word has, at least, to be known when it is misspelt."""


def near(possible: Sequence[str]) -> dict[str, str]:
    """The words that a misspelt one may be, ours and those of other tools, and what each is called here."""
    others = {alias: ours(alias, possible) for alias in ALIASES if len(alias) >= RECOGNISABLE}
    return {alias: called for alias, called in others.items() if called} | {each: each for each in possible}


def _plain(word: str) -> str:
    return re.sub(r"2d$", "", word.lower()).replace("_", "")
