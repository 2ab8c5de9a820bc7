"""What holds for all tests. The fast suite tries fewer examples of each law; the slower one (CI) many more."""

from __future__ import annotations

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
