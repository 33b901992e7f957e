"""The trainer beside the loop of tutorials, the best loop by hand, and other trainers: ratios, all in one run.

python tools/bench_train [--pairs N] [--data-dir DIR] [--threads N] [--cpu-time] [--quick] [--gpu]
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # as `specnet train` sets it
sys.path.insert(0, str(Path(__file__).parents[2]))

import gpu
import peers
import torch
from by_hand import by_hand, plain, without_data
from ours import ours
from setting import Setting, setting
from textbook import has_torchvision, textbook, textbook_without_pictures
from timing import Clock, Ratio, Stretch, compare

from specnet.training import resources
from specnet.training.device import NATIVE_BF16, cpu_capabilities
from specnet.training.job import Precision

Way = Callable[[Setting], Stretch]

OVER_TEXTBOOK: tuple[tuple[str, Precision, float], ...] = (
    ("a.net", "bf16", 2.4),
    ("c.net", "bf16", 3.5),
    ("a.net", "fp32", 1.4),
    ("c.net", "fp32", 3.0),
)
"""How many times as fast as the textbook loop the trainer is to be on all cores."""


@dataclass(frozen=True)
class Target:
    """`at_least` or at most so much: of the median, as it is what was promised."""

    bound: float
    at_least: bool = True

    def verdict(self, found: Ratio) -> str:
        is_met = found.median >= self.bound if self.at_least else found.median <= self.bound
        return f"{'at least' if self.at_least else 'at most'} {self.bound:.2f}: {'met' if is_met else 'MISSED'}"


@dataclass(frozen=True)
class Bench:
    """How long to measure, on which images or how many random ones, and where the runs' folders go."""

    pairs: int
    seconds: float
    data_dir: Path | None
    images: int
    folder: Path

    def setting(self, spec: str, precision: Precision, is_augmented: bool = True) -> Setting:
        """A setting with a run folder of its own."""
        folder = self.folder / str(len(list(self.folder.iterdir())))
        made = setting(spec, precision, self.data_dir, self.images, folder)
        return made if is_augmented else made.without_augmentation()

    def against(self, ours_way: Stretch, other: Stretch) -> Ratio:
        return compare(ours_way, other, self.pairs, self.seconds)


def speed(bench: Bench, spec: str, precision: Precision, over_textbook: Target | None) -> Iterator[str]:
    """How many times as many images a second as each other loop; the last line is ours beside itself: the noise."""
    common = bench.setting(spec, precision)
    own = ours(common)
    ways: tuple[tuple[str, Way, Target | None], ...] = (
        ("the textbook loop", textbook, over_textbook),
        ("the best loop by hand", by_hand, Target(0.98)),
        ("a loop without data work", without_data, Target(0.93)),
    )
    for title, way, target in ways:
        yield line(f"over {title}", bench.against(own, way(common)), target)
    yield line("over itself", bench.against(own, ours(bench.setting(spec, precision))), None)


def cost(bench: Bench, spec: str, target: Target) -> Iterator[str]:
    """A step's time over that of a plain loop in fp32, on the same images and none of them augmented."""
    common = bench.setting(spec, "fp32", is_augmented=False)
    base = plain(common)
    ways: dict[str, Way] = {"ours": ours, **peers.installed()}
    for title, way in ways.items():
        yield line(f"{title} over a plain loop", bench.against(base, way(common)), target if way is ours else None)


def host_cost(bench: Bench) -> Iterator[str]:
    """The trivial network, where a step is nothing but the loop."""
    common = bench.setting("trivial.net", "fp32")
    yield line(
        "ours over the textbook loop",
        bench.against(textbook_without_pictures(common), ours(common)),
        Target(0.65, at_least=False),
    )
    yield from cost(bench, "trivial.net", Target(1.02, at_least=False))


def line(title: str, found: Ratio, target: Target | None) -> str:
    return f"  {title:29} {found}  {target.verdict(found) if target else ''}".rstrip()


def processor() -> str:
    """Its name, its threads and whether it computes in bf16 by itself."""
    names = [line for line in _cpuinfo() if line.startswith("model name")]
    name = names[0].partition(":")[2].strip() if names else platform.processor()
    native = [word for word in NATIVE_BF16 if cpu_capabilities().get(word)]
    return f"{name}, {torch.get_num_threads()} threads, bf16 {f'native ({native[0]})' if native else 'not native'}"


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def load() -> str:
    """How busy the machine is, other programs included."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"


def report(bench: Bench) -> Iterator[str]:
    """All lines, as they are measured."""
    began = perf_counter()
    yield f"{processor()}; torch {torch.__version__}"
    yield f"the textbook loop transforms pictures by {'torchvision' if has_torchvision() else 'a stand-in for it'}"
    yield f"images: {bench.data_dir or 'random'}; load: {load()}"
    clock = "this process's processor time" if Clock.is_of_processor else "the clock on the wall"
    yield f"median of {bench.pairs} pairs of {bench.seconds:g} s by {clock}, and its 95 % interval"
    is_native = any(cpu_capabilities().get(word) for word in NATIVE_BF16)
    for spec, precision, bound in OVER_TEXTBOOK:
        if precision == "bf16" and not is_native:
            yield f"\n{spec} in bf16 is left out: not native here"
            continue
        yield f"\n{spec} in {precision}, batch 128: images a second of ours"
        # the promise over the textbook loop is for all cores
        over_textbook = None if Clock.is_of_processor else Target(bound)
        yield from speed(bench, spec, precision, over_textbook)
    yield "\ntrivial.net, batch 128: host cost of a step"
    yield from host_cost(bench)
    for spec in ("a.net", "c.net"):
        yield f"\n{spec} in fp32, batch 128, not augmented: time of a step"
        yield from cost(bench, spec, Target(1.02, at_least=False))
    missing = {"keras", "lightning"} - peers.installed().keys()
    if missing:
        yield f"\nnot installed, and left out: {', '.join(sorted(missing))}"
    yield ""
    yield from gpu.report(bench.data_dir, bench.folder)
    yield f"\n{perf_counter() - began:.0f} s; load: {load()}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench_train", description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=21, metavar="N", help="pairs of stretches (default: 21)")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="real CIFAR-10 and MNIST (default: random images)")
    parser.add_argument("--threads", type=int, metavar="N", help="of torch (default: all cores)")
    parser.add_argument(
        "--cpu-time", action="store_true", help="count processor time, on one thread: where other programs run"
    )
    parser.add_argument("--gpu", action="store_true", help="measure what runs on a GPU, and nothing else")
    parser.add_argument("--quick", action="store_true", help="see that it runs: one pair of a moment each")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs takes a whole number from 1")
    Clock.is_of_processor = options.cpu_time
    if options.threads or options.cpu_time:
        torch.set_num_threads(options.threads or 1)
    pairs, seconds, images = (1, 0.01, 1000) if options.quick else (options.pairs, 0.4, 50_000)
    with TemporaryDirectory() as folder, resources.keep_freed_memory():
        bench = Bench(pairs, seconds, options.data_dir, images, Path(folder))
        for text in gpu.report(bench.data_dir, bench.folder) if options.gpu else report(bench):
            print(text, flush=True)


if __name__ == "__main__":
    main()
