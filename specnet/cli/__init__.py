"""The `specnet` command: a short module per command, and what the commands share."""

from specnet.cli.dispatch import main as main
