"""The landing zone: segments that are whole or not there."""

from __future__ import annotations

import stat

import pytest

from core.errors import ConnectorDefect
from core.model import Deletion
from storage.warehouse.landing import LandingZone, SavedState, partition_of, read_header
from tests.storage.places import FILES, T0, Place, later


def test_a_segment_tells_all_that_its_landing_needs(place: Place) -> None:
    path = place.write(
        {"id": "1"},
        state={"cursor": "c1"},
        walk_started=T0,
        parent={"id": "list", "a": 1},
        deletions=[(Deletion(match={"path": "/a"}, subtree=True), 1)],
    )
    header = read_header(path)
    assert (header.platform, header.stream, header.table) == ("dropbox", "entries", FILES)
    assert header.partition == partition_of({"a": 1, "id": "list"}) == '{"a":1,"id":"list"}'
    assert (header.state, header.walk_started, header.fetched_at) == ({"cursor": "c1"}, T0, T0)
    assert header.deletions[0].deletion == Deletion(match={"path": "/a"}, subtree=True)


def test_segments_are_found_in_the_order_written_even_if_the_clock_is_set_back(place: Place) -> None:
    folder = place.landing.folder
    ticks = iter([2_000, 1_000, 3_000])
    first = LandingZone(folder, nanoseconds=lambda: next(ticks))
    written = [first.write(integration="i", run="r", table=FILES, records=[], fetched_at=T0) for _ in range(2)]
    second = LandingZone(folder, nanoseconds=lambda: 5)
    written.append(second.write(integration="i", run="r", table=FILES, records=[], fetched_at=T0))
    assert place.landing.pending() == written


def test_a_record_on_several_lines_becomes_one_line(place: Place) -> None:
    path = place.write(b'{\n "id": "1",\n "name": "a\\nb"\n}', {"id": "2"})
    lines = path.read_bytes().split(b"\n")
    assert lines[1:] == [b'{"id":"1","name":"a\\nb"}', b'{"id": "2"}', b""]
    assert read_header(path).rows == 2


def test_a_torn_segment_is_set_aside_with_the_reason_and_blocks_no_other(place: Place) -> None:
    torn = place.write({"id": "1"})
    torn.write_bytes(torn.read_bytes()[:-4])
    garbage = place.landing.folder / "0000.ndjson"
    garbage.write_bytes(b"\x00\xff")
    place.write({"id": "2"})
    place.drain()
    assert place.rows("SELECT id FROM dropbox.entries") == [("2",)]
    rejected = {path.name for path in place.landing.rejected.iterdir()}
    assert rejected == {torn.name, f"{torn.stem}.reason", "0000.ndjson", "0000.reason"}
    assert "the header tells of" in (place.landing.rejected / f"{torn.stem}.reason").read_text()


def test_the_latest_states_are_those_of_the_last_segments(place: Place) -> None:
    place.write(state={"n": 1}, walk_started=T0)
    place.write(state={"n": 2}, walk_started=T0, ends_walk=True, at=later(1))
    place.write({"id": "3"})
    place.write(state={"n": 7}, parent={"id": "p"}, walk_started=T0)
    place.write(state={"n": 9}, integration="another")
    assert place.landing.latest_states("box") == {
        ("entries", ""): SavedState(state={"n": 2}),
        ("entries", '{"id":"p"}'): SavedState(state={"n": 7}, walk_started=T0),
    }


def test_segments_can_be_read_by_their_owner_alone(place: Place) -> None:
    path = place.write({"id": "1"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    place.drain()
    assert stat.S_IMODE(place.warehouse.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "deletion",
    [
        Deletion(match={}),
        Deletion(match={"nothing": "x"}),
        Deletion(match={"id": "1", "path": "/a"}, subtree=True),
    ],
)
def test_a_deletion_that_cannot_be_matched_is_refused_where_it_is_told(place: Place, deletion: Deletion) -> None:
    with pytest.raises(ConnectorDefect, match=r"dropbox\.entries"):
        place.write(deletions=[(deletion, 0)])


def test_what_a_writer_left_half_written_is_no_segment(place: Place) -> None:
    place.write({"id": "1"})
    (place.landing.folder / "half.tmp").write_bytes(b"[")
    assert len(place.landing.pending()) == 1
    assert place.landing.remove_abandoned(T0.replace(year=2000)) == 0
    assert place.landing.remove_abandoned(T0.replace(year=2999)) == 1
