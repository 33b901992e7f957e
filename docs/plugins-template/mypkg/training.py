"""A loss, an augmentation and a data set for the `train` sections of specs."""

from typing import Any

from specnet.plugins import Augment, Count, Data, Loss, NonNegative, Target, register


@register
class Poly(Loss):
    """Cross-entropy plus `epsilon` times the probability that the label lacks (Leng et al. 2022, Poly-1)."""

    targets = frozenset({Target.CLASS})

    epsilon: NonNegative = 1.0

    def compute(self, outputs: Any, targets: Any) -> Any:
        from torch.nn.functional import cross_entropy

        losses = cross_entropy(outputs, targets, reduction="none")
        return (losses + self.epsilon * (1 - (-losses).exp())).mean()


@register
class Solarize(Augment):
    """Inverts the values from `threshold` on, as torchvision's RandomSolarize does with p=1."""

    positional = ("threshold",)

    threshold: Count = 128

    def apply(self, images: Any) -> Any:
        return images.where(images < self.threshold, 255 - images)


@register
class Stripes(Data):
    """Noisy stripes, across or along the image; a fifth are the test set."""

    images: Count = 400

    def read(self, find: Any) -> Any:
        import torch

        noise, test, labels = torch.Generator().manual_seed(0), self.images // 5, torch.arange(self.images) % 2
        pixels = torch.randint(150, (self.images, 32, 32, 3), generator=noise, dtype=torch.uint8)
        pixels[labels == 0, ::2] += 100
        pixels[labels == 1, :, ::2] += 100
        return {"train": (pixels[test:], labels[test:]), "test": (pixels[:test], labels[:test])}
