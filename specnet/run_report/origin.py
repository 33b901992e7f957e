"""The network of a run, and how the run was made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from specnet.option_names import SHORT_SETTINGS
from specnet.page.markup import Html, element, name
from specnet.page.network import make_network
from specnet.page.shell import make_code, make_facts, make_paragraph, make_table
from specnet.run_report.subject import Subject
from specnet.settings import Training, to_record
from specnet.training import SPEC, Options, RunConfig

IN_COMMAND = frozenset({"spec", "run"})
"""Options that tell where the run was made, and nothing of how."""

FLAGS = ("sharded", "sync_bn", "deterministic", "tensorboard", "skip_bad")
"""Options that are flags without a value."""

VALUES = ("precision", "compile", "data_dir", "weights", "workers")
"""Options that are flags with a value."""


def describe_network(subject: Subject) -> Iterator[Html]:
    """Yield the diagram, the table of layers and the text of the spec."""
    yield make_network(subject.checked)


def describe_origin(subject: Subject) -> Iterator[Html]:
    """Yield the command that trains the network again, settings, options and environment."""
    yield make_paragraph("This command trains the network again:")
    yield make_code(format_command(subject.config))
    yield element("h3", "Settings")
    yield make_table("With their defaults", ("line", "values"), _list_settings(subject.config.training))
    if options := _list_options(subject.config.options):
        yield element("h3", "Options")
        yield make_facts(options)
    yield element("h3", "Environment")
    yield _describe_environment(subject)


def _list_settings(training: Training) -> Iterator[tuple[str, str]]:
    """Yield each line of the `train` section with its values; a step of several is a row."""
    for line, record in to_record(training).items():
        for step in record if isinstance(record, list) else [record] if record else []:
            yield line, _format_setting(step)


def _format_setting(record: Mapping[str, Any]) -> str:
    """Return the values of a line, as a spec has them: `sgd lr=0.1 nesterov=yes`."""
    given = {key: value for key, value in record.items() if key != "choice" and value is not None}
    values = (f"{key}={_format_value(value)}" for key, value in given.items())
    return " ".join(filter(None, (str(record.get("choice", "")), *values)))


def _list_options(options: Options) -> dict[str, str]:
    """Return the options that are not at their defaults."""
    standard = Options()
    given = {each.name: getattr(options, each.name) for each in fields(options) if each.name not in IN_COMMAND}
    changed = {key: value for key, value in given.items() if value != getattr(standard, key)}
    return {key.replace("_", " "): name(_format_value(value)) for key, value in changed.items()}


def _format_value(value: object) -> str:
    match value:
        case dict():
            return " ".join(f"{key}={each}" for key, each in value.items())
        case tuple() | list():
            return " ".join(map(str, value))
        case bool():
            return "yes" if value else "no"
    return str(value)


def _describe_environment(subject: Subject) -> Html:
    known = {key: name(str(value)) for key, value in subject.environment.items() if value is not None}
    return make_facts(known) if known else make_paragraph("environment.json cannot be read.")


def format_command(config: RunConfig) -> str:
    """Return the command that trains the network of a run again."""
    given = [*_list_overrides(config.options.overrides), *_list_flags(config.options)]
    flags = [word for flag, *values in given for word in (f"--{flag.replace('_', '-')}", *values)]
    return shlex.join(["specnet", "train", str(config.folder / SPEC), *flags])


Flag = tuple[str, ...]
"""The name of a flag and its value, if it has one."""


def _list_overrides(overrides: Mapping[str, str]) -> Iterator[Flag]:
    for key, value in overrides.items():
        yield (key, value) if key in (*SHORT_SETTINGS, "input") else ("set", f"{key}={value}")


def _list_flags(options: Options) -> Iterator[Flag]:
    """Yield the flags of `specnet train` that give these options."""
    on_gpu = options.device.startswith("cuda")
    if options.processes > 1:
        yield "gpus" if on_gpu else "nproc", str(options.processes)
    elif options.device != "cpu":
        yield "device", options.device
    for key in VALUES:
        if (value := getattr(options, key)) != getattr(Options(), key):
            yield key, str(value)
    yield from ((key,) for key in FLAGS if getattr(options, key))
    yield from (("freeze", pattern) for pattern in options.freeze)
