"""Describe the sizes that a network takes as the JSON of `specnet sizes --format json` (schema 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from specnet.analyses.sizes.axis import AxisSizes
from specnet.analyses.sizes.size_set import SizeSet
from specnet.analyses.sizes.survey import InputSizes, Survey
from specnet.attributes import LARGEST
from specnet.elaborate import Elaborated
from specnet.layers.base import Shape


def describe_survey(file: str, elaborated: Elaborated, survey: Survey, near: Sequence[Shape | None]) -> dict[str, Any]:
    """Return the JSON values of the sizes of all inputs."""
    verdict = survey.verdict
    return {
        "schema": 1,
        "file": file,
        "network": elaborated.network.name,
        "inputs": [{"name": given.name, "shape": given.shape} for given in elaborated.network.inputs],
        "valid": verdict.is_valid,
        "exact": verdict.is_exact,
        "refused": verdict.refused or None,
        "rounds": verdict.rounds or None,
        "sizes": [describe_sizes(*pair, verdict.is_valid) for pair in zip(survey.inputs, near, strict=True)],
    }


def describe_sizes(sizes: InputSizes, near: Shape | None, knows_weights: bool) -> dict[str, Any]:
    """Return the JSON values of the sizes of some inputs."""
    smallest, nearest = sizes.find_smallest(), sizes.find_nearest(near) if near else None
    return {
        "names": list(sizes.names),
        "shape": list(sizes.shape),
        "axes": [_describe_axis(axis, knows_weights) for axis in sizes.axes],
        "independent": sizes.are_independent,
        "square": _describe_axis(sizes.square, knows_weights) if sizes.square else None,
        "smallest": dict(zip(("valid", "exact"), smallest, strict=True)),
        "nearest": {"to": near, "valid": nearest[0], "exact": nearest[1]} if nearest else None,
    }


def _describe_axis(axis: AxisSizes, knows_weights: bool) -> dict[str, Any]:
    return {
        "name": axis.name,
        "valid": _describe_set(axis.valid),
        "exact": _describe_set(axis.exact),
        "weights": _describe_set(axis.fitting or axis.valid) if knows_weights else None,
        "untried": _describe_untried(axis.untried) if axis.untried else None,
    }


def _describe_untried(sizes: range) -> dict[str, int | None]:
    return {"from": sizes.start, "to": sizes.stop - 1 if sizes.stop <= LARGEST else None}


def _describe_set(sizes: SizeSet) -> dict[str, Any]:
    return {
        "from": sizes.start,
        "modulus": sizes.modulus,
        "remainders": list(sizes.residues),
        "others": list(sizes.others),
    }
