"""Elements of HTML. Text is escaped wherever it is put into one; only an `Html` is taken as it is."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from specnet.printable import escape_unprintable

VOID = frozenset({"img", "input", "link", "meta"})
"""Elements without content."""


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, /, *content: str, **attributes: str | int | bool) -> Html:
    """Return an element; `class_` and `for_` are its `class` and `for`, `http_equiv` is `http-equiv`.

    An attribute that is True has no value, and one that is False is left out.
    """
    given = "".join(_format_attribute(key, value) for key, value in attributes.items() if value is not False)
    return Html(f"<{tag}{given}>" if tag in VOID else f"<{tag}{given}>{join(content)}</{tag}>")


def _format_attribute(key: str, value: str | int | bool) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{_escape(str(value))}"'


def join(parts: Iterable[str], between: str = "") -> Html:
    """Return several parts, text or markup, as markup."""
    return Html(between.join(part if isinstance(part, Html) else _escape(part) for part in parts))


def _escape(text: str) -> str:
    """Return text, of one line or several, as markup that shows it; control characters are shown as escapes."""
    return "\n".join(escape(escape_unprintable(line)) for line in text.split("\n"))


def name(text: str) -> Html:
    """Return a name of the user's, which may be in any script, isolated from the text around it."""
    return element("bdi", text)
