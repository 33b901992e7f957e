"""Check a model in ONNX's text format: checker, strict shape inference, onnxruntime, and one run.

python check_onnx.py MODEL
"""

import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime

model = onnx.parser.parse_model(Path(sys.argv[1]).read_text(encoding="utf-8"))
onnx.checker.check_model(model, full_check=True)
onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
onnxruntime.set_default_logger_severity(4)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
outputs = session.run(None, {value.name: numpy.zeros(value.shape, "float32") for value in session.get_inputs()})
print(f"the output is {outputs[0].shape}")
