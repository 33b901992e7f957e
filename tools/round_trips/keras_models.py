"""The Keras model of a network, as its generated source makes it."""

from __future__ import annotations

import os
from typing import Any

from specnet.backends.keras_source import generate_keras_source
from specnet.compiler import Checked
from specnet.elaborate.formulas import find_formulas


def describe_keras_model(checked: Checked) -> str:
    """Return the configuration of the model in JSON, made without weights. Raises UnwrittenLayers."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    names: dict[str, Any] = {"__name__": "generated"}
    exec(generate_keras_source(checked.network, "network.net", find_formulas(checked.elaborated)), names)
    with keras.device("meta"):
        model = names["build_model"]()
    return str(model.to_json())
