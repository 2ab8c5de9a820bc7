"""Facebook Pages, through Meta's Graph API.

Quirks, and where they are told:
- A token belongs to one Page, and is had for that of a person: what lives an hour is exchanged for 60 days, that for
  the Page's own, which does not end by itself. https://developers.facebook.com/docs/pages/access-tokens
- A Page that a business owns is missing in the list of a person's Pages, but answers to its id.
- What is not named in `fields` does not come, and one name that does not exist fails the whole request.
- Links to the next page hold the token: only their cursor is used. A short page is no end.
  https://developers.facebook.com/docs/graph-api/results
- Of the posts of a year about 600 can be listed. Of a Page with more, posts are never read anew as a whole, and
  comments and reactions without any being taken for gone: what is left out is not; deletions then come by webhook only.
  https://developers.facebook.com/docs/graph-api/reference/page/feed
- Posts are filtered by when they were created; texts and counters of the last four weeks are read again.
- Comments and reactions are told with the posts, so many of each; those of a post that has more are asked for by
  themselves. A list inside that is empty is left out, and one reply that would be too long is an error that asks for
  fewer posts. https://developers.facebook.com/docs/graph-api/guides/field-expansion
- Errors are 400 whatever the cause, see connectors/sdk/meta.py.
"""

from __future__ import annotations

from typing import Final

from connectors.facebook.streams import COMMENTS, CONVERSATIONS, PAGE, POSTS, REACTIONS, VISITOR_POSTS
from connectors.facebook.webhooks import INBOUND
from connectors.sdk.base import Connector
from connectors.sdk.meta import (
    GONE,
    GRAPH_HOST,
    LONG_LIVED_TOKEN,
    META_ERRORS,
    ORIGIN,
    PAGE_FIELD,
    PAGE_TOKEN,
    VERSION,
    facebook_login,
    page_probe,
    page_settings,
    pasted_token,
)
from connectors.sdk.meta_usage import RATE_LIMIT

CONNECTOR: Final = Connector(
    name="facebook",
    title="Facebook",
    category="social",
    base_url=ORIGIN,
    hosts=(GRAPH_HOST,),
    auth=(
        facebook_login(
            "pages_show_list",
            "pages_read_engagement",
            "pages_read_user_content",
            exchanges=(LONG_LIVED_TOKEN, PAGE_TOKEN),
            fields=(PAGE_FIELD,),
        ),
        pasted_token(),
    ),
    probe=page_probe,
    discover=page_settings,
    streams=(PAGE, POSTS, COMMENTS, REACTIONS, VISITOR_POSTS, CONVERSATIONS),
    rate_limit=RATE_LIMIT,
    errors=META_ERRORS,
    absent=GONE,
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "That the token endpoint takes its parameters as a form by POST, so that no secret stands in an address.",
        "Until when a Page's token stays good: any refusal of it asks to connect again.",
        "Which legacy behaviours ended for all versions on 2026-10-27: none of those that are named is used.",
        "How many posts of a year can be listed (about 600): from 500 on, nothing is taken for deleted.",
        "What a cursor that is no longer known is answered with: any error that speaks of a cursor begins anew.",
        "That posts are listed by when they were created, the latest first, and lists inside them tell of a next page.",
        "That visitors' posts are listed at /visitor_posts, as the specification of version 25 says.",
        "How many changes one webhook call holds (1000), and for how long it is tried again (36 hours).",
    ),
    docs="https://developers.facebook.com/docs/graph-api/reference/page",
)
