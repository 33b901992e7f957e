"""Networks of torchvision and timm come with equal parameters, multiply-accumulates and outputs."""

from __future__ import annotations

import pytest
from import_equality.architectures import TIMM, TORCHVISION
from import_equality.comparison import compare
from oracles import import_or_skip

from specnet.importers import UnreadableModel, import_model

NETWORKS = [*(("torchvision", name) for name in TORCHVISION), *(("timm", name) for name in TIMM)]

REFUSED = {
    "sequencer2d_s": "`lstm` has no counterpart here",
    "eca_resnet33ts": "windows here slide over maps",
    "coatnet_nano_rw_224": "`attention` keeps their number",
    "xcit_nano_12_p16_224": "`norm` has no counterpart here",
    "cait_xxs24_224": "it multiplies two values, which only attention does here",
}
"""Networks of timm that cannot be said, with the reason of the first layer that is left out."""


@pytest.mark.slow
@pytest.mark.parametrize(("library", "name"), NETWORKS, ids=[f"{library}-{name}" for library, name in NETWORKS])
def test_a_network_of_a_library_comes_whole(library: str, name: str) -> None:
    import_or_skip(library)
    row = compare(library, name)
    assert row.is_equal, str(row)
    assert "differ by at most" in row.outputs


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_a_network_that_cannot_be_said_is_refused_with_the_reason(name: str) -> None:
    import_or_skip("timm")
    try:
        result = import_model(f"import_equality.architectures:make('timm', {name!r})")
    except UnreadableModel as error:
        assert "no layer of the file has a counterpart" in str(error)
        return
    reasons = [reason for entry in result.imported.lost for reason in entry.reasons]
    assert any(REFUSED[name] in reason for reason in reasons), reasons[:5]
