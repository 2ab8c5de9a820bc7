"""What the tests of simulated platforms have in common: a sandbox, a client that believes in it, a grant."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from sandbox.platform import Platform
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.transport import SandboxTransport
from sandbox.world import World

REDIRECT = "http://127.0.0.1:8765/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-0123456789"
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def make_sandbox(*platforms: str | Platform, scale: int = 60, **settings: Any) -> Sandbox:
    """A sandbox that never really sleeps; what it would have slept is in `slept`."""
    return Sandbox(
        World(scale=scale), platforms=platforms, sleep=settings.pop("sleep", lambda seconds: None), **settings
    )


def client_of(sandbox: Sandbox, base: str, *, token: str = "", **settings: Any) -> httpx.Client:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(transport=SandboxTransport(sandbox), base_url=base, headers=headers, **settings)


def redirected(response: httpx.Response) -> dict[str, str]:
    """The parameters of the redirect that answers a consent."""
    assert response.status_code == 302, response.text
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def authorize(client: httpx.Client, slug: str, address: str, **more: str) -> httpx.Response:
    """Asks the consent page as an app would; `decision` among the parameters answers it."""
    asked = {"client_id": SAMPLES[slug]["oauth2"]["client_id"], "redirect_uri": REDIRECT, "state": "s1"}
    return client.get(address, params={**asked, "response_type": "code", **more})


def exchange(client: httpx.Client, slug: str, address: str, code: str, **more: str) -> httpx.Response:
    form: Mapping[str, str] = {
        **SAMPLES[slug]["oauth2"],
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        **more,
    }
    return client.post(address, data=dict(form))


def differences(recorded: Any, ours: Any, path: str = "", *, optional: Iterable[str] = ()) -> list[str]:
    """What a recorded value has that ours lacks or has as another JSON type; numbers are one type, null is any.

    Of lists, the first recorded element is looked at, where ours has one too. `optional` are paths to pass over.
    """
    if path in optional or recorded is None or ours is None:
        return []
    if isinstance(recorded, dict):
        if not isinstance(ours, dict):
            return [f"{path}: object, ours {type(ours).__name__}"]
        found = []
        for name, value in recorded.items():
            inner = f"{path}.{name}" if path else name
            if name not in ours:
                found += [] if inner in optional else [f"{inner}: missing"]
            else:
                found += differences(value, ours[name], inner, optional=optional)
        return found
    if isinstance(recorded, list):
        if not isinstance(ours, list):
            return [f"{path}: list, ours {type(ours).__name__}"]
        return differences(recorded[0], ours[0], f"{path}[]", optional=optional) if recorded and ours else []
    kinds = [_kind(recorded), _kind(ours)]
    return [] if kinds[0] == kinds[1] else [f"{path}: {kinds[0]}, ours {kinds[1]}"]


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__
