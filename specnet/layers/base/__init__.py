"""The vocabulary of layers: shapes, errors, traits, torch calls and the base class."""

from specnet.layers.base.layer import Layer as Layer
from specnet.layers.base.layer import ShapePreserving as ShapePreserving
from specnet.layers.base.layer import TorchCall as TorchCall
from specnet.layers.base.shapes import LayerError as LayerError
from specnet.layers.base.shapes import LayerNote as LayerNote
from specnet.layers.base.shapes import Shape as Shape
from specnet.layers.base.shapes import Shapes as Shapes
from specnet.layers.base.shapes import check_bounds as check_bounds
from specnet.layers.base.shapes import count_elements as count_elements
from specnet.layers.base.shapes import find_channel_dim as find_channel_dim
from specnet.layers.base.shapes import format_filters as format_filters
from specnet.layers.base.shapes import format_shape as format_shape
from specnet.layers.base.shapes import format_shapes as format_shapes
from specnet.layers.base.shapes import is_map as is_map
from specnet.layers.base.shapes import is_sequence as is_sequence
from specnet.layers.base.shapes import order_as_torch as order_as_torch
from specnet.layers.base.shapes import refuse_sequence as refuse_sequence
from specnet.layers.base.shapes import require_map as require_map
from specnet.layers.base.shapes import require_positions as require_positions
from specnet.layers.base.shapes import require_sequence as require_sequence
from specnet.layers.base.shapes import split_groups as split_groups
from specnet.layers.base.traits import Family as Family
