"""SpecNet: write a convolutional network as the table in a paper; check, compile, draw and train it."""

__version__ = "0.1.0"
