"""How a model was compiled, as the `train` section of a spec: its optimizer and its loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specnet.compiler import check_source
from specnet.foreign.training_calls import LOSSES, NAMES, OPTIMIZERS
from specnet.foreign.translation import translate
from specnet.importers.keras.by_table import keep_what_counts
from specnet.importers.keras.meanings import to_value
from specnet.settings import Training
from specnet.source import Source


def read_training(compiled: Mapping[str, Any]) -> tuple[Training | None, list[str]]:
    """Return the settings, None without any, and remarks on what has no counterpart."""
    given = compiled.get("config") if isinstance(compiled.get("config"), dict) else compiled
    lines, remarks = list[str](), list[str]()
    for line, table, found in (
        ("loss", LOSSES, (given or {}).get("loss")),
        ("optimizer", OPTIMIZERS["Keras"], _find_optimizer(compiled, given or {})),
    ):
        if found is not None:
            text, lost = _translate(table, found)
            lines += [f"  {line} {text}"] if text else []
            remarks += [f"The {line} of Keras: {each}." for each in lost]
    if not lines:
        return None, remarks
    source = Source("", "\n".join(["net n", "input 1x1x1", "fc 2", "train {", *lines, "}", ""]))
    checked = check_source(source)
    return (checked.network.training, remarks) if checked.ok else (None, remarks)


def _find_optimizer(compiled: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    """Return the optimizer, which HDF5 files of Keras 1 and 2 have beside the loss."""
    return given.get("optimizer") or compiled.get("optimizer_config")


def _translate(table: Any, found: Any) -> tuple[str, list[str]]:
    """Return an optimizer or a loss in the words of a spec, and what these do not say of it."""
    name = found.get("class_name") if isinstance(found, dict) else found
    config = found.get("config") if isinstance(found, dict) else {}
    if not isinstance(name, str):
        return "", ["several of them, and a spec has one"]
    name = NAMES.get(name.rpartition(">")[2].lower(), name.rpartition(">")[2])
    if name not in table:
        return "", [f"`{name}` has no counterpart here"[:80]]
    values = {key: _read_setting(value) for key, value in config.items()} if isinstance(config, dict) else {}
    translation = translate(table[name], (), keep_what_counts(table[name], values))
    return translation.layers[0], list(translation.differences)


def _read_setting(value: Any) -> Any:
    """Return a setting; of a schedule of learning rates, the rate that it begins with."""
    if isinstance(value, dict) and isinstance(value.get("config"), dict):
        return value["config"].get("initial_learning_rate")
    if isinstance(value, float):
        return float(f"{value:.6g}")  # HDF5 has 0.05 as a number of 32 bits, 0.05000000074505806
    return to_value(value)
