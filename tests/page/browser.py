"""A browser without a window that tests look at and act on, by its own protocol over a pair of pipes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars")

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
"""By how many pixels a page is wider than its window."""

PATIENCE = 30
"""The seconds after which a condition on a page is given up."""


class Tab:
    """A tab of a browser. `complaints` are the errors and warnings of its console."""

    def __init__(self, commands: int, answers: BufferedReader, folder: Path) -> None:
        self._commands, self._answers = commands, answers
        self._buffer = bytearray()
        self._count = 0
        self.complaints: list[str] = []
        self.folder = folder
        target = self._send("Target.createTarget", {"url": "about:blank"}, "")["targetId"]
        self.session = self._send("Target.attachToTarget", {"targetId": target, "flatten": True}, "")["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol and return its result."""
        return self._send(method, parameters, self.session)

    def _send(self, method: str, parameters: dict[str, Any], session: str) -> dict[str, Any]:
        self._count += 1
        addressed = {"sessionId": session} if session else {}
        message = {"id": self._count, "method": method, "params": parameters, **addressed}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]  # type: ignore[no-any-return]
            self._note(answer)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            more = self._answers.read1(1 << 20)
            assert more, "the browser has ended"
            self._buffer += more
        text, _, rest = bytes(self._buffer).partition(b"\0")
        self._buffer[:] = rest
        return json.loads(text)  # type: ignore[no-any-return]

    def _note(self, event: dict[str, Any]) -> None:
        match event:
            case {"method": "Runtime.exceptionThrown", "params": {"exceptionDetails": details}}:
                self.complaints.append(str(details.get("exception", details).get("description", details)))
            case {"method": "Runtime.consoleAPICalled", "params": {"type": "error" | "warning", "args": values}}:
                self.complaints.append(str([value.get("description", value.get("value")) for value in values]))
            case {"method": "Log.entryAdded", "params": {"entry": {"level": "error" | "warning", "text": text}}}:
                self.complaints.append(text)

    def show(self, html: str, width: int = 1280, height: int = 900) -> None:
        """Show a page, from a file as its reader would."""
        (self.folder / "page.html").write_text(html, encoding="utf-8")
        self.visit(f"file://{self.folder}/page.html", width, height)

    def visit(self, address: str, width: int = 1280, height: int = 900) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.send("Emulation.setDeviceMetricsOverride", **size)
        self.send("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def prefer(self, **features: str) -> None:
        """Set what the reader prefers: `prefers_color_scheme="dark"`."""
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.send("Emulation.setEmulatedMedia", features=listed)

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, awaited if it is a promise."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < end, f"never true: {condition}"
            time.sleep(0.02)

    def press(self, key: str, modifiers: int = 0) -> None:
        """Press and release a key; `modifiers` is 2 with Ctrl, 8 with Shift."""
        text = {"text": {"Enter": "\r"}.get(key, key)} if len(key) == 1 or key == "Enter" else {}
        codes = {"Enter": 13, "Escape": 27, "Tab": 9}
        code = {"windowsVirtualKeyCode": codes[key]} if key in codes else {}
        self.send("Input.dispatchKeyEvent", type="keyDown", key=key, modifiers=modifiers, **text, **code)
        self.send("Input.dispatchKeyEvent", type="keyUp", key=key, modifiers=modifiers, **code)

    def locate(self, selector: str) -> tuple[float, float]:
        """Return the middle of an element, which is scrolled into view."""
        found = f"document.querySelector({json.dumps(selector)})"
        box = f"(({found}).scrollIntoView({{block: 'nearest', inline: 'nearest'}}), {found}.getBoundingClientRect())"
        x, y = self.evaluate(f"(box => [box.x + box.width / 2, box.y + box.height / 2])({box})")
        return x, y

    def hover(self, selector: str) -> None:
        x, y = self.locate(selector)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str) -> None:
        self.hover(selector)
        x, y = self.locate(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def take_picture(self, path: Path) -> None:
        path.write_bytes(b64decode(self.send("Page.captureScreenshot")["data"]))

    def print(self) -> bytes:
        """Return the page printed on A4 as PDF."""
        options = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
        return b64decode(self.send("Page.printToPDF", **options)["data"])


@contextmanager
def open_tab(folder: Path) -> Iterator[Tab]:
    """Start a browser with its profile in a folder; skip the test where there is none."""
    program = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not program:
        pytest.skip(f"no browser is here: {', '.join(BROWSERS)}")
    (read_command, commands), (answers, write_answer) = os.pipe(), os.pipe()
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (read_command, write_answer)]

    def take_ends() -> None:
        """Give the browser its ends of the pipes where it expects them."""
        for place, end in enumerate(ends, start=3):
            os.dup2(end, place)

    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    given = [program, *FLAGS, f"--user-data-dir={folder / 'profile'}"]
    process = subprocess.Popen(given, pass_fds=(3, 4), preexec_fn=take_ends, **quiet)
    for end in (read_command, write_answer, *ends):
        os.close(end)
    try:
        with os.fdopen(answers, "rb") as stream:
            yield Tab(commands, stream, folder)
    finally:
        process.terminate()
        process.wait()
        os.close(commands)
