from __future__ import annotations

from tests.platforms.told import Told

TOLD = Told(
    settings={"page_id": "723701000827665"},
    endless={"page_insights_daily": "each reply leads to the window after it, far into the future"},
    no_judge="not yet",
)
