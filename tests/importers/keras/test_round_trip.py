"""Networks of the zoo that are written as Keras source, built by Keras and read again are the same graphs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from paths import SPECS

import specnet
from specnet.analyses.isomorphism import match_networks
from specnet.importers import import_model

pytestmark = pytest.mark.slow
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")
source: Any = pytest.importorskip("specnet.backends.keras_source")

NETWORKS = (
    "alexnet", "convmixer-768-32", "darknet53", "densenet121", "efficientnet-b0", "ghostnet", "resnet18", "vgg16",
)  # fmt: skip
"""Networks that Keras has all layers of, and whose specs say nothing that only training reads."""


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.filterwarnings("ignore")
def test_networks_come_back(tmp_path: Path, name: str) -> None:
    network = specnet.check(SPECS / f"{name}.net").network
    names: dict[str, Any] = {"__name__": name}
    exec(source.generate_keras_source(network), names)
    with keras.device("meta"):
        model = names["build_model"]()
    (tmp_path / "model.json").write_text(model.to_json())
    result = import_model(str(tmp_path / "model.json"))
    assert match_networks(network, result.checked.network) is not None
