"""TikTok: errors within good replies, scopes that are 401, cursors of milliseconds, posts that come true later."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sdk.auth import OAuth2
from connectors.sdk.inbound import Delivery
from connectors.sdk.oauth2 import code_request, consent_url
from connectors.tiktok import CONNECTOR
from core.classify import Disposition
from core.errors import SignatureRefused, UsageError
from tests.connectors.replies import CONTEXT, NOW, meant, reply
from tests.contract.rig import Rig, sandbox_of
from tests.shared import needs_shared, recorded

VIDEOS = CONNECTOR.stream("videos")


@pytest.mark.parametrize(
    ("status", "code", "disposition"),
    [
        (200, "ok", Disposition.OK),
        (401, "access_token_invalid", Disposition.REFRESH_TOKEN),
        (401, "scope_not_authorized", Disposition.SCOPE_MISSING),
        (200, "scope_permission_missed", Disposition.SCOPE_MISSING),
        (429, "rate_limit_exceeded", Disposition.RATE_LIMITED),
        (403, "spam_risk_too_many_posts", Disposition.RATE_LIMITED),
        (403, "spam_risk_too_many_pending_share", Disposition.RATE_LIMITED),
        (403, "reached_active_user_cap", Disposition.RATE_LIMITED),
        (400, "invalid_params", Disposition.FAIL),
        (200, "invalid_param", Disposition.FAIL),
        (400, "invalid_file_upload", Disposition.FAIL),
        (403, "privacy_level_option_mismatch", Disposition.FAIL),
        (403, "url_ownership_unverified", Disposition.FAIL),
        (403, "unaudited_client_can_only_post_to_private_accounts", Disposition.FAIL),
        (500, "internal_error", Disposition.RETRY),
        (200, "something_new", Disposition.FAIL),
    ],
)
def test_an_error_counts_whatever_the_status(status: int, code: str, disposition: Disposition) -> None:
    assert meant(CONNECTOR, status, {"data": {}, "error": {"code": code, "message": ""}}) is disposition


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_client", "unauthorized_client", "access_denied"])
def test_a_refused_grant_is_refused_also_with_200(code: str) -> None:
    assert meant(CONNECTOR, 200, {"error": code, "error_description": "x"}) is Disposition.CREDENTIAL_REJECTED


def test_sign_in_calls_the_id_a_key_and_joins_scopes_by_commas() -> None:
    (method,) = CONNECTOR.auth
    assert isinstance(method, OAuth2)
    app = {"client_id": "aw123", "client_secret": "s"}
    url = consent_url(method, app, redirect_uri="https://a.example/", state="s", verifier="v")
    assert "client_key=aw123" in url
    assert "user.info.basic%2Cuser.info.profile" in url
    assert "client_id" not in url
    form = code_request(method, app, code="c", redirect_uri="https://a.example/", verifier="v").form
    assert form is not None
    assert form["client_key"] == "aw123"
    assert "code_verifier" not in form


def test_the_next_page_begins_before_a_moment_in_milliseconds() -> None:
    asked = VIDEOS.request({}, CONTEXT)
    told = {"videos": [{"id": "1", "create_time": 1}], "cursor": 1643332803000, "has_more": True}
    page = VIDEOS.parse(asked, reply({"data": told, "error": {"code": "ok"}}), {}, CONTEXT)
    assert page.next is not None
    assert page.next.json == {"max_count": 20, "cursor": 1643332803000}
    last = {**told, "has_more": False}
    assert VIDEOS.parse(asked, reply({"data": last, "error": {"code": "ok"}}), {}, CONTEXT).next is None


def test_counters_of_old_videos_are_left_alone() -> None:
    stream = CONNECTOR.stream("video_metrics")
    old = int((NOW - timedelta(days=91)).timestamp())
    told = {"videos": [{"id": "1", "create_time": old}], "cursor": 5, "has_more": True}
    listing = stream.request({}, CONTEXT)
    page = stream.parse(listing, reply({"data": told, "error": {"code": "ok"}}), {}, CONTEXT)
    assert page.next is not None
    assert page.next.json == {"filters": {"video_ids": ["1"]}}
    found = reply({"data": {"videos": [{"id": "1"}]}, "error": {"code": "ok"}})
    assert stream.parse(page.next, found, page.state, CONTEXT).next is None


# Webhooks


@needs_shared
def test_a_call_signed_as_the_vendor_tells_is_accepted() -> None:
    vector = recorded("tiktok", "webhook_vectors.json")["vectors"]
    at = datetime.fromtimestamp(int(vector["t"]), UTC)
    call = Delivery(
        method="POST",
        url="https://hooks.example.com/",
        headers={"tiktok-signature": vector["value"]},
        body=vector["body"].encode(),
    )
    assert CONNECTOR.inbound is not None
    values = {"client_secret": vector["secret"]}
    CONNECTOR.inbound.verify(call, values, at + timedelta(days=2))
    for wrong, late in ((replace(call, body=call.body + b" "), 0), (replace(call, headers={}), 0), (call, 4)):
        with pytest.raises(SignatureRefused):
            CONNECTOR.inbound.verify(wrong, values, at + timedelta(days=late))
    (event,) = CONNECTOR.inbound.events(call)
    assert (event.kind, event.account, event.stream) == ("post.publish.complete", "act.example", "")


def test_an_event_about_a_public_post_names_the_video() -> None:
    content = json.dumps({"publish_id": "p", "post_id": "7300000000000000001"})
    told: dict[str, Any] = {"event": "post.publish.publicly_available", "create_time": 1, "content": content}
    call = Delivery(method="POST", url="https://hooks.example.com/", body=json.dumps(told).encode())
    assert CONNECTOR.inbound is not None
    (event,) = CONNECTOR.inbound.events(call)
    assert (event.stream, event.key) == ("videos", {"id": "7300000000000000001"})
    assert CONNECTOR.inbound.events(call)[0].id == event.id
    assert not event.deleted


@pytest.mark.parametrize("word", ["publicaly", "publicly"])
def test_a_post_that_is_no_longer_public_is_gone_from_the_videos(word: str) -> None:
    assert CONNECTOR.inbound is not None
    told = {"event": f"post.publish.no_longer_{word}_available", "content": json.dumps({"post_id": 73})}
    call = Delivery(method="POST", url="https://hooks.example.com/", body=json.dumps(told).encode())
    (event,) = CONNECTOR.inbound.events(call)
    assert (event.stream, event.key, event.deleted) == ("videos", {"id": "73"}, True)


# Writes


def test_a_video_is_posted_once_and_its_state_asked_for() -> None:
    rig, write = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("tiktok", 60)), VIDEOS.write
    for held in rig.sandbox.accepted.of("tiktok"):
        rig.sandbox.accepted.add(replace(held, scopes=(*held.scopes, "video.publish")))
    assert write is not None
    assert write.create is not None
    assert write.read is not None
    asked = write.create({"source_url": "https://own.example/v.mp4", "title": "New"}, rig.context())
    assert not asked.repeatable
    assert asked.json == {
        "post_info": {"privacy_level": "SELF_ONLY", "title": "New"},
        "source_info": {"source": "PULL_FROM_URL", "video_url": "https://own.example/v.mp4"},
    }
    key = write.created(rig.client.send(asked))
    assert rig.client.send(write.read(key, rig.context())).get("data/status") == "PUBLISH_COMPLETE"
    with pytest.raises(UsageError):
        write.create({"title": "Nothing to show"}, rig.context())
