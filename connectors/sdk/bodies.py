"""Bodies of requests and replies as bytes: what is sent, and what arrives decoded within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlencode

import msgspec

from core.errors import BadReply
from core.http import Request

MAX_BODY_BYTES: Final = 64 * 1024 * 1024


class BrokenOff(Exception):
    """The body did not arrive whole; asking again may help."""


def outgoing(request: Request) -> tuple[bytes | None, str]:
    """The body of a request and its content type, empty where the request says it itself."""
    if request.json is not None:
        return msgspec.json.encode(request.json), "application/json"
    if request.form is not None:
        return urlencode(request.form).encode(), "application/x-www-form-urlencoded"
    return request.content, ""


def incoming(chunks: Iterable[bytes], coding: str, late: Callable[[], bool]) -> bytes:
    """The body of a reply. `coding` is its content encoding, `late` tells that its time is up.

    Never holds more than MAX_BODY_BYTES, however little of it travels (a decompression bomb). Raises BadReply for a
    larger one or another coding than gzip, the only one that is asked for; BrokenOff for one that does not end well.
    """
    if coding not in ("", "identity", "gzip"):
        raise BadReply(f"the reply is encoded as {coding[:40]!r}, which was not asked for")
    unzip = zlib.decompressobj(wbits=31) if coding == "gzip" else None
    pieces, room = [], MAX_BODY_BYTES
    try:
        for chunk in chunks:
            piece = unzip.decompress(chunk, room + 1) if unzip else chunk
            pieces.append(piece)
            room -= len(piece)
            if room < 0:
                raise BadReply(f"the reply is larger than {MAX_BODY_BYTES // 1024 // 1024} MiB")
            if late():
                raise BrokenOff("it did not answer in time")
    except zlib.error as error:
        raise BrokenOff("the reply was garbled") from error
    if unzip and pieces and not unzip.eof:
        raise BrokenOff("the reply was cut off")
    return b"".join(pieces)
