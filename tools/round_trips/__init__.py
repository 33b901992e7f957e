"""Export networks of the zoo as ONNX, import what was written, and compare the two graphs."""
