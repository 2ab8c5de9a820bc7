"""connect, list, show, update, pause, resume, remove: against the simulated platforms, over real sockets."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from typing import Any

import httpx
import pytest

from connectors.catalog import connector
from console import connect as connect_module
from console import fields, loopback
from console.connect import browser_address
from console.work import workspace
from core.errors import UsageError
from core.sealing import Envelope
from sandbox.samples import SAMPLES
from storage.audit import audit, audit_trail
from storage.home import Home
from tests.console.conftest import Run

Blocks = dict[str, Envelope]
HUBSPOT = json.dumps(SAMPLES["hubspot"]["service_key"])
TOKEN = SAMPLES["hubspot"]["service_key"]["token"]


@pytest.fixture
def hubspot(run: Run, sandbox: str, keyring: None, blocks: Blocks) -> None:
    """HubSpot is connected."""
    assert run("connect", "hubspot", "--method", "service_key", "--stdin", stdin=HUBSPOT).exit_code == 0


def listed(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("list", "--json").stdout)
    return found


def test_connecting_proves_seals_and_writes_down(run: Run, sandbox: str, blocks: Blocks, home: Home) -> None:
    result = run("connect", "hubspot", "--method", "service_key", "--stdin", "--every", "15", stdin=HUBSPOT)
    assert result.exit_code == 0, result.stderr
    assert "✓ HubSpot accepts it: portal" in result.stderr
    readable = ", ".join(stream.name for stream in connector("hubspot").streams_for("service_key"))
    assert f"Readable: {readable}." in " ".join(result.stderr.split())
    assert str(home.keyring_file) in result.stderr
    assert "apart from the databases" in result.stderr
    assert "every 15 minutes" in result.stderr
    assert set(blocks) == {"hubspot"}
    (row,) = listed(run)
    assert (row["name"], row["platform"], row["schedule_minutes"], row["status"]) == (
        "hubspot",
        "hubspot",
        15,
        "active",
    )
    assert TOKEN not in result.output


def test_the_token_is_in_no_file(hubspot: None, home: Home) -> None:
    files = [path for path in home.folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if TOKEN.encode() in path.read_bytes()]


def test_mailchimps_key_brings_its_data_centre_along(run: Run, sandbox: str, blocks: Blocks) -> None:
    given = json.dumps(SAMPLES["mailchimp"]["api_key"])
    assert run("connect", "mailchimp", "--method", "api_key", "--stdin", stdin=given).exit_code == 0
    assert listed(run)[0]["settings"]["dc"] == "us21"


def test_a_secret_comes_from_the_environment(
    run: Run, sandbox: str, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTEGRATIONS_HUBSPOT_TOKEN", TOKEN)
    assert run("connect", "hubspot", "--method", "service_key").exit_code == 0
    assert set(blocks) == {"hubspot"}


def test_a_secret_as_an_argument_is_refused_with_the_reason(run: Run) -> None:
    result = run("connect", "hubspot", "--field", f"token={TOKEN}")
    assert result.exit_code == 2
    assert "everybody on this machine" in result.stderr
    assert TOKEN not in result.output


def test_a_credential_that_the_platform_refuses_leaves_nothing_behind(
    run: Run, sandbox: str, blocks: Blocks, home: Home
) -> None:
    wrong = json.dumps({"token": TOKEN[:-4] + "ffff"})
    result = run("connect", "hubspot", "--method", "service_key", "--stdin", stdin=wrong)
    assert result.exit_code == 3
    assert not blocks
    assert not listed(run)
    assert not home.keyring_file.exists()


def test_a_malformed_credential_is_never_sent(run: Run, home: Home, blocks: Blocks) -> None:
    result = run("connect", "hubspot", "--method", "service_key", "--stdin", stdin='{"token": "pat-wrong"}')
    assert result.exit_code == 3
    assert "pat-wrong" not in result.output


@pytest.mark.parametrize("stdin", ["", "not json", "[]", '{"token": 1}'])
def test_standard_input_that_is_no_object_of_texts_is_refused(run: Run, stdin: str) -> None:
    result = run("connect", "hubspot", "--method", "service_key", "--stdin", stdin=stdin)
    assert result.exit_code == 2
    assert "JSON object" in result.stderr


def test_a_person_is_asked_for_the_method_and_the_fields(
    run: Run, sandbox: str, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "interactive", lambda: True)
    result = run("connect", "hubspot", stdin=f"9\n1\nnot a token\n{TOKEN}\n")
    assert result.exit_code == 0, result.stderr
    assert "1. Service key or private app token" in result.stderr
    assert "does not have the form" in result.stderr
    assert TOKEN not in result.output


def test_giving_up_at_a_prompt_ends_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fields, "interactive", lambda: True)
    assert run("connect", "hubspot", "--method", "service_key", stdin="").exit_code == 130


def test_without_a_terminal_the_method_must_be_named(run: Run) -> None:
    result = run("connect", "hubspot")
    assert result.exit_code == 2
    assert "--method: service_key, oauth2" in result.stderr


def test_an_unknown_platform_is_answered_with_the_nearest(run: Run) -> None:
    result = run("connect", "hubspt")
    assert result.exit_code == 2
    assert "Did you mean hubspot?" in result.stderr


def test_a_bad_name_is_refused_before_anything_is_asked(run: Run) -> None:
    assert run("connect", "hubspot", "--name", "My Hub", "--method", "service_key").exit_code == 2


def test_connecting_again_gives_a_new_credential_and_keeps_the_rest(hubspot: None, run: Run, blocks: Blocks) -> None:
    before = blocks["hubspot"]
    run("update", "hubspot", "--every", "15")
    result = run("connect", "hubspot", "--method", "service_key", "--stdin", stdin=HUBSPOT)
    assert "connected already" in result.stderr
    assert blocks["hubspot"] != before
    assert [row["schedule_minutes"] for row in listed(run)] == [15]


def test_a_name_of_another_platform_is_refused_before_anything_is_asked(hubspot: None, run: Run) -> None:
    result = run("connect", "mailchimp", "--name", "hubspot", "--method", "api_key", "--stdin", stdin="{}")
    assert result.exit_code == 2
    assert "already an integration of hubspot" in result.stderr


@pytest.mark.parametrize("platform", ["dropbox", "x"])
def test_oauth_goes_through_the_consent_page_and_back(
    platform: str, run: Run, sandbox: str, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    visited: list[str] = []

    def browser(address: str) -> None:
        visited.append(address)
        threading.Thread(target=httpx.get, args=(address,), kwargs={"follow_redirects": True}).start()

    monkeypatch.setattr(connect_module, "_open", browser)
    given = json.dumps(SAMPLES[platform]["oauth2"])
    result = run("connect", platform, "--method", "oauth2", "--stdin", "--callback-port", "0", stdin=given)
    assert result.exit_code == 0, result.stderr
    assert visited[0].startswith(f"{sandbox}/_host/")
    assert "code_challenge=" in visited[0]
    (row,) = listed(run)
    assert row["auth_method"] == "oauth2"
    assert row["scopes"]
    for secret in SAMPLES[platform]["oauth2"].values():
        assert secret not in str(blocks)


def test_without_a_browser_the_address_is_printed(
    run: Run, sandbox: str, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody_answers(*_: object) -> None:
        raise UsageError("no answer came back in time")

    monkeypatch.setattr(loopback.Callback, "wait", nobody_answers)
    given = json.dumps(SAMPLES["dropbox"]["oauth2"])
    result = run(
        "connect", "dropbox", "--method", "oauth2", "--stdin", "--no-browser", "--callback-port", "0", stdin=given
    )
    assert result.exit_code == 2
    assert f"{sandbox}/_host/www.dropbox.com/oauth2/authorize?" in result.stderr
    assert "http://127.0.0.1:" in result.stderr


def test_the_consent_page_is_the_platforms_own_outside_the_sandbox() -> None:
    url = "https://www.dropbox.com/oauth2/authorize?state=a%26b"
    assert browser_address(url, "") == url
    assert browser_address(url, "http://127.0.0.1:9/") == (
        "http://127.0.0.1:9/_host/www.dropbox.com/oauth2/authorize?state=a%26b"
    )


def test_listing_nothing_makes_nothing(run: Run, home: Home) -> None:
    result = run("list")
    assert result.exit_code == 0
    assert "integrations connect" in result.stderr
    assert json.loads(run("list", "--json").stdout) == []
    assert not home.folder.exists()


def test_list_shows_account_status_and_schedule(hubspot: None, run: Run) -> None:
    shown = run("list").stdout
    for word in ("hubspot", "portal", "✓ active", "never", "every hour"):
        assert word in shown


def test_show_tells_everything_but_the_credential(hubspot: None, run: Run) -> None:
    shown = run("show", "hubspot").stdout
    for word in ("Service key", "app secret 1", "contacts", "time_zone"):
        assert word in shown
    told = json.loads(run("show", "hubspot", "--json").stdout)
    assert told["health"] == []
    assert "owner" not in told
    assert TOKEN not in shown + str(told)


def test_an_integration_that_does_not_exist_is_answered_with_the_nearest(hubspot: None, run: Run) -> None:
    for command in (["show"], ["update", "--every", "5"], ["pause"], ["resume"], ["remove", "--yes"], ["sync"]):
        result = run(command[0], "hubspo", *command[1:])
        assert result.exit_code == 2, command
        assert "Did you mean hubspot?" in result.stderr


def test_update_changes_schedule_and_settings(hubspot: None, run: Run) -> None:
    assert run("update", "hubspot", "--every", "0", "--set", "time_zone=UTC").exit_code == 0
    (row,) = listed(run)
    assert (row["schedule_minutes"], row["settings"]["time_zone"]) == (0, "UTC")
    assert row["settings"]["portal_id"]


@pytest.mark.parametrize("change", ["account=me", "nothing=1", "time_zone", "portal_id=abc"])
def test_update_refuses_what_cannot_be(hubspot: None, run: Run, change: str) -> None:
    before = listed(run)
    assert run("update", "hubspot", "--set", change).exit_code == 2
    assert listed(run) == before


def test_update_without_a_change_is_refused(hubspot: None, run: Run) -> None:
    assert run("update", "hubspot").exit_code == 2


def test_pause_and_resume(hubspot: None, run: Run) -> None:
    assert run("pause", "hubspot").exit_code == 0
    assert [row["status"] for row in listed(run)] == ["paused"]
    assert "on demand" in run("list").stdout
    assert run("resume", "hubspot").exit_code == 0
    assert [row["status"] for row in listed(run)] == ["active"]


def test_remove_asks_first_and_forgets_the_credential(hubspot: None, run: Run, blocks: Blocks) -> None:
    assert run("remove", "hubspot", stdin="n\n").exit_code == 130
    assert set(blocks) == {"hubspot"}
    assert run("remove", "hubspot", stdin="y\n").exit_code == 0
    assert not blocks
    assert not listed(run)


def test_what_was_done_is_in_the_audit(hubspot: None, run: Run, home: Home) -> None:
    for command in (["pause"], ["resume"], ["update", "--every", "5"], ["remove", "--yes"]):
        run(command[0], "hubspot", *command[1:])
    with closing(sqlite3.connect(home.state_db)) as database:
        actions = [action for (action,) in database.execute("SELECT action FROM audit_entry ORDER BY id")]
    assert actions == ["sealed", "connected", "paused", "resumed", "updated", "removed"]


def test_platforms_tells_methods_and_streams(run: Run) -> None:
    told = {one["name"]: one for one in json.loads(run("platforms", "--json").stdout)}
    assert told["hubspot"]["methods"] == ["service_key", "oauth2"]
    assert "contacts" in told["hubspot"]["streams"]
    shown = run("platforms").stdout
    assert all(name in shown for name in told)


def test_the_audit_tells_who_typed(hubspot: None, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    with workspace() as place:
        audit(place.scope, "looked", "hubspot")
        lines = audit_trail(place.scope, integration="hubspot")
    assert lines[0].actor == "ada"
    assert {line.action for line in lines} >= {"connected", "sealed"}
