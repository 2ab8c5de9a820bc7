"""What the rules of security find, and what they leave in peace."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sealing import DEFAULT_ROUNDS
from core.security import (
    SEVERITIES,
    Finding,
    InstallationFacts,
    IntegrationFacts,
    PathFacts,
    findings_of,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SOUND = IntegrationFacts(
    name="crm",
    platform="hubspot",
    title="HubSpot",
    today=NOW,
    granted=frozenset({"contacts.read", "deals.read"}),
    needed={"contacts": ("contacts.read",), "deals": ("deals.read",)},
    sealed_at=NOW - DAY,
    key_version=2,
    current_key_version=2,
    rounds=DEFAULT_ROUNDS,
    urls={"base_url": "https://api.hubapi.com"},
    version="2026-03",
    version_ends=date(2027, 9, 30),
)


def found(**changes: Any) -> dict[str, Finding]:
    return {finding.rule: finding for finding in findings_of(replace(SOUND, **changes))}


def test_nothing_is_found_where_all_is_well() -> None:
    assert found() == {}


def test_a_missing_scope_names_the_streams_that_lack_it() -> None:
    finding = found(granted=frozenset({"contacts.read"}))["scopes.missing"]
    assert finding.severity == "medium"
    assert finding.detail == "deals cannot be read without deals.read."


def test_nothing_is_said_of_scopes_where_the_platform_does_not_tell_them() -> None:
    assert found(granted=frozenset()) == {}


@pytest.mark.parametrize(
    "scope", ["crm.objects.deals.write", "tweet.write", "files.content.write", "pages_manage_posts"]
)
def test_a_right_to_write_that_nothing_uses_is_graver_than_one_to_read(scope: str) -> None:
    rules = found(granted=SOUND.granted | {scope, "owners.read"})
    assert set(rules) == {"scopes.unneeded", "scopes.unneeded_write"}
    assert rules["scopes.unneeded_write"].severity == "medium"
    assert scope in rules["scopes.unneeded_write"].detail
    assert rules["scopes.unneeded"].severity == "low"


def test_a_scope_that_the_connector_asks_for_is_needed() -> None:
    assert found(granted=SOUND.granted | {"offline.access"}, asked=frozenset({"offline.access"})) == {}


@pytest.mark.parametrize(("days", "severity"), [(89, None), (90, "medium"), (179, "medium"), (180, "high")])
def test_a_static_key_grows_old(days: int, severity: str | None) -> None:
    finding = found(sealed_at=NOW - days * DAY).get("credential.age")
    assert (finding.severity if finding else None) == severity


def test_tokens_that_renew_themselves_do_not_grow_old() -> None:
    assert found(sealed_at=NOW - 400 * DAY, static=False, renews=True) == {}


@pytest.mark.parametrize(
    ("left", "renews", "severity"),
    [
        (8, False, None),
        (7, False, "medium"),
        (0, False, "high"),
        (-30, False, "high"),
        (-30, True, None),
        (0, None, None),
    ],
)
def test_a_credential_without_refresh_must_be_replaced_before_it_ends(
    left: int, renews: bool | None, severity: str | None
) -> None:
    finding = found(expires_at=NOW + left * DAY, renews=renews).get("credential.expiry")
    assert (finding.severity if finding else None) == severity


def test_what_is_sealed_with_an_old_key_is_found() -> None:
    assert set(found(key_version=1)) == {"seal.key_version"}
    assert found(key_version=None) == {}


def test_a_key_derived_in_too_few_rounds_is_found() -> None:
    assert "100,000" in found(rounds=100_000)["seal.rounds"].detail


def test_a_seal_that_does_not_open_is_grave() -> None:
    assert found(seal_broken=True)["seal.broken"].severity == "high"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://models.example/v1", True),
        ("HTTP://MODELS.EXAMPLE/v1", True),
        ("http://[broken", True),
        ("https://models.example", False),
        ("http://localhost:11434", False),
        ("http://127.0.0.1:4200/api", False),
        ("http://[::1]:4200", False),
        ("http://localhost.example", True),
        ("us21", False),
    ],
)
def test_addresses_elsewhere_must_be_encrypted(url: str, plain: bool) -> None:
    assert ("transport.plain_http" in found(urls={"base_url": url})) is plain
    installation = InstallationFacts(urls={"PREFECT_API_URL": url})
    assert [f.rule for f in findings_of(installation)] == (["transport.plain_http"] if plain else [])


def test_an_address_with_a_password_in_it_is_not_repeated() -> None:
    finding = found(urls={"base_url": "http://me:hunter2@models.example"})["transport.plain_http"]
    assert "hunter2" not in str(finding)


@pytest.mark.parametrize(("days", "severity"), [(91, None), (90, "medium"), (31, "medium"), (30, "high"), (-5, "high")])
def test_a_version_that_ends_is_told_in_time(days: int, severity: str | None) -> None:
    finding = found(version_ends=(NOW + days * DAY).date()).get("platform.sunset")
    assert (finding.severity if finding else None) == severity


@pytest.mark.parametrize(
    ("mode", "folder", "secret", "severity"),
    [
        (0o600, False, True, None),
        (0o700, True, False, None),
        (0o640, False, True, "high"),
        (0o604, False, True, "critical"),
        (0o640, False, False, "medium"),
        (0o660, False, False, "high"),
        (0o644, False, False, "high"),
        (0o755, True, False, "high"),
    ],
)
def test_files_are_for_their_owner_alone(mode: int, folder: bool, secret: bool, severity: str | None) -> None:
    path = PathFacts(role="keyring", path="/srv/it/keyring.json", mode=mode, folder=folder, secret=secret)
    findings = findings_of(InstallationFacts(paths=(path,)))
    assert [finding.severity for finding in findings] == ([severity] if severity else [])
    for finding in findings:
        assert finding.remedy == f"chmod {'700' if folder else '600'} '/srv/it/keyring.json'"


@given(
    st.builds(
        replace,
        st.just(SOUND),
        granted=st.frozensets(st.sampled_from(["contacts.read", "contacts.write", "owners.read"])),
        sealed_at=st.integers(0, 2000).map(lambda days: NOW - days * DAY),
        expires_at=st.none() | st.just(NOW),
        key_version=st.sampled_from([None, 1, 2]),
        rounds=st.sampled_from([None, 100_000, DEFAULT_ROUNDS]),
        seal_broken=st.booleans(),
        version_ends=st.none() | st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    )
)
def test_a_rule_finds_one_thing_at_most_and_the_gravest_come_first(facts: IntegrationFacts) -> None:
    findings = findings_of(facts)
    rules = [finding.rule for finding in findings]
    assert len(set(rules)) == len(rules)
    gravity = [SEVERITIES.index(finding.severity) for finding in findings]
    assert gravity == sorted(gravity)
    assert all(finding.title and finding.detail and finding.remedy for finding in findings)
