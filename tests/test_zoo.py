"""The table of the published networks is read whole, or is said to be damaged; tests/zoo tests what it says."""

from __future__ import annotations

import pytest

from specnet import zoo
from specnet.package import IncompleteInstall
from specnet.zoo import ClaimedSize, PublishedNetwork, read_claimed_size, read_published_networks


def test_a_row_has_references_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "spec\t…\nnin\t2013\tLin\t59.36\thttps://example.org\t\nvgg\t2014\tSimonyan\t\t\ttimm:vgg keras:VGG\n"
    monkeypatch.setattr(zoo, "read_package_text", lambda path: rows)
    assert read_published_networks() == [
        PublishedNetwork("nin", 2013, "Lin", "59.36", "https://example.org", ()),
        PublishedNetwork("vgg", 2014, "Simonyan", "", "", ("timm:vgg", "keras:VGG")),
    ]


@pytest.mark.parametrize("row", ["nin\t2013", "nin\tin 2013\tLin\t\t\t", ""])
def test_a_damaged_row_is_shown(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "read_package_text", lambda path: f"spec\n{row}\n")
    with pytest.raises(IncompleteInstall, match=r"a row of specs/zoo\.tsv is damaged: '"):
        read_published_networks()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("expect parameters 1_200\nexpect macs 30  # as in table 1\n", ClaimedSize(1_200, 30)),
        ("expect parameters 1_200 if deploy else 1_300\nexpect macs < 30\n", ClaimedSize(None, None)),
        ("  expect macs 30\nexpect memory 20\n", ClaimedSize(None, None)),
    ],
)
def test_only_a_plain_claim_is_a_size(text: str, size: ClaimedSize, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoo, "read_package_text", lambda path: text)
    assert read_claimed_size("nin") == size
