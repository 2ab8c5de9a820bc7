"""Every member of a recorded Mailchimp reply is in the sandbox's, with the same JSON type."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from sandbox.samples import SAMPLES
from tests.sandbox.rig import client_of, differences, make_sandbox
from tests.shared import needs_shared, recorded

pytestmark = needs_shared
# Only some links, and of the constraints of a plan only what the collection of audiences tells.
PASSED_OVER = {"_links", "members[]._links", "lists[]._links", "campaigns[]._links", "segments[]._links"}


@pytest.fixture
def client() -> httpx.Client:
    key = SAMPLES["mailchimp"]["api_key"]["token"]
    return client_of(make_sandbox("mailchimp"), "https://us21.api.mailchimp.com", token=key)


def _own(client: httpx.Client, path: str) -> str:
    """The recorded path with our own ids in it."""
    audience = client.get("/3.0/lists").json()["lists"][0]["id"]
    member = client.get(f"/3.0/lists/{audience}/members").json()["members"][0]["id"]
    campaign = client.get("/3.0/reports").json()["reports"][0]["id"]
    path = re.sub(r"/lists/[0-9a-f]{10}", f"/lists/{audience}", path)
    path = re.sub(r"/members/[0-9a-f]{32}", f"/members/{member}", path)
    return re.sub(r"/(campaigns|reports)/[0-9a-f]{10}", rf"/\1/{campaign}", path)


@pytest.mark.parametrize(
    "name",
    ["list-audiences", "get-audience", "list-members", "get-member", "members", "list-campaigns", "get-campaign",
     "get-campaign-report", "list-segments", "create-segment", "update-audience", "tag-member", "delete-member"],
)  # fmt: skip
def test_a_reply_has_the_recorded_shape(client: httpx.Client, name: str) -> None:
    for exchange in recorded("mailchimp", f"nango/{name}")["exchanges"]:
        asked, told = exchange["request"], exchange["response"]
        path = _own(client, asked["path"])
        ours = client.request(asked["method"], path, params=asked.get("params"), json=asked.get("body"))
        assert ours.status_code == told["status"]
        found = differences(told["body"], _sent_first(ours.json())) if ours.content else []
        assert [one for one in found if not one.startswith(tuple(PASSED_OVER))] == []


def _sent_first(body: Any) -> Any:
    """A campaign that was sent tells more than a draft, a saved segment more than a static one: they go first."""
    if isinstance(body, dict) and "campaigns" in body:
        body["campaigns"].sort(key=lambda one: one["status"] != "sent")
    if isinstance(body, dict) and "segments" in body:
        body["segments"].sort(key=lambda one: one["type"] != "saved")
    return body
