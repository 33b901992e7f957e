"""task autoencode: the image is the target; PSNR, SSIM, and the images that the network makes again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import torch
from PIL import Image
from torch import Tensor

from specnet.settings.task import Metric
from specnet.settings.tasks.autoencode import Autoencode
from specnet.training.data.image_decoding import ImageFormat
from specnet.training.figures.image_rows import plot_image_rows
from specnet.training.figures.rendering import Note, render
from specnet.training.metrics.image_quality import compute_psnr, compute_ssim
from specnet.training.optim.losses import Loss
from specnet.training.tasks.answers import Answer
from specnet.training.tasks.objective import Objective, PreparedBatch
from specnet.training.tasks.results import Meter, Results
from specnet.training.transforms.normalization import Normalizer

SHOWN = 8
"""The images of a part that are drawn."""


@dataclass(frozen=True)
class AutoencodeObjective(Objective):
    """Images as targets, float B×C×H×W from 0 to 1, whatever the normalisation; outputs of the same form.

    Where the loss takes a sigmoid, that of the outputs is the image.
    """

    measure: ClassVar[Metric] = Autoencode.metric
    picture: ClassVar[str] = "reconstructions"

    def prepare(self, pixels: Tensor, targets: Tensor, normalizer: Normalizer, places: Tensor | None) -> PreparedBatch:
        inputs = normalizer(self.make_input(pixels, places))
        return PreparedBatch((inputs,), to_images(pixels))

    def make_input(self, pixels: Tensor, places: Tensor | None) -> Tensor:
        """Return the pixels B×H×W×C that the network reads, for those of the target; `places` as in `prepare`."""
        return pixels

    def show_input(self, originals: Tensor, places: Tensor) -> Tensor | None:
        """Return what the network reads, uint8 B×H×W×C, where that is something else than the originals."""
        return None

    @property
    def input_psnr(self) -> float | None:
        """The PSNR of what the network reads, where that is something else than the originals."""
        return None

    def reconstruct(self, outputs: Tensor) -> Tensor:
        """Return outputs B×C×H×W as images from 0 to 1."""
        return outputs.sigmoid() if self.loss.squash else outputs.clamp(0, 1)

    def rate(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the sum of the mean squared errors of the images."""
        return (self.reconstruct(outputs) - targets).square().mean((1, 2, 3)).sum()

    def finish_measure(self, mean: float) -> float:
        return compute_psnr(mean) or 0.0

    def make_meter(self, loss: Loss) -> ReconstructionMeter:
        return ReconstructionMeter(loss, self)

    def arrange_rows(self, originals: Tensor, made: Tensor, places: Tensor) -> dict[str, Tensor]:
        """Return the rows of a picture, uint8 N×H×W×C by their names, for images with these indices in their part."""
        read = self.show_input(originals, places)
        return {"original": originals, **({} if read is None else {"noisy": read}), "network": made}

    def answer(self, outputs: Tensor, top: int) -> list[Answer]:
        raise NotImplementedError("an answer is compared with what the network has read")

    def answer_images(self, outputs: Tensor, pixels: Tensor, top: int) -> list[Answer]:
        images = self.reconstruct(outputs)
        distances = 255 * (images - to_images(pixels)).square().mean((1, 2, 3)).sqrt()
        return list(map(Reconstruction, to_pixels(images), distances.tolist()))


def to_images(pixels: Tensor) -> Tensor:
    """Return pixels B×H×W×C from 0 to 255 as float B×C×H×W from 0 to 1."""
    return pixels.permute(0, 3, 1, 2).float() / 255


def to_pixels(images: Tensor) -> Tensor:
    """Return images B×C×H×W as uint8 B×H×W×C on the CPU; what is beyond 0..1 is cut off."""
    return (255 * images.clamp(0, 1)).round().to(torch.uint8).permute(0, 2, 3, 1).cpu()


@dataclass(frozen=True)
class Reconstruction(Answer):
    """The image that a network makes of one, uint8 H×W×C, and how far it is from it.

    `difference` is the root of the mean squared difference, for pixels from 0 to 255.
    """

    pixels: Tensor = field(repr=False)
    difference: float

    def describe(self) -> list[str]:
        return [f"differs by {self.difference:.2f} of 255 (RMS)"]

    def to_record(self) -> dict[str, Any]:
        return {"rms_difference": self.difference}

    def to_rows(self) -> list[Mapping[str, Any]]:
        return [self.to_record()]

    def draw(self, image: Path, form: ImageFormat) -> Mapping[str, bytes]:
        content = BytesIO()
        Image.fromarray(self.pixels.numpy().squeeze()).save(content, "PNG")
        return {"": content.getvalue()}


@dataclass(frozen=True)
class ReconstructionResults(Results):
    """PSNR by the mean squared error of all images, the mean SSIM, and some images beside their originals."""

    loss: float
    count: int
    psnr: float | None
    ssim: float | None
    input_psnr: float | None
    rows: Mapping[str, Tensor] = field(repr=False)

    @property
    def images(self) -> int:
        return self.count

    @property
    def scores(self) -> Mapping[str, float | None]:
        noisy = {} if self.input_psnr is None else {"noisy_psnr": self.input_psnr}
        return {"psnr": self.psnr, "ssim": self.ssim, **noisy}

    def describe_scores(self) -> list[tuple[str, str]]:
        unknown = "not defined: the images have no error" if self.psnr is None else ""
        small = "not defined for images below 11×11"
        ssim = small if self.ssim is None else f"{self.ssim:.4f}"
        noisy = [] if self.input_psnr is None else [("noisy PSNR", Autoencode.metric.format(self.input_psnr))]
        return [("PSNR", unknown or Autoencode.metric.format(self.psnr)), *noisy, ("SSIM", ssim)]

    def draw(self, title: str, note: Note) -> Mapping[str, bytes]:
        rows = {name: list(images.numpy()) for name, images in self.rows.items()}
        figure = plot_image_rows(rows, f"{title}: PSNR {Autoencode.metric.format(self.psnr)}")
        return {"reconstructions.png": render(figure, "png")}


class ReconstructionMeter(Meter):
    """Sums squared errors and SSIM, and keeps the first images."""

    def __init__(self, loss: Loss, objective: AutoencodeObjective) -> None:
        super().__init__(loss)
        self._objective = objective
        self._errors, self._similarities = list[Tensor](), list[Tensor]()
        self._pairs = list[tuple[Tensor, Tensor]]()

    def _count(self, outputs: Tensor, targets: Tensor) -> None:
        images = self._objective.reconstruct(outputs)
        self._errors.append((images - targets).double().square().mean((1, 2, 3)).sum())
        if (similarity := compute_ssim(images, targets)) is not None:
            self._similarities.append(similarity.sum())
        if (missing := SHOWN - sum(len(each) for each, _ in self._pairs)) > 0:
            self._pairs.append((to_pixels(targets[:missing]), to_pixels(images[:missing])))

    def compute(self) -> ReconstructionResults:
        originals, made = (torch.cat(each) for each in zip(*self._pairs, strict=True))
        return ReconstructionResults(
            self.mean_loss(),
            self.images,
            compute_psnr(self._mean(self._errors) or 0.0),
            self._mean(self._similarities),
            self._objective.input_psnr,
            self._objective.arrange_rows(originals, made, torch.arange(len(originals))),
        )

    def _mean(self, sums: Sequence[Tensor]) -> float | None:
        return torch.stack(list(sums)).sum().item() / self.images if sums else None
