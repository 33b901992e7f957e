"""The fastest loops written by hand, each for its one purpose."""

from __future__ import annotations

from collections.abc import Callable

import torch
from bench_train.timing import TimedLoop, time_loop
from bench_train.workload import Images, Workload
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

NextBatch = Callable[[], Images]


def make_tuned_loop(workload: Workload) -> TimedLoop:
    """Return a loop on images in memory, cropped and flipped by one gather; channels-last, autocast, fused."""
    return _loop(workload, _gather_batches(workload))


def make_loop_on_one_batch(workload: Workload) -> TimedLoop:
    """Return the tuned loop on one prepared batch: it does no data work."""
    batch = _gather_batches(workload)()
    return _loop(workload, lambda: batch)


def make_plain_loop(workload: Workload) -> TimedLoop:
    """Return the tuned loop on float images in memory, taken by index, not augmented."""
    pixels, labels = workload.images
    mean, scale = workload.mean_and_scale
    images = ((pixels - mean) * scale).permute(0, 3, 1, 2)
    order = BatchOrder(len(labels), workload.batch)

    def batch() -> Images:
        index = order.next()
        return images[index], labels[index]

    return _loop(workload, batch)


class BatchOrder:
    """Indices of one batch after another, shuffled again for every epoch."""

    def __init__(self, images: int, size: int) -> None:
        self._images, self._size = images, size
        self._order, self._place = torch.randperm(images), 0

    def next(self) -> Tensor:
        if self._place + self._size > self._images:
            self._order, self._place = torch.randperm(self._images), 0
        self._place += self._size
        return self._order[self._place - self._size : self._place]


def _gather_batches(workload: Workload) -> NextBatch:
    pixels, labels = workload.images
    amount, height, width, channels = pixels.shape
    border, size = workload.border, workload.batch
    mean, scale = (values.repeat(height * width) for values in workload.mean_and_scale)
    padded = pad(pixels, (0, 0, border, border, border, border))
    kinds = torch.stack([padded, padded.flip(2)]) if workload.mirror else padded[None]
    rows = kinds.reshape(len(kinds), amount, height + 2 * border, -1)
    windows = rows.unfold(2, height, 1).unfold(3, width * channels, channels)
    order, places = BatchOrder(amount, size), 2 * border + 1

    def batch() -> Images:
        index = order.next()
        mirrored, down, right = (torch.randint(limit, (size,)) for limit in (len(kinds), places, places))
        values = windows[mirrored, index, down, right].view(size, -1).float().sub_(mean).mul_(scale)
        return values.view(size, height, width, channels).permute(0, 3, 1, 2), labels[index]

    return batch


def _loop(workload: Workload, next_batch: NextBatch) -> TimedLoop:
    module = workload.make_module().to(memory_format=torch.channels_last)
    optimizer = workload.make_optimizer(module, fused=True)
    is_bf16 = workload.precision == "bf16"

    def run_steps(count: int) -> None:
        loss_sum, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for _ in range(count):
            images, labels = next_batch()
            with torch.autocast("cpu", torch.bfloat16, enabled=is_bf16):
                outputs = module(images)
            loss = cross_entropy(outputs.float(), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            loss_sum += loss.detach()
            correct += (outputs.argmax(1) == labels).sum()

    return time_loop(run_steps)
