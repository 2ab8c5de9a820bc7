"""The life of one record through the real client and the sandbox: created, read, changed, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.sdk.writing import Write
from core.errors import IntegrationError
from core.http import Response
from tests.contract.rig import Rig


def written_and_gone(rig: Rig, write: Write, record: dict[str, Any], changes: dict[str, Any]) -> None:
    """Creates the record, finds it, changes it (its version moves) and deletes it, or archives it."""
    assert write.create
    assert write.update
    assert write.delete
    assert write.read
    context = rig.context()
    key = write.created(rig.client.send(write.create(record, context)))
    assert all(key.values())
    before = rig.client.send(write.read(key, context))
    assert _holds(write, before, record)
    rig.sandbox.advance(seconds=90)
    version = write.version_of(before)
    there = write.record_of(before)
    assert there is not None
    rig.client.send(write.update(key, write.complete(there, changes), version, rig.context()))
    after = rig.client.send(write.read(key, context))
    assert _holds(write, after, changes)
    if write.control != "none":
        assert version is not None
        assert write.version_of(after) != version
    rig.client.send(write.delete(key, write.version_of(after), rig.context()))
    try:
        gone = rig.client.send(write.read(key, context))
    except IntegrationError:
        return
    if not _gone(gone, write):
        pytest.fail("it is still there")


def _holds(write: Write, reply: Response, values: dict[str, Any]) -> bool:
    found = write.record_of(reply)
    assert found is not None
    text = found.decode()
    return all(str(value) in text for value in values.values())


def _gone(reply: Response, write: Write) -> bool:
    found = write.record_of(reply)
    return found is None or any(mark in found for mark in (b'"archived":true', b'"archived"', b'"trashed":true'))
