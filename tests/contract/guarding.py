"""Checks of credentials: fresh when they must be, refused with a word what to do, and shown nowhere."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from connectors.sdk.auth import OAuth2
from core.errors import CredentialMalformed, CredentialRejected, IntegrationError, RequestRefused
from core.secrets import Secret
from sandbox.faults import Fault
from tests.contract.case import Case, Check
from tests.contract.rig import Rig
from tests.platforms.told import told

_TELLING: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("bare", {"status": 400}),
    ("status", {"status": 404}),
    ("status", {"status": 500}),
    ("html", {"status": 403}),
    ("rate_limited", {"retry_after": 600}),
    ("invalid_json", {}),
    ("redirect", {"to": "https://evil.example/?a=1"}),
    ("stale_cursor", {}),
    ("refuse", {}),
    ("revoke", {}),
)


def _read(rig: Rig, case: Case) -> None:
    list(rig.walk(case.stream, parent=rig.parents(case.stream)[0]))


def an_expired_token_is_refreshed_or_rejected(case: Case) -> None:
    rig, method = case.rig(), case.connector.method(case.method)
    before = rig.credential.reveal()
    rig.sandbox.plan(Fault(kind="expire_token"))
    if rig.refreshable:
        _read(rig, case)
        assert rig.refreshed == 1
        after = rig.credential.reveal()
        assert after["access_token"] != before["access_token"]
        rotated = after.get("refresh_token") != before.get("refresh_token")
        assert rotated == (isinstance(method, OAuth2) and method.rotates), "`rotates` says otherwise"
    elif isinstance(method, OAuth2):
        with pytest.raises(CredentialRejected):
            _read(rig, case)
    else:
        _read(rig, case)


def a_refused_credential_says_to_connect_again(case: Case) -> None:
    signs = any(field.file for field in case.connector.method(case.method).fields)
    for refused in ("revoke", "wrong"):
        rig = case.rig()
        if refused == "revoke":
            rig.sandbox.plan(Fault(kind="revoke"))
        else:
            rig.use(_spoilt(rig))
        # A key that is no key any more signs nothing, so that the platform is not asked.
        malformed = signs and refused == "wrong"
        with pytest.raises(CredentialMalformed if malformed else CredentialRejected) as rejected:
            _read(rig, case)
        assert malformed or str(rejected.value).startswith(f"{rig.name}: "), "it does not say which integration"
        assert "onnect" in rejected.value.advice, f"{refused}: {rejected.value.advice!r} does not say what to do"
        assert len([call for call in rig.calls if call.purpose == case.name]) <= 2, "it kept asking"


def _spoilt(rig: Rig) -> Any:
    """The same credential with each secret backwards."""
    secrets = rig.secrets()
    backwards = {name: value[::-1] if value in secrets else value for name, value in rig.credential.reveal().items()}
    return replace(rig.credential, values={name: Secret(value, name) for name, value in backwards.items()})


def only_declared_hosts_get_the_credential(case: Case) -> None:
    rig = case.rig()
    for stream in case.connector.streams_for(case.method):
        rig.read(stream)
    if rig.refreshable:
        rig.sandbox.plan(Fault(kind="expire_token"))
        _read(rig, case)
    assert rig.tap.sent
    for request in rig.tap.sent:
        assert request.url.scheme == "https"
        assert case.connector.allows(request.url.host, rig.settings), f"a call went to {request.url.host}"
        if request.url.path not in told(case.connector.name).secret_addresses:
            assert not any(secret in str(request.url) for secret in rig.secrets()), "a secret stands in an address"
    for logged in rig.sandbox.calls:
        if "authorization" in logged.headers:
            assert case.connector.allows(logged.host, rig.settings)


def a_redirect_takes_nothing_along(case: Case) -> None:
    rig = case.rig()
    rig.sandbox.plan(Fault(kind="redirect", args={"to": f"https://evil.example{'/x' * 3}"}))
    with pytest.raises(RequestRefused):
        _read(rig, case)
    assert "evil.example" not in {request.url.host for request in rig.tap.sent}


def no_secret_shows_anywhere(case: Case) -> None:
    for kind, args in _TELLING:
        rig = case.rig()
        rig.tap.echo = rig.secrets()
        rig.sandbox.plan(Fault(kind=kind, args=args, times=0))
        told = []
        with _logged() as lines:
            try:
                for step in rig.walk(case.stream, parent=None if case.stream.parent is None else _any_parent(case)):
                    told.append(repr(step))
            except IntegrationError as error:
                told += [error.advice, repr(error), *traceback.format_exception(error), repr(vars(error))]
        told += [*lines, repr(rig.calls), repr(rig.client), repr(rig.credential)]
        text = "\n".join(told)
        for secret in rig.secrets():
            assert secret not in text, f"after {kind} {args} a secret shows"


def _any_parent(case: Case) -> Any:
    return case.rig().parents(case.stream)[0]


@contextmanager
def _logged() -> Iterator[list[str]]:
    """Everything that is logged meanwhile, at any level."""
    lines: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Keeping()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def what_cannot_be_a_credential_is_refused_unseen(case: Case) -> None:
    for field in case.connector.method(case.method).fields:
        for wrong in (
            "two words of hidden text",
            "hidden\x00text",
            *(() if field.optional or field.default else ("", "  ")),
        ):
            with pytest.raises(CredentialMalformed) as malformed:
                field.check(wrong)
            assert "hidden" not in str(malformed.value) + malformed.value.advice
            assert malformed.value.advice


GUARDING: Final[tuple[Check, ...]] = (
    an_expired_token_is_refreshed_or_rejected,
    a_refused_credential_says_to_connect_again,
    only_declared_hosts_get_the_credential,
    a_redirect_takes_nothing_along,
    no_secret_shows_anywhere,
    what_cannot_be_a_credential_is_refused_unseen,
)
