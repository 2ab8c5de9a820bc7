from __future__ import annotations

from pathlib import Path

import pytest

from tests.storage.places import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty warehouse and landing zone, in a folder whose name DuckDB might take for a pattern."""
    folder = tmp_path / "it's [a] *odd* folder"
    folder.mkdir()
    return Place(folder=folder)
