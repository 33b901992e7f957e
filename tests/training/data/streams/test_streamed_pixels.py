"""Images of shards are decoded as they are in memory, in a local order that depends on seed and epoch alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_sets import CLASSIFY
from small_shards import draw_images, encode_image, list_files, read_shards, write_shards, write_tar

from specnet.settings.augment import Flip, ResizedCrop
from specnet.settings.batch import Batch
from specnet.settings.data import WebDataset
from specnet.settings.loss import Target
from specnet.settings.normalize import MeanStd, Unchanged
from specnet.settings.split import Split
from specnet.training import DataProblem
from specnet.training.data.image_decoding import ImageFormat
from specnet.training.data.images import DataRequest, DataSet, Epoch, Images
from specnet.training.data.loading import apply_split, load
from specnet.training.data.random_window import draw_window
from specnet.training.data.streams import encoded_images, streamed_pixels
from specnet.training.data.streams.streamed_pixels import StreamedPixels
from specnet.training.distributed.single_process import Ranks, Share, compute_share
from specnet.training.engine.step import Batches
from specnet.training.transforms.normalization import fit_normalizer


@pytest.fixture
def images() -> np.ndarray:
    return draw_images(50)


@pytest.fixture
def stream(tmp_path: Path, images: np.ndarray) -> DataSet:
    write_shards(tmp_path, images, shards=5)
    return read_shards(f"{tmp_path}/train-{{000..004}}.tar", workers=2)


def pixels(data: DataSet) -> StreamedPixels:
    assert isinstance(data.train.pixels, StreamedPixels)
    return data.train.pixels


def test_pixels_and_labels_are_those_of_the_files(stream: DataSet, images: np.ndarray) -> None:
    assert stream.train.pixels[:].equal(torch.from_numpy(images))
    assert stream.train.labels.tolist() == [place % 3 for place in range(50)]
    assert stream.classes == ("0", "1", "2")
    assert stream.train.name_file(20) == "train-002.tar/000020"


def test_an_epoch_of_batches_is_that_of_the_same_images_in_memory(stream: DataSet, images: np.ndarray) -> None:
    """With the same order, everything else is the same to the last bit."""
    normalizer = fit_normalizer(MeanStd(), torch.from_numpy(images))
    held = Images(torch.from_numpy(images), stream.train.labels)
    ours, theirs = (Batches(each, CLASSIFY, (Flip(),), normalizer, Batch(size=16), 3) for each in (stream.train, held))
    theirs._get_order = ours._get_order  # type: ignore[method-assign]
    for step in (0, 5, 2, 3):
        found, expected = ours.batch(step), theirs.batch(step)
        assert found.inputs[0].equal(expected.inputs[0]) and found.targets.equal(expected.targets)


@given(seed=st.integers(0, 2**31), epoch=st.integers(0, 1000))
def test_an_order_has_each_image_once_and_stays_within_windows(seed: int, epoch: int) -> None:
    samples = encoded_images.ShardImages.__new__(encoded_images.ShardImages)
    samples.shards = [_Sized(2**30)] * 12  # type: ignore[list-item]
    samples.shard = torch.arange(12).repeat_interleave(torch.arange(12) + 3)
    samples.order_shards = samples._order_shards  # type: ignore[assignment]
    stream = StreamedPixels(samples, torch.arange(len(samples.shard)), ImageFormat((8, 8), 3), 0)
    order = stream.shuffle(Epoch(seed, epoch))
    assert order.sort().values.equal(torch.arange(len(samples.shard)))
    read = samples.shard[order].tolist()
    assert samples.window == 2
    shards = list(dict.fromkeys(read))
    spans = {shard: [place for place, each in enumerate(read) if each == shard] for shard in shards}
    for first, second in zip(shards[:-2], shards[2:], strict=True):
        assert max(spans[first]) < min(spans[second]), "a shard is finished two shards later"
    assert order.equal(stream.shuffle(Epoch(seed, epoch)))
    assert not order.equal(stream.shuffle(Epoch(seed, epoch + 1)))


class _Sized:
    def __init__(self, size: int) -> None:
        self.size = size


class _Rank(Ranks):
    def __init__(self, rank: int, world_size: int) -> None:
        self.rank, self.world_size = rank, world_size

    def share(self, images: int) -> Share:
        return compute_share(self.rank, self.world_size, images)


@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_see_each_image_once(ranks: int, stream: DataSet) -> None:
    normalizer = fit_normalizer(Unchanged(), stream.train.pixels)
    seen: list[bytes] = []
    for rank in range(ranks):
        batches = Batches(stream.train, CLASSIFY, (), normalizer, Batch(size=12), 0, _Rank(rank, ranks))
        for step in range(batches.per_epoch):
            if batches.share(step).counted:
                seen += [image.numpy().tobytes() for image in batches.batch(step).inputs[0]]
    assert len(seen) == len(set(seen)) == 50


def test_a_split_is_streamed_as_well(stream: DataSet, images: np.ndarray) -> None:
    both = apply_split(stream, Split(validation=12))
    assert both.validation is not None
    found = torch.cat([both.train.pixels[:], both.validation.pixels[:]])
    assert sorted(each.numpy().tobytes() for each in found) == sorted(each.tobytes() for each in images)


@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(0, 10**6),
    st.integers(0, 100),
)
def test_a_window_lies_within_the_image(height: int, width: int, image: int, epoch: int) -> None:
    step = ResizedCrop()
    top, left, high, wide = draw_window(step, Epoch(1, epoch), image)(height, width)
    assert 0 <= top <= top + high <= height and 0 <= left <= left + wide <= width and high and wide
    assert draw_window(step, Epoch(1, epoch), image)(height, width) == (top, left, high, wide)


def test_windows_have_the_areas_and_proportions_asked_for() -> None:
    """Uniform areas, and proportions uniform in their logarithm, as torchvision's RandomResizedCrop has them."""
    drawn = [draw_window(ResizedCrop(), Epoch(0, 0), image)(1000, 1000) for image in range(4000)]
    areas = np.array([high * wide / 1e6 for _, _, high, wide in drawn])
    ratios = np.log([wide / high for _, _, high, wide in drawn])
    assert areas.min() > 0.079 and areas.max() <= 1
    always_fit = areas[areas < 0.72]  # of larger ones only those whose proportions are nearly the image's
    assert abs((always_fit < 0.4).mean() - 0.5) < 0.03
    assert np.abs(ratios).max() < np.log(4 / 3) + 0.01 and abs(ratios.mean()) < 0.01


def test_random_windows_depend_on_epoch_and_image_but_not_on_the_batch(tmp_path: Path) -> None:
    write_shards(tmp_path, draw_images(20, (40, 30)), shards=2)
    data = read_shards(str(tmp_path))
    normalizer = fit_normalizer(Unchanged(), data.train.pixels)
    large, small = (
        Batches(data.train, CLASSIFY, (ResizedCrop(),), normalizer, Batch(size=size), 0) for size in (20, 4)
    )
    whole = large.batch(0).inputs[0]
    parts = torch.cat([small.batch(step).inputs[0] for step in range(5)])
    assert whole.equal(parts)
    first, second = ({image.numpy().tobytes() for image in large.batch(step).inputs[0]} for step in (0, 1))
    assert not first & second, "each epoch has other windows"


def test_a_window_is_resized_as_torch_resizes_it(tmp_path: Path) -> None:
    images = draw_images(3, (40, 30))
    write_shards(tmp_path, images, shards=1)
    stream = pixels(read_shards(str(tmp_path)))
    (cropped, _) = streamed_pixels.crop_while_decoding(stream, (ResizedCrop(),))
    found = cropped.gather(torch.arange(3), epoch=Epoch(5, 2))  # type: ignore[union-attr]
    for place in range(3):
        top, left, high, wide = draw_window(ResizedCrop(), Epoch(5, 2), place)(40, 30)
        part = torch.from_numpy(images[place])[top : top + high, left : left + wide].permute(2, 0, 1)[None]
        expected = torch.nn.functional.interpolate(part, (8, 8), mode="bilinear", antialias=True)[0]
        assert found[place].permute(2, 0, 1).equal(expected)


@pytest.mark.parametrize(("crop", "covered"), [(1.0, 224), (0.875, 256)])
def test_the_centre_crop_takes_its_share(crop: float, covered: int, tmp_path: Path) -> None:
    """224 of 256, as in He et al. 2015."""
    image = draw_images(1, (512, 640))[0]
    write_shards(tmp_path, [image] * 4, shards=2)
    found = read_shards(str(tmp_path), (224, 224, 3), crop=crop).train.pixels[:1][0]
    wide = round(640 * covered / 512)
    resized = torch.nn.functional.interpolate(
        torch.from_numpy(image).permute(2, 0, 1)[None], (covered, wide), mode="bilinear", antialias=True
    )[0].permute(1, 2, 0)
    top, left = (covered - 224) // 2, (wide - 224) // 2
    assert found.equal(resized[top : top + 224, left : left + 224])


def test_an_image_that_cannot_be_decoded_is_named(tmp_path: Path) -> None:
    pictures = [encode_image(image) for image in draw_images(100)]
    pictures[1] = pictures[1][:60]
    files = [
        file for n, png in enumerate(pictures) for file in list_files(str(n), {"png": png, "cls": b"%d" % (n % 2)})
    ]
    write_tar(tmp_path / "a.tar", files)
    data = read_shards(str(tmp_path))
    with pytest.raises(DataProblem, match=rf"the image 1 in {tmp_path}/a\.tar cannot be decoded.* leaves such out"):
        data.train.pixels[:]
    for workers in (2, 0):  # the second time from the list that is kept
        notes = list[str]()
        request = DataRequest((8, 8, 3), None, notes.append, workers, skip_bad=True)
        skipped = load(WebDataset(path=str(tmp_path)), None, request)
        assert len(skipped.train.pixels[:]) == len(skipped.train) == 99
        assert skipped.train.labels.tolist() == [0, *(n % 2 for n in range(2, 100))]
        assert [note for note in notes if f"1 of 100 images cannot be read: 1 in {tmp_path}/a.tar" in note]


def test_a_shard_that_is_cut_while_it_is_read_is_named(tmp_path: Path) -> None:
    (path,) = write_shards(tmp_path, draw_images(9), shards=1)
    data = read_shards(str(tmp_path))
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DataProblem, match=r"train-000\.tar ends at byte 700, and had .* when it was indexed"):
        data.train.pixels[:]


@pytest.mark.parametrize(
    ("labels", "settings", "message"),
    [
        (["0", "0"], {}, "needs images of at least two classes, and has only 0"),
        (["0", "1", "99999999"], {}, "99999999, the label of 2 in .*a.tar, is no number of a class; they count from 0"),
        (["0", "1", "9" * 5000], {}, "9…, the label of 2 in .*a.tar, is no number of a class"),
        (["0", "7"], {"classes": 5}, "the spec says 5 classes, and the data has 8"),
    ],
)
def test_labels_that_make_no_classes_are_refused(
    labels: list[str], settings: dict[str, int], message: str, tmp_path: Path
) -> None:
    png = encode_image(draw_images(1)[0])
    files = [file for n, each in enumerate(labels) for file in list_files(str(n), {"png": png, "cls": each.encode()})]
    write_tar(tmp_path / "a.tar", files)
    with pytest.raises(DataProblem, match=message):
        read_shards(str(tmp_path), **settings)


def test_classes_of_other_parts_must_be_those_of_the_training_part(tmp_path: Path) -> None:
    write_shards(tmp_path / "train", draw_images(9), classes=3)
    write_shards(tmp_path / "test", draw_images(9), classes=4)
    with pytest.raises(
        DataProblem, match=r"the test part has labels that are none of the 3 classes: 3; the first is that of 000003 in"
    ):
        read_shards(f"{tmp_path}/train", test=f"{tmp_path}/test")


def test_a_shard_in_two_parts_is_refused(tmp_path: Path) -> None:
    write_shards(tmp_path, draw_images(8), shards=2)
    with pytest.raises(
        DataProblem, match=r"the train part and the test part both have .*train-001\.tar; name it in one"
    ):
        read_shards(f"{tmp_path}/train-*.tar", test=f"{tmp_path}/train-001.tar")


def test_names_of_classes_are_in_the_order_of_the_alphabet(tmp_path: Path) -> None:
    png = encode_image(draw_images(1)[0])
    words = ["wolf", "cat", "dog", "cat"]
    files = [file for n, each in enumerate(words) for file in list_files(str(n), {"png": png, "txt": each.encode()})]
    write_tar(tmp_path / "a.tar", files)
    data = read_shards(str(tmp_path), label="txt")
    assert data.classes == ("cat", "dog", "wolf")
    assert data.train.labels.tolist() == [2, 0, 1, 0]


def write_labelled(path: Path, labels: list[str]) -> None:
    pngs = map(encode_image, draw_images(len(labels)))
    samples = enumerate(zip(pngs, labels, strict=True))
    write_tar(path, [f for n, (png, each) in samples for f in list_files(str(n), {"png": png, "txt": each.encode()})])


def read_for(target: Target, path: Path) -> DataSet:
    setting = WebDataset.model_validate({"path": str(path), "label": "txt"})
    return load(setting, None, DataRequest((8, 8, 3), None, lambda text: None, 0, target=target))


def test_labels_are_numbers_for_a_task_that_needs_numbers(tmp_path: Path) -> None:
    write_labelled(tmp_path / "a.tar", ["1.5", "-2", "1e3", "1.5"])
    targets = read_for(Target.NUMBERS, tmp_path).train.targets
    assert targets.dtype == torch.float32 and targets.tolist() == [[1.5], [-2.0], [1000.0], [1.5]]


@pytest.mark.parametrize(
    ("target", "labels", "message"),
    [
        (
            Target.NUMBERS,
            ["1", "cat"],
            "the label of 1 in .*, in the train part, cannot be used: `cat` in `label` is no num",
        ),
        (
            Target.NUMBERS,
            ["1", "nan"],
            "the label of 1 in .*, in the train part, cannot be used: nan in `label` is not",
        ),
        (Target.NUMBERS, ["1", "1e308"], "1e308 in `label` is too large for a number of 32 bits"),
        (Target.MASK, ["1", "2"], "the task needs a mask with the class of each pixel for an image"),
    ],
)
def test_labels_that_do_not_suit_a_task_are_refused(
    target: Target, labels: list[str], message: str, tmp_path: Path
) -> None:
    write_labelled(tmp_path / "a.tar", labels)
    with pytest.raises(DataProblem, match=message):
        read_for(target, tmp_path)
