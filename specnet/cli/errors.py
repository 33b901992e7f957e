"""How a command fails: one message on standard error and an exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable

BUG = 70
"""The exit code of an exception that no command should raise."""

Command = Callable[[argparse.Namespace], int]
"""The `run` of a command: it takes the options and returns the exit code."""


class CommandError(Exception):
    """Ends the command with a message; exit code 2 says that the command cannot be carried out."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code
