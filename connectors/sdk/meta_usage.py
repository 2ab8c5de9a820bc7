"""How platforms on Meta's Graph API tell of their limits: in percent that is used, and minutes until there is room.

https://developers.facebook.com/docs/graph-api/overview/rate-limiting
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from core.http import Request, Response
from core.pacing import Limit, Observation, RateLimit

CALLS: Final = "calls"
_TENSE: Final = 75.0  # percent of a limit from where one goes slowly
_TENSE_FOR: Final = 60.0


def usage(request: Request, response: Response, now: float) -> Sequence[Observation]:
    """How much of a limit is used, in percent: those of app and Page, of a business's use cases, of an ad account.

    Full until the minutes are over that are told; from three quarters on, a minute holds as many calls as percent are
    left. Headers appear only after some use, and one that cannot be read is no reason to fail a good reply.
    """
    found = []
    for used, wait in _told(response):
        if wait > 0 or used >= 100:
            found.append(Observation(bucket=CALLS, remaining=0, resets_at=now + (wait or _TENSE_FOR)))
        elif used >= _TENSE:
            found.append(Observation(bucket=CALLS, remaining=int(100 - used), resets_at=now + _TENSE_FOR))
    return found


def _told(response: Response) -> Iterator[tuple[float, float]]:
    """Percent, and the seconds until there is room again."""
    for name in ("x-app-usage", "x-page-usage"):
        yield _percent(_header(response, name)), 0.0
    account = _header(response, "x-ad-account-usage")
    full = _number(account.get("acc_id_util_pct")) >= 100
    yield _number(account.get("acc_id_util_pct")), _number(account.get("reset_time_duration")) if full else 0.0
    insights = _header(response, "x-fb-ads-insights-throttle")
    yield max(_number(insights.get("app_id_util_pct")), _number(insights.get("acc_id_util_pct"))), 0.0
    for cases in _header(response, "x-business-use-case-usage").values():
        for case in cases if isinstance(cases, list) else ():
            if isinstance(case, dict):
                yield _percent(case), _number(case.get("estimated_time_to_regain_access")) * 60


def _header(response: Response, name: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(response.headers.get(name, "{}"))
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _percent(counts: Mapping[str, Any]) -> float:
    return max(_number(counts.get(name)) for name in ("call_count", "total_time", "total_cputime"))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


RATE_LIMIT: Final = RateLimit(
    # What is allowed hangs on how many people use the app and the Page (200 an hour or 4800 a day for each), so that
    # nobody knows it before: the headers tell. This only holds back what runs away.
    limits=(Limit(bucket=CALLS, requests=4800, seconds=3600.0),),
    dialect=usage,
    concurrency=4,
)
