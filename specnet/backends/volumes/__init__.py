"""The figure of a network as volumes, as in the papers of LeNet and AlexNet, without Graphviz and LaTeX."""

from specnet.backends.volumes.drawing import draw_volumes as draw_volumes
from specnet.backends.volumes.raster import scene_to_image as scene_to_image
from specnet.backends.volumes.scene import Scene as Scene
from specnet.backends.volumes.svg import scene_to_svg as scene_to_svg
from specnet.backends.volumes.tikz import scene_to_tikz as scene_to_tikz
