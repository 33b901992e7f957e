"""specnet baseline: how well simple classifiers do on the same images, or on features of a trained network."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specnet.cli.options import DATA_DIR, SKIP_BAD, add_device_arguments, named_path, natural_number, positive_integer
from specnet.cli.output import CommandError, print_data, print_diagnostics, print_json, print_message, print_text
from specnet.cli.specs import check_file
from specnet.cli.torch_commands import requires_torch
from specnet.insight.classifiers import CLASSIFIERS
from specnet.reporters.table import align_rows
from specnet.settings.loss import Target
from specnet.spec_files import find_in_zoo
from specnet.suggest import did_you_mean, find_closest_word

if TYPE_CHECKING:
    from specnet.insight.baselines import Features, Result, Task
    from specnet.training import LoadedRun

HELP = "compare with simple classifiers: nearest neighbours, linear, perceptron, trees"

ALL = "all"

LIMIT = 5_000
"""Images that are fitted to, and tested on, where no other number is asked for."""

PLAIN = (32, 32, 3)
"""Height, width and channels of images whose size neither a spec nor a run nor a set says."""

OTHER_TARGETS = (Target.CLASSES, Target.NUMBERS, Target.MASK)
"""Targets of tasks whose data has no single class for each image."""

HEADS = ("classifier", "train images", "inputs", "accuracy", "fit seconds", "predict seconds")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    kinds = "; ".join(f"{name}: {each.meaning}" for name, each in CLASSIFIERS.items())
    parser.add_argument("kinds", nargs="+", metavar="KIND", help=f"{kinds}; or `{ALL}`")
    parser.add_argument(
        "data", metavar="DATA", help="a .net file with its data, a data set, a folder of images, or an .npz"
    )
    parser.add_argument(
        "--features", metavar="RUN:LAYER", help="the outputs of a layer of a trained run, instead of pixels"
    )
    parser.add_argument(
        "--limit",
        type=positive_integer,
        default=LIMIT,
        metavar="N",
        help=f"fit to at most N images, and test on as many (default: {LIMIT:,})",
    )
    parser.add_argument("--seed", type=natural_number, default=0, metavar="N", help="seed of the classifiers")
    parser.add_argument("--data-dir", type=named_path, metavar="DIR", help=DATA_DIR)
    parser.add_argument("--skip-bad", action="store_true", help=SKIP_BAD)
    add_device_arguments(parser)
    parser.add_argument(
        "--format", choices=("text", "json", "csv", "markdown"), default="text", help="output format (default: text)"
    )


@requires_torch
def run(options: argparse.Namespace) -> int:
    """Return 0; a spec with errors and data that cannot be read end with 1, a wrong kind or layer with 2."""
    from specnet.insight.baselines import compare, compute_features, compute_pixels, read_images
    from specnet.insight.results import measure

    kinds = _choose_kinds(options.kinds)
    loaded, layer = _load_run(options)
    task = _find_task(options, loaded)
    data, part = read_images(task, _make_request(options, task, loaded), options.limit)
    features = compute_features(loaded, layer, data, part) if loaded else compute_pixels(task, data, part)
    results = []
    for result in compare(features, kinds, options.seed, print_message):
        results.append(result)
        if len(kinds) > 1:
            print_message(f"{result.kind}: {result.accuracy:.2%} after {result.fit_seconds:.1f} s")
    test = data.test or data.train
    is_alike = loaded is not None and loaded.classes == data.classes
    own = measure(loaded, test).scores.get("accuracy") if loaded and is_alike and _tells_classes(loaded) else None
    _print(options, features, results, own)
    return 0


def _tells_classes(loaded: LoadedRun) -> bool:
    return loaded.job.training.task.target is Target.CLASS


def _choose_kinds(words: Sequence[str]) -> list[str]:
    """Return the classifiers that are named, each once; raises CommandError."""
    for word in words:
        if word not in (*CLASSIFIERS, ALL):
            hint = did_you_mean(find_closest_word(word, [*CLASSIFIERS, ALL]))
            listed = f"; there are {', '.join(CLASSIFIERS)}, and {ALL}"
            raise CommandError(f"there is no baseline `{word}`{hint or listed}")
    return list(CLASSIFIERS) if ALL in words else list(dict.fromkeys(words))


def _load_run(options: argparse.Namespace) -> tuple[LoadedRun | None, str]:
    """Return the run and the layer that `--features` names; raises CommandError, CannotRun."""
    from specnet.insight.layers import find_layer
    from specnet.runs import load_run

    if options.features is None:
        return None, ""
    folder, colon, layer = options.features.rpartition(":")
    if not colon or not folder or not layer:
        raise CommandError(f"--features {options.features}: write RUN:LAYER, such as runs/x:fc7")
    loaded = load_run(folder).on_device(options.device or "cpu")
    find_layer(loaded, layer)
    return loaded, layer


def _find_task(options: argparse.Namespace, loaded: LoadedRun | None) -> Task:
    """Return the data to compare on, in the size that the run, the spec or the set says; raises CommandError."""
    from specnet.insight.baselines import Task
    from specnet.settings import Training
    from specnet.training.evaluate import choose_data

    if options.data.endswith(".net") or find_in_zoo(options.data):
        return _read_spec(options, loaded)
    own = loaded.job.training.data if loaded else None
    data = choose_data(_find_folder(options), own)
    shape = loaded.input_shape if loaded else data.image or PLAIN
    if not loaded and not data.image:
        print_message(f"images are fitted to {PLAIN[0]}×{PLAIN[1]}; a .net file says another size")
    seed = (loaded.job.training if loaded else Training()).seed.value
    return Task(data, None, shape, Training().normalize, seed)


def _find_folder(options: argparse.Namespace) -> str:
    """Return the path of the data below the folders of data, or else as it is; a data set's name is none."""
    from specnet.settings.data import CHOICES
    from specnet.training.data.download import list_data_roots

    roots = [] if options.data in CHOICES else list_data_roots(options.data_dir)
    places = (root / options.data for root in roots)
    return str(next((place for place in places if place.exists()), options.data))


def _read_spec(options: argparse.Namespace, loaded: LoadedRun | None) -> Task:
    """Return the data of a spec's train section; raises CommandError."""
    from specnet.insight.baselines import Task

    options.settings, options.input = [], None
    checked = check_file(options.data, options)
    if not checked.ok:
        print_diagnostics(checked.shown, checked.omitted)
        raise CommandError(f"{options.data} has errors", exit_code=1)
    training, inputs = checked.network.training, checked.network.inputs
    if training is None or len(inputs) != 1 or len(inputs[0].shape) != 3:
        raise CommandError(f"{options.data} needs an input HxWxC and a train section that says on what data")
    if training.task.target in OTHER_TARGETS:
        target = training.task.target
        raise CommandError(f"baselines tell one class of an image, and those of {options.data} come with {target}")
    height, width, channels = inputs[0].shape
    shape = loaded.input_shape if loaded else (height, width, channels)
    return Task(training.data, training.split, shape, training.normalize, training.seed.value)


def _make_request(options: argparse.Namespace, task: Task, loaded: LoadedRun | None) -> Any:
    from specnet.pictures.sixteen_bits import FULL_SCALE
    from specnet.training.data.download import expand_home
    from specnet.training.data.images import DataRequest

    if options.data_dir and not expand_home(options.data_dir).is_dir():
        raise CommandError(f"there is no data folder {options.data_dir}")
    scale = (loaded.scale or FULL_SCALE) if loaded else None
    beside = Path(options.data).parent if options.data.endswith(".net") else None
    return DataRequest(
        task.shape,
        options.data_dir,
        print_message,
        skip_bad=options.skip_bad,
        scale=scale,
        spec_folder=beside,
        seed=task.seed,
    )


# Output


def _print(options: argparse.Namespace, features: Features, results: Sequence[Result], own: float | None) -> None:
    """Print the results; `own` is the accuracy of the network whose features these are, if it has the same classes."""
    if options.format == "json":
        print_json(_describe(options, features, results, own))
        return
    train, inputs = (f"{number:,}" for number in features.train.shape)
    rows = [
        (r.kind, train, inputs, f"{r.accuracy:.2%}", f"{r.fit_seconds:.1f}", f"{r.predict_seconds:.1f}")
        for r in results
    ]
    if options.format == "text":
        lines = align_rows([HEADS, *rows], right=range(1, len(HEADS)))
        source = options.features or "pixels"
        network = [] if own is None else ["", f"the network itself: {own:.2%}"]
        heading = f"{source}, tested on {len(features.test):,} images ({features.part})"
        print_text("\n".join([heading, "", *lines, *network]))
    elif options.format == "markdown":
        rule = ("---", *["---:"] * (len(HEADS) - 1))
        print_text("\n".join(f"| {' | '.join(row)} |" for row in (HEADS, rule, *rows)))
    else:
        values = [(r.kind, *features.train.shape, r.accuracy, r.fit_seconds, r.predict_seconds) for r in results]
        print_data("\n".join(",".join(map(str, row)) for row in ([h.replace(" ", "_") for h in HEADS], *values)))


def _describe(
    options: argparse.Namespace, features: Features, results: Sequence[Result], own: float | None
) -> dict[str, Any]:
    """Return the JSON values of a comparison."""
    return {
        "schema": 1,
        "data": options.data,
        "features": options.features,
        "classes": list(features.classes),
        "inputs": features.train.shape[1],
        "train_images": len(features.train),
        "test_images": len(features.test),
        "test_part": features.part,
        "seed": options.seed,
        "network_accuracy": own,
        "baselines": [
            {
                "kind": result.kind,
                "accuracy": result.accuracy,
                "fit_seconds": result.fit_seconds,
                "predict_seconds": result.predict_seconds,
            }
            for result in results
        ],
    }
