"""How deep the blocks of a diagram are open at first."""

from __future__ import annotations

from typing import Any

import pytest

from specnet.page.unfolding import MOST_BOXES, count_boxes, open_scopes


def make_parts(inner: int, is_collapsed: bool = False) -> dict[str, Any]:
    """Return two alike stages of two blocks of `inner` boxes each."""
    scopes: dict[str, Any] = {}
    for stage in ("a", "b"):
        scopes[stage] = {"contents": [f"{stage}.0", f"{stage}.1"], "layers": [], "open": True}
        for block in scopes[stage]["contents"]:
            inside = [f"{block}.{number}" for number in range(inner)]
            scopes[block] = {"contents": inside, "layers": [], "open": True}
    runs = [{"scopes": ["a", "b"], "open": False}] if is_collapsed else []
    return {"contents": ["first", "a", "b"], "scopes": scopes, "runs": runs}


def list_open(parts: dict[str, Any]) -> list[str]:
    return [name for name, scope in parts["scopes"].items() if scope["open"]]


@pytest.mark.parametrize(
    ("depth", "opened"),
    [
        (0, []),
        (1, ["a", "b"]),
        (2, ["a", "a.0", "a.1", "b", "b.0", "b.1"]),
        (9, ["a", "a.0", "a.1", "b", "b.0", "b.1"]),
    ],
)
def test_blocks_are_opened_to_a_depth(depth: int, opened: list[str]) -> None:
    parts = make_parts(2)
    open_scopes(parts, depth)
    assert list_open(parts) == opened


def test_what_was_folded_stays_folded() -> None:
    parts = make_parts(2)
    parts["scopes"]["a.0"]["open"] = False
    open_scopes(parts, 2)
    assert list_open(parts) == ["a", "a.1", "b", "b.0", "b.1"]


@pytest.mark.parametrize(
    ("inner", "is_collapsed", "boxes"),
    [(2, False, 9), (60, False, 5), (60, True, 121), (100, True, 3), (37, False, 149)],
)
def test_as_many_levels_are_open_as_can_be_taken_in(inner: int, is_collapsed: bool, boxes: int) -> None:
    parts = make_parts(inner, is_collapsed)
    open_scopes(parts, None)
    assert count_boxes(parts, parts["contents"], 9) == boxes <= MOST_BOXES


@pytest.mark.parametrize(("depth", "opened"), [(None, []), (0, []), (1, ["attention1"])])
def test_a_layer_of_several_steps_is_opened_by_a_depth_alone(depth: int | None, opened: list[str]) -> None:
    scope = {"contents": ["attention1.q", "attention1.k"], "layers": ["attention1"], "open": False}
    parts: dict[str, Any] = {"contents": ["attention1"], "scopes": {"attention1": scope}, "runs": []}
    open_scopes(parts, depth)
    assert list_open(parts) == opened
