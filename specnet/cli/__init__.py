"""The `specnet` command: a short module per command, and modules that they share."""

from specnet.cli.dispatch import main as main
