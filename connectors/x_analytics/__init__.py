"""X analytics: counters of the account, its posts and its media, and what they gained by day. API version 2.

Quirks, and where they are told:
- Private counters (clicks, organic and promoted impressions) exist for 30 days after a post was made, and only its
  author sees them. Asked for of an older one, the field or the whole post is missing, with an error beside the data: so
  younger and older posts are asked for apart, and reposts of others not at all.
  https://docs.x.com/x-api/fundamentals/metrics
- What a post gained is told by hour, day or week (setting `granularity`) or in total, in UTC. A window must be named,
  of which no document tells how long it may be: the setting `analytics_days` says how far back it begins.
  https://docs.x.com/x-api/posts/get-post-analytics
- Counters of media may be texts. Those of posts can fall: what is counted wrongly is taken back.
- An app's own token reads public counters alone, and only it reads how much of the plan is used.
  https://docs.x.com/x-api/usage/introduction
- Names end: `/2/insights` is gone since specification 2.167, and is not used.
- Reads cost money like those of posts. Sign-in, limits, errors and the two names of fields: connectors/sdk/x.py
  and x_errors.py.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.base import Connector
from connectors.sdk.x import (
    APP_BEARER,
    HOST,
    ORIGIN,
    READ,
    UNVERIFIED,
    VERSION,
    account_of,
    quarter_limit,
    whoami,
    x_limits,
    x_oauth2,
)
from connectors.sdk.x_errors import X_ERRORS
from connectors.x_analytics.streams import (
    ACCOUNT_METRICS,
    MEDIA_ANALYTICS,
    MEDIA_METRICS,
    POST_ANALYTICS,
    POST_METRICS,
    USAGE,
)
from core.classify import Disposition, ErrorRule

CONNECTOR: Final = Connector(
    name="x_analytics",
    title="X analytics",
    category="analytics",
    base_url=ORIGIN,
    hosts=(HOST,),
    auth=(x_oauth2(*READ), APP_BEARER),
    probe=lambda method, settings: whoami(settings),
    discover=account_of,
    streams=(ACCOUNT_METRICS, POST_METRICS, POST_ANALYTICS, MEDIA_METRICS, MEDIA_ANALYTICS, USAGE),
    rate_limit=x_limits(
        quarter_limit("GET /2/tweets", 3500),
        quarter_limit("GET /2/tweets/analytics", 300),
        quarter_limit("GET /2/media/analytics", 300),
        quarter_limit("GET /2/usage/tweets", 50),
    ),
    errors=(
        *(
            ErrorRule(
                disposition=Disposition.FAIL,
                status=400,
                path=f"errors/*/parameters/{name}",
                advice="X does not tell figures of this window: make the setting `analytics_days` of {name} smaller.",
            )
            for name in ("start_time", "end_time")
        ),
        *X_ERRORS,
    ),
    version=VERSION,
    unverified=(
        *UNVERIFIED,
        "How long a window of figures may be, and how long they are kept: the setting `analytics_days` says (30).",
        "What is told of a post whose private counters are no longer there: they are not asked for after 30 days.",
        "That days of figures are those of UTC, though X itself shows them in the account's time.",
        "Which media have figures: all but photos are asked for.",
    ),
    docs="https://docs.x.com/x-api/fundamentals/metrics",
)
