"""Measure the speed of training beside the textbook loop, a loop tuned by hand, Keras and Lightning, in one run.

python tools/bench_train [--pairs N] [--data-dir DIR] [--threads N] [--cpu-time] [--quick] [--gpu]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("GOMP_SPINCOUNT", "2000")  # as `specnet train` sets it
sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench_train", description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=21, metavar="N", help="pairs of measurements (default: 21)")
    parser.add_argument(
        "--data-dir", type=Path, metavar="DIR", help="folder with CIFAR-10 and MNIST (default: random images)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="threads of torch (default: one per core)")
    parser.add_argument(
        "--cpu-time", action="store_true", help="measure CPU time on one thread, for machines that are not idle"
    )
    parser.add_argument("--gpu", action="store_true", help="only measure what runs on a GPU")
    parser.add_argument("--quick", action="store_true", help="only check that it runs: one very short pair each")
    options = parser.parse_args()
    if options.pairs < 1:
        parser.error("--pairs takes a whole number from 1")
    return options


def main() -> None:
    options = parse_arguments()

    import torch
    from bench_train.gpu import report_gpu
    from bench_train.report import Benchmark, report
    from bench_train.timing import Clock

    from specnet.training import resources

    Clock.counts_cpu_time = options.cpu_time
    if options.threads or options.cpu_time:
        torch.set_num_threads(options.threads or 1)
    pairs, seconds, images = (1, 0.01, 1000) if options.quick else (options.pairs, 0.4, 50_000)
    with TemporaryDirectory() as folder, resources.keep_freed_memory():
        benchmark = Benchmark(pairs, seconds, options.data_dir, images, Path(folder))
        for line in report_gpu(options.data_dir, Path(folder)) if options.gpu else report(benchmark):
            print(line, flush=True)


if __name__ == "__main__":
    main()
