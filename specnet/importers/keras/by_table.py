"""Layers that the table of foreign words translates, specnet/foreign/keras_layers.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from specnet.foreign.keras_layers import KERAS
from specnet.foreign.meaning import Signature
from specnet.foreign.translation import Translation, translate
from specnet.importers.imported import Fate
from specnet.importers.keras.meanings import Meaning, NoMeaning, Situation, read_one, to_value
from specnet.importers.keras.steps import Step
from specnet.importers.layer_texts import let_round

HOUSEKEEPING = frozenset(
    {"name", "trainable", "dtype", "batch_input_shape", "batch_shape", "input_dtype", "data_format", "dim_ordering",
     "input_shape", "input_dim", "autocast", "sparse", "ragged", "dtype_policy", "build_config", "input_length"}
)  # fmt: skip
"""Settings that do not change the function of a layer, and the layout, which holds for the whole model."""

OLD_NAMES = {
    "AtrousConvolution2D": "Conv2D",
    "Convolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
}
"""Classes of Keras 1 by those that came after them."""

SILENT = (None, False, 0, "default", "th", "tf")
"""Values of settings that other versions of a layer lack, and that ask for nothing."""


def translate_step(step: Step, situation: Situation, **changes: Any) -> Meaning:
    """Return what the table says of a layer; raises NoMeaning where it says nothing. `changes` replace settings."""
    cls = OLD_NAMES.get(step.layer.cls, step.layer.cls)
    rows = KERAS.get(cls)
    if not rows:
        raise NoMeaning("there is no such layer here")
    config = update_names(step.layer.config) | changes
    found = _translate(rows, _normalise_axis(config, step, situation))
    text = " -> ".join(_choose_layers(found, step, situation))
    shapes = [situation.shape(value) for value in step.reads]
    reason = "; ".join(found.differences)
    if not {row.difference for row in rows}.issuperset(found.differences) or not found.is_known:
        raise NoMeaning(reason or "its settings have no counterpart here")
    fate = Fate.APPROXIMATED if found.differences else Fate.EXACT
    return Meaning(let_round(text, shapes) if text else "", reason, fate)


def update_names(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a layer of Keras 1 as later versions name them: `nb_row` and `nb_col` are one window."""
    updated = {str(key): to_value(value) for key, value in config.items() if key not in HOUSEKEEPING}
    if "nb_row" in updated and "nb_col" in updated:
        updated["kernel_size"] = (updated.pop("nb_row"), updated.pop("nb_col"))
    if "atrous_rate" in updated:
        updated["dilation_rate"] = updated.pop("atrous_rate")
    if updated.get("mode") == 0 and "epsilon" in updated:
        del updated["mode"]
    for name in ("output_shape", "W_constraint", "b_constraint", "lambda_output"):
        if updated.get(name, "") is None or name.startswith(("W_", "b_")):
            updated.pop(name, None)
    return updated


def _translate(rows: Sequence[Signature], config: Mapping[str, Any]) -> Translation:
    given = keep_what_counts(rows, config)
    if isinstance(given.get("activation"), dict):
        given["activation"] = name_activation(given["activation"])
    return translate(rows, (), given)


def keep_what_counts(rows: Sequence[Signature], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that change a function; one that the rows lack is among them if it asks for something."""
    known = {name for row in rows for name in (*row.by_name, *row.renamed)}
    kept = {name: value for name, value in config.items() if name in known or value not in SILENT}
    ignored = {
        parameter.name
        for row in rows
        for parameter in row.by_name.values()
        if parameter.word in ("training", "unread", "name")
    }
    renamed = {old: new for row in rows for old, new in row.renamed.items()}
    return {name: value for name, value in kept.items() if renamed.get(name, name) not in ignored}


def name_activation(value: object) -> object:
    """Return the name of an activation; raises NoMeaning for code and for layers."""
    if isinstance(value, dict):
        value = value.get("config") if value.get("class_name") == "function" else value.get("class_name")
    if value is not None and not isinstance(value, str):
        raise NoMeaning("its activation is no name")
    return value


def _normalise_axis(config: dict[str, Any], step: Step, situation: Situation) -> dict[str, Any]:
    """Return settings whose `axis` is -1 where it is that of the channels."""
    axis = config.get("axis")
    single = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
    rank = len(situation.shape(step.reads[0])) if step.reads else 0
    is_channels = situation.layout.name_axis(single, rank) == "C"
    return config | {"axis": -1 if is_channels else single} if "axis" in config else config


def _choose_layers(found: Translation, step: Step, situation: Situation) -> Sequence[str]:
    """Return the layers, those for a map where the layer reads one."""
    for place, reads in enumerate(found.reads):
        rank = len(situation.shape(step.reads[0]))
        if reads and reads.quantity in ("map", "wide map") and rank == 3 and step.reads[0] not in situation.flattened:
            return (*found.layers[:place], reads.value, *found.layers[place + 1 :])
    return found.layers


def by_table(step: Step, situation: Situation) -> Meaning:
    """Translate a layer of one input by the table."""
    read_one(step)
    return translate_step(step, situation)
