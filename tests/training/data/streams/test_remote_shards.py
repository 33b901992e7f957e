"""Shards at URLs: fetched once, resumed at the byte where they broke, and kept within a bounded folder."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import torch
from safetensors.torch import load_file
from shard_server import ShardServer, serve
from small_jobs import Notebook, job, training
from small_shards import draw_images, read_shards, write_shards

from specnet.settings.batch import Batch
from specnet.settings.data import WebDataset
from specnet.settings.epochs import Epochs
from specnet.settings.normalize import UnitScale
from specnet.training import DataProblem, Options, read_run_config, resume, train
from specnet.training.data.images import Epoch
from specnet.training.data.streams import encoded_images, fetching, remote_shards
from specnet.training.data.streams.fetching import fetch, look_up
from specnet.training.data.streams.streamed_pixels import StreamedPixels
from specnet.training.errors import DataLost

IMAGES = draw_images(60)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "BACKOFF", 0.001)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShardServer]:
    write_shards(tmp_path / "www", IMAGES, shards=12)
    with serve(tmp_path / "www") as running:
        yield running


def address(server: ShardServer) -> str:
    return server.url + "/train-{000..011}.tar"


def test_images_at_urls_are_those_of_the_files(server: ShardServer, tmp_path: Path) -> None:
    data = read_shards(address(server), workers=2)
    assert data.train.pixels[:].equal(torch.from_numpy(IMAGES))
    read_shards(address(server)).train.pixels[:]
    assert set(server.requests.values()) == {1}, "each shard is fetched once"


FAULTS: list[list[int | str]] = [[700], ["503"], ["429", 10, "500", 512], [1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0]]


@pytest.mark.parametrize("faults", FAULTS, ids=str)
def test_a_fetch_that_breaks_goes_on_at_its_byte(faults: list[int | str], server: ShardServer) -> None:
    server.faults["train-003.tar"] = list(faults)
    assert read_shards(address(server)).train.pixels[:].equal(torch.from_numpy(IMAGES))
    size = (server.folder / "train-003.tar").stat().st_size
    assert server.requests["train-003.tar"] == len(faults) + 1
    assert server.sent["train-003.tar"] == size, "no byte is sent twice"


@pytest.mark.parametrize("version", ['"1"', 'W/"1"', None])
def test_a_server_without_ranges_is_asked_anew(version: str | None, server: ShardServer) -> None:
    server.has_ranges, server.version, server.faults["train-003.tar"] = False, version, [700]
    assert read_shards(address(server)).train.pixels[:].equal(torch.from_numpy(IMAGES))


def test_a_url_that_fails_in_the_middle_is_named_with_its_byte(server: ShardServer) -> None:
    server.faults["train-003.tar"] = [700, *["503"] * 9]
    size = (server.folder / "train-003.tar").stat().st_size
    expected = (
        rf"{server.url}/train-003\.tar broke off at byte 700 of {size:,}, and 5 attempts brought no more: "
        "HTTP 503 Service Unavailable; try again when the server answers"
    )
    with pytest.raises(DataProblem, match=expected):
        read_shards(address(server))
    server.faults.clear()
    read_shards(address(server))
    assert server.sent["train-003.tar"] == size, "the next run goes on where this one was given up"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("404", r"train-003\.tar is not there: HTTP 404 Not Found"),
        ("403", r"train-003\.tar may not be read: HTTP 403 Forbidden; a URL that is signed may be out of date"),
    ],
)
def test_a_final_answer_is_not_asked_for_again(status: str, message: str, server: ShardServer) -> None:
    server.faults["train-003.tar"] = [status]
    with pytest.raises(DataProblem, match=message):
        read_shards(address(server))
    assert server.requests["train-003.tar"] == 1


@pytest.mark.parametrize(
    ("url", "error", "message"),
    [
        ("http://127.0.0.1:99999/x.tar", None, r"x\.tar cannot be read: it is no URL of http or https"),
        (
            "http://a.b/x.tar",
            requests.exceptions.InvalidSchema(),
            r"x\.tar cannot be read: .*, or leads to another one",
        ),
        ("http://a.b/x.tar", requests.TooManyRedirects(), r"x\.tar leads in a circle"),
    ],
)
def test_a_url_that_leads_nowhere_is_asked_once(
    url: str, error: Exception | None, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(*_: object, **__: object) -> None:
        assert error is not None
        raise error

    if error:
        monkeypatch.setattr(requests, "get", answer)
    monkeypatch.setattr(fetching, "_wait", lambda *_: pytest.fail("it is asked again"))
    with pytest.raises(DataProblem, match=message):
        look_up(url)


def test_a_missing_url_is_named(server: ShardServer) -> None:
    with pytest.raises(DataProblem, match=r"other\.tar is not there: HTTP 404"):
        read_shards(f"{server.url}/other.tar")


def test_no_server_is_reported_after_all_attempts() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/x.tar"
    with pytest.raises(DataProblem, match=r"x\.tar cannot be read, after 5 attempts: Connection refused"):
        look_up(url)


def test_a_file_that_is_replaced_while_it_is_read_is_refused(server: ShardServer, tmp_path: Path) -> None:
    file = look_up(f"{server.url}/train-000.tar")
    server.version = '"2"'
    with pytest.raises(DataProblem, match="was replaced on the server after it was indexed"):
        fetch(file, tmp_path / "part")


def test_the_folder_of_fetched_shards_is_bounded(
    server: ShardServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = (server.folder / "train-000.tar").stat().st_size
    monkeypatch.setattr(remote_shards, "LIMIT", 5 * size)
    monkeypatch.setattr(remote_shards, "KEPT", 2)
    monkeypatch.setattr(encoded_images, "WINDOW", 2 * size)
    pixels = read_shards(address(server)).train.pixels
    assert isinstance(pixels, StreamedPixels)
    kept = tmp_path / "cache/specnet/streams/shards"
    for number in range(2):
        epoch, seen = Epoch(0, number), set[bytes]()
        for index in pixels.shuffle(epoch).split(6):
            seen |= {image.numpy().tobytes() for image in pixels.gather(index, epoch=epoch)}
            assert len(list(kept.glob("*.shard"))) <= 5 + remote_shards.AT_ONCE
        assert seen == {image.tobytes() for image in IMAGES}
    assert max(server.requests.values()) > 1


def test_the_next_window_is_fetched_ahead(server: ShardServer, monkeypatch: pytest.MonkeyPatch) -> None:
    size = (server.folder / "train-000.tar").stat().st_size
    monkeypatch.setattr(encoded_images, "WINDOW", 2 * size)
    pixels = read_shards(address(server)).train.pixels
    assert isinstance(pixels, StreamedPixels)
    for shard in pixels.images.shards:
        shard.get_file().unlink()
    server.requests.clear()
    epoch = Epoch(0, 0)
    pixels.gather(pixels.shuffle(epoch)[:1], epoch=epoch)
    wanted = [f"train-{shard:03}.tar" for shard in pixels.images.order_shards(epoch)[:4].tolist()]
    deadline = time.monotonic() + 10
    while len(server.requests) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert sorted(server.requests) == sorted(wanted)


def test_a_run_whose_url_fails_is_saved_and_resumed(
    server: ShardServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run stops in the middle of an epoch, and ends as one that nothing happened to."""
    size = (server.folder / "train-000.tar").stat().st_size
    monkeypatch.setattr(encoded_images, "WINDOW", 2 * size)
    setting = WebDataset(path=address(server))
    settings = training(data=setting, split=None, normalize=UnitScale(), batch=Batch(size=5), epochs=Epochs(count=2))
    options = Options(run=tmp_path / "run", workers=0)
    read_shards(address(server))
    for shard in (tmp_path / "cache/specnet/streams/shards").glob("*.shard"):
        shard.unlink()
    server.faults["train-003.tar"] = [700, *["503"] * 9]
    torch.manual_seed(0)
    small = job(settings, (8, 8, 3), (3,))
    begin = {name: value.clone() for name, value in small.module.state_dict().items()}
    with pytest.raises(DataLost, match=r"train-003\.tar broke off at byte 700 .* everything is saved in .*run") as told:
        train(small, options, Notebook())
    assert told.value.args[-1] == f'to resume: specnet.resume("{tmp_path / "run"}")'
    server.faults.clear()
    resume(read_run_config(tmp_path / "run"), small, options, Notebook())
    small.module.load_state_dict(begin)
    train(small, replace(options, run=tmp_path / "whole"), Notebook())
    ours, theirs = (load_file(tmp_path / name / "model.safetensors") for name in ("run", "whole"))
    assert all(ours[name].equal(theirs[name]) for name in theirs)
