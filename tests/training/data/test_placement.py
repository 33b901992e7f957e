"""Images that are read from the disk batch by batch give what images in memory give, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from small_jobs import Notebook, job, training
from small_sets import CLASSIFY
from torch import Tensor

from specnet.settings.augment import Augment, Brightness, Flip, RandomCrop, ResizedCrop, Shift
from specnet.settings.batch import Batch
from specnet.settings.data import Folder
from specnet.settings.normalize import MeanImage, MeanStd, Unchanged
from specnet.settings.split import Split
from specnet.training import Options, resources, train
from specnet.training.data.images import DataRequest, Epoch, Images, MappedPixels, StoredPixels, resize
from specnet.training.data.loading import MAX_AHEAD, BatchReader, iterate_batches, load
from specnet.training.data.random_window import draw_window
from specnet.training.data.streams.streamed_pixels import StreamedPixels
from specnet.training.engine.step import Batches
from specnet.training.tasks.objective import PreparedBatch
from specnet.training.transforms.augmentation import Augmentation, Sampler
from specnet.training.transforms.normalization import ShiftAndScale, fit_normalizer

CHAINS: list[tuple[Augment, ...]] = [
    (),
    (RandomCrop(pad=2), Flip(), Brightness()),
    (Shift(pixels=1),),
    (Flip(), RandomCrop(pad=1)),
    (Flip(p=0.3),),
]


@pytest.fixture
def nothing_fits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield monkeypatch.setattr(resources, "DATA_SHARE", 0)


def pixels(amount: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (amount, 6, 5, 3), dtype=torch.uint8, generator=generator)


def batches(amount: int, chain: tuple[Augment, ...], workers: int | None) -> Batches:
    """Of images in memory, or stored as every second row, backwards, of a larger source."""
    images, labels = pixels(amount), torch.arange(amount)
    stored = Images(images, labels)
    if workers is not None:
        rows = torch.arange(amount - 1, -1, -1) * 2
        source = torch.zeros((2 * amount, 6, 5, 3), dtype=torch.uint8)
        source[rows] = images
        stored = Images(MappedPixels(source, rows, workers), labels)
    return Batches(stored, CLASSIFY, chain, fit_normalizer(MeanStd(), images), Batch(size=16), 3)


def unpack(batch: PreparedBatch) -> tuple[Tensor, ...]:
    return (*batch.inputs, batch.targets)


@pytest.mark.parametrize(
    "chain", [*CHAINS, (Shift(pixels=1), Flip(alternating=True), Flip(direction="vertical", alternating=True))]
)
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_batches_are_the_same(chain: tuple[Augment, ...], workers: int) -> None:
    """In order over the ends of epochs, and at any step, as a resumed run asks."""
    memory, stream = batches(40, chain, None), batches(40, chain, workers)
    for step in (*range(8), 30, 5, 31, 32, 0):
        for expected, found in zip(unpack(memory.batch(step)), unpack(stream.batch(step)), strict=True):
            assert expected.equal(found)


def test_what_follows_in_a_step_is_the_same_too() -> None:
    """Threads draw nothing from the generator that dropout draws from."""
    drawn = []
    for workers in (None, 2):
        some = batches(40, CHAINS[1], workers)
        drawn.append([(some.batch(step), torch.rand(4).tolist())[1] for step in range(4)])
    assert drawn[0] == drawn[1]


def test_few_batches_wait() -> None:
    asked: list[int] = []

    def index(number: int) -> Tensor:
        asked.append(number)
        return torch.tensor([number])

    stream = BatchReader(MappedPixels(pixels(2000), torch.arange(2000), 50), index, torch.device("cpu"))
    for number in range(3):
        assert stream.batch(number)[0].equal(pixels(2000)[number])
    assert asked == list(range(MAX_AHEAD + 3))
    stream.batch(1000)
    assert asked[MAX_AHEAD + 3 :] == list(range(1000, 1001 + MAX_AHEAD))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("size", [7, 10, 40, 100])
def test_all_in_order(workers: int, size: int) -> None:
    images = Images(MappedPixels(pixels(40), torch.arange(40), workers), torch.arange(40))
    found = list(iterate_batches(images, size))
    assert torch.cat([batch for batch, _, _ in found]).equal(pixels(40))
    assert torch.cat([labels for _, labels, _ in found]).tolist() == list(range(40))
    assert torch.cat([places for _, _, places in found]).tolist() == list(range(40))


@pytest.mark.parametrize("setting", [MeanStd(), MeanImage(), Unchanged()])
def test_normalisation_is_the_same_piece_by_piece(
    setting: MeanStd | MeanImage | Unchanged, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fit_normalizer(setting, pixels(40))
    monkeypatch.setattr("specnet.training.transforms.normalization.CHUNK", 300)
    pieces = fit_normalizer(setting, MappedPixels(pixels(40), torch.arange(40), 0))
    assert isinstance(whole, ShiftAndScale) and isinstance(pieces, ShiftAndScale)
    assert whole.shift.equal(pieces.shift)
    assert whole.scale.equal(pieces.scale)


@pytest.mark.parametrize("chain", CHAINS)
def test_windows_that_do_not_fit_are_made_batch_by_batch(
    chain: tuple[Augment, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = torch.tensor([3, 0, 39, 3])
    found = []
    for share in (0.5, 0.0):
        monkeypatch.setattr(resources, "DATA_SHARE", share)
        torch.manual_seed(1)
        found.append(Sampler(pixels(40), Augmentation(chain)).batch(index))
    assert found[0].equal(found[1])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Noise that is brighter in one class than in the other."""
    random = np.random.default_rng(0)
    for part, each in (("train", 30), ("test", 9)):
        for name, low in (("dark", 0), ("light", 90)):
            (tmp_path / "photos" / part / name).mkdir(parents=True)
            for number in range(each):
                noise = random.integers(low, low + 160, (8, 8, 1), np.uint8).repeat(3, 2)
                Image.fromarray(noise).save(tmp_path / f"photos/{part}/{name}/{number}.png")
    return tmp_path


def test_a_whole_run_is_the_same(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trained, measured, chosen: with a validation part that is taken from the stored images."""
    settings = training(
        data=Folder(path="photos"), split=Split(validation=0.2), batch=Batch(size=16), augment=CHAINS[1]
    )
    summaries, weights, notes = [], [], []
    for share in (0.5, 0.0):
        monkeypatch.setattr(resources, "DATA_SHARE", share)
        torch.manual_seed(0)
        told = Notebook()
        place = photos / f"run{share}"
        done = train(job(settings, (8, 8, 3), (2,)), Options(run=place, data_dir=photos, workers=2), told)
        summaries.append({name: done.summary[name] for name in ("test_accuracy", "validation_accuracy", "measured")})
        weights.append(load_file(place / "model.safetensors"))
        notes.append(told.notes)
    assert summaries[0] == summaries[1]
    assert all(weights[0][name].equal(weights[1][name]) for name in weights[0])
    assert not any("batches are read" in note for note in notes[0])
    assert any("batches are read as they are needed, by 2 threads ahead" in n for n in notes[1])


def test_stored_images_are_read_from_the_file(photos: Path, nothing_fits: None) -> None:
    data = load(Folder(path="photos"), Split(validation=8), DataRequest((8, 8, 3), photos, print))
    assert {name: type(part.pixels) for name, part in data.parts().items()} == dict.fromkeys(data.parts(), MappedPixels)
    assert {name: len(part) for name, part in data.parts().items()} == {"train": 52, "validation": 8, "test": 18}


def test_a_set_that_a_device_has_no_room_for_stays_with_the_host(nothing_fits: None) -> None:
    """The device is torch's meta device here, which has no memory at all."""
    from specnet.training.data.images import DataSet
    from specnet.training.data.loading import place_on_device

    place = torch.device("meta")
    some = place_on_device(DataSet(("a", "b"), Images(pixels(4), torch.arange(4))), place, 2)
    assert isinstance(some.train.pixels, StoredPixels)
    assert some.train.labels.device == place
    assert some.train.pixels[:].equal(pixels(4))


def test_free_memory_is_what_the_system_and_the_container_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(resources, "CONTROL_GROUPS", tmp_path)
    alone = resources.get_free_memory(cpu)
    assert 2**20 < alone < 2**60
    (tmp_path / "memory.max").write_text("9000\n")
    (tmp_path / "memory.current").write_text("5000\n")
    (tmp_path / "memory.stat").write_text("anon 3000\nfile 2000\n")
    assert resources.get_free_memory(cpu) == 6000
    assert resources.fits_in_memory(3000, cpu)
    assert not resources.fits_in_memory(3001, cpu)
    assert resources.get_total_memory(cpu) == 9000
    (tmp_path / "memory.max").write_text("max\n")
    assert resources.get_free_memory(cpu) > 6000
    assert resources.get_total_memory(cpu) > alone / 2


def test_random_windows_are_taken_of_the_whole_files(tmp_path: Path) -> None:
    """The network reads 8×8, of images of 40×60; what is evaluated is the same as where images are decoded once."""
    generator = np.random.default_rng(0)
    for number in range(12):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(path)
    once, whole = (
        load(Folder(path="photos", crop=0.8), None, DataRequest((8, 8, 3), tmp_path, print, 0, keeps_whole=keeps))
        for keeps in (False, True)
    )
    assert isinstance(whole.train.pixels, StreamedPixels)
    assert whole.train.pixels[:].equal(once.train.pixels[:])
    assert whole.train.labels.equal(once.train.labels) and whole.train.files == once.train.files
    assert whole.findings == once.findings
    normalizer = fit_normalizer(Unchanged(), whole.train.pixels)
    step = Batches(whole.train, CLASSIFY, (ResizedCrop(),), normalizer, Batch(size=12), 3)
    (inputs,), _ = step.batch(0)
    for place, number in enumerate(step._get_order(0).tolist()):
        with Image.open(tmp_path / "photos" / whole.train.files[number]) as image:
            top, left, high, wide = draw_window(ResizedCrop(), Epoch(3, 0), number)(40, 60)
            part = torch.from_numpy(np.array(image))[None, top : top + high, left : left + wide]
        assert inputs[place].permute(1, 2, 0).equal(resize(part, (8, 8))[0].float())
