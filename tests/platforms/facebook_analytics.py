from __future__ import annotations

from sandbox.facebook.content import PAGE_ID
from tests.platforms.told import Told
from tests.spec.graph import Graph
from tests.spec.judging import Judge

TOLD = Told(
    settings={"page_id": "723701000827665"},
    endless={"page_insights_daily": "each reply leads to the window after it, far into the future"},
    judge=Judge(
        document=Graph(
            folders=("facebook_analytics", "facebook"),
            kinds={r"me/accounts": "User", rf"(me|{PAGE_ID})(/\w+)?": "Page"},
        ),
        undeclared={r"POST /v26.0/oauth/access_token": "the token endpoint is told in the guide of Facebook Login"},
        excused={r"\btasks\b": "recorded with the Pages of a person, and missing in the list of a Page's fields"},
    ),
)
