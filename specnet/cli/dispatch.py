"""Run a command, and turn the exceptions that it raises into messages and exit codes."""

from __future__ import annotations

import argparse
import gc
import os
import re
import signal
import sys
import traceback
import warnings
from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import specnet
from specnet.cli.commands import COMMANDS, MODULES, WITHOUT_PLUGINS
from specnet.cli.output import BUG, CommandError, print_data, print_error, print_message, reporting_paths
from specnet.errors import PluginError
from specnet.option_names import naming_flags
from specnet.package import IncompleteInstall, describe_missing_module
from specnet.plugin_loading.loading import importing_plugins, refusing_plugins
from specnet.suggest import did_you_mean, find_closest_word

SPIN_COUNT = "2000"
"""How often an idle thread of GNU's OpenMP polls for work before it sleeps.

By default it polls 300,000 times, and takes the cores from whatever else runs. If it does not poll at all, waking up
takes longer than most operations of a small network, which then trains a fifth slower.
"""


NO_PLUGINS = "import no Python that the project or an installed package names as a plugin"


class Parser(argparse.ArgumentParser):
    """A parser whose help and errors are printed as everything else is, and that takes no abbreviated options."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def _print_message(self, message: str, file: object = None) -> None:
        print_data(message.rstrip("\n"))

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse a word that there is no sub-command of, such as a view, with the one that it probably means."""
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            hint = did_you_mean(find_closest_word(str(value), action.choices))
            hint = hint or f"; there are {', '.join(action.choices)}"
            raise CommandError(f"there is no {str(action.metavar).lower()} `{value}`{hint}")
        super()._check_value(action, value)

    def error(self, message: str) -> NoReturn:
        raise CommandError(message, *self.format_usage().splitlines())


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code; raises nothing."""
    os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)  # read when torch is first imported
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # whose search reads the metadata of every package
    words = sys.argv[1:] if arguments is None else arguments
    _prepare_streams()
    if arguments is None and not sys.warnoptions:  # what libraries warn their programmers of helps no user
        warnings.simplefilter("ignore")
    with naming_flags(), importing_plugins(lambda text: print_message(f"note: {text}")):
        code = _catch_errors(words)
    if arguments is None:  # the process ends now, and another Ctrl-C would only disturb that
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        gc.freeze()  # the interpreter would search all that is left for cycles, which takes a tenth of a check
    return code


def _prepare_streams() -> None:
    """Replace characters that the standard streams cannot encode, and streams that the caller closed, as by `>&-`."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDONLY), "w"))  # writing to it fails
        if hasattr(stream := getattr(sys, name), "reconfigure"):
            stream.reconfigure(errors="replace")


def _catch_errors(words: list[str]) -> int:
    """Run a command; print the error that it ends with, if any, and return the exit code."""
    try:
        with reporting_paths():
            return _run(words)
    except CommandError as error:
        print_error(error)
        return error.exit_code
    except IncompleteInstall as error:
        print_error(CommandError(*error.args))
        return 2
    except ImportError as error:
        print_error(CommandError(str(IncompleteInstall(describe_missing_module(error)))))
        return 2
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130
    except PluginError as error:
        print_error(CommandError(*error.args))
        return 2
    except Exception as error:
        from specnet.plugin_loading.loaded import find_failing_place

        if place := find_failing_place(error):
            print_error(CommandError(f"a plugin fails at {place}: {type(error).__name__}: {error}"))
            return 1
        print_message(*_describe_bug(error, words))
        return BUG


def _run(words: list[str]) -> int:
    """Parse the arguments and run the command; only its own module is imported."""
    name = words[0] if words and not words[0].startswith("-") else None
    if name and name not in COMMANDS:
        listed = ", ".join(COMMANDS)
        hint = did_you_mean(find_closest_word(name, COMMANDS))
        raise CommandError(f"there is no command `{name}`{hint or f'; there are {listed}'}")
    parser = Parser(prog="specnet", description=specnet.__doc__)
    parser.add_argument("--version", action="version", version=f"specnet {specnet.__version__}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND", required=True)
    for each in (name,) if name else COMMANDS:
        command = _import_command(each)
        arguments = commands.add_parser(each, help=command.HELP, description=command.HELP)
        command.add_arguments(arguments)
        if each not in WITHOUT_PLUGINS:
            _add_no_plugins(arguments)
    try:
        options, unknown = parser.parse_known_args(words)
    except SystemExit as done:  # --help and --version
        return int(done.code or 0)
    if hasattr(options, "files") and not any(word.startswith("-") for word in unknown):
        options.files += unknown  # FILE --option FILE: argparse takes no more files behind an option
        unknown = []
    if unknown:
        usage = getattr(options, "usage", None) or commands.choices[options.command].format_usage()
        raise _refuse_option(options.command, unknown, usage)
    options.command_line = words
    with refusing_plugins() if getattr(options, "no_plugins", False) else nullcontext():
        code: int = _import_command(options.command).run(options)
    return code


def _add_no_plugins(parser: argparse.ArgumentParser) -> None:
    """Add `--no-plugins` to a command and to its sub-commands, such as the views of `show`."""
    parser.add_argument("--no-plugins", action="store_true", default=argparse.SUPPRESS, help=NO_PLUGINS)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                _add_no_plugins(each)


def _import_command(name: str) -> ModuleType:
    """Return the module of a command. Imported modules are no garbage: the collector never looks at them."""
    module = f"specnet.cli.{MODULES.get(name, name)}"
    if module in sys.modules:
        return sys.modules[module]
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return import_module(module)
    finally:
        if was_enabled:
            gc.freeze()
            gc.enable()


def _refuse_option(command: str, unknown: list[str], usage: str) -> CommandError:
    """Return the error about words that a command does not take; it names the first option among them."""
    word = next((word for word in unknown if word.startswith("-")), unknown[0])
    option, _, value = word.partition("=")
    following = unknown[unknown.index(word) + 1 :]
    meant = find_closest_word(option.lstrip("-"), re.findall(r"--([\w-]+)", usage))
    hint = did_you_mean(f"--{meant}" if meant else "")
    from specnet.foreign.recipes import find_setting

    if "--set" in usage and (setting := find_setting(option.removeprefix("--"))):
        hint = f"; it is a setting: `--set {setting}={value or (following or ['VALUE'])[0]}`"
    return CommandError(f"`specnet {command}` takes no `{word}`{hint or '; --help lists what it takes'}")


def _describe_bug(bug: Exception, words: list[str]) -> tuple[str, ...]:
    """Return the lines about a bug in SpecNet, which the user should report."""
    frames = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
    return (
        f"error: this is a bug in SpecNet {specnet.__version__}: {type(bug).__name__}: {bug}",
        f"  command: specnet {' '.join(words)}",
        f"  at: {' > '.join(frames[-6:])}",
        "  please report these lines together with the spec",
    )
