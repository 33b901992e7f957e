"""Pictures of a page."""

from __future__ import annotations

from io import BytesIO

from parsed import parse

from specnet.run_report.figures import make_figure


def test_both_themes_are_embedded() -> None:
    from PIL import Image

    picture = BytesIO()
    Image.new("RGB", (30, 20), "red").save(picture, "PNG")
    elements = parse(make_figure("<b>", "caption", picture.getvalue(), picture.getvalue())).elements
    images = [attributes for tag, attributes, _ in elements if tag == "img"]
    assert [image["class"] for image in images] == ["light", "dark"]
    assert all(image["src"].startswith("data:image/webp;base64,") for image in images)
    assert {image["alt"] for image in images} == {"caption"}
