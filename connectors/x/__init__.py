"""X (Twitter), API version 2.

Quirks, and where they are told:
- Timelines come newest first and end at the latest 3,200 posts or 800 mentions; ids are 64-bit numbers sent as text.
  https://docs.x.com/x-api/posts/timelines/introduction
- Deletions are not told, and old posts fall out of sight: a post that is not seen is not therefore gone. Counters of
  posts move for days, so the posts of the last week are read again at each sync: those that are missing then are gone.
- An edit within the hour makes a new post, which names those before it; these are then taken for gone.
  https://docs.x.com/x-api/fundamentals/edit-posts
- Answers are searched for by whom they answer, and a search sees seven days; a `since_id` from before is refused.
  https://docs.x.com/x-api/posts/search/introduction
- Direct messages are those of the last 30 days, newest first, asked for fifteen times in a quarter of an hour at most.
  https://docs.x.com/x-api/direct-messages/lookup/introduction
- Missing values are left out, also the whole `data` of an empty page.
- Reads cost money: 402 and "usage-capped" mean that it is used up, and waiting does not help.
  https://docs.x.com/x-api/getting-started/pricing
- Sign-in, limits, errors and the two names of fields are those of connectors/sdk/x.py and x_errors.py.
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
from connectors.x.streams import ACCOUNT, DIRECT_MESSAGES, FOLLOWERS, MENTIONS, POSTS, REPLIES
from connectors.x.webhooks import INBOUND

CONNECTOR: Final = Connector(
    name="x",
    title="X",
    category="social",
    base_url=ORIGIN,
    hosts=(HOST,),
    auth=(
        x_oauth2(*READ, "follows.read", "dm.read"),
        APP_BEARER,
    ),
    probe=lambda method, settings: whoami(settings),
    discover=account_of,
    streams=(ACCOUNT, POSTS, MENTIONS, REPLIES, FOLLOWERS, DIRECT_MESSAGES),
    rate_limit=x_limits(
        quarter_limit("GET /2/users/{user_id}/mentions", 300),
        quarter_limit("GET /2/users/{user_id}/followers", 300),
        quarter_limit("GET /2/tweets/search/recent", 300),
        quarter_limit("GET /2/dm_events", 15),
        quarter_limit("GET /2/tweets/{id}", 450),
        quarter_limit("POST /2/tweets", 100),
        quarter_limit("DELETE /2/tweets/{id}", 50),
        quarter_limit("PUT /2/tweets/{id}/hidden", 50),
    ),
    errors=X_ERRORS,
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        *UNVERIFIED,
        "That a search takes the account's id for whom is answered, and that direct messages last 30 days.",
        "How webhooks tell of direct messages, and those of other products than X Activity: they name no stream.",
        "What characters a challenge has: one that could be the body of an event is not answered.",
    ),
    docs="https://docs.x.com/x-api/introduction",
)
