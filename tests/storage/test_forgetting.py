"""What the warehouse forgets when it is told to, and what it keeps."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.model import Deletion
from storage.warehouse.forgetting import PruneReport, prune, remove_integration, reset_state
from storage.warehouse.metrics import SYNCS
from storage.warehouse.reading import states, table_counts
from tests.storage.places import T0, Place, later


def _streams(place: Place, integration: str = "box") -> set[tuple[str, str]]:
    return set(states(place.warehouse, place.landing, integration))


def test_a_reset_stream_begins_again_even_if_its_state_still_waited_to_land(place: Place) -> None:
    place.write({"id": "a"}, state={"n": 1})
    place.drain()
    place.write({"id": "b"}, state={"n": 2})
    place.write(state={"n": 3}, parent={"id": "p"})
    place.write(state={"n": 4}, integration="other")
    reset_state(place.warehouse, place.landing, "box", now=T0, stream="no such stream")
    assert _streams(place) == {("entries", ""), ("entries", '{"id":"p"}')}
    reset_state(place.warehouse, place.landing, "box", now=T0, stream="entries")
    assert _streams(place) == set()
    assert _streams(place, "other") == {("entries", "")}
    assert table_counts(place.warehouse) == {"dropbox.entries": 2}


@pytest.mark.parametrize("keep_history", [True, False])
def test_a_removed_integration_leaves_its_history_or_nothing(place: Place, keep_history: bool) -> None:
    for integration in ("box", "it's another"):
        place.write({"id": "a"}, b"bad", state={}, integration=integration)
        place.landing.append(SYNCS, [{"started_at": T0, "integration": integration}], at=T0)
    rows = remove_integration(place.warehouse, place.landing, "it's another", now=T0, keep_history=keep_history)
    assert rows == (0 if keep_history else 2)
    assert _streams(place, "it's another") == set()
    assert _streams(place) == {("entries", "")}
    left = 2 if keep_history else 1
    assert table_counts(place.warehouse) == {"dropbox.entries": left, "metrics.syncs": left}
    assert place.rows("SELECT count(*) FROM landed.quarantine") == [(left,)]


def _half_written(place: Place) -> Path:
    half = place.landing.folder / "half.tmp"
    half.write_bytes(b"[")
    return half


def test_pruning_removes_what_is_old_and_nothing_that_lives(place: Place) -> None:
    old, new = T0 - timedelta(days=400), T0
    for at in (old, new):
        place.write({"id": f"gone {at}"}, deletions=[(Deletion(match={"id": f"gone {at}"}), 1)], at=at)
        place.write({"id": f"live {at}"}, at=at)
        place.landing.append(SYNCS, [{"started_at": at}], at=at)
        place.drain(now=at)
    half = _half_written(place)
    report = prune(place.warehouse, place.landing, before=T0 - timedelta(days=30), now=T0)
    assert report == PruneReport(metrics=1, tombstones=1, quarantine=0, segments=3, files=0)
    assert half.exists()
    assert table_counts(place.warehouse) == {"dropbox.entries": 2, "metrics.syncs": 1}
    assert place.rows("SELECT count(*) FROM dropbox.entries") == [(3,)]
    far = datetime.now(tz=T0.tzinfo) + timedelta(days=1)
    assert prune(place.warehouse, place.landing, before=far, now=later(1)).files == 1
    assert place.rows("SELECT count(*) FROM dropbox.entries") == [(2,)]
