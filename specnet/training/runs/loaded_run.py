"""A run that was read back from its folder: the network with its weights, and what it predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import torch
from pydantic import FiniteFloat, TypeAdapter
from pydantic_core import from_json
from torch import Tensor, nn

from specnet.option_names import name_option
from specnet.pictures.sixteen_bits import FULL_SCALE, SixteenBitScale
from specnet.printable import format_amount
from specnet.records import Displayed
from specnet.settings.data import ImageFiles
from specnet.settings.loss import Target
from specnet.training.data.image_decoding import ImageFormat
from specnet.training.data.images import get_class_name
from specnet.training.device import choose_device
from specnet.training.errors import BadRun, CannotRun, Unsuitable
from specnet.training.files import write_json
from specnet.training.job import Job, Metrics, Options, describe_scores
from specnet.training.runs.records import CalibrationRecord, GivenRecord, read_record
from specnet.training.runs.run_config import RunConfig
from specnet.training.runs.run_folder import CALIBRATION, MODEL, Weights, read_metrics, read_summary, refuse_not_finite
from specnet.training.tasks.classify import to_probabilities
from specnet.training.tasks.objective import Fitted, Objective, get_main_output, make_objective
from specnet.training.transforms.normalization import Normalizer, normalizer_from_record


@dataclass(frozen=True)
class LoadedRun(Displayed):
    """A run; `summary` is empty until it is finished, `metrics` are the lines of metrics.jsonl.

    `scale` is that of grey images of 16 bits, if it was trained on such; the pixels were `floats` where they were no
    bytes; `given` is what is known of data that a program has handed over, and `data_digest` the digest of data that a
    program or a plugin has made.
    """

    folder: Path
    job: Job = field(repr=False)
    options: Options
    classes: tuple[str, ...]
    normalization: Normalizer = field(repr=False)
    scale: SixteenBitScale | None
    floats: bool
    given: GivenRecord | None
    summary: Mapping[str, Any]
    metrics: tuple[Metrics, ...]
    fitted: Fitted = field(default_factory=dict)
    """What the task has fitted to the data."""
    data_digest: str | None = None

    @property
    def model(self) -> nn.Module:
        """The module in evaluation mode with the best weights: normalised N×C×H×W to N×outputs.

        It does not normalise: of pixels N×H×W×C, it reads `run.normalization(pixels)`, or answers wrongly.
        `specnet.export` writes a network that does.
        """
        return self.job.module

    @property
    def spec(self) -> str:
        return self.job.spec_text

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return cast(tuple[int, int, int], self.job.input_shape)

    def on_device(self, device: str) -> LoadedRun:
        """Move the model to a device, and return the run with its normalisation there, in fp32; raises CannotRun."""
        place = choose_device(replace(self.options, device=device, precision="fp32")).place
        self.model.to(place)
        return replace(self, normalization=self.normalization.to(place))

    @property
    def place(self) -> torch.device:
        """The device of the model."""
        return next(self.model.parameters()).device

    @property
    def image_format(self) -> ImageFormat:
        """The form in which the network reads image files, as in training; raises Unsuitable if no picture has it."""
        data, (height, width, channels) = self.job.training.data, self.input_shape
        if self.floats:
            raise Unsuitable(
                "the run was trained on numbers other than pixels of 0 to 255, which no image file has; "
                "`run.model(run.normalization(images))` computes the outputs for arrays N×H×W×C"
            )
        if channels not in (1, 3):
            raise Unsuitable(f"the network reads images of {channels} channels, and a picture has 1 or 3")
        resize, crop = (data.resize, data.crop) if isinstance(data, ImageFiles) else (None, 1.0)
        return ImageFormat((height, width), channels, resize, self.scale or FULL_SCALE, crop)

    @cached_property
    def objective(self) -> Objective:
        """What the task of the run computes."""
        return make_objective(self.job.training.task, self.classes, self.job.training.loss, self.fitted)

    def calibrated(self) -> LoadedRun:
        """Return the run with the temperature that it keeps; raises CannotRun where it has none, BadRun."""
        path, how = self.folder / CALIBRATION, name_option("calibrate", True)
        fit = f"`specnet evaluate {self.folder}` with {how} fits it to the validation part"
        if not path.exists():
            raise CannotRun(f"the run has no temperature yet; {fit}")
        record = read_record(path, CalibrationRecord)
        if (record.best_epoch, record.epochs) != (self.summary.get("best_epoch"), self.summary.get("epochs")):
            raise CannotRun(f"the temperature is that of earlier weights, as the run went on; {fit}")
        return replace(self, fitted={**self.fitted, "temperature": (record.temperature,)})

    def keep_temperature(self, temperature: float, images: int) -> LoadedRun:
        """Write the temperature that suits so many validation images, and return the run with it; raises CannotRun."""
        epochs = {name: self.summary[name] for name in ("best_epoch", "epochs")}
        record = {"temperature": temperature, "validation_images": images, **epochs}
        write_json(self.folder / CALIBRATION, record)
        return self.calibrated()

    @torch.inference_mode()
    def compute_outputs(self, *pixels: Tensor) -> Tensor:
        """Return the outputs N×… in fp32 for uint8 N×H×W×C of the network's size, for each of the images of a task.

        Raises Unsuitable.
        """
        outputs = get_main_output(self.objective.forward(self.model, list(map(self.normalization, pixels))))
        if not outputs.isfinite().all():
            raise Unsuitable("the outputs of the network are not finite numbers")
        return outputs

    def probabilities(self, pixels: Tensor) -> Tensor:
        """Return N×outputs, each row with the sum 1, for uint8 N×H×W×C of the network's size; raises Unsuitable."""
        if self.job.training.task.target is not Target.CLASS:
            raise Unsuitable(f"the network was trained with {self.job.training.task.target} for each image")
        return to_probabilities(self.compute_outputs(pixels))

    def __repr__(self) -> str:
        classes = format_amount(len(self.classes), self.job.training.task.noun)
        return f"LoadedRun({str(self.folder)!r}, {self.job.name}, {classes}{describe_scores(self.summary)})"

    def class_name(self, output: int) -> str:
        """Return the name of the class of an output, or `output N` where there is none."""
        return get_class_name(self.classes, output)


def build_loaded_run(config: RunConfig, job: Job, weights: Weights) -> LoadedRun:
    """Load a run's weights into its job's network; raises BadRun where they do not fit or are not finite."""
    refuse_not_finite(config.folder / MODEL, weights.tensors)
    try:
        job.module.load_state_dict(weights.tensors)
        height, width, channels = job.input_shape
        normalizer = normalizer_from_record(from_json(weights.metadata["normalize"]), (height, width, channels))
        fitted = _read_fitted(weights, job, config.classes)
    except (RuntimeError, ValueError, KeyError, TypeError) as error:
        raise BadRun(f"{config.folder / MODEL} does not fit {config.name}: {error}") from None
    job.module.eval()
    summary, metrics = read_summary(config.folder), read_metrics(config.folder)
    data = config.classes, normalizer, config.scale, config.floats, config.given
    return LoadedRun(config.folder, job, config.options, *data, summary, metrics, fitted, config.data_digest)


_FITTED = TypeAdapter(dict[str, tuple[FiniteFloat, ...]])


def _read_fitted(weights: Weights, job: Job, classes: tuple[str, ...]) -> Fitted:
    """Return what the task has fitted to the data; raises ValueError, KeyError where the task cannot go by it."""
    fitted = _FITTED.validate_json(weights.metadata.get("fitted", "{}"))
    for name, values in fitted.items():
        if len(values) not in (1, len(classes)):
            raise ValueError(f"its `{name}` are {len(values)} numbers for {len(classes)} outputs")
    make_objective(job.training.task, classes, job.training.loss, fitted).make_output_module()
    return fitted
