"""W502, W505, W507, W508, W510: training settings that do not suit the network or the images."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from math import e, log
from typing import cast

from specnet import validation
from specnet.analyses.lints.view import Finding, LintRow, View, has_trait
from specnet.analyses.receptive_field import find_output_stride
from specnet.diagnostics import Code, Edit, Fix, Label, make_replacement
from specnet.elaborate import Place
from specnet.graph import Network, Node
from specnet.layers.base import Shape, is_sequence
from specnet.layers.base.families import is_frozen
from specnet.layers.base.shapes import MEAN
from specnet.layers.base.traits import Trait
from specnet.settings import Training
from specnet.settings.group import list_names
from specnet.settings.loss import Squash
from specnet.source import Span

FEW = 4
"""The number of layers up to which halving the variance in each does no harm."""


def find_double_squash(squash: Squash, view: View) -> Iterator[Finding]:
    """Yield outputs within 0..1, to which the loss applies a softmax or a sigmoid again."""
    training = view.network.training
    if not training or training.loss.find_squash(training.task.target) != squash:
        return
    for node in map(view.network.by_name.get, view.ends):
        end = view.skip_back(node, _keeps_range) if node and _keeps_range(node) else node
        if end and has_trait(end, Trait.UNIT_RANGE) and end.output:
            beside = f"within 0..1, so that {_describe_bound(squash, end.output[-1])}"
            settings = view.elaborated.setting_spans
            loss = settings.get("loss") or settings.get("train")  # none where the settings are all overrides
            origins = (Label(loss, f"takes {squash} itself", primary=False),) if loss else ()
            yield view.make_finding(end, "", beside, origins)


def _describe_bound(squash: Squash, outputs: int) -> str:
    """Return what a second softmax or sigmoid of values within 0..1 cannot reach."""
    if squash == "a softmax":
        return f"the loss stays above ln(1 + {outputs - 1}/e) = {log(1 + (outputs - 1) / e):.2f}"
    return f"the sigmoid of it stays within 0.5..{1 / (1 + 1 / e):.2f}"


def _keeps_range(node: Node) -> bool:
    return has_trait(node, Trait.KEEPS_UNIT_RANGE)


def find_unsuitable_init(view: View) -> Iterator[Finding]:
    """Yield `init xavier` with many rectifiers, and `init he` with many sigmoids, unless the network normalises."""
    training = view.network.training
    if not training or any(view.find_nodes(Trait.NORMALISES)):
        return
    init = type(training.init).__name__.lower()
    span = view.elaborated.setting_spans.get("init", view.elaborated.setting_spans.get("train"))
    rectified, squashed = _count_followed(Trait.RECTIFIES, view), _count_followed(Trait.SATURATES, view)
    if init == "xavier" and rectified > max(FEW, squashed):
        fact = "`init xavier` keeps the variance of tanh, and a rectifier halves it"
        beside = f"after {rectified} layers about 1/2^{rectified} = {0.5**rectified:.1g} of it is left"
        yield Finding(span, beside=beside, fact=fact)
    if init == "he" and squashed > max(FEW, rectified):
        fact = "`init he` starts with twice the variance that tanh keeps"
        yield Finding(span, beside=f"{squashed} layers are followed by tanh or sigmoid, and saturate", fact=fact)


def _count_followed(trait: Trait, view: View) -> int:
    """Count the layers with weights that are directly followed by a layer with this trait."""
    return sum(has_trait(view.find_previous(node), Trait.LEARNS_WEIGHT) for node in view.find_nodes(trait))


def find_refusals(view: View) -> Iterator[Finding]:
    """Yield the reasons for which `train` would refuse the spec, such as `data cifar10` with `input 32x32x1`."""
    training, network = view.network.training, view.network
    if not training or len(network.outputs) != 1:
        return
    inputs, answered = tuple(each.shape for each in network.inputs), network.shapes[network.outputs[0]]
    yield from _at(view, "loss", unsuitable := validation.check_loss(training))
    misshapen = _check_output(network, training, answered) if answered and not unsuitable else ""
    needed = training.task.correct_outputs(inputs, answered, training.loss) if answered and misshapen else None
    if answered and needed is not None:
        yield _make_output_finding(view, misshapen, _label_task(view), answered[-1], needed)
    elif misshapen and answered and not training.task.is_map and is_sequence(answered):
        yield _make_pooling_finding(view, misshapen)
    else:
        yield from _at(view, "task", misshapen)
    if answered and not unsuitable and not misshapen:
        read = cast(tuple[int, int, int], inputs[0])
        yield from _check_data(view, training, read, answered[-1])
        yield from _at(view, "normalize", validation.check_normalization(training, read[2]))
        yield from _at(view, "loss", validation.check_class_weights(training, answered[-1]))
    yield from _at(view, "augment", validation.check_augment(training))
    yield from _at(view, "evaluate", validation.check_evaluate(training))
    yield from _at(view, "task", validation.check_pairs(training))
    yield from _at(view, "schedule", validation.check_schedule(training))
    yield from _at(view, "batch", validation.check_balance(training))
    has_validation = training.split is not None or training.data.image is None  # a folder may have such a part
    yield from _at(view, "stop", validation.check_stop(has_validation or training.stop is None))


def _check_output(network: Network, training: Training, output: Shape) -> str:
    """Check the form of the inputs and of the output, and its stride where it is a map of the image."""
    inputs = tuple(each.shape for each in network.inputs)
    if (problem := validation.check_shapes(training, inputs, output)) or not training.task.is_map:
        return problem
    return validation.check_stride(training, inputs[0], output, find_output_stride(network))


def _check_data(view: View, training: Training, read: tuple[int, int, int], outputs: int) -> Iterator[Finding]:
    """Yield the mismatches of data and network, unless the data is left to the command line."""
    span = view.elaborated.setting_spans.get("data")
    if span is None:
        return
    if other := validation.check_target(training, outputs):
        yield Finding(span, fact=other)
        return
    data = Label(span, primary=False)
    classes, image = training.data.count_targets(training.task.target), training.data.image
    if classes is not None and (fact := validation.check_classes(training, outputs, classes)):
        yield _make_output_finding(view, fact, (data,), outputs, classes)
    if image is not None and (fact := validation.check_channels(read, image[2])):
        place = view.elaborated.places[view.network.inputs[0].name]
        yield Finding(place.element, others=(data,), fact=fact, fixes=_change_channels(place, read, image[2]))


def _make_pooling_finding(view: View, fact: str) -> Finding:
    """Make a finding at the layer whose output is a sequence and no vector, with the fix that pools the tokens."""
    name, elaborated = view.network.outputs[0], view.elaborated
    place, last = elaborated.places[name], elaborated.find_output_layer()
    section, element = elaborated.setting_spans.get("train"), place.element
    is_last = last is not None and last[0] == name
    at, text = (element.start, f"{MEAN} -> ") if is_last else (element.end, f" -> {MEAN}")
    title = f"{text}{element.text}" if is_last else f"{text.strip()} behind {name}"
    fix = Fix(f"{title}, line {element.line}", (Edit(Span(element.source, at, at), text),))
    others = (Label(section, primary=False),) if section else ()
    return Finding(place.word, name, others=others, trace=place.trace, fact=fact, fixes=() if place.trace else (fix,))


def _label_task(view: View) -> tuple[Label, ...]:
    """Return the place of the line `task`, if there is one."""
    span = view.elaborated.setting_spans.get("task")
    return (Label(span, primary=False),) if span else ()


def _make_output_finding(view: View, fact: str, others: tuple[Label, ...], outputs: int, needed: int) -> Finding:
    """Make a finding at the number of outputs, or at the last layer if no layer states the number."""
    name, outputs_at = view.elaborated.find_output_layer() or (view.network.outputs[0], None)
    place = view.elaborated.places[name]
    fixes = _change_number(outputs_at, outputs, needed) if outputs_at and not place.trace else ()
    return Finding(outputs_at or place.word, name, others=others, trace=place.trace, fact=fact, fixes=fixes)


def _change_number(span: Span, present: int, other: int) -> tuple[Fix, ...]:
    """Return a fix that writes another number at the end of a span, `K=9` or `9`, unless it is computed there."""
    before, number = span.text[: -len(str(present))], span.text[-len(str(present)) :]
    is_plain = number == str(present) and re.fullmatch(r"(\w+\s*=\s*)?", before)
    return (_replace(span, f"{before}{other}"),) if is_plain else ()


def _change_channels(place: Place, shape: Shape, channels: int) -> tuple[Fix, ...]:
    """Return a fix of the number of channels, where the size of the input is written out in its usual order."""
    span = place.attributes.get("shape")
    text = "x".join(map(str, (*shape[:2], channels)))
    is_plain = span and span.text == "x".join(map(str, shape)) and shape[0] != channels
    return (_replace(span, text),) if span and is_plain else ()


def _replace(span: Span, text: str) -> Fix:
    return make_replacement(span, text, f"{span.text} → {text} in line {span.line}")


def find_spare_outputs(view: View) -> Iterator[Finding]:
    """Yield the number of outputs where a published data set has fewer classes."""
    training, span = view.network.training, view.elaborated.setting_spans.get("data")
    answered = view.network.shapes[view.network.outputs[0]] if view.network.outputs else None
    if not training or not training.data.class_count or not span or not answered:
        return
    outputs, classes = answered[-1], training.data.class_count
    if fact := validation.check_spare_outputs(training, outputs, classes):
        yield _make_output_finding(view, fact, (Label(span, primary=False),), outputs, classes)


def _at(view: View, line: str, fact: str) -> Iterator[Finding]:
    """Yield a finding at a line of the section, or at the section if it has no such line, unless the fact is empty."""
    settings = view.elaborated.setting_spans
    if fact:
        yield Finding(settings.get(line, settings.get("train")), fact=fact)


def find_empty_groups(view: View) -> Iterator[Finding]:
    """Yield groups whose pattern matches no parameter, as in `group nrom lr=2x`."""
    training = view.network.training
    groups = training.group if training else ()
    parameters = _learned_parameters(view) if groups else ()
    names = {called for name, words in parameters for called in list_names(name, words)}
    for group, span in zip(groups, view.elaborated.step_spans.get("group", ()), strict=False):
        if not group.selects(names):
            yield Finding(span, fact=f"no parameter that is learned is called `{group.pattern}`")


def _learned_parameters(view: View) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name of each learned parameter, and the group words of its layer."""
    for node in view.network.nodes:
        inputs = view.network.input_shapes(node)
        if node.layer and inputs and not node.shares:
            names = (name for name in node.layer.parameters(inputs) if not is_frozen(node.layer, name))
            yield from ((f"{node.name}.{name}", node.layer.group_words) for name in names)


LINTS = (
    LintRow(
        Code.W502,
        partial(find_double_squash, "a softmax"),
        "{names} stand{s} before a loss that takes a softmax itself",
        help="leave it out: the class with the largest output stays the same",
    ),
    LintRow(
        Code.W502,
        partial(find_double_squash, "a sigmoid"),
        "{names} stand{s} before a loss that takes a sigmoid itself",
        help="leave it out: an output above 0 then stands for more than one half",
    ),
    LintRow(Code.W505, find_unsuitable_init, help="`init he` suits relu and its kin, `init xavier` tanh and sigmoid"),
    LintRow(
        Code.W507,
        find_empty_groups,
        help='a group is `conv1`, `conv1.bias`, `bias`, `fc`, `norm.bias`, `"block*.bias"`',
    ),
    LintRow(Code.W508, find_refusals, help="`specnet train` refuses this before it begins"),
    LintRow(Code.W510, find_spare_outputs, help="as many outputs as classes are enough"),
)
