"""ONNX files, of opset 7 and later, as programs of tensor operators."""
