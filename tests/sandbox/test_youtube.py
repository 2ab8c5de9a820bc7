"""The simulated YouTube: quotas, keys, lists that move while they are read, updates that replace."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.youtube import SCOPES
from sandbox.youtube.dialect import CHANNEL, UPLOADS, code, number_of_code
from tests.sandbox.rig import CHALLENGE, VERIFIER, authorize, client_of, exchange, make_sandbox, redirected
from tests.shared import needs_shared, recorded

DATA = "https://youtube.googleapis.com/youtube/v3/"
KEY = SAMPLES["youtube"]["api_key"]["api_key"]


def owner(sandbox: Sandbox) -> httpx.Client:
    sandbox.oauth["youtube"].auto_approve = True
    browser = client_of(sandbox, "https://accounts.google.com")
    asked = {"scope": " ".join(SCOPES), "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    consent = authorize(browser, "youtube", "https://accounts.google.com/o/oauth2/v2/auth", **asked)
    place = "https://oauth2.googleapis.com/token"
    granted = exchange(browser, "youtube", place, redirected(consent)["code"], code_verifier=VERIFIER)
    return client_of(sandbox, DATA, token=granted.json()["access_token"])


def keyed(sandbox: Sandbox, key: str = KEY) -> httpx.Client:
    return httpx.Client(transport=client_of(sandbox, DATA)._transport, base_url=DATA, headers={"x-goog-api-key": key})


def reason(reply: httpx.Response) -> str:
    return str(reply.json()["error"]["errors"][0]["reason"])


def test_ids_are_told_from_each_other_and_lead_back() -> None:
    for number in (0, 1, 77, 1_000_000_003):
        found = code(number, 1)
        assert (len(found), number_of_code(found, 1)) == (11, number)
        assert number_of_code(found, 2) != number
    assert number_of_code("nonsense", 1) is None


def test_a_channel_that_does_not_exist_is_a_list_without_a_list() -> None:
    client = keyed(make_sandbox("youtube"))
    assert client.get("channels", params={"part": "id", "id": CHANNEL}).json()["items"][0]["id"] == CHANNEL
    assert "items" not in client.get("channels", params={"part": "id", "id": "UCnowhere"}).json()


def test_a_key_sees_what_everybody_sees_and_a_wrong_one_is_a_bad_request() -> None:
    sandbox = make_sandbox("youtube")
    params = {"part": "contentDetails", "playlistId": UPLOADS}
    totals = [
        client.get("playlistItems", params=params).json()["pageInfo"]["totalResults"]
        for client in (owner(sandbox), keyed(sandbox))
    ]
    assert totals[1] < totals[0]
    assert reason(keyed(sandbox).get("channels", params={"part": "id", "mine": "true"})) == "authorizationRequired"
    wrong = keyed(sandbox, "AIza" + "x" * 35).get("channels", params={"part": "id", "id": CHANNEL})
    assert (wrong.status_code, wrong.json()["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")


def test_nothing_is_told_twice_or_left_out_while_videos_come() -> None:
    sandbox = make_sandbox("youtube", relaxed=True)
    client, found, token = keyed(sandbox), list[str](), ""
    params = {"part": "contentDetails", "playlistId": UPLOADS, "maxResults": "7"}
    before = client.get("playlistItems", params={**params, "maxResults": "50"}).json()
    while True:
        page = client.get("playlistItems", params={**params, **({"pageToken": token} if token else {})}).json()
        found += [item["contentDetails"]["videoId"] for item in page["items"]]
        token = page.get("nextPageToken", "")
        if not token:
            break
        sandbox.advance(hours=6)
    assert len(found) == len(set(found))
    newest = [item["contentDetails"]["videoId"] for item in before["items"]]
    assert len(set(newest) - set(found)) <= 2  # deleted meanwhile


@pytest.mark.parametrize(
    ("path", "params", "told"),
    [
        ("videos", {"id": "x"}, "missingRequiredParameter"),
        ("videos", {"part": "secrets", "id": "x"}, "unknownPart"),
        ("videos", {"part": "snippet"}, "missingRequiredParameter"),
        ("videos", {"part": "snippet", "id": ",".join(["x"] * 51)}, "invalidFilters"),
        ("playlistItems", {"part": "snippet", "playlistId": "PLnowhere"}, "playlistNotFound"),
        ("playlistItems", {"part": "snippet", "playlistId": UPLOADS, "maxResults": "51"}, "invalidValue"),
        ("playlistItems", {"part": "snippet", "playlistId": UPLOADS, "pageToken": "x"}, "invalidPageToken"),
        ("commentThreads", {"part": "snippet", "videoId": "nowhere"}, "videoNotFound"),
        ("comments", {"part": "snippet", "parentId": "nowhere"}, "commentNotFound"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_reason(path: str, params: dict[str, Any], told: str) -> None:
    assert reason(owner(make_sandbox("youtube")).get(path, params=params)) == told


def test_the_quota_of_a_day_is_told_like_a_missing_right_and_a_write_costs_fifty() -> None:
    sandbox = make_sandbox("youtube")
    client = owner(sandbox)
    body = {"snippet": {"title": "One of many"}}
    for _ in range(200):
        assert client.post("playlists", params={"part": "snippet"}, json=body).status_code == 200
    refused = client.get("videos", params={"part": "id", "id": "x"})
    assert (refused.status_code, reason(refused)) == (403, "quotaExceeded")
    assert client.get(f"{DATA}videos:batchGetStats", params={"part": "id", "id": "x"}).status_code == 200
    sandbox.advance(days=1)
    assert owner(sandbox).get("videos", params={"part": "id", "id": "x"}).status_code == 200


def test_an_update_that_leaves_the_tags_out_erases_them() -> None:
    client = owner(make_sandbox("youtube"))
    item = client.get("playlistItems", params={"part": "contentDetails", "playlistId": UPLOADS}).json()["items"][0]
    number = item["contentDetails"]["videoId"]
    body: dict[str, Any] = {"id": number, "snippet": {"title": "New", "categoryId": "28", "tags": ["a"]}}
    told = client.put("videos", params={"part": "snippet"}, json=body).json()["snippet"]
    assert told["tags"] == ["a"]
    del body["snippet"]["tags"]
    told = client.put("videos", params={"part": "snippet"}, json=body).json()["snippet"]
    assert "tags" not in told
    assert "description" not in told
    del body["snippet"]["categoryId"]
    assert client.put("videos", params={"part": "snippet"}, json=body).status_code == 400


def members(value: Any, path: str = "") -> set[str]:
    """The paths of all members, of the first element of each list."""
    if isinstance(value, list):
        return members(value[0], path) if value else set()
    if not isinstance(value, dict):
        return set()
    found = {f"{path}/{name}" for name in value}
    return found.union(*(members(inner, f"{path}/{name}") for name, inner in value.items()))


@needs_shared
@pytest.mark.parametrize(
    ("path", "params", "name"),
    [
        ("playlistItems", {"part": "snippet", "playlistId": UPLOADS}, "playlist_items/playlist_items_paged_1"),
        ("playlists", {"part": "snippet", "mine": "true"}, "playlists/playlists_paged_1"),
        (
            "commentThreads",
            {"part": "snippet", "allThreadsRelatedToChannelId": CHANNEL},
            "comment_threads/comment_threads_by_video_paged_1",
        ),
    ],
)
def test_a_list_has_the_members_that_a_recorded_one_has(path: str, params: dict[str, str], name: str) -> None:
    real = members(recorded("youtube", f"python-youtube/{name}.json"))
    ours = members(owner(make_sandbox("youtube")).get(path, params=params).json())
    missing = {one for one in real - ours if "thumbnails" not in one and not one.endswith("/videoId")}
    assert missing == set()
