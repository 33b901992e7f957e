"""Which layers of a network are part of it in a phase: the rules of `include` and `exclude`.

See NetStateRule of caffe.proto, and Net::StateMeetsRule of Caffe's net.cpp.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from specnet.foreign.caffe_messages import Message

PHASES = {"TRAIN": "TRAIN", "TEST": "TEST", "0": "TRAIN", "1": "TEST"}

DEPLOYED = "deploy"
"""The stage in which networks of DIGITS, and of many others, are used after training."""


@dataclass(frozen=True)
class State:
    """The phase, level and stages that a network is taken in."""

    phase: str
    level: int
    stages: frozenset[str]

    def __str__(self) -> str:
        stages = f", stage {', '.join(sorted(self.stages))}" if self.stages else ""
        return f"the phase {self.phase}{stages}"


def find_state(net: Message, layers: Iterable[Message]) -> State:
    """Return the state that a file names itself, or else that of a network in use.

    That is the phase TEST, with the stage `deploy` if a layer has it, or else with the first one without which the
    network would have no data; TRAIN if there are data for that alone.
    """
    own, found = next(iter(net.messages("state")), Message()), [*layers]
    stages = frozenset(map(str, own.values("stage"))) or frozenset(_choose_stages(found))
    state = State(PHASES.get(own.text("phase"), "TEST"), _read_level(own, "level", 0), stages)
    training = replace(state, phase="TRAIN")
    if own.values("phase") or net.values("input") or _has_data(found, state) or not _has_data(found, training):
        return state
    return training


def _has_data(layers: Sequence[Message], state: State) -> bool:
    return any(not explain_exclusion(layer, state) for layer in layers if is_source(layer))


def is_source(layer: Message) -> bool:
    """Whether a layer gives something and reads nothing."""
    return bool(layer.values("top")) and not layer.values("bottom")


def _choose_stages(layers: Sequence[Message]) -> list[str]:
    rules = [rule for layer in layers for rule in layer.messages("include", "exclude")]
    if any(DEPLOYED in rule.values("stage", "not_stage") for rule in rules):
        return [DEPLOYED]
    sources = [layer for layer in layers if is_source(layer)]
    state = State("TEST", 0, frozenset())
    if any(not explain_exclusion(layer, state) for layer in sources):
        return []
    tests = [rule for layer in sources for rule in layer.messages("include") if rule.text("phase") != "TRAIN"]
    return next((list(map(str, rule.values("stage"))) for rule in tests if rule.values("stage")), [])


def explain_exclusion(layer: Message, state: State) -> str:
    """Return why a layer is not part of a network in a state, such as "it is of the phase TRAIN"; "" if it is."""
    rules = layer.messages("include")
    if rules and all(_find_mismatch(rule, state) for rule in rules):
        return f"it is only of {_find_mismatch(rules[0], state)}"
    for rule in layer.messages("exclude"):
        if not _find_mismatch(rule, state):
            return f"it is excluded in {state}"
    return ""


def _find_mismatch(rule: Message, state: State) -> str:
    """Return what a rule asks for that a state does not have, in words; "" if the state meets the rule."""
    phase = PHASES.get(rule.text("phase"), rule.text("phase"))
    if phase and phase != state.phase:
        return f"the phase {phase}"
    low, high = _read_level(rule, "min_level", state.level), _read_level(rule, "max_level", state.level)
    if not low <= state.level <= high:
        return f"the levels from {low} to {high}"
    wanted, unwanted = rule.values("stage"), rule.values("not_stage")
    if missing := [str(stage) for stage in wanted if stage not in state.stages]:
        return f"the stage {missing[0]}"
    if present := [str(stage) for stage in unwanted if stage in state.stages]:
        return f"stages other than {present[0]}"
    return ""


def _read_level(message: Message, key: str, default: int) -> int:
    found = [value for value in message.values(key) if isinstance(value, int)]
    return found[-1] if found else default
