"""The sandbox over a real socket on loopback: hosts by header and by path, control, faults as a client sees them."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox.__main__ import listen, server_of
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.world import World
from tests.sandbox.rig import REDIRECT, redirected

KEY = SAMPLES["hubspot"]["service_key"]["token"]
CONTACTS = "/crm/objects/2026-03/contacts"
HOST = {"x-sandbox-host": "api.hubapi.com", "authorization": f"Bearer {KEY}"}


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(World(scale=60), platforms=["hubspot", "mailchimp"])


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[httpx.Client]:
    listening = listen(0)
    server = server_of(sandbox)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}") as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listening.close()


def test_a_header_names_the_platform(client: httpx.Client) -> None:
    assert len(client.get(CONTACTS, headers=HOST).json()["results"]) == 10
    asked = {"x-sandbox-host": "us21.api.mailchimp.com"}
    key = SAMPLES["mailchimp"]["api_key"]["token"]
    assert client.get("/3.0/ping", headers=asked, auth=("any", key)).status_code == 200


def test_the_host_header_names_it_as_well(client: httpx.Client) -> None:
    asked = {"host": "api.hubapi.com", "authorization": f"Bearer {KEY}"}
    assert client.get(CONTACTS, headers=asked).status_code == 200


def test_a_host_that_nobody_simulates_is_a_bad_gateway(client: httpx.Client) -> None:
    assert client.get("/x", headers={"x-sandbox-host": "elsewhere.example"}).status_code == 502


def test_a_browser_follows_the_path_form_to_the_consent_page_and_back(client: httpx.Client) -> None:
    page = client.get(
        "/_host/app.hubspot.com/oauth/authorize",
        params={
            "client_id": SAMPLES["hubspot"]["oauth2"]["client_id"],
            "redirect_uri": REDIRECT,
            "state": "s1",
            "response_type": "code",
            "scope": "oauth",
        },
    )
    assert page.headers["content-type"].startswith("text/html")
    given = redirected(client.get(page.url.copy_merge_params({"decision": "approve"})))
    assert given["state"] == "s1"
    assert given["code"]


def test_the_clock_is_read_and_moved_from_outside(client: httpx.Client) -> None:
    before = client.get("/_sandbox/now").json()["now"]
    after = client.post("/_sandbox/advance", json={"days": 1}).json()["now"]
    assert (before[:10], after[:10]) == ("2026-09-07", "2026-09-08")
    assert client.post("/_sandbox/advance", json={"days": -1}).status_code == 400


def test_faults_are_planned_from_outside_and_break_real_connections(client: httpx.Client) -> None:
    plan = [
        {"nth": 1, "kind": "rate_limited", "args": {"retry_after": 2}},
        {"nth": 2, "kind": "cut", "args": {"at": 100}},
        {"nth": 3, "kind": "reset"},
    ]
    assert client.post("/_sandbox/fault", json=plan).json() == {"planned": 3}
    assert client.get(CONTACTS, headers=HOST).headers["retry-after"] == "2"
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(CONTACTS, headers=HOST)
    with pytest.raises(httpx.TransportError):
        client.get(CONTACTS, headers=HOST)
    assert client.get(CONTACTS, headers=HOST).status_code == 200


def test_a_fault_that_does_not_exist_is_refused(client: httpx.Client) -> None:
    refused = client.post("/_sandbox/fault", json={"kind": "gremlin"})
    assert refused.status_code == 400
    assert "gremlin" in refused.json()["error"]


def test_calls_and_samples_are_told_and_no_credential_is_logged(client: httpx.Client) -> None:
    client.get(CONTACTS, headers=HOST, params={"limit": "1"})
    told = client.get("/_sandbox/calls", params={"last": 1})
    assert told.json()["calls"][0]["template"] == "/crm/objects/2026-03/{type}"
    assert KEY not in told.text
    assert client.get("/_sandbox/credentials").json()["hubspot"]["service_key"]["token"] == KEY
    assert client.get("/_sandbox/health").json()["platforms"] == ["hubspot", "mailchimp"]


def test_a_signed_webhook_call_is_made_for_whoever_posts_it(client: httpx.Client) -> None:
    asked = {"platform": "hubspot", "url": "http://127.0.0.1:1/in", "secret": "s"}
    made = client.post("/_sandbox/webhook", json=asked).json()
    assert (made["method"], made["url"]) == ("POST", asked["url"])
    assert made["headers"]["x-hubspot-signature-v3"]
    assert client.post("/_sandbox/webhook", json={**asked, "platform": "nobody"}).status_code == 400


def test_settings_change_while_it_runs(client: httpx.Client, sandbox: Sandbox) -> None:
    client.post("/_sandbox/settings", json={"relaxed": True, "auto_approve": True})
    assert sandbox.limits.relaxed
    assert sandbox.oauth["hubspot"].auto_approve


@pytest.mark.slow
def test_it_starts_as_a_module_and_prints_its_address() -> None:
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--scale", "50", "--start", "2026-09-07"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            assert told["address"].startswith("http://127.0.0.1:")
            assert httpx.get(f"{told['address']}/_sandbox/now", timeout=10).json()["now"].startswith("2026-09-07")
        finally:
            process.terminate()
