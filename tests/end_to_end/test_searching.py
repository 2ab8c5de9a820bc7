"""The search for secrets finds what is hidden from it."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from tests.end_to_end.searching import Search, contents

SECRET = 'sl.u.Ab/3+x"Yz-0123456789abcdef'
SEARCH = Search({"a token": SECRET, "another": "never-written-anywhere"})


@pytest.mark.parametrize(
    "hidden",
    [
        f"Authorization: Bearer {SECRET}",
        base64.b64encode(f"id:{SECRET}".encode()).decode(),
        base64.b64encode(f"ident:{SECRET}|".encode()).decode(),
        base64.urlsafe_b64encode(f"{SECRET}!!".encode()).decode(),
        f"https://example.org/?token={quote(SECRET, safe='')}&x=1",
        json.dumps({"said": f"you sent {SECRET}"}),
        SECRET.encode().hex().upper(),
        SECRET.upper(),
    ],
)
def test_a_secret_is_found_in_every_form(hidden: str) -> None:
    assert SEARCH.found_in(b"before " + hidden.encode() + b" after") == {"a token"}


def test_what_only_looks_like_it_is_not_found() -> None:
    assert SEARCH.found_in(SECRET[:-1].encode() + b"?") == set()


def test_a_secret_is_found_in_files_and_in_what_databases_hold(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "a.log").write_text(f"sent {SECRET}\n")
    (tmp_path / "keyring.json").write_text(SECRET)
    with sqlite3.connect(tmp_path / "state.db") as state:
        state.execute("CREATE TABLE audit (detail TEXT)")
        # Longer than a page of the file, so that it is cut apart there.
        state.execute("INSERT INTO audit VALUES (?)", ["x" * 4070 + SECRET])
    state.close()
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as warehouse:
        warehouse.execute("CREATE TABLE rows (raw VARCHAR USING COMPRESSION zstd)")
        warehouse.execute("INSERT INTO rows SELECT ? || i FROM range(9000) t(i)", [SECRET])
    found = SEARCH.findings(contents(tmp_path, but=["keyring.json"]))
    assert {place for place, _ in found} >= {"logs/a.log", "state.db: audit", "warehouse.duckdb: main.rows"}
    assert {name for _, name in found} == {"a token"}
