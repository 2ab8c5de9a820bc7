"""YouTube: Data API v3 and Analytics API v2, for a channel's owner and with an API key, and the hub's messages.

Sources: the discovery documents youtube v3 (20261104) and youtubeAnalytics v2 (20240707), developers.google.com/youtube
(quota, errors, push notifications), and recorded replies. Reading takes `youtube.readonly` here, and comments
`youtube.force-ssl`; that the wider scopes would do for reading as well is left out.
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.credentials import Credential
from sandbox.google import ACCOUNTS, TOKENS, google_oauth, problems
from sandbox.platform import Call, Platform, Route, answering, bearer
from sandbox.ratelimits import Window
from sandbox.samples import SAMPLES
from sandbox.world import World
from sandbox.youtube.analytics import Analytics
from sandbox.youtube.content import Content
from sandbox.youtube.dialect import CHANNEL, key, stale_token, throttled, unauthorized
from sandbox.youtube.reads import Reads
from sandbox.youtube.webhooks import delivers
from sandbox.youtube.writes import Writes

DATA = "youtube.googleapis.com"
ANALYTICS = "youtubeanalytics.googleapis.com"
_PREFIX = "https://www.googleapis.com/auth/"
READ = f"{_PREFIX}youtube.readonly"
ALL = f"{_PREFIX}youtube.force-ssl"
FIGURES = f"{_PREFIX}yt-analytics.readonly"
SCOPES = (
    READ,
    ALL,
    FIGURES,
    *(f"{_PREFIX}{one}" for one in ("youtube", "youtube.upload", "yt-analytics-monetary.readonly")),
)
_STATISTICS = "videos:batchGetStats"
_WRITE_COSTS = 50


def build(world: World) -> Platform:
    content = Content(world)
    reads = Reads(content)
    writes = Writes(content, reads)
    read, write = (READ,), (ALL,)
    table = (
        ("GET", "channels", reads.channels, read),
        ("GET", "videos", reads.videos, read),
        ("GET", _STATISTICS, reads.statistics, read),
        ("GET", "playlists", reads.playlists, read),
        ("GET", "playlistItems", reads.playlist_items, read),
        ("GET", "commentThreads", reads.threads, write),
        ("GET", "comments", reads.comments, write),
        ("PUT", "videos", writes.update_video, write),
        ("DELETE", "videos", writes.delete_video, write),
        ("POST", "commentThreads", writes.create_thread, write),
        ("POST", "comments", writes.create_comment, write),
        ("PUT", "comments", writes.update_comment, write),
        ("DELETE", "comments", writes.delete_comment, write),
        ("POST", "comments/setModerationStatus", writes.moderate, write),
        ("POST", "playlists", writes.create_playlist, write),
        ("PUT", "playlists", writes.update_playlist, write),
        ("DELETE", "playlists", writes.delete_playlist, write),
        ("POST", "playlistItems", writes.create_item, write),
        ("PUT", "playlistItems", writes.update_item, write),
        ("DELETE", "playlistItems", writes.delete_item, write),
    )
    return Platform(
        slug="youtube",
        hosts=(DATA, ANALYTICS, TOKENS, ACCOUNTS),
        routes=(
            *(
                Route(method, f"/youtube/v3/{path}", answering(answer), scopes=scopes, host=DATA)
                for method, path, answer, scopes in table
            ),
            Route("GET", "/v2/reports", Analytics(world).report, scopes=(FIGURES,), host=ANALYTICS),
        ),
        problems=replace(problems, unauthorized=unauthorized, throttled=throttled, stale_cursor=stale_token),
        credentials=(
            # A key reads what everybody sees, comments as well.
            Credential(
                platform="youtube", kind="api_key", secret=SAMPLES["youtube"]["api_key"]["api_key"], scopes=(READ, ALL)
            ),
        ),
        oauth=google_oauth("youtube", "YouTube", SCOPES, CHANNEL),
        secret=lambda call: bearer(call) or key(call),
        windows=_windows,
        records=("items", "rows"),
        deliver=delivers(content),
    )


def _windows(call: Call) -> tuple[Window, ...]:
    """Units of a project and day. The day's end, midnight Pacific, is taken for midnight UTC."""
    if call.credential is None or call.host != DATA:
        return ()
    if call.path.endswith(_STATISTICS):
        return (Window(name="statistics", key="project", limit=10_000, seconds=86_400, rolling=False),)
    cost = 1 if call.method == "GET" else _WRITE_COSTS
    return (Window(name="units", key="project", limit=10_000, seconds=86_400, rolling=False, cost=cost),)
