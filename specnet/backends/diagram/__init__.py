"""The diagram of a checked network, by Graphviz."""

from specnet.backends.diagram.drawing import draw as draw
