"""Where the fields of a credential come from, and that a secret is never an argument."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sdk.auth import ApiKey, Field
from console import fields
from core.errors import CredentialMalformed, UsageError

TOKEN = Field(name="token", title="Token", pattern=r"pat-\d+", help="It begins with pat-.")
REGION = Field(name="region", title="Region", secret=False, pattern="eu|us")
NOTE = Field(name="note", title="Note", secret=False, optional=True)
AUTH = ApiKey(name="api_key", title="API key", fields=(TOKEN, REGION, NOTE))


def answers(*given: str) -> tuple[fields.Ask, list[str]]:
    asked: list[str] = []
    left: Iterator[str] = iter(given)

    def ask(field: Field) -> str:
        asked.append(field.name)
        return next(left)

    return ask, asked


def test_a_secret_as_an_option_is_refused_without_repeating_it() -> None:
    with pytest.raises(UsageError) as caught:
        fields.refuse_secrets(["token=pat-123"], AUTH.fields)
    assert "pat-123" not in f"{caught.value} {caught.value.advice}"
    assert "--stdin" in caught.value.advice


def test_an_option_without_a_name_is_not_repeated_either() -> None:
    with pytest.raises(UsageError) as caught:
        fields.from_options(["pat-123"], AUTH.fields)
    assert "pat-123" not in f"{caught.value} {caught.value.advice}"


def test_options_give_what_is_no_secret() -> None:
    assert fields.from_options(["region=eu", "note=a=b"], AUTH.fields) == {"region": "eu", "note": "a=b"}


def test_the_environment_names_platform_and_field() -> None:
    env = {"INTEGRATIONS_HUBSPOT_TOKEN": "pat-1", "INTEGRATIONS_X_TOKEN": "other"}
    assert fields.from_environment("hubspot", AUTH.fields, env) == {"token": "pat-1"}


def test_only_what_is_missing_is_asked_for() -> None:
    ask, asked = answers("pat-1", "")
    values = fields.gather("hubspot", AUTH, AUTH.fields, {"region": "eu"}, ask=ask)
    assert values == {"region": "eu", "token": "pat-1", "note": ""}
    assert asked == ["token", "note"]


def test_a_malformed_answer_is_asked_for_again_at_most_three_times() -> None:
    ask, asked = answers("bad", " pat-7 ", "eu", "")
    assert fields.gather("hubspot", AUTH, AUTH.fields, {}, ask=ask)["token"] == "pat-7"
    assert asked[:2] == ["token", "token"]
    ask, asked = answers("bad", "worse", "worst")
    with pytest.raises(CredentialMalformed):
        fields.gather("hubspot", AUTH, AUTH.fields, {}, ask=ask)
    assert asked == ["token"] * 3


def test_what_was_given_malformed_is_not_asked_for() -> None:
    ask, asked = answers()
    with pytest.raises(CredentialMalformed) as caught:
        fields.gather("hubspot", AUTH, AUTH.fields, {"token": "secret-bad"}, ask=ask)
    assert not asked
    assert "secret-bad" not in str(caught.value)


def test_without_a_terminal_what_is_missing_is_told_with_the_ways_to_give_it() -> None:
    with pytest.raises(UsageError) as caught:
        fields.gather("hubspot", AUTH, AUTH.fields, {"region": "eu"}, ask=None)
    assert "INTEGRATIONS_HUBSPOT_TOKEN" in caught.value.advice
    assert "--field" not in caught.value.advice
    with pytest.raises(UsageError) as caught:
        fields.gather("hubspot", AUTH, AUTH.fields, {"token": "pat-1"}, ask=None)
    assert "--field region=" in caught.value.advice


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(UsageError, match="has no field tokn"):
        fields.gather("hubspot", AUTH, AUTH.fields, {"tokn": "x"}, ask=None)


KEY_FILE = Field(name="key", title="Key file", file=True, pattern=r"(?s)\{.*\}")
HOST = Field(name="host", title="Host", secret=False, default="login.example", pattern=r"[a-z.]+")


def test_a_file_is_given_by_its_path_or_whole(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text('{"private":\n"text"}')
    for value in (str(path), path.read_text()):
        assert fields.gather("acme", AUTH, (KEY_FILE,), {"key": value}, ask=None) == {"key": path.read_text()}
    with pytest.raises(CredentialMalformed) as caught:
        fields.gather("acme", AUTH, (KEY_FILE,), {"key": str(tmp_path / "none.json")}, ask=None)
    assert "none.json" in str(caught.value)


def test_a_default_stands_in_for_what_was_left_empty() -> None:
    assert fields.gather("acme", AUTH, (HOST,), {}, ask=None) == {"host": "login.example"}
    ask, _ = answers("")
    assert fields.gather("acme", AUTH, (HOST,), {}, ask=ask) == {"host": "login.example"}
