"""Programs of tensor operators, as ONNX and torch.export have them, and the layers that they are."""
