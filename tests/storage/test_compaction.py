"""Landings leave row groups behind that are not full; once in a while they are merged."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.warehouse import drain
from tests.storage.places import LOG, Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(folder=tmp_path)


def groups(place: Place) -> int:
    return int(place.rows("SELECT count(DISTINCT row_group_id) FROM pragma_storage_info('dropbox.log')")[0][0])


def test_many_small_landings_leave_few_row_groups(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "COMPACTED_AFTER", 4)
    most = 0
    for number in range(16):
        place.write({"id": f"{number}"}, table=LOG)
        place.drain()
        most = max(most, groups(place))
    assert 1 < most <= 5
    assert groups(place) == 1
    assert place.rows("SELECT count(*), count(DISTINCT id) FROM dropbox.log") == [(16, 16)]


def test_what_lands_in_between_is_not_merged_each_time(place: Place) -> None:
    for number in range(5):
        place.write({"id": f"{number}"}, table=LOG)
        place.drain()
    assert groups(place) == 5
