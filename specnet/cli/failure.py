"""Why a command cannot be carried out."""

from __future__ import annotations


class Failure(Exception):
    """Ends the command with one message on standard error and an exit code (2: it cannot be carried out)."""

    def __init__(self, message: str, code: int = 2) -> None:
        super().__init__(message)
        self.code = code
