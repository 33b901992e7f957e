"""Run files of Caffe and Darknet as SpecNet itself imports them, where nothing else here reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.torch import load
from torch import Tensor

from specnet.backends.torch_module import build_module
from specnet.exports.comparison import compute_outputs
from specnet.exports.errors import NothingRan
from specnet.exports.exportable import Exportable
from specnet.exports.writer import Files, Runner
from specnet.importers.carrying import carry_weights
from specnet.importers.errors import UnreadableModel
from specnet.importers.imported import Fate
from specnet.importers.importing import import_model


def reimport(exportable: Exportable, files: Files) -> Runner:
    """Return the network of a text with its weights, the first and the second of the files; raises NothingRan."""
    if len(exportable.values) > 1:
        raise NothingRan("an imported network may have its outputs in another order")
    with TemporaryDirectory() as folder:
        paths = [Path(folder, f"network{ending}") for ending in files]
        for path, content in zip(paths, files.values(), strict=True):
            path.write_bytes(content)
        try:
            result = import_model(paths[0], weights=paths[1])
            weights = carry_weights(result).content
        except UnreadableModel as error:
            raise NothingRan(f"it cannot be imported again: {error}") from None
    if any(each.fate.rank >= Fate.APPROXIMATED.rank and each.computes for each in result.imported.entries):
        raise NothingRan("it cannot be imported again without a loss")
    module = build_module(result.checked.network).eval()
    module.load_state_dict(load(weights))

    def run(inputs: Sequence[Tensor]) -> Sequence[Tensor]:
        (output,) = compute_outputs(module, inputs)
        return [output]

    return Runner("imported again by SpecNet", run)


def open_or_reimport(exportable: Exportable, files: Files, open_files: Callable[[], Runner]) -> Runner:
    """Return what a function opens, or the files as they are imported again; raises NothingRan where both fail."""
    try:
        return open_files()
    except NothingRan as reason:
        try:
            return reimport(exportable, files)
        except NothingRan:
            raise reason from None
