"""Partial replies: `fields=a,b/c,d(e,f)`. developers.google.com/workspace/drive/api/guides/fields-parameter"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

Mask = Mapping[str, Any]  # of masks; an empty one takes everything below


class BadMask(Exception):
    """It cannot be read; `part` is where."""

    def __init__(self, part: str) -> None:
        super().__init__(part)
        self.part = part


@lru_cache(maxsize=256)
def parsed(text: str) -> Mask:
    """Raises BadMask."""
    found, rest = _fields(text)
    if rest:
        raise BadMask(rest)
    return found


def partial(value: Any, mask: Mask) -> Any:
    """What the mask lets through."""
    if not mask or "*" in mask:
        return value
    if isinstance(value, list):
        return [partial(one, mask) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: partial(one, mask[name]) for name, one in value.items() if name in mask}


def _fields(text: str) -> tuple[Mask, str]:
    found: dict[str, Any] = {}
    while True:
        name = ""
        while text and text[0] not in ",()/":
            name, text = name + text[0], text[1:]
        if not name.strip():
            raise BadMask(text or "end")
        inner: Mask = {}
        if text[:1] == "/":
            inner, text = _path(text[1:])
        elif text[:1] == "(":
            inner, text = _fields(text[1:])
            if text[:1] != ")":
                raise BadMask(text or "end")
            text = text[1:]
        found[name.strip()] = inner
        if text[:1] != ",":
            return found, text
        text = text[1:]


def _path(text: str) -> tuple[Mask, str]:
    """What follows a slash: one field, with all that is below it."""
    end = next((place for place, letter in enumerate(text) if letter in ",)"), len(text))
    opened = text.find("(", 0, end)
    if opened >= 0:
        raise BadMask(text)
    steps = text[:end].split("/")
    mask: dict[str, Any] = {}
    for step in reversed(steps):
        mask = {step: mask}
    return mask, text[end:]
