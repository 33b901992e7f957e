"""How a command fails: one message on standard error and an exit code."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import wraps

BUG = 70
"""The exit code of an exception that no command should raise."""

Command = Callable[[argparse.Namespace], int]
"""The `run` of a command: it takes the options and returns the exit code."""


class CommandError(Exception):
    """Ends the command with a message; exit code 2 says that the command cannot be carried out."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def requires_torch(run: Command) -> Command:
    """Decorate a command that needs torch, which is imported only now; its exceptions become CommandError."""

    @wraps(run)
    def run_with_torch(options: argparse.Namespace) -> int:
        try:
            from specnet.api import SpecError
            from specnet.training import TrainingError
        except ModuleNotFoundError as missing:
            message = f"`specnet {options.command}` needs {missing.name}: pip install 'specnet[train]'"
            raise CommandError(message) from None
        try:
            return run(options)
        except TrainingError as error:
            raise CommandError(str(error), error.exit_code) from None
        except SpecError as error:
            raise CommandError(f"the spec of the run has errors\n{error}", 1) from None

    return run_with_torch
