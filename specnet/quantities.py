"""A number and its noun, as a message says them."""

from __future__ import annotations


def count_noun(number: float, noun: str) -> str:
    """Return `1 epoch`, `9.9 epochs` or `60,000 images`."""
    amount = f"{number:,}" if isinstance(number, int) else f"{number:g}"
    return f"{amount} {noun}{'' if number == 1 else 's'}"
