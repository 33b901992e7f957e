"""ONNX models of attention, evaluated by ONNX's reference implementation, with torch as the oracle."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from specnet.backends.torch_module import build_module
from specnet.compiler import check_source
from specnet.source import Source

LAYERS = ["window=2 bias=relative", "window=4 shift=1 bias=relative", "bias=relative"]


@pytest.mark.slow
@pytest.mark.parametrize("fields", LAYERS)
def test_an_onnx_model_computes_the_same(fields: str) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    from onnx.reference import ReferenceEvaluator

    from specnet.backends.onnx import export_model

    network = check_source(Source("a.net", f"input 8x8x4\nattention heads=2 {fields}")).network
    module, images = build_module(network).eval(), torch.randn(3, 4, 8, 8)
    model = onnx.load_from_string(export_model(module, (images[:2],), {}))
    (found,) = ReferenceEvaluator(model).run(None, {model.graph.input[0].name: images.numpy()})
    np.testing.assert_allclose(found, module(images).detach().numpy(), rtol=1e-4, atol=1e-5)
