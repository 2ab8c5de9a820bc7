"""Every member of a recorded HubSpot reply is in the sandbox's, with the same JSON type."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from sandbox.samples import SAMPLES
from tests.sandbox.rig import client_of, differences, make_sandbox
from tests.shared import needs_shared, recorded

pytestmark = needs_shared
# Set by other products of HubSpot's (help desk, sequences, forecasting) when a record is created.
COMPUTED = "properties.hs_", "properties.days_to_close", "properties.amount_in_home", "properties.notes_last"


@pytest.fixture
def client() -> httpx.Client:
    key = SAMPLES["hubspot"]["service_key"]["token"]
    return client_of(make_sandbox("hubspot", scale=200, relaxed=True), "https://api.hubapi.com", token=key)


@pytest.mark.parametrize(
    "name",
    ["contacts", "list-contacts", "companies", "list-companies", "deals", "list-deals", "list-tickets", "owners",
     "fetch-account-information", "fetch-pipelines", "search-deals", "search-tickets"],
)  # fmt: skip
def test_a_read_has_the_recorded_shape(client: httpx.Client, name: str) -> None:
    for exchange in recorded("hubspot", f"nango/{name}")["exchanges"]:
        asked, told = exchange["request"], exchange["response"]
        ours = client.request(asked["method"], asked["path"], params=asked.get("params"), json=asked.get("body"))
        assert ours.status_code == told["status"]
        assert differences(_first(told["body"]), _first(ours.json())) == []


@pytest.mark.parametrize("name", ["create-contact", "create-deal", "create-ticket", "batch-create-companies"])
def test_a_write_answers_in_the_recorded_shape(client: httpx.Client, name: str) -> None:
    for exchange in recorded("hubspot", f"nango/{name}")["exchanges"]:
        asked, told = exchange["request"], exchange["response"]
        ours = client.request(asked["method"], asked["path"], json=asked.get("body"))
        assert ours.status_code == 201  # the recording proxy re-encoded it as 200
        found = differences(_first(told["body"]), _first(ours.json()))
        assert [one for one in found if not one.removeprefix("results[].").startswith(COMPUTED)] == []


def _first(body: Any) -> Any:
    """Of a page, the first record that has every property set, so that no recorded null hides a type."""
    if not isinstance(body, dict) or not body.get("results"):
        return body
    richest = max(body["results"], key=lambda one: sum(v is not None for v in one.get("properties", one).values()))
    return {**body, "results": [richest]}
