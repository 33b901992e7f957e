"""A server on this machine alone that shows a spec's page and tells it of every edit."""

from __future__ import annotations

import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import compare_digest, token_urlsafe
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from specnet.page.following import Edition, FollowedSpec
from specnet.page.network_page import make_contents, make_followed_page

HOST = "127.0.0.1"

PATIENCE = 15.0
"""The seconds after which a quiet connection is written to, so that one that was left is noticed."""

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PageServer(ThreadingHTTPServer):
    """Serves one page to whoever has its address; port 0 stands for any that is free. Raises OSError."""

    daemon_threads = True

    def __init__(self, spec: FollowedSpec, port: int = 0) -> None:
        self.spec = spec
        self.token = token_urlsafe(24)
        self._event = 0, b""
        self._making = Lock()
        super().__init__((HOST, port), _Handler)

    @property
    def address(self) -> str:
        """The address of the page, with the token without which nothing is served."""
        return f"http://{HOST}:{self.server_port}/?token={self.token}"

    def follow(self) -> None:
        """Serve, and follow the spec, until a KeyboardInterrupt or `shutdown`."""
        follower = Thread(target=self.spec.follow, daemon=True)
        follower.start()
        try:
            self.serve_forever(poll_interval=0.1)
        finally:
            self.spec.end()
            follower.join()
            self.server_close()

    def format_event(self, edition: Edition) -> bytes:
        """Return an edition as an event, which is made once for all that wait for it."""
        with self._making:
            if self._event[0] != edition.number:
                self._event = edition.number, _format_event(edition)
            return self._event[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that closed its connection."""


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of the page and of its edits, to requests from the page's own origin."""

    server: PageServer
    server_version, sys_version = "SpecNet", ""
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if refusal := self._find_refusal():
            self._refuse(refusal)
        elif self._path == "/":
            page = make_followed_page(self.server.spec.edition)
            self._answer(HTTPStatus.OK, page.html.encode(), "text/html; charset=utf-8")
        else:
            self._send_edits()

    def do_HEAD(self) -> None:
        self.do_GET()

    def parse_request(self) -> bool:
        """Refuse every other method, before anything else of the request is looked at."""
        if not super().parse_request():
            return False
        if self.command not in ("GET", "HEAD"):
            self.close_connection = True
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, Allow="GET, HEAD")
            return False
        return True

    def _refuse(self, status: HTTPStatus, **headers: str) -> None:
        self._answer(status, f"{status.value} {status.phrase}\n".encode(), "text/plain; charset=utf-8", **headers)

    @property
    def _path(self) -> str:
        return self.path.partition("?")[0]

    def _find_refusal(self) -> HTTPStatus | None:
        """Return why a request is refused: another host or origin, a path that is not there, or a wrong token."""
        hosts = [f"{name}:{self.server.server_port}" for name in (HOST, "localhost")]
        origins = [f"http://{host}" for host in hosts]
        if self.headers.get_all("Host", []) not in [[host] for host in hosts]:
            return HTTPStatus.FORBIDDEN
        if any(origin not in origins for origin in self.headers.get_all("Origin", [])):
            return HTTPStatus.FORBIDDEN
        if self._path not in ("/", "/edits"):
            return HTTPStatus.NOT_FOUND
        return None if self._has_token() else HTTPStatus.FORBIDDEN

    def _has_token(self) -> bool:
        given = parse_qs(urlsplit(self.path).query).get("token", [""])
        return len(given) == 1 and compare_digest(given[0].encode(), self.server.token.encode())

    def _answer(self, status: HTTPStatus, content: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **headers, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _send_edits(self) -> None:
        """Send each edition that the page has not seen as an event, until the browser leaves or the server ends."""
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        for name, value in {**HEADERS, "Content-Type": "text/event-stream", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        seen = _parse_number(self.headers.get("Last-Event-ID"))
        while self.command != "HEAD" and not self.server.spec.has_ended:
            edition = self.server.spec.wait_for(seen, PATIENCE)
            self.wfile.write(self.server.format_event(edition) if edition else b":\n\n")
            seen = edition.number if edition else seen

    def log_message(self, format: str, *values: Any) -> None:
        """Say nothing of requests."""


def _parse_number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _format_event(edition: Edition) -> bytes:
    """Return an event with the number of an edition, its content as HTML, and its notice."""
    content = {
        "title": edition.checked.network.name,
        "content": make_contents(edition.checked),
        "notice": edition.notice,
    }
    return f"id: {edition.number}\ndata: {json.dumps({'number': edition.number, **content})}\n\n".encode()
