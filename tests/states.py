"""State databases for tests that are about something else than their schema."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from storage.state.engine import State, open_state


def new_state(path: Path, **more: Any) -> State:
    """An empty state database, copied: most of the time goes into making its schema. `more` as for `open_state`."""
    path.touch(mode=0o600)
    path.write_bytes(_empty())
    return open_state(path, **more)


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        open_state(path).close()
        return path.read_bytes()
