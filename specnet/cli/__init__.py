"""The `specnet` command: one short module a command; arguments in, one call, text out, exit code."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from types import ModuleType

import specnet
from specnet.cli.failure import Failure
from specnet.suggest import closest_word, did_you_mean

COMMANDS = ("check", "draw", "compile", "train", "evaluate", "predict", "runs", "export", "diff", "fmt", "explain")
BUG = 70


# How often a thread that waits for work looks for it before it sleeps. GNU's OpenMP, which reads this when torch is
# first imported, would do so 300,000 times, and take the cores from whatever else runs; without it, waking up takes
# longer than most operations of a small network, which then trains a fifth slower.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit code. No exception leaves it."""
    words = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    code = _outcome(words)
    if arguments is None:  # what is left is to leave: another Ctrl-C would be heard by whatever is torn down
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return code


def _outcome(words: list[str]) -> int:
    """The exit code of a command."""
    try:
        return _run(words)
    except Failure as failure:
        print(f"error: {failure}", file=sys.stderr)
        return failure.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as bug:
        print(_report(bug, words), file=sys.stderr)
        return BUG


def _command(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")


def _run(words: list[str]) -> int:
    """Only the command that is asked for is imported."""
    asked = words[0] if words and not words[0].startswith("-") else None
    if asked and asked not in COMMANDS:
        listed = ", ".join(COMMANDS)
        hint = did_you_mean(closest_word(asked, COMMANDS))
        raise Failure(f"there is no command `{asked}`{hint or f'; there are {listed}'}")
    parser = argparse.ArgumentParser(prog="specnet", description=specnet.__doc__)
    parser.add_argument("--version", action="version", version=f"specnet {specnet.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in (asked,) if asked else COMMANDS:
        command = _command(name)
        command.arguments(commands.add_parser(name, help=command.HELP, description=command.HELP))
    try:
        options, unknown = parser.parse_known_args(words)
    except SystemExit as done:
        return int(done.code or 0)
    if hasattr(options, "files") and not any(word.startswith("-") for word in unknown):
        options.files += unknown  # FILE --option FILE: argparse takes no more files behind an option
        unknown = []
    if unknown:
        raise _refusal(options.command, unknown, commands.choices[options.command].format_usage())
    options.written = words
    code: int = _command(options.command).run(options)
    sys.stdout.flush()
    return code


def _refusal(command: str, unknown: list[str], usage: str) -> Failure:
    """What a command does not take: the first option, if there is one among the words."""
    word = next((word for word in unknown if word.startswith("-")), unknown[0])
    hint = did_you_mean(closest_word(word.partition("=")[0], re.findall(r"--[\w-]+", usage)))
    return Failure(f"`specnet {command}` takes no `{word}`{hint or '; --help lists what it takes'}")


def _report(bug: Exception, words: list[str]) -> str:
    """What to send when SpecNet itself is wrong."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
    return (
        f"error: this is a bug in SpecNet {specnet.__version__}: {type(bug).__name__}: {bug}\n"
        f"  command: specnet {' '.join(words)}\n"
        f"  at: {' > '.join(frames[-6:])}\n"
        "  please report these lines together with the spec"
    )
