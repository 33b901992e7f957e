"""specnet serve: show the page of a spec in a browser, and follow the file as it is edited."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from specnet.cli.options import add_spec_arguments, natural_number
from specnet.cli.output import CommandError, print_data, print_message
from specnet.cli.specs import check_text, read_spec
from specnet.file_access import describe_reason

if TYPE_CHECKING:
    from specnet.compiler import Checked
    from specnet.elaborate import Read
    from specnet.page.following import FollowedSpec
    from specnet.page.server import PageServer
    from specnet.source import Source

HELP = "show the page of a spec in a browser, and follow the file as it is edited"

LAST_PORT = 65_535


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .net file")
    parser.add_argument(
        "--port", type=natural_number, default=0, metavar="N", help="the port of the address (default: any free one)"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address alone, and open no browser")
    add_spec_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Return 0 when Ctrl-C has ended the server."""
    if options.file == "-":
        raise CommandError("serve follows a file as it is edited, which standard input is not; name a file")
    if options.port > LAST_PORT:
        raise CommandError(f"--port {options.port}: there are ports up to {LAST_PORT:,}")
    server = _start_server(_begin(options), options.port)
    print_data(server.address)
    print_message(f"following {server.spec.path}; Ctrl-C ends it")
    if not options.no_browser and sys.stdin is not None and sys.stdin.isatty():
        webbrowser.open(server.address)
    with suppress(KeyboardInterrupt):
        server.follow()
    return 0


def _begin(options: argparse.Namespace) -> FollowedSpec:
    from specnet.page.following import CannotShow, FollowedSpec

    def check(source: Source, read: Read) -> Checked:
        try:
            return check_text(source, options, read)
        except CommandError as error:
            raise CannotShow(*error.args) from None

    path = Path(read_spec(options.file).name)
    try:
        return FollowedSpec.begin(path, check)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {describe_reason(error)}") from None
    except CannotShow as error:
        raise CommandError(*error.args) from None


def _start_server(spec: FollowedSpec, port: int) -> PageServer:
    from specnet.page.server import PageServer

    try:
        return PageServer(spec, port)
    except OSError as error:
        raise CommandError(f"port {port} cannot be used: {describe_reason(error)}") from None
