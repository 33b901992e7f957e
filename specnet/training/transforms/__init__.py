"""Transforms of images before they reach the network: augmentation and normalisation."""
