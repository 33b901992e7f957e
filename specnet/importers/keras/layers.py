"""What each class of layers means here, by its name; those that are not named are translated by the table alone."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.importers.imported import Fate
from specnet.importers.keras import joins, operators
from specnet.importers.keras.arrangements import flatten, permute, pool_globally, reshape
from specnet.importers.keras.by_table import by_table, name_activation, translate_step
from specnet.importers.keras.meanings import (
    Handler,
    Meaning,
    NoMeaning,
    Situation,
    format_number,
    freeze_scale,
    read_one,
    to_value,
)
from specnet.importers.keras.steps import Step
from specnet.importers.keras.windows import cut, pad_or_wait, slide, slide_back, slide_sequence
from specnet.layers.base import format_shape

TRAINING_ONLY = "only training changes what it reads"
RECURRENT = "a spec has no recurrent layers"


def normalise(step: Step, situation: Situation) -> Meaning:
    """Translate a normalisation; a scale or a shift that it lacks is one that is never learned here."""
    config = step.layer.config
    scales, shifts = (config.get(name, True) is not False for name in ("scale", "center"))
    read_one(step)
    if scales is shifts:
        return translate_step(step, situation)
    found = translate_step(step, situation, scale=True, center=True)
    missing, frozen = ("shift", "bias") if scales else ("scale", "weight")
    kept = "0" if scales else "1"
    reason = "; ".join(filter(None, [found.reason, f"it has no {missing}, and here one that stays {kept}"]))
    fate = max(Fate.EQUAL, found.fate, key=lambda each: each.rank)
    return Meaning(f"{found.layers} freeze={frozen}", reason, fate)


def rescale(step: Step, situation: Situation) -> Meaning:
    """Translate scale·x + offset: a constant factor, or a frozen one with a frozen summand."""
    factor, summand = (
        to_value(step.layer.config.get(name, default)) for name, default in (("scale", 1), ("offset", 0))
    )
    if not all(isinstance(each, int | float) for each in (factor, summand)):
        return freeze_scale(situation)
    if not summand:
        return Meaning(
            f"times by={format_number(factor)}" if factor != 1 else "", "" if factor != 1 else "its factor is 1"
        )
    return freeze_scale(situation, f" init={format_number(factor)}")


def standardise(step: Step, situation: Situation) -> Meaning:
    """Translate Normalization, (x − mean)/√variance by channel, which prepares images."""
    shape, axis = situation.shape(read_one(step)), to_value(step.layer.config.get("axis", -1))
    single = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    if situation.layout.name_axis(single, len(shape)) != "C" or step.layer.config.get("invert"):
        raise NoMeaning(f"it normalises axis {single}" if not step.layer.config.get("invert") else "it inverts one")
    return freeze_scale(situation)


def scale_layer(step: Step, situation: Situation) -> Meaning:
    """Translate ConvNeXt's own LayerScale."""
    read_one(step)
    return Meaning(f"scale init={format_number(float(step.layer.config.get('init_values', 1e-6)))}")


def drop_path(step: Step, situation: Situation) -> Meaning:
    read_one(step)
    return drop_path_of(step, "drop_path_rate")


def resize(step: Step, situation: Situation) -> Meaning:
    """Translate Resizing to a fixed size, which does not smooth before it shrinks."""
    config = step.layer.config
    read_one(step)
    plain = not any(config.get(name) for name in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"))
    if config.get("interpolation", "bilinear") != "bilinear" or not plain:
        raise NoMeaning("only a plain bilinear resizing has a counterpart here")
    return Meaning(f"upsample to={config.get('height')}x{config.get('width')} bilinear")


def pass_on(step: Step, situation: Situation) -> Meaning:
    read_one(step)
    return Meaning("", TRAINING_ONLY, Fate.EQUAL)


def activate(step: Step, situation: Situation) -> Meaning:
    """Translate an activation; one that is none changes nothing."""
    read_one(step)
    name = name_activation(step.layer.config.get("activation"))
    if name in ("linear", None):
        return Meaning("", "it returns its input")
    found = translate_step(step, situation, activation=name)
    if name == "hard_sigmoid" and situation.version < 3:
        reason = "before Keras 3 it is 0.2·x + 0.5 from 0 to 1, and here x/6 + 0.5"
        return Meaning(found.layers, reason, Fate.APPROXIMATED)
    return found


def rectify(step: Step, situation: Situation) -> Meaning:
    if read_one(step) in situation.gates:
        situation.gates.add(step.output)
        return Meaning("", operators.GATE, Fate.EQUAL)
    config = {name: step.layer.config.get(name) or 0 for name in ("negative_slope", "threshold")}
    return translate_step(step, situation, **config)


def learn_slopes(step: Step, situation: Situation) -> Meaning:
    """Translate PReLU, whose slopes may be those of channels."""
    shape = situation.shape(read_one(step))
    axes = to_value(step.layer.config.get("shared_axes"))
    positions = (2, 3) if situation.layout.channels_first else (1, 2)
    if len(shape) == 1 or tuple(axes or ()) == (positions if len(shape) == 3 else (1,)):
        return Meaning("prelu channelwise init=0")
    raise NoMeaning(f"it has a slope of its own for each position of {format_shape(shape)}")


def attend(step: Step, situation: Situation) -> Meaning:
    """Translate MultiHeadAttention of a value to itself, or to a second one."""
    config = step.layer.config
    masks = [name for name in ("attention_mask", "query_mask", "value_mask", "key_mask") if step.keywords.get(name)]
    if masks or step.keywords.get("use_causal_mask"):
        raise NoMeaning("its mask has no counterpart here")
    if len(step.reads) > 2 or config.get("output_shape") or config.get("attention_axes") not in (None, [1]):
        raise NoMeaning("it attends in a way that has no counterpart here")
    channels, heads = situation.shape(step.reads[0])[-1], config.get("num_heads")
    sizes = {config.get("key_dim"), config.get("value_dim") or config.get("key_dim")}
    if not isinstance(heads, int) or sizes != {channels // max(heads, 1)} or channels % max(heads, 1):
        raise NoMeaning(f"its {heads} heads of {sorted(map(str, sizes))} channels are not those of {channels} channels")
    if not config.get("use_bias", True):
        raise NoMeaning("an attention without a bias has one at its end here")
    return Meaning(f"attention heads={heads}")


def refuse(reason: str) -> Handler:
    """Return what refuses a class, for a reason."""

    def handle(step: Step, situation: Situation) -> Meaning:
        raise NoMeaning(reason)

    return handle


def drop(step: Step, situation: Situation) -> Meaning:
    """Translate Dropout; one that drops whole images of a batch is stochastic depth."""
    noise = to_value(step.layer.config.get("noise_shape"))
    rank = len(situation.shape(read_one(step)))
    if isinstance(noise, tuple) and noise == (None, *[1] * rank):
        return drop_path_of(step, "rate")
    return translate_step(step, situation)


def drop_path_of(step: Step, name: str) -> Meaning:
    """Return stochastic depth; its rate is often computed, and 0.07500000000000001 is written as 0.075."""
    rate = float(f"{step.layer.config.get(name, 0.0):.12g}")
    return Meaning(f"drop_path {format_number(rate)}" if rate else "", "" if rate else "its rate is 0")


def embed(step: Step, situation: Situation) -> Meaning:
    raise NoMeaning("a spec reads images and sequences of numbers, not of words")


RANDOM = (
    "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation", "RandomContrast", "RandomBrightness",
    "RandomHeight", "RandomWidth", "RandomShear", "RandomHue", "RandomSaturation", "RandomColorJitter",
    "RandomErasing", "RandomGrayscale", "RandomInvert", "RandomPosterization", "RandomSharpness",
    "RandomColorDegeneration", "RandomGaussianBlur", "AutoContrast", "Solarization", "RandAugment", "AugMix",
    "GaussianNoise", "ActivityRegularization", "AlphaDropout",
)  # fmt: skip
"""Layers that return their input outside of training."""

HANDLERS: Mapping[str, Handler] = {
    **dict.fromkeys(("Conv2D", "Convolution2D", "AtrousConvolution2D", "DepthwiseConv2D", "SeparableConv2D",
                     "SeparableConvolution2D", "MaxPooling2D", "MaxPool2D", "AveragePooling2D", "AvgPool2D"), slide),
    **dict.fromkeys(("Conv1D", "Convolution1D", "MaxPooling1D", "AveragePooling1D", "MaxPool1D", "AvgPool1D",
                     "UpSampling1D", "ZeroPadding1D", "Cropping1D"), slide_sequence),
    **dict.fromkeys(("Conv2DTranspose", "Convolution2DTranspose", "Deconvolution2D"), slide_back),
    **dict.fromkeys((f"Global{kind}{rank}" for kind in ("AveragePooling", "MaxPooling", "AvgPool", "MaxPool")
                     for rank in ("1D", "2D")), pool_globally),
    **dict.fromkeys(("BatchNormalization", "LayerNormalization", "GroupNormalization"), normalise),
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional",
                     "LSTMCell", "GRUCell", "CuDNNLSTM", "CuDNNGRU"), refuse(RECURRENT)),
    **dict.fromkeys(("Conv3D", "MaxPooling3D", "AveragePooling3D", "ZeroPadding3D", "Conv3DTranspose",
                     "GlobalAveragePooling3D"), refuse("a spec has maps of two dimensions, not of three")),
    **dict.fromkeys(RANDOM, pass_on),
    **joins.HANDLERS,
    "Activation": activate,
    "Cropping2D": cut,
    "Dropout": drop,
    "Embedding": embed,
    "Flatten": flatten,
    "Lambda": refuse("it is Python code, which is never run; write what it computes as layers of Keras"),
    "LayerScale": scale_layer,
    "MultiHeadAttention": attend,
    "Normalization": standardise,
    "PReLU": learn_slopes,
    "Permute": permute,
    "ReLU": rectify,
    "Rescaling": rescale,
    "Reshape": reshape,
    "Resizing": resize,
    "StochasticDepth": drop_path,
    "TimeDistributed": refuse("a layer for each of a series of images has no counterpart here"),
    "ZeroPadding2D": pad_or_wait,
}  # fmt: skip


def find_meaning(step: Step, situation: Situation) -> Meaning:
    """Return what a call means; raises NoMeaning where nothing here does the same."""
    layer = step.layer
    if layer.is_custom:
        raise NoMeaning("it is a class of the author's own, whose code is not in the file")
    if not step.reads:
        raise NoMeaning("it reads nothing")
    if waiting := [value for value in step.reads if value in situation.paddings]:
        assert layer.cls in HANDLERS and len(waiting) == 1, "a padding waits for a layer that can take it"
    if operators.is_operator(layer):
        return operators.translate_operator(step, situation)
    return HANDLERS.get(layer.cls, by_table)(step, situation)
