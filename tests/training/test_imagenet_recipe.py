"""The recipe of specs/resnet50.net, from shards of a few photographs of different sizes to a finished run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from small_jobs import Notebook, job
from small_shards import encode_image, list_files, write_tar

from specnet.api import check
from specnet.settings import Training
from specnet.settings.batch import Batch
from specnet.settings.data import WebDataset
from specnet.settings.epochs import Epochs
from specnet.settings.normalize import ImageNet
from specnet.training import Options, train


def read_recipe() -> Training:
    recipe = check("resnet50").network.training
    assert recipe is not None
    return recipe


def write_photographs(folder: Path) -> None:
    """Write 60 JPEGs and 12 to test, of two classes that differ in brightness, named as the shards of the recipe."""
    random = np.random.default_rng(0)
    for prefix, shards, each in (("imagenet-train", 3, 20), ("imagenet-val", 2, 6)):
        for shard in range(shards):
            files: list[tuple[str, bytes]] = []
            for number in range(each):
                size, label = random.integers(30, 90, 2), number % 2
                image = random.integers(0, 128, (*size, 3)) + 120 * label
                sample = {"jpg": encode_image(image.astype(np.uint8), "JPEG"), "cls": str(label).encode()}
                files += list_files(f"n{shard:04}_{number:05}", sample)
            write_tar(folder / f"{prefix}-{shard:06}.tar", files)


def test_the_recipe_says_what_is_published() -> None:
    """https://github.com/pytorch/vision/tree/main/references/classification"""
    recipe, optimizer = read_recipe(), read_recipe().optimizer
    rates = [optimizer.lr, getattr(optimizer, "momentum", None), optimizer.weight_decay]
    assert (recipe.batch.size, recipe.epochs.count, rates) == (256, 90, [0.1, 0.9, 1e-4])
    assert isinstance(recipe.normalize, ImageNet)
    assert isinstance(recipe.data, WebDataset) and round(224 / recipe.data.crop) == 256


def test_the_recipe_trains_on_photographs_of_all_sizes(tmp_path: Path) -> None:
    write_photographs(tmp_path)
    recipe = read_recipe()
    names = {"path": "imagenet-train-{000000..000002}.tar", "test": "imagenet-val-{000000..000001}.tar"}
    settings = recipe.model_copy(
        update={
            "data": recipe.data.model_copy(update=names),
            "batch": Batch(size=20),
            "epochs": Epochs(count=8),
        }
    )
    told = Notebook()
    done = train(job(settings, (24, 24, 3), (2,)), Options(run=tmp_path / "run", data_dir=tmp_path, workers=1), told)
    assert done.summary["test_accuracy"] == 1
    assert any("72 samples in 5 shards" in note for note in told.notes)
