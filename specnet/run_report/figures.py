"""Pictures of a page, embedded for both themes."""

from __future__ import annotations

from base64 import b64encode
from io import BytesIO

from PIL import Image

from specnet.page.markup import Html, element

PIXELS = 1.25
"""The pixels of a picture for one of the page, so that it is sharp on finer screens."""

FITTING = 640
"""The width of a picture up to which it can be read when it is shrunk to a phone's; others are scrolled there."""


def make_figure(title: str, caption: str, light: bytes, dark: bytes, is_wide: bool = False) -> Html:
    """Return a picture, a PNG for each theme, with its title and caption; it is as wide as the text, or the page."""
    images = (_make_image(content, theme, caption) for theme, content in (("light", light), ("dark", dark)))
    box = element("div", *images, class_="scroll picture wide" if is_wide else "scroll picture")
    return element("figure", element("h3", title), box, element("figcaption", caption))


def _make_image(png: bytes, theme: str, caption: str) -> Html:
    """Return a picture as lossless WebP, which takes a third of the PNG."""
    content = BytesIO()
    with Image.open(BytesIO(png)) as picture:
        width, height = (round(side / PIXELS) for side in picture.size)
        picture.convert("RGB").save(content, "WEBP", lossless=True)
    source = f"data:image/webp;base64,{b64encode(content.getvalue()).decode()}"
    return element("img", src=source, alt=caption, width=width, height=height, data_wide=width > FITTING, class_=theme)
