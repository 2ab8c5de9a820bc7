"""The simulated Facebook: lists inside the records of another, as fields that are asked for with modifiers."""

from __future__ import annotations

import json
from typing import Any

from sandbox.facebook.content import PAGE_ID
from sandbox.meta import proof_of
from sandbox.platform import Call
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.world import World

SAMPLE = SAMPLES["facebook"]["page_token"]
POSTS = f"/v26.0/{PAGE_ID}/published_posts"


def ask(path: str, **params: str) -> Any:
    sandbox = Sandbox(World(scale=60), platforms=["facebook"], relaxed=True)
    params["appsecret_proof"] = proof_of(SAMPLE["app_secret"], SAMPLE["token"])
    headers = {"authorization": f"Bearer {SAMPLE['token']}"}
    call = Call(method="GET", host="graph.facebook.com", path=path, params=tuple(params.items()), headers=headers)
    return json.loads(sandbox.handle(call).body)


def busy(modifiers: str = "") -> Any:
    """The post with the most comments, with these as they are asked for."""
    posts = ask(POSTS, fields="comments.filter(stream).limit(100){id}", limit="100")["data"]
    identity = max(posts, key=lambda post: len(post.get("comments", {}).get("data", ())))["id"]
    return ask(f"/v26.0/{identity}", fields=f"comments{modifiers}{{id,created_time,parent{{id}}}}")


def test_a_list_inside_a_record_is_the_one_at_its_own_address() -> None:
    post = busy(".filter(stream).order(chronological).limit(2)")
    params = {"filter": "stream", "order": "chronological", "limit": "2", "fields": "id,created_time,parent{id}"}
    assert post["comments"]["data"] == ask(f"/v26.0/{post['id']}/comments", **params)["data"]
    paging = post["comments"]["paging"]
    assert paging["next"].startswith(f"https://graph.facebook.com/v26.0/{post['id']}/comments?")
    rest = ask(f"/v26.0/{post['id']}/comments", **params | {"after": paging["cursors"]["after"]})["data"]
    assert rest
    assert not {one["id"] for one in rest} & {one["id"] for one in post["comments"]["data"]}


def test_modifiers_say_how_many_in_which_order_and_whether_answers_come_along() -> None:
    all_of_them = busy(".filter(stream).limit(100)")["comments"]
    assert "next" not in all_of_them["paging"]
    assert any("parent" in one for one in all_of_them["data"])
    assert not any("parent" in one for one in busy(".limit(100)")["comments"]["data"])
    backwards = busy(".filter(stream).order(reverse_chronological).limit(100)")["comments"]["data"]
    assert backwards == all_of_them["data"][::-1]
    assert busy(".order(sideways)")["error"]["code"] == 100


def test_an_empty_list_inside_a_record_is_left_out_unless_its_summary_is_asked_for() -> None:
    posts = ask(POSTS, fields="comments.limit(0),reactions.limit(0).summary(true)", limit="100")["data"]
    assert all("comments" not in post and post["reactions"]["data"] == [] for post in posts)
    assert all(post["reactions"]["summary"]["total_count"] > 0 for post in posts)
