"""Text for people: numbers with their nouns."""

from __future__ import annotations


def count(number: int, one: str, many: str = "") -> str:
    """``number`` with its noun, "1 launch" and "2 launches"; ``many`` if not "+ s"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
