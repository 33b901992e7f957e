"""What a plugin imports: base classes, what they are made of, and `register`. docs/plugins.md shows it step by step.

These names and what they promise are version 1 of the plugin API; a plugin that sets `SPECNET_PLUGIN_API = 1` is
refused, with one message, where another version is installed.
"""

from specnet.analyses.lints.own import Lint as Lint
from specnet.analyses.lints.view import Finding as Finding
from specnet.analyses.lints.view import View as View
from specnet.analyses.lints.view import has_trait as has_trait
from specnet.attributes import Attributes as Attributes
from specnet.attributes import BelowOne as BelowOne
from specnet.attributes import Count as Count
from specnet.attributes import NonNegative as NonNegative
from specnet.attributes import Pair as Pair
from specnet.attributes import Positive as Positive
from specnet.attributes import Probability as Probability
from specnet.diagnostics import Code as Code
from specnet.diagnostics import Label as Label
from specnet.diagnostics import Severity as Severity
from specnet.errors import PluginError as PluginError
from specnet.layers.base import Family as Family
from specnet.layers.base import Layer as Layer
from specnet.layers.base import LayerError as LayerError
from specnet.layers.base import LayerNote as LayerNote
from specnet.layers.base import Shape as Shape
from specnet.layers.base import ShapePreserving as ShapePreserving
from specnet.layers.base import Shapes as Shapes
from specnet.layers.base import TorchCall as TorchCall
from specnet.layers.base import check_bounds as check_bounds
from specnet.layers.base import require_map as require_map
from specnet.layers.base import split_groups as split_groups
from specnet.layers.base.families import Activation as Activation
from specnet.layers.base.families import Join as Join
from specnet.layers.base.families import Normalisation as Normalisation
from specnet.layers.base.families import Regularisation as Regularisation
from specnet.layers.base.families import Reshaping as Reshaping
from specnet.layers.base.layer import PositionWise as PositionWise
from specnet.layers.base.module_layer import ModuleLayer as ModuleLayer
from specnet.layers.base.registration import LAYERS as LAYERS
from specnet.layers.base.traits import KEEPS_INPUT as KEEPS_INPUT
from specnet.layers.base.traits import KEEPS_NOTHING as KEEPS_NOTHING
from specnet.layers.base.traits import KEEPS_OUTPUT as KEEPS_OUTPUT
from specnet.layers.base.traits import Arity as Arity
from specnet.layers.base.traits import Autocast as Autocast
from specnet.layers.base.traits import Elements as Elements
from specnet.layers.base.traits import Kept as Kept
from specnet.layers.base.traits import Reach as Reach
from specnet.layers.base.traits import ReceptiveField as ReceptiveField
from specnet.layers.base.traits import Storage as Storage
from specnet.layers.base.traits import Trait as Trait
from specnet.layers.base.traits import Traits as Traits
from specnet.layers.base.traits import Workload as Workload
from specnet.layers.base.traits import read_same_position as read_same_position
from specnet.registry import register as register
from specnet.settings.augment import Augment as Augment
from specnet.settings.augment import Mixing as Mixing
from specnet.settings.data import Data as Data
from specnet.settings.loss import Loss as Loss
from specnet.settings.loss import Target as Target
from specnet.settings.metric import Metric as Metric
from specnet.settings.optimizer import Optimizer as Optimizer
from specnet.settings.task import Task as Task
from specnet.settings.task import TaskMetric as TaskMetric
from specnet.settings.task import require_one_input as require_one_input
from specnet.settings.task import require_vector as require_vector
