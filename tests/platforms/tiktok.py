from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.judging import Judge
from tests.spec.tiktok import Description

_ONLY_WRITTEN = "only written, never told"
_BUSINESS = "of the API for Business, which has other tokens and another envelope"

TOLD = Told(
    unresolved={"videos": {"source_url": _ONLY_WRITTEN, "privacy_level": _ONLY_WRITTEN}},
    unread={
        f"python-tiktok/{name}.json": _BUSINESS
        for name in ("refresh_resp", "revoke_resp", "token_info_resp", "token_resp")
    },
    judge=Judge(
        document=Description(),
        excused={r"POST /v2/oauth/token/ 200: ": "one of two schemas, and as neither requires anything both fit"},
    ),
)
