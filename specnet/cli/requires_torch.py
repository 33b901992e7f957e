"""Commands that need torch: it is imported late, and what goes wrong in it becomes a message and an exit code."""

from __future__ import annotations

import argparse
from functools import wraps

from specnet.cli.errors import Command, CommandError


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
