from __future__ import annotations

import pytest

for module in ("reading", "failing", "guarding", "wording", "rows"):
    pytest.register_assert_rewrite(f"tests.contract.{module}")
