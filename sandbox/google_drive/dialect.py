"""How Drive takes what is asked: masks, page sizes and tokens, the search language, and its complaints."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.google import problem
from sandbox.google_drive.masks import BadMask, parsed, partial
from sandbox.google_drive.space import is_moment
from sandbox.platform import Call, Refused, Reply, json_reply


def answered(value: Mapping[str, Any], call: Call, usual: str = "") -> Reply:
    """The reply as far as `fields` asks for it; `usual` is the mask of those who ask for nothing."""
    mask = call.param("fields") or usual
    try:
        found = partial(dict(value), parsed(mask) if mask else {})
    except BadMask as error:
        return invalid(f"Invalid field selection {error.part}", "fields", "invalidParameter")
    return json_reply(found, kind="application/json; charset=UTF-8")


def invalid(message: str, location: str, reason: str = "invalid") -> Reply:
    return problem(400, message, reason=reason, location=location)


def size_of(call: Call, usual: int, most: int) -> int:
    text = call.param("pageSize", str(usual))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise Refused(
            invalid(
                f"Invalid value '{text}'. Values must be within the range: [1, {most}]", "pageSize", "invalidParameter"
            )
        )
    return int(text)


def token_of(call: Call) -> int | None:
    """The index after which a page begins; None for a token that is none."""
    given = call.param("pageToken")
    if not given:
        return -1
    tail = given.removeprefix("~!!~")
    return int(tail) if tail != given and tail.isdigit() else None


def query_of(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """The part of the search language that is served: terms joined by `and`."""
    terms = [_term(term.strip()) for term in re.split(r"\s+and\s+", text)] if text.strip() else []
    return lambda file: all(term(file) for term in terms)


def _term(text: str) -> Callable[[Mapping[str, Any]], bool]:
    value = r"'((?:[^'\\]|\\.)*)'"
    if found := re.fullmatch(r"(trashed|starred) *= *(true|false)", text):
        name, wanted = found[1], found[2] == "true"
        return lambda file: file[name] is wanted
    if found := re.fullmatch(rf"{value} in parents", text):
        number = found[1]
        return lambda file: number in file["parents"]
    if found := re.fullmatch(rf"(name|mimeType) *= *{value}", text):
        member, exact = found[1], re.sub(r"\\(.)", r"\1", found[2])
        return lambda file: bool(file[member] == exact)
    if (found := re.fullmatch(rf"modifiedTime *> *{value}", text)) and is_moment(found[1]):
        since = found[1]
        return lambda file: bool(file["modifiedTime"] > since)
    pair = rf"appProperties has *\{{ *key={value} and value={value} *\}}"
    if found := re.fullmatch(pair, text):
        key, wanted_value = found[1], found[2]
        return lambda file: bool(file.get("appProperties", {}).get(key) == wanted_value)
    raise Refused(invalid("Invalid Value", "q"))
