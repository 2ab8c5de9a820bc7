"""YouTube: Data API v3 and Analytics API v2.

Quirks, and where they are told:
- `items` is missing, not empty, where a Google account has no channel; service accounts never have one.
  https://developers.google.com/youtube/data/reference/rest/v3/channels/list
- Counters are texts. Videos are found in the playlist of uploads, newest first, then looked up 50 at a time; those of
  the last 30 days are read again at each sync, all of them once a week, which also finds what is gone.
  https://developers.google.com/youtube/data/guides/implementation/videos
- A comment thread shows five replies at most; where there are more they are asked for. Reading comments needs the scope
  that also writes them: there is no other. https://developers.google.com/youtube/data/reference/rest/v3/commentThreads
- Quota is counted per project of the Cloud console and day: every call costs a unit at least, also a refused one, and a
  write 50. Used up, it comes back at midnight Pacific. No header tells what is left.
  https://developers.google.com/youtube/data/determine_quota_cost
- Replies are packed only for those whose user agent says gzip.
  https://developers.google.com/youtube/data/guides/performance
- Figures by day come two to three days late, in Pacific days: the last seven are read again.
  https://developers.google.com/youtube/analytics/channel_reports
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from connectors.sdk.auth import ApiKey, Field, Settings, header
from connectors.sdk.base import Connector, Version
from connectors.sdk.google import PACIFIC, TOKEN_HOST, by_reason, google_errors, google_oauth2
from connectors.youtube.streams import (
    ANALYTICS_BY_DAY,
    ANALYTICS_SCOPE,
    CHANNEL,
    COMMENT_THREADS,
    PLAYLIST_ITEMS,
    PLAYLISTS,
    READ_SCOPE,
    REPLIES,
    VIDEO_STATS,
    VIDEOS,
    channel_request,
    no_channel,
)
from connectors.youtube.webhooks import INBOUND
from connectors.youtube.writes import WRITE_SCOPE
from core.classify import Disposition, ErrorRule
from core.http import Response
from core.pacing import Limit, RateLimit

VERSION: Final = Version(name="v3", read=date(2026, 11, 23))
_DAY: Final = 86400.0


def _discover(response: Response) -> Settings:
    found: Sequence[dict[str, Any]] = response.get("items", [])
    if not found:
        raise no_channel()
    channel = found[0]
    number = channel.get("id")
    uploads = channel.get("contentDetails", {}).get("relatedPlaylists", {}).get("uploads")
    learnt = {
        "account": channel.get("snippet", {}).get("title") or number,
        "found_channel_id": number,
        "uploads": uploads,
    }
    return {name: value for name, value in learnt.items() if value}


CONNECTOR: Final = Connector(
    name="youtube",
    title="YouTube",
    category="social",
    base_url="https://youtube.googleapis.com",
    hosts=("youtube.googleapis.com", "youtubeanalytics.googleapis.com", TOKEN_HOST),
    auth=(
        google_oauth2(READ_SCOPE, WRITE_SCOPE, ANALYTICS_SCOPE),
        ApiKey(
            name="api_key",
            title="API key, for public data",
            fields=(
                Field(
                    name="api_key",
                    title="API key",
                    pattern=r"AIza[0-9A-Za-z_-]{35}",
                    help="In the Google Cloud console: APIs & Services > Credentials > API keys. It begins with AIza.",
                ),
                Field(
                    name="channel_id",
                    title="Channel ID",
                    secret=False,
                    pattern=r"UC[A-Za-z0-9_-]{22}",
                    help="The channel to read. In YouTube: Settings > Advanced settings. It begins with UC.",
                ),
            ),
            # In a header, as https://cloud.google.com/docs/authentication/api-keys-use advises: addresses are logged.
            authorize=header("X-Goog-Api-Key", "api_key"),
        ),
    ),
    probe=lambda method, settings: channel_request(settings, "id", "snippet", "contentDetails"),
    discover=_discover,
    streams=(
        CHANNEL,
        VIDEOS,
        VIDEO_STATS,
        COMMENT_THREADS,
        REPLIES,
        PLAYLISTS,
        PLAYLIST_ITEMS,
        ANALYTICS_BY_DAY,
    ),
    rate_limit=RateLimit(
        # Since June 2026 the statistics of videos have a budget of their own.
        limits=(
            Limit(bucket="units", requests=10_000, seconds=_DAY, paths=(r"/youtube/v3/(?!videos:batchGetStats$)",)),
            Limit(bucket="statistics", requests=10_000, seconds=_DAY, paths=(r"/youtube/v3/videos:batchGetStats$",)),
        ),
        concurrency=4,
    ),
    # https://developers.google.com/youtube/data/reference/errors
    errors=(
        *by_reason(
            Disposition.CREDENTIAL_REJECTED,
            "youtubeSignupRequired",
            advice="The Google account has no YouTube channel, as service accounts never have one. Make a channel, or "
            "connect with another account: integrations connect {platform} --name {name}",
        ),
        *by_reason(Disposition.SKIP, "commentsDisabled", advice="The video, or the channel, takes no comments."),
        *by_reason(
            Disposition.FAIL,
            "subscriptionForbidden",
            advice="YouTube does not allow this subscription, or there are too many.",
        ),
        *by_reason(Disposition.RATE_LIMITED, "uploadLimitExceeded", "uploadRateLimitExceeded", until_midnight=PACIFIC),
        # A thread that was deleted between being listed and being asked for its replies.
        ErrorRule(disposition=Disposition.RESET_STATE, status=404, path="error/errors/*/location", equals="parentId"),
        *google_errors("YouTube Data API v3 (and the YouTube Analytics API)"),
        *by_reason(Disposition.RETRY, "processingFailure", "conflict", "ABORTED"),
        ErrorRule(disposition=Disposition.RETRY, status=409),
        *by_reason(
            Disposition.SCOPE_MISSING,
            "forbidden",
            advice="The account that is connected may not do this: connect as an owner or manager of the channel.",
        ),
        ErrorRule(disposition=Disposition.SCOPE_MISSING, path="error/status", equals="PERMISSION_DENIED"),
        *by_reason(
            Disposition.FAIL,
            "videoNotFound",
            "channelNotFound",
            "playlistNotFound",
            "playlistItemNotFound",
            "commentNotFound",
            "commentThreadNotFound",
            "notFound",
            advice="It is not there, or no longer, or it is private and not of the channel that is connected.",
        ),
        # The Analytics API may tell of a failure in a 200.
        ErrorRule(disposition=Disposition.RETRY, status=200, path="errors/code", equals="INTERNAL_ERROR"),
        ErrorRule(disposition=Disposition.RETRY, status=200, path="errors/code", equals="SERVICE_UNAVAILABLE"),
        ErrorRule(disposition=Disposition.SCOPE_MISSING, status=200, path="errors/code", equals="FORBIDDEN"),
        ErrorRule(disposition=Disposition.FAIL, status=200, path="errors/code"),
        ErrorRule(disposition=Disposition.FAIL, status=200, path="error"),
    ),
    headers={"User-Agent": "integration-manager (gzip)"},
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "That the Data API takes an API key in the header X-Goog-Api-Key as Google's other interfaces do.",
        "That If-Match is kept to: etags are compared before a write.",
        "What 409 means here: it is tried again a few times.",
        "That the uploads of a channel are told newest first without exception: all are read once a week.",
        "Deleted entries of the feed, the ten days of a lease, and how the hub signs: from WebSub and its RFCs.",
    ),
    docs="https://developers.google.com/youtube/data",
)
