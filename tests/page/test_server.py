"""The server of a page: what it serves, and whom it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread

import pytest
from parsed import parse
from test_following import SPEC, check

from specnet.page import following
from specnet.page.following import FollowedSpec
from specnet.page.server import HOST, PageServer


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    (folder / "x.net").write_text(SPEC)
    (folder / "secret").write_text("secret")
    return folder / "x.net"


@pytest.fixture(scope="module")
def server(file: Path) -> Iterator[PageServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(following, "INTERVAL", 0.01)
        server = PageServer(FollowedSpec.begin(file, check))
        thread = Thread(target=server.follow)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@contextmanager
def ask(
    server: PageServer,
    path: str = "/?token=TOKEN",
    method: str = "GET",
    hosts: Sequence[str] = ("127.0.0.1:PORT",),
    **headers: str,
) -> Iterator[HTTPResponse]:
    """Yield an answer; TOKEN and PORT stand for the server's own, and an underscore in a header for a hyphen."""

    def fill(text: str) -> str:
        return text.replace("TOKEN", server.token).replace("PORT", str(server.server_port))

    with closing(HTTPConnection(HOST, server.server_port, timeout=20)) as connection:
        connection.putrequest(method, fill(path), skip_host=True)
        for host in hosts:
            connection.putheader("Host", fill(host))
        for name, text in headers.items():
            connection.putheader(name.replace("_", "-"), fill(text))
        connection.endheaders()
        with connection.getresponse() as answer:
            yield answer


def test_the_page_is_served_to_those_with_its_address(server: PageServer) -> None:
    with ask(server, hosts=["localhost:PORT"], Origin="http://127.0.0.1:PORT") as answer:
        assert answer.status == 200
        html = answer.read().decode()
        headers = answer.headers
    (policy,) = [a["content"] for _, a, _ in parse(html).elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.endswith("connect-src 'self'")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Python" not in headers["Server"]


WRONG_PATHS = [
    ("/", 403),
    ("/?token=", 403),
    ("/?token=wrong", 403),
    ("/?token=%ff%00%C3%A9", 403),
    ("/?token=TOKEN&token=TOKEN", 403),
    ("/edits", 403),
    ("/secret?token=TOKEN", 404),
    ("/../secret?token=TOKEN", 404),
    ("/%2e%2e/secret?token=TOKEN", 404),
    ("/x.net?token=TOKEN", 404),
    ("http://127.0.0.1/?token=TOKEN", 404),
]


@pytest.mark.parametrize(("path", "status"), WRONG_PATHS)
def test_other_paths_are_refused(server: PageServer, path: str, status: int) -> None:
    with ask(server, path) as answer:
        assert answer.status == status
        assert b"secret" not in answer.read()


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["evil.example:PORT"],
        ["127.0.0.1"],
        ["127.0.0.1:1"],
        [""],
        [],
        ["127.0.0.1:PORT", "evil.example"],
    ],
)
@pytest.mark.parametrize("path", ["/?token=TOKEN", "/edits?token=TOKEN"])
def test_other_hosts_are_refused(server: PageServer, path: str, hosts: list[str]) -> None:
    with ask(server, path, hosts=hosts) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:PORT", "http://127.0.0.1:1", ""])
@pytest.mark.parametrize("path", ["/?token=TOKEN", "/edits?token=TOKEN"])
def test_other_origins_are_refused(server: PageServer, path: str, origin: str) -> None:
    with ask(server, path, Origin=origin) as answer:
        assert answer.status == 403
        assert answer.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "SPECNET"])
def test_other_methods_are_refused(server: PageServer, method: str) -> None:
    with ask(server, method=method) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_only_this_machine_is_listened_to(server: PageServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert len(server.token) >= 32


@pytest.mark.parametrize("path", ["/?token=TOKEN", "/edits?token=TOKEN"])
def test_a_head_has_no_content(server: PageServer, path: str) -> None:
    with ask(server, path, "HEAD") as answer:
        assert (answer.status, answer.read()) == (200, b"")


def read_event(answer: HTTPResponse) -> dict[str, object]:
    number, data, end = answer.readline(), answer.readline(), answer.readline()
    assert (number[:4], data[:6], end) == (b"id: ", b"data: ", b"\n")
    return json.loads(data[6:])  # type: ignore[no-any-return]


def test_edits_are_sent_as_events(server: PageServer, file: Path) -> None:
    with ask(server, "/edits?token=TOKEN") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert read_event(answer)["number"] == 1
        file.write_text(SPEC.replace("fc 3", "foo"))
        assert "error[" in str(read_event(answer)["content"])
        file.unlink()
        assert "no file" in str(read_event(answer)["notice"])
    with ask(server, "/edits?token=TOKEN", Last_Event_ID="3") as answer:
        file.write_text(SPEC)
        assert read_event(answer)["number"] == 4
