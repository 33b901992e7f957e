"""A word to the user about what takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

from specnet.cli.output import print_message

PATIENCE = 5.0
"""The seconds that a user waits without a word."""


@contextmanager
def explaining_wait(words: str) -> Iterator[None]:
    """Print some words if what is done in the context takes long."""
    timer = Timer(PATIENCE, print_message, [words])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
