"""A sync lands what it has written while it goes on reading."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pytest

from sandbox.sandbox import Sandbox
from storage.warehouse.report import DrainReport
from tasks import draining, segments
from tasks.draining import Draining
from tasks.engine import sync
from tests.storage.places import LOG, T0, Place
from tests.tasks.connected import connect_sample
from tests.tasks.landed import live
from tests.tasks.places import open_place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(folder=tmp_path)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows are enough to be landed while reading goes on."""
    monkeypatch.setattr(draining, "LAND_ROWS", 2)


def opened(place: Place) -> Draining:
    return Draining(place.warehouse, place.landing, lambda: T0)


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.002)


def ids(place: Place) -> list[str]:
    return sorted(row[0] for row in place.rows("SELECT id FROM dropbox.log"))


def threads() -> Iterator[threading.Thread]:
    return (thread for thread in threading.enumerate() if thread.name.startswith("drain"))


@pytest.mark.usefixtures("few")
def test_what_has_gathered_lands_while_others_still_write(place: Place) -> None:
    """Each writer goes on only when what it wrote before has landed: without landings in between none would end."""

    def write(stream: str) -> None:
        for number in range(3):
            path = place.write({"id": f"{stream}{number}"}, {"id": f"{stream}{number}'"}, table=LOG)
            running.written(path)
            eventually(lambda path=path: not path.exists())  # type: ignore[misc]

    with opened(place) as running, ThreadPoolExecutor(3) as writers:
        list(writers.map(write, "xyz"))
        assert running.report.rows == 18
    assert len(ids(place)) == len(set(ids(place))) == 18


@pytest.mark.usefixtures("few")
def test_too_few_rows_wait_for_more(place: Place) -> None:
    with opened(place) as running:
        paths = [place.write({"id": "a"}, table=LOG), place.write({"id": "b"}, table=LOG)]
        running.written(paths[0])
        running.written(paths[1])
        eventually(lambda: not place.landing.pending())
        alone = place.write({"id": "c"}, table=LOG)
        running.written(alone)
    assert place.landing.pending() == [alone]
    assert ids(place) == ["a", "b"]


def test_land_waits_for_all_that_was_written(place: Place) -> None:
    place.write({"id": "of another run"}, table=LOG)
    with opened(place) as running:

        def write(number: int) -> None:
            running.written(place.write({"id": f"{number}"}, table=LOG))

        with ThreadPoolExecutor(4) as writers:
            list(writers.map(write, range(12)))
        running.land(5.0)
        assert place.landing.pending() == []
        assert (running.report.rows, running.report.busy) == (13, False)
    assert len(set(ids(place))) == 13


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("new", "landed"), [(True, "new"), (False, "was")])
def test_of_a_large_first_load_what_follows_the_first_landing_is_left_in_its_files(
    place: Place, new: bool, landed: str
) -> None:
    """Seen by changing a file that the thread has been told of."""
    with opened(place) as running:
        first = place.write({"id": "1"}, {"id": "2"}, walk_started=T0)
        running.written(first, new=True)
        eventually(lambda: not first.exists())
        path = place.write({"id": "3", "path": "was"}, walk_started=T0)
        running.written(path, new=new)
        running.states("box", owner="local")  # the thread has come to what it was told before
        path.write_bytes(path.read_bytes().replace(b'"was"', b'"new"'))
        running.land(5.0)
    assert place.rows("SELECT path FROM dropbox.entries WHERE id = '3'") == [(landed,)]


@pytest.mark.usefixtures("few")
def test_reports_add_up_over_several_landings(place: Place) -> None:
    with opened(place) as running:
        for number in range(3):
            path = place.write({"id": f"{number}"}, {"id": {}}, b"bad", table=LOG)
            running.written(path)
            eventually(lambda path=path: not path.exists())  # type: ignore[misc]
        place.write({"id": "last"}, table=LOG)
        running.land(5.0)
        place.write({"id": "very last"}, table=LOG)
        running.land(5.0)
        report = running.report
    assert (report.segments, report.rows, report.quarantined, report.rejected) == (5, 5, 6, 0)
    assert set(report.tables) == {"dropbox.log"}
    assert report.seconds > 0


def test_who_leaves_without_landing_leaves_the_segments_and_no_thread(place: Place) -> None:
    paths = [place.write({"id": f"{number}"}, table=LOG) for number in range(3)]
    with opened(place) as running:
        for path in paths:
            running.written(path)
        assert [*threads()]
    assert not [*threads()]
    assert place.landing.pending() == paths
    assert running.report == DrainReport()
    assert place.drain().rows == 3


@pytest.mark.usefixtures("few")
def test_between_landings_another_process_reads_the_warehouse(place: Place) -> None:
    script = """
import sys
from pathlib import Path
from tests.storage.places import Place
print(Place(folder=Path(sys.argv[1])).rows("SELECT count(*) FROM dropbox.log"))
"""
    with opened(place) as running:
        running.written(place.write({"id": "a"}, {"id": "b"}, table=LOG))
        eventually(lambda: not place.landing.pending())
        running.written(place.write({"id": "c"}, table=LOG))
        read = subprocess.run(
            [sys.executable, "-c", script, str(place.folder)],
            capture_output=True,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert (read.stdout, read.stderr) == ("[(2,)]\n", "")
        running.land(5.0)
    assert ids(place) == ["a", "b", "c"]


@pytest.mark.usefixtures("few")
def test_a_busy_warehouse_is_told_and_what_waits_lands_later(place: Place) -> None:
    with opened(place) as running:
        with place.warehouse.writing():
            for number in range(3):
                running.written(place.write({"id": f"{number}"}, {"id": "more"}, table=LOG))
            running.land(0.0)
            assert (running.report.busy, running.report.rows) == (True, 0)
            assert len(place.landing.pending()) == 3
        running.land(5.0)
        assert (running.report.busy, running.report.rows) == (False, 6)
    assert ids(place) == ["0", "1", "2", "more", "more", "more"]


@pytest.mark.usefixtures("few")
def test_after_an_error_the_next_landing_works_and_so_do_those_in_between(place: Place) -> None:
    place.warehouse.path.mkdir()  # something in the way
    with opened(place) as running:
        running.written(place.write({"id": "a"}, {"id": "b"}, table=LOG))
        with pytest.raises(duckdb.IOException):
            running.land(0.0)
        assert len(place.landing.pending()) == 1
        place.warehouse.path.rmdir()
        running.written(place.write({"id": "c"}, {"id": "d"}, table=LOG))
        eventually(lambda: not place.landing.pending())
        running.land(0.0)
    assert running.report.rows == 4
    assert ids(place) == ["a", "b", "c", "d"]


@pytest.mark.slow
def test_a_sync_that_lands_on_the_way_brings_what_one_that_lands_at_the_end_does(
    tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SEGMENT_ROWS", 1)
    found = []
    for rows in (1, 60_000):
        monkeypatch.setattr(draining, "LAND_ROWS", rows)
        workspace = open_place(tmp_path / str(rows), sandbox)
        connect_sample(workspace, "mailchimp", "api_key")
        report = sync(workspace, "mailchimp", run="first", only=["audiences", "members"])
        assert (report.outcome, report.quarantined, report.rejected, report.waiting) == ("ok", 0, 0, False)
        found.append(live(workspace.warehouse, "mailchimp"))
        workspace.close()
    assert found[0] == found[1]
    assert found[0].keys() == {"mailchimp.audiences", "mailchimp.members"}
