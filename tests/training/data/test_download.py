"""Downloads come with their checksum, into the cache; here from a server of the test's own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from hashlib import md5
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from small_sets import write_mnist

from specnet.training import DataProblem
from specnet.training.data import sets
from specnet.training.data.download import PublishedSet, find_or_download, get_cache_folder


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None: ...


@pytest.fixture
def published(tmp_path: Path) -> Iterator[PublishedSet]:
    """A small set with its checksums, on a server."""
    folder = tmp_path / "server"
    write_mnist(folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=partial(server.serve_forever, 0.01))
        thread.start()
        files = {file: md5((folder / file).read_bytes()).hexdigest() for file in sets.IDX_FILES}
        yield PublishedSet("Small", f"http://127.0.0.1:{server.server_port}", files, ("small",), (20, 10))
        server.shutdown()
        thread.join()


def test_what_is_not_here_is_downloaded_once(published: PublishedSet) -> None:
    notes: list[str] = []
    found = find_or_download(published, None, notes.append)
    assert found.place == get_cache_folder() / "small"
    assert len(sets.read_idx(found, sets.DIGIT_NAMES).train) == 20
    assert len(notes) == 4
    assert find_or_download(published, None, notes.append).place == found.place
    assert len(notes) == 4


def test_another_checksum_leaves_nothing_behind(published: PublishedSet, tmp_path: Path) -> None:
    (tmp_path / "server" / sets.IDX_FILES[1]).write_bytes(b"something else")
    with pytest.raises(DataProblem, match="cannot be downloaded"):
        find_or_download(published, None, lambda text: None)
    assert not (get_cache_folder() / "small" / sets.IDX_FILES[1]).exists()


def test_no_such_page(published: PublishedSet, tmp_path: Path) -> None:
    (tmp_path / "server" / sets.IDX_FILES[0]).unlink()
    with pytest.raises(DataProblem, match=r"404.*`data_dir` or \$SPECNET_DATA"):
        find_or_download(published, None, lambda text: None)


def test_no_network() -> None:
    nowhere = PublishedSet("Small", "http://127.0.0.1:9", {"file": "0" * 32}, ("small",), (20, 10))
    with pytest.raises(DataProblem, match="Small is not here and cannot be downloaded"):
        find_or_download(nowhere, None, lambda text: None)
