"""Compare reading shards with webdataset alone, and measure the memory of training on more and more of them.

python tools/bench_streams.py DATA_DIR [--images N] [--pairs N] [--workers N]

DATA_DIR holds cifar-10-batches-py, whose images are written into shards as JPEG, as often as are needed. The readers
take turns, each in a process of its own; their figures are images a second, and images for each second of a processor.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

SHARDS, BATCH, BATCHES = 20, 128, 400

NETWORK = """
input 32x32x3
conv 16 F=3 S=2 P=1 -> relu -> conv 32 F=3 S=2 P=1 -> relu -> pool avg global -> fc 10
train {{
  data webdataset "{shards}"
  batch 256
  epochs 1
}}
"""


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--read", choices=READERS, help=argparse.SUPPRESS)
    return parser.parse_args()


def write_shards(data_dir: Path, folder: Path, images: int) -> None:
    """Write CIFAR-10 as often as there are to be images, as JPEG."""
    from specnet.settings.data import Cifar10
    from specnet.training.data.images import DataRequest
    from specnet.training.data.sets import READERS as SETS

    train = SETS[Cifar10](Cifar10(), DataRequest((32, 32, 3), data_dir, print)).train
    encoded, labels = [encode(pixels.numpy()) for pixels in train.pixels], train.labels.tolist()
    for shard in range(SHARDS):
        with tarfile.open(folder / f"train-{shard:05}.tar", "w") as archive:
            for number in range(images * shard // SHARDS, images * (shard + 1) // SHARDS):
                content, label = encoded[number % len(encoded)], str(labels[number % len(encoded)]).encode()
                add_file(archive, f"{number:08}.jpg", content)
                add_file(archive, f"{number:08}.cls", label)


def encode(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def add_file(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def read_with_webdataset(folder: Path, workers: int) -> Iterator[np.ndarray]:
    """Yield shuffled batches as its documentation reads them, in worker processes of torch's DataLoader."""
    import webdataset
    from torch.utils.data import DataLoader

    shards = sorted(map(str, folder.glob("*.tar")))
    files = webdataset.WebDataset(shards, shardshuffle=len(shards), seed=0).shuffle(5000)
    batches = files.decode("rgb8").to_tuple("jpg", "cls").batched(BATCH)
    for pixels, _ in DataLoader(batches, batch_size=None, num_workers=workers):
        yield np.asarray(pixels)


def read_with_specnet(folder: Path, workers: int) -> Iterator[np.ndarray]:
    """Yield the batches of a training epoch."""
    import torch

    from specnet.settings.data import WebDataset
    from specnet.training.data.images import DataRequest, Epoch, StoredPixels
    from specnet.training.data.loading import BatchReader
    from specnet.training.data.sets import READERS as SETS

    request = DataRequest((32, 32, 3), None, lambda text: None, workers)
    pixels = SETS[WebDataset](WebDataset(path=str(folder)), request).train.pixels
    assert isinstance(pixels, StoredPixels)
    order = pixels.shuffle(Epoch(0, 0))
    reader = BatchReader(pixels, lambda number: order[number * BATCH :][:BATCH], torch.device("cpu"))
    for number in range(len(order) // BATCH):
        yield reader.batch(number).numpy()


READERS = {"webdataset": read_with_webdataset, "specnet": read_with_specnet}


def measure_reader(name: str, folder: Path, workers: int) -> None:
    """Print images a second, and for each second of the processors, from the second batch on."""
    batches = READERS[name](folder, workers)
    assert next(batches).shape == (BATCH, 32, 32, 3)
    began, used = time.perf_counter(), sum_processor_seconds()
    images = sum(len(next(batches)) for _ in range(BATCHES))
    seconds = time.perf_counter() - began
    batches.close()
    print(json.dumps([images / seconds, images / (sum_processor_seconds() - used)]))


def sum_processor_seconds() -> float:
    """Return the seconds of this process and of those that it has waited for."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def compare_readers(folder: Path, pairs: int, workers: int) -> None:
    found: dict[str, list[list[float]]] = {name: [] for name in READERS}
    for _ in range(pairs):
        for name in READERS:
            command = [sys.executable, __file__, str(folder), "--read", name, "--workers", str(workers)]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found[name].append(json.loads(printed.splitlines()[-1]))
    for name, figures in found.items():
        wall, processor = (median(column) for column in zip(*figures, strict=True))
        print(f"{name:12} {wall:8,.0f} images/s  {processor:8,.0f} images for each second of a processor")


def measure_memory(folder: Path, shards: int, workers: int) -> None:
    """Train for an epoch on some of the shards, and print the memory of the process as it goes."""
    with tempfile.TemporaryDirectory() as place:
        spec = Path(place) / "small.net"
        spec.write_text(NETWORK.format(shards=f"{folder}/train-{{{0:05}..{shards - 1:05}}}.tar"))
        command = [sys.executable, "-m", "specnet", "train", str(spec), "--run", f"{place}/run"]
        process = subprocess.Popen([*command, "--workers", str(workers)], stderr=subprocess.DEVNULL)
        sizes: list[int] = []
        watcher = threading.Thread(target=watch, args=(process, sizes))
        watcher.start()
        assert process.wait() == 0
        watcher.join()
    tenths = [sizes[len(sizes) * part // 10] for part in range(10)]
    print(f"{shards:3} shards: peak {max(sizes):,} MiB; in tenths of the time {tenths}")


def watch(process: subprocess.Popen[bytes], sizes: list[int]) -> None:
    """Note the resident memory of a process ten times a second, in MiB (Linux)."""
    while process.poll() is None:
        try:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except OSError:
            return
        sizes += [int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")]
        time.sleep(0.1)


def main() -> None:
    options = parse_arguments()
    if options.read:
        measure_reader(options.read, options.data_dir, options.workers)
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_shards(options.data_dir, folder, options.images)
        compare_readers(folder, options.pairs, options.workers)
        for shards in (SHARDS // 4, SHARDS):
            measure_memory(folder, shards, options.workers)


if __name__ == "__main__":
    main()
