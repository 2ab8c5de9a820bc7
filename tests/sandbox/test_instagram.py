"""The simulated Instagram: two hosts that do not know each other's tokens, tokens of sixty days, publishing."""

from __future__ import annotations

import json
from typing import Any

from sandbox.instagram.content import ACCOUNT_ID
from sandbox.meta import proof_of
from sandbox.platform import Call, Reply
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.world import World

FACEBOOK, INSTAGRAM = "graph.facebook.com", "graph.instagram.com"
SAMPLE = SAMPLES["instagram"]


def made() -> Sandbox:
    return Sandbox(World(scale=60), platforms=["instagram"], relaxed=True)


def ask(
    sandbox: Sandbox, path: str, *, host: str = INSTAGRAM, token: str = "", body: Any = None, **params: str
) -> Reply:
    token = token or SAMPLE["page_token" if host == FACEBOOK else "instagram_token"]["token"]
    if host == FACEBOOK:
        params["appsecret_proof"] = proof_of(SAMPLE["page_token"]["app_secret"], token)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    content = b"" if body is None else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    call = Call(method=method, host=host, path=path, params=tuple(params.items()), headers=headers, body=content)
    return sandbox.handle(call)


def problem(reply: Reply) -> tuple[int, int | None]:
    error = json.loads(reply.body)["error"]
    return error["code"], error.get("error_subcode")


def test_neither_host_knows_the_tokens_of_the_other() -> None:
    sandbox, path = made(), f"/v26.0/{ACCOUNT_ID}"
    for host, other in ((FACEBOOK, "instagram_token"), (INSTAGRAM, "page_token")):
        assert ask(sandbox, path, host=host, fields="id").status == 200
        assert problem(ask(sandbox, path, host=host, token=SAMPLE[other]["token"], fields="id"))[0] == 190


def test_an_account_has_two_ids_with_instagram_login_and_one_with_facebook_login() -> None:
    sandbox = made()
    mine = json.loads(ask(sandbox, "/v26.0/me", fields="id,user_id,account_type").body)
    assert mine["user_id"] == ACCOUNT_ID != mine["id"]
    assert problem(ask(sandbox, f"/v26.0/{ACCOUNT_ID}", host=FACEBOOK, fields="id,user_id")) == (100, None)


def test_what_facebook_login_alone_tells_is_a_metric_that_instagram_login_does_not_have() -> None:
    sandbox = made()
    media = json.loads(ask(sandbox, f"/v26.0/{ACCOUNT_ID}/media", fields="id").body)["data"]
    path = f"/v26.0/{media[0]['id']}/insights"
    assert ask(sandbox, path, host=FACEBOOK, metric="total_views").status == 200
    assert problem(ask(sandbox, path, metric="total_views")) == (100, None)


def test_more_than_thirty_days_are_too_many() -> None:
    sandbox = made()
    now = int(sandbox.now().timestamp())
    window = {"metric": "reach", "period": "day", "since": str(now - 32 * 86_400), "until": str(now)}
    assert problem(ask(sandbox, f"/v26.0/{ACCOUNT_ID}/insights", **window)) == (100, None)


def test_tokens_are_exchanged_by_a_get_with_the_right_secret_alone() -> None:
    sandbox = made()
    asked = {"grant_type": "ig_exchange_token", "access_token": SAMPLE["instagram_token"]["token"]}
    assert problem(ask(sandbox, "/access_token", client_secret="0" * 32, **asked))[0] == 1
    right = {**asked, "client_secret": SAMPLE["instagram_login"]["client_secret"]}
    assert problem(ask(sandbox, "/access_token", body={}, **right)) == (100, 33)
    assert json.loads(ask(sandbox, "/access_token", **right).body)["expires_in"] == 60 * 86_400


def test_a_container_is_published_within_a_day_and_a_hundred_are_enough() -> None:
    sandbox, account = made(), f"/v26.0/{ACCOUNT_ID}"

    def contained() -> str:
        return str(json.loads(ask(sandbox, f"{account}/media", body={"image_url": "https://x/a.jpg"}).body)["id"])

    first = contained()
    assert problem(ask(sandbox, f"{account}/media_publish", body={"creation_id": first})) == (9007, 2207027)
    sandbox.advance(days=2)
    assert json.loads(ask(sandbox, f"/v26.0/{first}", fields="status_code").body)["status_code"] == "EXPIRED"
    containers = [contained() for _ in range(101)]
    sandbox.advance(seconds=60)
    replies = [ask(sandbox, f"{account}/media_publish", body={"creation_id": one}) for one in containers]
    assert [reply.status for reply in replies] == [200] * 100 + [400]
    assert problem(replies[-1]) == (9, 2207042)
