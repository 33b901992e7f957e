"""The types of layers that take more than a row of the table of Caffe's layers."""

from __future__ import annotations

from collections.abc import Mapping

from specnet.importers.caffe import joining, reshaping, sampling
from specnet.importers.caffe.network import Adder

ADDERS: Mapping[str, Adder] = {
    "AbsVal": sampling.add_absolute,
    "ArgMax": sampling.add_argmax,
    "Axpy": joining.add_axpy,
    "Bias": joining.add_bias,
    "Concat": joining.add_concat,
    "Crop": joining.add_crop,
    "Eltwise": joining.add_eltwise,
    "Flatten": reshaping.add_flatten,
    "InnerProduct": reshaping.add_inner_product,
    "Interp": sampling.add_interp,
    "Permute": reshaping.add_permute,
    "Pooling": sampling.add_pooling,
    "Power": sampling.add_power,
    "Reduction": reshaping.add_reduction,
    "Reorg": sampling.add_reorg,
    "Reshape": reshaping.add_reshape,
    "Scale": joining.add_scale,
    "Slice": joining.add_slice,
    "Softmax": reshaping.add_softmax,
    "Split": joining.add_split,
    "Upsample": sampling.add_upsample,
}
