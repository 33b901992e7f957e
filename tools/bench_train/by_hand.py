"""The best loops that one writes by hand for the occasion."""

from __future__ import annotations

from collections.abc import Callable

import torch
from setting import Images, Setting
from timing import Stretch, stopwatch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

NextBatch = Callable[[], Images]


def by_hand(setting: Setting) -> Stretch:
    """Images in memory, cropped and mirrored by one gather; channels-last, autocast, fused, nothing waited for."""
    return _loop(setting, _gathered(setting))


def without_data(setting: Setting) -> Stretch:
    """The same on one batch that is ready."""
    batch = _gathered(setting)()
    return _loop(setting, lambda: batch)


def plain(setting: Setting) -> Stretch:
    """The same on float images in memory, taken by index, not augmented."""
    pixels, labels = setting.images
    mean, scale = setting.mean_and_scale
    images = ((pixels - mean) * scale).permute(0, 3, 1, 2)
    order = Order(len(labels), setting.batch)

    def batch() -> Images:
        index = order.next()
        return images[index], labels[index]

    return _loop(setting, batch)


class Order:
    """Indices of batch after batch, shuffled anew for every epoch."""

    def __init__(self, images: int, size: int) -> None:
        self._images, self._size = images, size
        self._order, self._place = torch.randperm(images), 0

    def next(self) -> Tensor:
        if self._place + self._size > self._images:
            self._order, self._place = torch.randperm(self._images), 0
        self._place += self._size
        return self._order[self._place - self._size : self._place]


def _gathered(setting: Setting) -> NextBatch:
    pixels, labels = setting.images
    amount, height, width, channels = pixels.shape
    border, size = setting.border, setting.batch
    mean, scale = (values.repeat(height * width) for values in setting.mean_and_scale)
    padded = pad(pixels, (0, 0, border, border, border, border))
    kinds = torch.stack([padded, padded.flip(2)]) if setting.mirror else padded[None]
    rows = kinds.reshape(len(kinds), amount, height + 2 * border, -1)
    windows = rows.unfold(2, height, 1).unfold(3, width * channels, channels)
    order, places = Order(amount, size), 2 * border + 1

    def batch() -> Images:
        index = order.next()
        chance = (torch.randint(limit, (size,)) for limit in (len(kinds), places, places))
        mirrored, down, right = chance
        values = windows[mirrored, index, down, right].view(size, -1).float().sub_(mean).mul_(scale)
        return values.view(size, height, width, channels).permute(0, 3, 1, 2), labels[index]

    return batch


def _loop(setting: Setting, next_batch: NextBatch) -> Stretch:
    module = setting.module().to(memory_format=torch.channels_last)
    optimizer = setting.optimizer(module, fused=True)
    is_bf16 = setting.precision == "bf16"

    def steps(count: int) -> None:
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

    return stopwatch(steps)
