"""The commands; each is a module of its name here, or of that in MODULES."""

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
    "import",
    "filter",
    "sizes",
    "solve",
    "diff",
    "table",
    "fmt",
    "devices",
    "explain",
)

MODULES = {"import": "import_network"}
"""The modules of commands that are words of Python."""

WITHOUT_PLUGINS = frozenset({"devices", "import"})
"""The commands that read neither specs nor runs."""
