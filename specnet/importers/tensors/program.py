"""A program of tensor operators: what ONNX and torch.export are brought to before their layers are found.

Operators have the names and the meaning of torch.ops.aten, without its overloads and with these conventions. Shapes are
known and begin with the batch; maps are N×C×H×W. An operator has one output: those that have several are several
operators (`split` and `chunk` are `slice`s, `unbind` is `select`s). An input is the name of a value, of an input of the
program or of a constant; None stands for an optional tensor that is not given.

    conv           x, weight, bias      stride, padding ((top, bottom), (left, right)), dilation, groups; 1d: one pair
    conv_transpose x, weight, bias      the same, and output_padding
    linear         x, weight, bias      over the last axis; weight is K×C
    matmul         a, b
    batch_norm     x, weight, bias, running_mean, running_var    eps, momentum
    layer_norm     x, weight, bias      axes (the number of last axes), eps
    rms_norm       x, weight            axes, eps
    group_norm     x, weight, bias      groups, eps
    instance_norm  x, weight, bias      eps
    local_response_norm x               size, alpha, beta, k (torch's: alpha is divided by size)
    max_pool       x                    kernel, stride, padding (pairs), dilation, ceil
    avg_pool       x                    kernel, stride, padding (pairs), ceil, count_include_pad
    adaptive_avg_pool, adaptive_max_pool  x   size
    mean, sum, amax, norm  x            dims, keepdim; norm is that of a vector, the root of the sum of squares
    softmax, log_softmax  x             dim
    relu, relu6, sigmoid, tanh, silu, mish, hardswish, hardsigmoid, selu, softplus, erf, exp, sqrt, rsqrt, abs, neg   x
    gelu           x                    approximate ("none" or "tanh")
    elu, leaky_relu  x                  alpha; negative_slope
    prelu          x, weight
    clamp          x                    min, max (either may be None)
    add, sub, mul, div, maximum, minimum, pow   a, b     broadcast as torch does; numbers are constants without axes
    reshape        x                    (to the shape of the output)
    permute        x                    dims
    expand         x                    (to the shape of the output)
    cat            x, y, …              dim
    slice          x                    dim, start, end, step
    select         x                    dim, index
    pad            x                    padding (a pair an axis of the whole shape), mode, value
    upsample       x                    size, mode (nearest, bilinear, bicubic), align_corners
    pixel_shuffle, pixel_unshuffle  x   factor
    roll           x                    shifts, dims
    dropout        x                    p
    identity       x
    attention      q, k, v, mask        scale; scaled_dot_product_attention, softmax(q·kᵀ·scale + mask)·v
    embedding      weight, indices

Any other operator keeps its own name, and is reported as one that has no counterpart. What it gives may have an unknown
shape, `()`; operators that read such a value have none either, and are left out like itself.
Operators with the same source are parts of one operator of the source, `x · sigmoid(1.702 x)` for QuickGelu.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from specnet.importers.imported import Entry, RunSource, Scope, SourceLayer, StoredArray


@dataclass(frozen=True)
class Operator:
    """An operator with the names of its inputs, its attributes and the name and shape of its output."""

    kind: str
    inputs: tuple[str | None, ...]
    output: str
    shape: tuple[int, ...]
    source: SourceLayer
    attributes: Mapping[str, Any] = field(default_factory=dict)
    scope: tuple[Scope, ...] = ()
    name: str = ""
    """What a layer is called, where the source has a better word than the name of its operator: `layer1.0.conv1`."""
    differs: str = ""
    """How this differs from the operator of the source: what it becomes is approximated for this reason.

    Of an operator that keeps the source's own name, it is the reason why that has no counterpart, where there is one.
    """
    rule: str = ""
    """Why it is equal to the operator of the source, where it is another one."""
    absorbed: tuple[SourceLayer, ...] = ()
    """Operators of the source that this one stands for beside its own; passes of the lowering set it."""


@dataclass(frozen=True)
class Program:
    """Operators in an order in which values are given before they are read."""

    format: str
    name: str
    inputs: Mapping[str, tuple[int, ...]]
    """The shapes of the inputs, which begin with a batch of `batch`."""
    operators: tuple[Operator, ...]
    outputs: tuple[str, ...]
    constants: Mapping[str, StoredArray]
    """Weights and numbers by name; their names are those of the source, `layer1.0.conv1.weight`."""
    learned: frozenset[str] | None = None
    """The constants that training changes; None where the source does not tell them from others."""
    entries: tuple[Entry, ...] = ()
    """What became of operators of the source that are not among these: constants that were computed while reading."""
    batch: int = 1
    remarks: tuple[str, ...] = ()
    run: RunSource | None = None
    parameters: int | None = None
    """The source's own number of parameters; buffers such as running statistics are none."""
