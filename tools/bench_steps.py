"""Compare predicted training steps with measured ones.

python tools/bench_steps.py [--gpu] [NETWORK:BATCH …]

The device is measured, then each network is trained on synthetic images for some steps in each precision of the device.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from specnet.analyses.devices import Device
from specnet.analyses.memory import Precision
from specnet.analyses.step_time import predict_step
from specnet.api import check
from specnet.jobs import make_job
from specnet.settings import Training
from specnet.settings.batch import Batch
from specnet.settings.data import Synthetic
from specnet.settings.epochs import Epochs
from specnet.settings.optimizer import Sgd
from specnet.training import Options, train
from specnet.training.device import choose_device
from specnet.training.device_benchmark import measure_device

NETWORKS = ("resnet18:16", "mobilenet-v2:16", "vgg11:8", "alexnet:64", "densenet121:8")

STEPS, EPOCHS = 3, 3


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="*", default=NETWORKS, metavar="NETWORK:BATCH")
    parser.add_argument("--gpu", action="store_true")
    return parser.parse_args()


def compare(name: str, batch: int, precision: Precision, device: Device) -> tuple[float, float]:
    """Return the images a second of a training behind its first epoch, and those predicted."""
    checked = check(name)
    training = Training(
        data=Synthetic(classes=2, images=STEPS * batch),
        optimizer=Sgd(momentum=0.9),
        batch=Batch(size=batch),
        epochs=Epochs(count=EPOCHS),
    )
    with tempfile.TemporaryDirectory() as folder:
        options = Options(device=device.name, precision=precision, run=Path(folder) / "run")
        run = train(make_job(checked, training), options)
        lines = (run.folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    measured = measure_later_epochs([json.loads(line)["images_per_second"] for line in lines], STEPS * batch)
    return measured, predict_step(checked.network, training, device, precision, batch).images_per_second


def measure_later_epochs(speeds: list[float], images: int) -> float:
    """Return the images a second after the first epoch, of the speeds up to the end of each; in the first, the system
    hands out the memory, and kernels are chosen."""
    first, whole = images / speeds[0], images * len(speeds) / speeds[-1]
    return images * (len(speeds) - 1) / (whole - first)


def main() -> None:
    options = parse_arguments()
    device = measure_device(choose_device(Options(device="cuda" if options.gpu else "cpu")))
    print(f"{device.title}\n\n{'images a second':25}  measured  predicted  ratio")
    for precision in device.rates:
        for each in options.networks:
            name, _, batch = each.partition(":")
            measured, predicted = compare(name, int(batch), precision, device)
            print(
                f"{name:17} {batch:>3} {precision}  {measured:8.1f}   {predicted:8.1f}   {predicted / measured:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
