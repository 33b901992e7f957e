"""Mutate a model of another tool as its format is made: by byte, by token, by value of its JSON, within its archive."""

from __future__ import annotations

import io
import json
import re
import zipfile
from random import Random
from typing import Any

TOKEN = re.compile(r"\s+|\w+|.", re.DOTALL)

WORDS = (
    *("0", "-1", "1", "2", "3", "7", "1e308", "nan", "inf", "99999999999999999999", "4294967296", "0.5", "''", '"'),
    *("{", "}", "[", "]", ":", ",", "=", "#", "\n", "\x00", "é", "true", "null", "layer {", "[route]", "-9999999"),
    *("data", "bottom", "top", "name", "type", "Convolution", "layers=-1,-1", "from=-1", "*a", "&a", "!!python/object"),
)

VALUES = (
    *(None, True, 0, -1, 1, 1 << 70, 1e308, float("nan"), "", "x" * 300, "Lambda", "same", [], {}, [[[]]], [0, 0]),
    *({"class_name": "Lambda", "config": {"function": ["4wEA", None, None]}}, {"class_name": "__main__>Own"}, "../x"),
)


def mutate(data: bytes, random: Random) -> bytes:
    """Return a changed model: usually one change, sometimes several."""
    for _ in range(random.choice((1, 1, 1, 2, 5))):
        data = _mutate_once(data, random)
    return data


def _mutate_once(data: bytes, random: Random) -> bytes:
    if data.startswith(b"PK") and random.random() < 0.8:
        return _mutate_archive(data, random)
    text = _decode(data)
    if text is None or random.random() < 0.15:
        return _mutate_bytes(data, random)
    if text.lstrip()[:1] == "{" and random.random() < 0.8:
        return _mutate_json(text, random)
    return _mutate_text(text, random).encode(errors="replace")


def _decode(data: bytes) -> str | None:
    try:
        return data.decode() if b"\0" not in data[:4096] else None
    except UnicodeDecodeError:
        return None


def _mutate_bytes(data: bytes, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.choice((0, 1, 1, 4, 100, 10_000)))
    change = random.randrange(5)
    if change == 0:
        return data[:start] + data[end:]
    if change == 1:
        return data[:start] + data[start:end] * 2 + data[end:]
    if change == 2:
        return data[:start]
    if change == 3:
        return data[:start] + random.randbytes(max(end - start, 1)) + data[end:]
    other = bytes([data[start] ^ (1 << random.randrange(8))]) if start < len(data) else b"\xff"
    return data[:start] + other + data[start + 1 :]


def _mutate_text(text: str, random: Random) -> str:
    change = random.randrange(5)
    if change == 0:
        return _mutate_lines(text, random)
    if change == 1:
        depth = random.choice((3, 1000, 100_000))
        at = random.randrange(len(text) + 1)
        return text[:at] + random.choice(("{", "[", "a {", "layer {", "(")) * depth + text[at:]
    tokens = TOKEN.findall(text) or [""]
    at, other = random.randrange(len(tokens)), random.randrange(len(tokens))
    if change == 2:
        tokens[at] = random.choice(WORDS)
    elif change == 3:
        tokens[at], tokens[other] = tokens[other], tokens[at]
    else:
        numbers = [i for i, token in enumerate(tokens) if token.isdigit()] or [at]
        tokens[random.choice(numbers)] = random.choice(WORDS[:14])
    return "".join(tokens)


def _mutate_lines(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    start = random.randrange(len(lines))
    end = start + random.choice((1, 1, 2, 8))
    some = lines[start:end]
    return "".join(random.choice(([*lines[:start], *lines[end:]], [*lines[:end], *some, *lines[end:]])))


def _mutate_json(text: str, random: Random) -> bytes:
    """Return JSON with a value changed, removed, or moved; of text that is none, other text."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _mutate_text(text, random).encode(errors="replace")
    places = [*_list_places(document)]
    if places:
        holder, key = random.choice(places)
        change = random.randrange(4)
        if change == 0:
            del holder[key]
        elif change == 1:
            other, at = random.choice(places)
            holder[key] = json.loads(json.dumps(other[at])) if at in other or isinstance(other, list) else None
        else:
            holder[key] = random.choice(VALUES)
    try:
        return json.dumps(document).encode()
    except (ValueError, RecursionError):
        return text.encode()


def _list_places(document: Any) -> list[tuple[Any, Any]]:
    """Return the holders and keys of all values, those of outer ones first."""
    places, left = list[tuple[Any, Any]](), [document]
    while left:
        holder = left.pop()
        keys = holder if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            places.append((holder, key))
            left.append(holder[key])
    return places


def _mutate_archive(data: bytes, random: Random) -> bytes:
    """Return an archive with one of its files changed, renamed, dropped or blown up."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist()}
    except Exception:  # an archive that was damaged before
        return _mutate_bytes(data, random)
    if not files:
        return _mutate_bytes(data, random)
    texts = [name for name in files if name.endswith(".json")]
    name = random.choice(texts if texts and random.random() < 0.7 else sorted(files))
    change = random.randrange(8)
    if change == 0:
        del files[name]
    elif change == 1:
        files[random.choice(("../evil", "/etc/x", name * 3, "data.pkl"))] = files.pop(name)
    elif change == 2:
        files[name] = b" " * (1 << 24) + files[name]
    else:
        files[name] = _mutate_once(files[name], random)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, held in files.items():
            archive.writestr(each, held)
    return content.getvalue()
