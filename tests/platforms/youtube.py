from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.discovery import Documents
from tests.spec.judging import Judge

_MOVES = "counters move for ever; those of older records are read again once a week"
_WRITE = "an answer to a write, which tells no record"
_NOT_READ = "data that no stream reads"
_SEARCH = "a search: it has a quota of 100 calls a day, and what it finds is in the playlist of uploads"
_ROOT = "python-youtube"
_LISTS = {
    "channels": ("channels", ("info", "info_multiple")),
    "videos": (
        "videos",
        (
            "videos_chart_paged_1",
            "videos_chart_paged_2",
            "videos_info_multi",
            "videos_info_single",
            "videos_myrating_paged_1",
            "videos_myrating_paged_2",
        ),
    ),
    "playlist_items": (
        "playlistItems",
        (
            "playlist_items_filter_video",
            "playlist_items_multi",
            "playlist_items_paged_1",
            "playlist_items_paged_2",
            "playlist_items_single",
        ),
    ),
    "playlists": (
        "playlists",
        ("playlists_mine", "playlists_multi", "playlists_paged_1", "playlists_paged_2", "playlists_single"),
    ),
    "comments": (
        "comments",
        ("comments_by_parent_paged_1", "comments_by_parent_paged_2", "comments_multi", "comments_single"),
    ),
    "comment_threads": (
        "commentThreads",
        (
            "comment_thread_single",
            "comment_threads_all_to_me",
            "comment_threads_by_channel",
            "comment_threads_by_video_paged_1",
            "comment_threads_by_video_paged_2",
            "comment_threads_multi",
            "comment_threads_with_search",
        ),
    ),
}
_UNREAD = {
    "activities": (
        "activities_by_channel_p1",
        "activities_by_channel_p2",
        "activities_by_mine_p1",
        "activities_by_mine_p2",
    ),
    "channel_sections": ("channel_sections_by_channel", "channel_sections_by_id", "channel_sections_by_ids"),
    "captions": ("captions_by_video", "captions_filter_by_id"),
    "subscriptions": (
        "subscription_zero",
        "subscriptions_by_channel_p1",
        "subscriptions_by_channel_p2",
        "subscriptions_by_channel_with_filter",
        "subscriptions_by_id",
        "subscriptions_by_mine_filter",
        "subscriptions_by_mine_p1",
        "subscriptions_by_mine_p2",
    ),
    "videos": ("get_rating_response",),
}
_SEARCHES = (
    "by_developer",
    "by_event",
    "by_keywords_p1",
    "by_keywords_p2",
    "by_location",
    "by_mine",
    "by_related_video",
    "channels",
    "videos_by_channel",
)
_WRITES = (
    "captions/insert_response",
    "captions/update_response",
    "channel_sections/insert_resp",
    "subscriptions/insert_response",
)

TOLD = Told(
    settings={"found_channel_id": "UC_x5XG1OV2P6uZZ5FSM9Ttw", "uploads": "UU_x5XG1OV2P6uZZ5FSM9Ttw"},
    states=({}, {"ids": ["D-lhorsDlUQ"]}, {"inside": ["Ugw5zYU6n9pmIgAZWvN4AaABAg"]}),
    unresolved={"videos": {"rejection_reason": "none of the sandbox's videos breaks a rule"}},
    moving={"videos": _MOVES, "comment_threads": _MOVES, "replies": _MOVES},
    leading={
        "videos": "/youtube/v3/playlistItems",
        "video_stats": "/youtube/v3/playlistItems",
        "replies": "/youtube/v3/commentThreads",
    },
    paths={
        f"{_ROOT}/{folder}/{name}.json": f"/youtube/v3/{path}"
        for folder, (path, names) in _LISTS.items()
        for name in names
    },
    records={
        f"{_ROOT}/channels/update_resp.json": ("channel", ""),
        f"{_ROOT}/videos/insert_response.json": ("videos", ""),
        f"{_ROOT}/playlists/insert_response.json": ("playlists", ""),
        f"{_ROOT}/playlist_items/insert_response.json": ("playlist_items", ""),
        f"{_ROOT}/comments/insert_response.json": ("replies", ""),
        f"{_ROOT}/comment_threads/insert_response.json": ("comment_threads", ""),
    },
    unread={
        f"{_ROOT}/access_token.json": "an answer of the token endpoint, as a library keeps it",
        **{f"{_ROOT}/search/search_{name}.json": _SEARCH for name in _SEARCHES},
        **{f"{_ROOT}/{name}.json": _WRITE for name in _WRITES},
        **{f"{_ROOT}/{folder}/{name}.json": _NOT_READ for folder, names in _UNREAD.items() for name in names},
    },
    refused={
        f"{_ROOT}/error_permission_resp.json": "scope missing",
        f"{_ROOT}/error_response.json": "credential rejected",
        f"{_ROOT}/error_response_simple.json": "fail",
    },
    judge=Judge(
        document=Documents(
            platform="youtube",
            names=("youtube.v3.discovery.json", "youtubeAnalytics.v2.discovery.json"),
        ),
        undeclared={r"POST /token": "the token endpoint is told in the OAuth guide"},
    ),
)
