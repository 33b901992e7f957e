"""Elements: what is escaped, and what is taken as it is."""

from __future__ import annotations

import pytest

from specnet.page.markup import Html, element, join, name


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (element("p", "a < b & c"), "<p>a &lt; b &amp; c</p>"),
        (element("p", "a", element("b", "c")), "<p>a<b>c</b></p>"),
        (element("p", Html("<i>")), "<p><i></p>"),
        (element("img", alt='"><script>', class_="dark"), '<img alt="&quot;&gt;&lt;script&gt;" class="dark">'),
        (element("input", checked=True, disabled=False), "<input checked>"),
        (element("meta", http_equiv="x", name="y"), '<meta http-equiv="x" name="y">'),
        (element("pre", "a\n\x1b[1m\u202eb\x00"), "<pre>a\n\\x1b[1m\\u202eb\\x00</pre>"),
        (element("p", "\udcff"), "<p>\\udcff</p>"),
        (name("قطة"), "<bdi>قطة</bdi>"),
        (join(["<", Html("<br>")], "\n"), "&lt;\n<br>"),
        (element("p", str(Html("<b>")) + "<i>"), "<p>&lt;b&gt;&lt;i&gt;</p>"),
    ],
)
def test_elements(made: Html, text: str) -> None:
    assert made == text
    assert isinstance(made, Html)
