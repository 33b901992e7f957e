"""Measure how fast a device computes each kind of work, forward and backward, in a few seconds.

Everything is computed as the trainer does: channels-last, with freed memory kept, in each precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from time import perf_counter

import torch
from torch import Tensor, nn

from specnet.analyses.devices import Device as Speed
from specnet.analyses.devices import Rate
from specnet.analyses.memory import Precision
from specnet.layers.base.traits import Workload
from specnet.training.device import Device
from specnet.training.resources import get_total_memory, keep_freed_memory
clock=perf_counter
SECONDS = 0.15
"""The time for which each is repeated, at least."""


def cases(batch):
    def conv(c, k, f, n, g=1):
        return nn.Conv2d(c, k, f, padding=f // 2, groups=g), (batch, c, n, n), batch * k * (c // g) * f * f * n * n
    yield Workload.MATMUL, nn.Linear(2048, 1024), (16*batch, 2048), 16*batch * 2048 * 1024
    yield Workload.CONVOLUTION, *conv(64, 64, 3, 56)
    yield Workload.CONVOLUTION, *conv(256, 256, 3, 14)
    yield Workload.POINTWISE, *conv(32, 128, 1, 56)
    yield Workload.POINTWISE, *conv(512, 256, 1, 14)
    yield Workload.DEPTHWISE, *conv(96, 96, 3, 112, 96)
    yield Workload.DEPTHWISE, *conv(576, 576, 3, 14, 576)
    yield Workload.POOLING, nn.MaxPool2d(3, 2, 1), (batch, 64, 112, 112), batch * 64 * 56 * 56 * 9
    yield Workload.NORMALISATION, nn.BatchNorm2d(64), (batch, 64, 112, 112), None
    yield Workload.ELEMENTWISE, nn.ReLU(), (batch, 64, 112, 112), None

def _time(f, sync, clock):
    f(); sync()
    best=1e9; n=0; end=clock()+SECONDS
    while n<3 or clock()<end:
        t=clock(); f(); sync(); best=min(best,clock()-t); n+=1
    return best

def measure_device(device: Device, clock=perf_counter) -> Speed:
    sync = torch.cuda.synchronize if device.place.type == "cuda" else (lambda: None)
    batch = 8 if device.place.type == "cpu" else 64
    rates={}
    with keep_freed_memory():
        for w,m,shape,ops in cases(batch):
            m.to(device.place, memory_format=torch.channels_last)
            x=torch.randn(shape, device=device.place)
            if x.ndim==4: x=x.contiguous(memory_format=torch.channels_last)
            if device.precision=="bf16": x=x.bfloat16()
            x.requires_grad_()
            with device.autocast():
                y=m(x)
            g=torch.randn_like(y)
            def fwd():
                with device.autocast(): return m(x)
            def both():
                with device.autocast(): y=m(x)
                y.backward(g); x.grad=None
                for p in m.parameters(): p.grad=None
            f=_time(fwd,sync,clock); b=_time(both,sync,clock)-f
            work=ops or (x.numel()+y.numel())*x.element_size()
            rates.setdefault(w,[]).append((f/work,max(b,1e-7)/work))
        a=torch.randn(2**24, device=device.place); c=torch.empty_like(a)
        bw=2*4*2**24/_time(lambda: c.copy_(a),sync,clock)
        tiny=torch.randn(1,8,4,4,device=device.place,requires_grad=True); m=nn.ReLU()
        g=torch.ones_like(tiny)
        f=_time(lambda:m(tiny),sync,clock)
        def chain():
            y=tiny
            for _ in range(50): y=m(y)
            y.backward(g)
        tot=_time(chain,sync,clock)/50
    R={w:Rate(len(v)/sum(t for t,_ in v),len(v)/sum(t for _,t in v)) for w,v in rates.items()}
    return Speed("cpu","cpu","measured",{device.precision:R},bw,Rate(1/f,1/max(tot-f,1e-7)),get_total_memory(device.place))
