"""The zoo against the original implementations: each layer's output, parameters, MACs and inputs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import pytest
from flavours import FLAVOURS, Flavour
from reference import read_reference
from steps import Step, drop_kinds, fingerprint_steps, steps_of_spec

from specnet.compiler import Checked, check_source, read_beside
from specnet.reporters.terminal import format_diagnostic
from specnet.source import Source, Span

HERE = Path(__file__).parent
SPECS = HERE.parents[1] / "specs"


def check(flavour: Flavour) -> Checked:
    """Check the spec with the flavour's edits, each of which must match."""
    file = (HERE if flavour.spec.startswith("namesakes/") else SPECS) / f"{flavour.spec}.net"
    found: Counter[str] = Counter()

    def edited(source: Source) -> Source:
        text = re.sub(" +", " ", source.text)
        if flavour.edits or flavour.settings:
            text = re.sub(r" => .*|^expect .*", "", text, flags=re.MULTILINE)
        for words, others in flavour.edits.items():
            found[words] += text.count(words)
            text = text.replace(words, others)
        return Source(source.name, text)

    def read_edited(path: str, span: Span) -> Source:
        return edited(read_beside(path, span))

    source = edited(Source(str(file), file.read_text(encoding="utf-8")))
    checked = check_source(source, flavour.settings, read_edited)
    assert checked.ok, "\n".join(map(format_diagnostic, checked.diagnostics))
    assert all(found[words] for words in flavour.edits), found
    return checked


def test_every_network_of_the_reference_is_there(shared: Callable[[str], Path]) -> None:
    files = {file.stem for file in shared("truth").glob("*.json")} - {"index"}
    assert files <= FLAVOURS.keys()


@pytest.mark.parametrize("name", FLAVOURS)
def test_every_layer_agrees(name: str, shared: Callable[[str], Path]) -> None:
    file = shared("truth") / f"{name}.json"
    if not file.exists():
        pytest.skip(f"there is no reference for {name}")
    flavour, theirs = FLAVOURS[name], read_reference(file)
    checked = check(flavour)
    ours = steps_of_spec(checked, of_heads=flavour.heads == "run")
    if flavour.bn_without_scale:
        ours = [replace(step, parameters=step.parameters // 2) if step.kind == "bn" else step for step in ours]
    total = checked.totals.parameters if flavour.heads == "kept" else sum(step.parameters for step in ours)
    assert (total, sum(step.macs for step in ours)) == (theirs.parameters, theirs.macs)
    for kind in flavour.without:
        assert sum(any(step.kind == kind for step in steps) for steps in (ours, theirs.steps)) == 1
    compare(drop_kinds(ours, flavour.without), drop_kinds(theirs.steps, flavour.without), in_order=not flavour.order)


def compare(ours: Sequence[Step], theirs: Sequence[Step], in_order: bool) -> None:
    """Assert the same steps with the same inputs, and the same order if `in_order`."""
    if any(step.window and step.window.padding is None for step in theirs if step.kind == "conv"):
        ours, theirs = _without_padding(ours), _without_padding(theirs)
    pairs = zip_longest(ours, theirs)
    different = next((pair for pair in pairs if not (all(pair) and pair[0].signature == pair[1].signature)), None)
    assert (different is None) == in_order, different
    our_numbers, their_numbers = fingerprint_steps(ours), fingerprint_steps(theirs)
    known = set(our_numbers.values())
    other = next((step for step in theirs if their_numbers[step.name] not in known), None)
    assert other is None, f"no layer of the spec is {other}"
    assert Counter(our_numbers.values()) == Counter(their_numbers.values())


def _without_padding(steps: Sequence[Step]) -> list[Step]:
    """Drop the padding, which Keras does in layers of its own or by `same`; it shows in the outputs."""
    return [replace(step, window=replace(step.window, padding=None)) if step.window else step for step in steps]
