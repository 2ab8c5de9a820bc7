"""Facebook analytics: figures of a Page, its posts and its videos, through Meta's Graph API.

Quirks, and where they are told:
- Names of metrics end for all versions at once, and one that has ended fails the whole request. Metrics are asked for
  in groups; a refused group is halved until the name is found, which is then left out for a week. The settings
  `page_metrics`, `post_metrics` and `video_metrics` (names with commas) choose others.
  https://developers.facebook.com/docs/graph-api/reference/page/insights, https://developers.facebook.com/docs/graph-api/changelog
- A figure ends at midnight by Pacific time, exclusively: it is of the day before. The last days are read again.
- Every reply leads to a next window, far into the future: windows are moved by us, of at most 90 days.
- No data is not zero: where nothing comes, there is no row. Pages with under 100 followers have none.
- Only the Page's own token reads figures. Sign-in, errors and limits are those of connectors/sdk/meta.py.
"""

from __future__ import annotations

from typing import Final

from connectors.facebook_analytics.streams import (
    NO_METRIC,
    PAGE_COUNTS,
    PAGE_INSIGHTS,
    POST_INSIGHTS,
    VIDEO_INSIGHTS,
)
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
    by_message,
    facebook_login,
    page_probe,
    page_settings,
    pasted_token,
)
from connectors.sdk.meta_usage import RATE_LIMIT
from core.classify import Disposition

CONNECTOR: Final = Connector(
    name="facebook_analytics",
    title="Facebook analytics",
    category="analytics",
    base_url=ORIGIN,
    hosts=(GRAPH_HOST,),
    auth=(
        facebook_login(
            "pages_show_list",
            "pages_read_engagement",
            "read_insights",
            exchanges=(LONG_LIVED_TOKEN, PAGE_TOKEN),
            fields=(PAGE_FIELD,),
        ),
        pasted_token(),
    ),
    probe=page_probe,
    discover=page_settings,
    streams=(PAGE_INSIGHTS, PAGE_COUNTS, POST_INSIGHTS, VIDEO_INSIGHTS),
    rate_limit=RATE_LIMIT,
    errors=(by_message(Disposition.OK, NO_METRIC), *META_ERRORS),
    absent=GONE,
    version=VERSION,
    unverified=(
        "That the token endpoint takes its parameters as a form by POST, so that no secret stands in an address.",
        "Which metrics of pages, posts and videos still exist: those that do not are found out and left out.",
        "That a window holds 90 days, and that two years are kept: where one is too much, a smaller one is asked for.",
        "That days end by Pacific time for every Page.",
        "Whether all figures need read_insights: it is asked for.",
        "Figures of ads: they are not read, as they need an ad account and the right ads_read.",
    ),
    docs="https://developers.facebook.com/docs/graph-api/reference/page/insights",
)
