"""Run the Keras or Flax source of networks, and compare its outputs with those of the torch modules.

    python tools/source_equality.py keras specs/resnet50.net specs/unet.net

Weights are random, and so are the running statistics; they go through a file of weights and the source's own
`load_weights`. A line a network has the largest difference, as a part of the largest output. Without FILEs, all
networks of the zoo are compared. The exit code is 1 if one differs by more than 1e-4.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

import specnet
from specnet.backends.channels_last.conversion import UnwrittenLayers
from specnet.backends.flax_source import generate_flax_source
from specnet.backends.keras_source import generate_keras_source
from specnet.backends.torch_module import build_module
from specnet.elaborate.formulas import find_formulas

TOLERANCE = 1e-4

GENERATORS = {"keras": generate_keras_source, "flax": generate_flax_source}


def compare(file: Path, language: str, folder: Path) -> float:
    """Return the largest difference of an output, as a part of the largest element. Raises UnwrittenLayers."""
    checked = specnet.check(file)
    text = GENERATORS[language](checked.network, file.name, find_formulas(checked.elaborated))
    source, weights = folder / "source.py", folder / "weights.safetensors"
    source.write_text(text, encoding="utf-8")
    torch.manual_seed(0)
    module = randomize(build_module(checked.network)).eval()
    save_file({name: tensor.contiguous() for name, tensor in module.state_dict().items()}, weights)
    images = [torch.randn(1, *i.shape) for i in checked.network.inputs]
    with torch.no_grad():
        expected = as_list(module(*(x.movedim(-1, 1) if x.ndim == 4 else x for x in images)))
    found = RUNNERS[language](import_source(source), weights, [x.numpy() for x in images])
    expected = [x.movedim(1, -1) if x.ndim == 4 else x for x in expected]
    assert [tuple(x.shape) for x in expected] == [x.shape for x in found], "the outputs differ in shape"
    return max(measure(one.numpy(), other) for one, other in zip(expected, found, strict=True))


def randomize(module: torch.nn.Module) -> torch.nn.Module:
    """Give running statistics and the parameters of normalisations values that a mistake would show by."""
    with torch.no_grad():
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            if tensor.is_floating_point() and (tensor.ndim < 2 or tensor.abs().max() == 0):
                low, high = (0.5, 1.5) if name.endswith(("weight", "running_var")) else (-0.2, 0.2)
                tensor.uniform_(low, high)
    return module


def measure(expected: np.ndarray[Any, Any], found: np.ndarray[Any, Any]) -> float:
    scale = float(np.abs(expected).max())
    assert np.isfinite(expected).all() and scale, "the outputs are no numbers to compare"
    return float(np.abs(expected - found).max()) / scale


def import_source(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("generated_source", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def as_list(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, tuple | list) else [outputs]


def run_keras(source: ModuleType, weights: Path, images: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
    import keras

    keras.utils.set_random_seed(0)
    model = source.build_model()
    source.load_weights(model, weights)
    with torch.no_grad():
        outputs = model([keras.ops.convert_to_tensor(x) for x in images] if len(images) > 1 else images[0])
    return [keras.ops.convert_to_numpy(x) for x in as_list(outputs)]


def run_flax(source: ModuleType, weights: Path, images: Sequence[Any]) -> list[np.ndarray[Any, Any]]:
    import jax
    from flax import nnx

    (name,) = (each for each in vars(source) if each == source.__doc__.partition(":")[0].split("\n")[0])
    model = getattr(source, name)(rngs=nnx.Rngs(0))
    model.eval()
    source.load_weights(model, weights)
    outputs = nnx.jit(lambda model, *images: model(*images))(model, *map(jax.numpy.asarray, images))
    return [np.asarray(x) for x in as_list(outputs)]


RUNNERS = {"keras": run_keras, "flax": run_flax}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=GENERATORS)
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("KERAS_BACKEND", "torch")
    files = options.files or sorted(Path("specs").glob("*.net"))
    results = dict.fromkeys(("equal", "different", "unwritten"), 0)
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            kind, text = describe(file, options.language, Path(folder))
        results[kind] += 1
        print(f"{file.stem:28} {text}", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in results.items()))
    return 1 if results["different"] else 0


def describe(file: Path, language: str, folder: Path) -> tuple[str, str]:
    try:
        difference = compare(file, language, folder)
    except UnwrittenLayers as unwritten:
        return "unwritten", str(unwritten).replace("\n", "; ")
    except Exception as error:
        return "different", f"{type(error).__name__}: {str(error)[:300]}"
    return ("equal" if difference <= TOLERANCE else "different"), f"{difference:.1e}"


if __name__ == "__main__":
    sys.exit(main())
