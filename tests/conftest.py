"""What holds for all tests. The fast suite tries fewer examples of each law; the slower one (CI) many more."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# Helpers that assert, told before anybody imports them: pytest then shows what was compared.
for module in ("reading", "failing", "guarding", "wording", "rows"):
    pytest.register_assert_rewrite(f"tests.contract.{module}")

settings.register_profile("fast", max_examples=30, deadline=None)
settings.register_profile("thorough", max_examples=300, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("thorough" if config.getoption("--thorough") else "fast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--thorough", action="store_true", help="try ten times as many examples of each law")


@pytest.fixture(scope="session")
def prefect() -> Iterator[None]:
    """Prefect's own harness: a server with a database of its own. A machine that is busy takes long to start it."""
    from prefect.testing.utilities import prefect_test_harness  # which imports Prefect's whole server

    with prefect_test_harness(server_startup_timeout=180):
        yield
