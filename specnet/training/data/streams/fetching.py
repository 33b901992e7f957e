"""Fetch files over HTTP: what breaks off is resumed at its byte, a few times, and then reported."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError, IncompleteRead

from specnet.file_access import describe_reason
from specnet.training.errors import DataProblem

ATTEMPTS = 5
"""Attempts in a row that bring no further byte, before a fetch is given up."""

BACKOFF, LONGEST_WAIT = 1.0, 60.0
"""Seconds to wait before the second attempt, doubled for each further one; and the most that a server may ask for."""

TIMEOUTS = (10.0, 60.0)
"""Seconds to wait for a connection, and for the next bytes."""

CHUNK = 2**20

TEMPORARY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a server that may be better the next time."""

FINAL = (requests.TooManyRedirects, requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL)
"""What is no better the next time: where a URL, or the one that it leads to, is none to read from."""

TOTAL = re.compile(r"bytes (?:\d+-\d+|\*)/(\d+)")


@dataclass(frozen=True)
class RemoteFile:
    """A file at a URL: its bytes, and what the server calls this version of it, "" if nothing."""

    url: str
    size: int
    version: str


class _Failure(Exception):
    """An attempt has failed, for the reason given; a server may say after how many seconds to come back."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


def look_up(url: str) -> RemoteFile:
    """Ask a server for the size and the version of a file; raises DataProblem."""
    for attempt in range(ATTEMPTS):
        try:
            return _look_up_once(url)
        except _Failure as failure:
            reason = failure
            if attempt < ATTEMPTS - 1:
                _wait(attempt, failure.wait)
    raise DataProblem(f"{url} cannot be read, after {ATTEMPTS} attempts: {reason}; try again when the server answers")


def _look_up_once(url: str) -> RemoteFile:
    """Ask for one byte, as some servers answer no request for the header alone."""
    try:
        with requests.get(url, headers=_make_header(0, "", "0"), stream=True, timeout=TIMEOUTS) as answer:
            _refuse_error(answer, url)
            found = TOTAL.fullmatch(answer.headers.get("Content-Range", ""))
            size = found[1] if found else answer.headers.get("Content-Length", "")
            if not size.isdigit():
                raise DataProblem(f"{url}: the server does not say how long the file is; keep it on another one")
            return RemoteFile(url, int(size), _get_version(answer))
    except FINAL as error:
        raise DataProblem(_describe_final(url, error)) from None
    except requests.RequestException as error:
        raise _Failure(_describe(error)) from None


def fetch(file: RemoteFile, partial: Path) -> None:
    """Fetch what `partial` lacks of a file, which may be all of it; raises DataProblem."""
    attempt = 0
    while (begin := _measure(partial)) < file.size:
        wait, reason = 0.0, "the connection was closed"
        try:
            _append(file, partial, begin)
        except _Failure as failure:
            wait, reason = failure.wait, str(failure)
        except OSError as error:
            raise DataProblem(f"{file.url} cannot be kept in {partial.parent}: {describe_reason(error)}") from None
        if (end := _measure(partial)) == file.size:
            return
        attempt = attempt + 1 if end <= begin else 1
        if attempt >= ATTEMPTS:
            raise DataProblem(
                f"{file.url} broke off at byte {end:,} of {file.size:,}, and {ATTEMPTS} attempts brought no more: "
                f"{reason}; try again when the server answers"
            )
        _wait(attempt - 1, wait)


def _measure(partial: Path) -> int:
    return partial.stat().st_size if partial.exists() else 0


def _wait(attempt: int, asked: float) -> None:
    time.sleep(min(LONGEST_WAIT, max(asked, BACKOFF * 2**attempt)))


def _append(file: RemoteFile, partial: Path, begin: int) -> None:
    """Append what a server sends from a byte on; raises _Failure, DataProblem, OSError."""
    try:
        with requests.get(file.url, headers=_make_header(begin, file.version), stream=True, timeout=TIMEOUTS) as answer:
            _refuse_error(answer, file.url)
            if _get_version(answer) != file.version:
                raise DataProblem(f"{file.url} was replaced on the server after it was indexed; start the run anew")
            is_rest = answer.status_code == HTTPStatus.PARTIAL_CONTENT
            with partial.open("ab" if is_rest else "wb") as stream:
                while chunk := answer.raw.read1(CHUNK):  # what has come, so that nothing of it is lost
                    stream.write(chunk)
    except FINAL as error:
        raise DataProblem(_describe_final(file.url, error)) from None
    except (requests.RequestException, HTTPError) as error:  # the first is an OSError as well
        raise _Failure(_describe(error)) from None
    if _measure(partial) > file.size:
        partial.unlink()
        raise _Failure("more came than the file has")


def _make_header(begin: int, version: str, end: str = "") -> dict[str, str]:
    """Return the header that asks for the bytes from `begin` on, of this version if it can be told."""
    same = {"If-Range": version} if version and not version.startswith("W/") else {}
    return {"Range": f"bytes={begin}-{end}", "Accept-Encoding": "identity", **same}


def _get_version(answer: requests.Response) -> str:
    return answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""


def _refuse_error(answer: requests.Response, url: str) -> None:
    """Raise _Failure for an answer that may be better the next time, DataProblem for any other without the file."""
    if answer.status_code in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
        return
    status = f"HTTP {answer.status_code} {answer.reason or ''}".rstrip()
    if answer.status_code in TEMPORARY:
        asked = answer.headers.get("Retry-After", "")
        raise _Failure(status, float(asked) if asked.isdigit() else 0.0)
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise DataProblem(f"{url} may not be read: {status}; a URL that is signed may be out of date")
    raise DataProblem(f"{url} is not there: {status}")


def _describe_final(url: str, error: requests.RequestException) -> str:
    """Return what is wrong with a URL."""
    if isinstance(error, requests.TooManyRedirects):
        return f"{url} leads in a circle: the server redirects it again and again"
    return f"{url} cannot be read: it is no URL of http or https, or leads to another one that is none"


def _describe(error: BaseException) -> str:
    """Return the innermost reason, without the layers of the network stack around it."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    if isinstance(error, IncompleteRead):
        return "the connection was closed"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]
