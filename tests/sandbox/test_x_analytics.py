"""The simulated figures of X: spans in UTC that add up to the total, errors beside data, an app of its own."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.sandbox import Sandbox
from sandbox.world import DAY_MS, from_ms
from tests.sandbox.rig import CHALLENGE, REDIRECT, VERIFIER, authorize, client_of, exchange, make_sandbox, redirected

BASE = "https://api.x.com"
FIELDS = "impressions,likes,timestamped_metrics"


@pytest.fixture
def sandbox() -> Sandbox:
    made = make_sandbox("x", "x_analytics")
    made.advance(days=20)
    return made


def user_of(sandbox: Sandbox, slug: str = "x_analytics") -> httpx.Client:
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    client, scope = client_of(sandbox, BASE), "tweet.read users.read"
    asked = authorize(client, slug, "https://x.com/i/oauth2/authorize", decision="approve", scope=scope, **pkce)
    code = redirected(asked)["code"]
    reply = exchange(client, slug, f"{BASE}/2/oauth2/token", code, redirect_uri=REDIRECT, code_verifier=VERIFIER)
    return client_of(sandbox, BASE, token=reply.json()["access_token"])


@pytest.fixture
def user(sandbox: Sandbox) -> httpx.Client:
    return user_of(sandbox)


def own(user: httpx.Client) -> list[dict[str, Any]]:
    number = user.get("/2/users/me").json()["data"]["id"]
    params = {"max_results": "100", "tweet.fields": "author_id,attachments", "exclude": "retweets"}
    return list(user.get(f"/2/users/{number}/tweets", params=params).json()["data"])


def window(sandbox: Sandbox, **more: str) -> dict[str, str]:
    now = sandbox.world.clock.ms()
    begin, end = (from_ms(at).strftime("%Y-%m-%dT%H:%M:%SZ") for at in (now - 10 * DAY_MS, now))
    return {"start_time": begin, "end_time": end, **more}


def test_each_product_knows_its_own_tokens_on_the_host_that_they_share(sandbox: Sandbox) -> None:
    figures, posts = user_of(sandbox), user_of(sandbox, "x")
    asked = window(sandbox, ids=own(figures)[0]["id"])
    assert figures.get("/2/tweets/analytics", params=asked).status_code == 200
    assert posts.get("/2/tweets/analytics", params=asked).status_code == 400  # where x looks for a post of that id
    assert posts.get("/2/users/me").json() == figures.get("/2/users/me").json()


def test_days_add_up_to_the_total(sandbox: Sandbox, user: httpx.Client) -> None:
    fields = {"ids": own(user)[0]["id"], "analytics.fields": FIELDS}
    days = user.get("/2/tweets/analytics", params=window(sandbox, granularity="daily", **fields)).json()["data"][0]
    total = user.get("/2/tweets/analytics", params=window(sandbox, granularity="total", **fields)).json()["data"][0]
    told = days["timestamped_metrics"]
    assert all(one["timestamp"].endswith("T00:00:00Z") for one in told)
    assert sum(one["metrics"]["impressions"] for one in told) >= total["impressions"] > 0
    assert "timestamped_metrics" not in total
    assert set(told[0]["metrics"]) == {"impressions", "likes"}


def test_what_is_missing_is_told_beside_the_figures(sandbox: Sandbox, user: httpx.Client) -> None:
    known = own(user)[0]["id"]
    reply = user.get("/2/tweets/analytics", params=window(sandbox, ids=f"{known},20")).json()
    assert [one["id"] for one in reply["data"]] == [known]
    assert reply["errors"][0]["type"].endswith("/resource-not-found")


def test_films_have_figures_and_photos_have_not(sandbox: Sandbox, user: httpx.Client) -> None:
    keys = [key for one in own(user) for key in one.get("attachments", {}).get("media_keys", ())]
    film, photo = (next(key for key in keys if key.startswith(kind)) for kind in ("7_", "3_"))
    asked = window(sandbox, media_keys=f"{film},{photo}", **{"media_analytics.fields": "video_views,watch_time_ms"})
    reply = user.get("/2/media/analytics", params=asked).json()
    assert [one["media_key"] for one in reply["data"]] == [film]
    assert reply["errors"][0]["value"] == photo
    for span in reply["data"][0]["timestamped_metrics"]:
        assert (type(span["metrics"]["video_views"]), type(span["metrics"]["watch_time_ms"])) == (int, str)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/2/tweets/analytics", {"start_time": ""}),
        ("/2/tweets/analytics", {"end_time": ""}),
        ("/2/tweets/analytics", {"ids": ""}),
        ("/2/tweets/analytics", {"ids": "x"}),
        ("/2/tweets/analytics", {"ids": ",".join(["20"] * 101)}),
        ("/2/tweets/analytics", {"granularity": "Total"}),
        ("/2/tweets/analytics", {"end_time": "2001-01-01T00:00:00Z"}),
        ("/2/media/analytics", {"granularity": "weekly", "media_keys": "7_1"}),
        ("/2/media/analytics", {"media_keys": "7"}),
    ],
)
def test_a_wrong_question_is_refused(sandbox: Sandbox, user: httpx.Client, path: str, change: dict[str, str]) -> None:
    given = {"ids": "20"} if "tweets" in path else {}
    reply = user.get(path, params={**window(sandbox), **given, **change})
    assert reply.status_code == 400
    assert reply.json()["type"].endswith("/invalid-request")
