"""The commands; each is a module of its name here."""

from __future__ import annotations

COMMANDS = (
    "check",
    "draw",
    "serve",
    "compile",
    "train",
    "sweep",
    "evaluate",
    "predict",
    "show",
    "report",
    "baseline",
    "runs",
    "export",
    "filter",
    "sizes",
    "solve",
    "diff",
    "table",
    "fmt",
    "devices",
    "explain",
)

WITHOUT_PLUGINS = frozenset({"devices"})
"""The commands that read neither specs nor runs."""
