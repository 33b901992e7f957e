"""Figures by which outputs are compared with targets, as functions of tensors."""
