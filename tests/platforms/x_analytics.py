from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.judges import Specified
from tests.spec.judging import Judge

_NEWER = "the name of 2026, sent where the setting `fields_parameter` asks for it"
_NOT_THERE = "told by some documents, and by nothing that is asked for"
_CLICKS = {
    f"{kind}_{name}": _NOT_THERE
    for kind in ("organic", "promoted")
    for name in ("url_link_clicks", "user_profile_clicks")
}
_LOOKED_UP = ("post_metrics", "post_analytics", "media_metrics", "media_analytics")

TOLD = Told(
    settings={"user_id": "1"},
    unresolved={
        "account_metrics": {"post_count": _NEWER},
        "post_metrics": {
            **dict.fromkeys(("repost_count", "organic_repost_count", "promoted_repost_count"), _NEWER),
            **_CLICKS,
        },
        "post_analytics": dict.fromkeys(("link_clicks", "media_engagements", "profile_visits"), _NOT_THERE),
        "media_metrics": {
            f"promoted_{name}": "no film of the sandbox is shown for money"
            for name in ("view_count", *(f"playback_{part}_count" for part in (0, 25, 50, 75, 100)))
        },
    },
    states=({}, {"ids": ["20"]}),
    leading=dict.fromkeys(_LOOKED_UP, "/2/users/{user_id}/tweets"),
    judge=Judge(
        document=Specified(platform="x"),
        undeclared={r"POST /2/oauth2/(token|revoke)": "the token endpoint is told in the OAuth guide"},
        excused={
            r"timestamped_metrics": "a field that is asked for since specification 2.167",
            r"metrics\.(bookmarks|shares|unfollows|unlikes)\b": "declared since specification 2.167",
            r"includes\.media\[\]\.": "declared for each kind of media, which share but their key and size",
            r"watch_time_ms": "a counter of media is a text where X does not take it for a number, since 2.167",
        },
    ),
)
