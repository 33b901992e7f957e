"""No text of a spec breaks out of its page, whatever is in it."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from parsed import parse

import specnet
from specnet.page.network import make_network
from specnet.page.network_page import make_network_page

MARKUP = ("</script>", "<script>", "<!--", "-->", "]]>", "<img src=x onerror=alert(1)>", '"', "'", "&", "&lt;")
OTHERS = ("\\", "\x1b[31m", "\u202e", "\u2028", "{{", "${x}", "`", "a" * 300, "قطة", "猫")

PIECES = st.sampled_from((*MARKUP, *OTHERS))

TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=6).map("".join)

PLAIN = parse(make_network(specnet.check('net Plain "x"\ninput 8x8x3\nconv1: conv K=4 F=3 # x\nfc 3\n'))).tags


@settings(max_examples=40)
@given(TEXTS)
def test_a_description_and_a_comment_are_text(text: str) -> None:
    line = "".join(text.replace('"', "'").replace("\\", "/").splitlines()) or "x"
    checked = specnet.check(f'net Plain "{line}"\ninput 8x8x3\nconv1: conv K=4 F=3 # {line}\nfc 3\n')
    made = parse(make_network(checked))
    if checked.ok and not checked.shown:
        assert made.tags == PLAIN
    assert "img" not in made.tags
    json.loads(made.find_script(**{"class": "network-data"}))


@settings(max_examples=40)
@given(TEXTS)
def test_any_text_at_all_has_a_page(text: str) -> None:
    parsed = parse(make_network_page(specnet.check(f"{text}\n")).html)
    assert [tag for tag in parsed.tags if tag in ("img", "iframe", "object", "form")] == []
    assert len([given for given, _ in parsed.scripts if "type" not in given]) == 1
