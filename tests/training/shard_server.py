"""A server on the loopback interface that answers range requests, and fails as often as it is told to."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

PROBE = "bytes=0-0"
"""The range that is asked for to learn the size of a file, which does not count."""


class ShardServer(ThreadingHTTPServer):
    """Serves the files of a folder.

    `faults` are the next answers for a name: a status, or how many bytes are sent before the connection breaks.
    `requests` counts the requests, `sent` the bytes, by name; `version` is what ETag says, if anything.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.faults: dict[str, list[int | str]] = defaultdict(list)
        self.requests, self.sent = Counter[str](), Counter[str]()
        self.version: str | None = '"1"'
        self.has_ranges = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that are broken on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: ShardServer

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        path, begin, end = self.server.folder / name, 0, 0
        is_probe = self.headers.get("Range") == PROBE
        if not is_probe:
            self.server.requests[name] += 1
        faults = self.server.faults[name]
        fault = faults.pop(0) if faults and not is_probe else None
        if isinstance(fault, str) or not path.is_file():
            self.send_error(int(fault) if isinstance(fault, str) else 404)
            return
        content = path.read_bytes()
        end = len(content)
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", self.server.version) == self.server.version
        if wanted and is_same and self.server.has_ranges:
            begin, end = int(wanted[1]), int(wanted[2]) + 1 if wanted[2] else end
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(content)}")
        else:
            self.send_response(200)
        self._send(name, content[begin:end], fault)

    def _send(self, name: str, part: bytes, fault: int | None) -> None:
        if self.server.version:
            self.send_header("ETag", self.server.version)
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        part = part if fault is None else part[:fault]
        self.wfile.write(part)
        self.server.sent[name] += 0 if self.headers.get("Range") == PROBE else len(part)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[ShardServer]:
    with ShardServer(folder) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
