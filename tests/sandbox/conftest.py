"""The fast suite tries connectors against the simulated platforms; what these answer, one by one, is for the slower."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
FAST = ("test_faults", "test_framework", "test_oauth", "test_server")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE and item.path.stem not in FAST:
            item.add_marker(pytest.mark.slow)
