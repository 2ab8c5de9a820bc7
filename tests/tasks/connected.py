"""Connects platforms of the sandbox as a person would."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import httpx

from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.transport import SandboxTransport
from tasks.connecting import begin_consent, connect, finish_consent, from_fields, prove
from tasks.workspace import Workspace

REDIRECT = "http://127.0.0.1:8765/callback"


def connect_sample(workspace: Workspace, platform: str, method: str, name: str = "") -> None:
    """With the sample credential of a method; the integration's name is the platform's unless given."""
    name = name or platform
    credential, settings = from_fields(platform, method, SAMPLES[platform][method])
    proven = prove(platform, credential, settings, name=name, surroundings=workspace.surroundings)
    connect(workspace, platform, name, proven)


def connect_by_consent(workspace: Workspace, sandbox: Sandbox, platform: str, name: str = "") -> None:
    """With OAuth 2: through the platform's consent page, which approves by itself."""
    name = name or platform
    sandbox.oauth[platform].auto_approve = True
    app, settings = from_fields(platform, "oauth2", SAMPLES[platform]["oauth2"])
    consent = begin_consent(platform, "oauth2", app, REDIRECT)
    with httpx.Client(transport=SandboxTransport(sandbox)) as browser:
        answer = dict(parse_qsl(urlsplit(browser.get(consent.url).headers["location"]).query))
    credential = finish_consent(workspace, consent, {}, code=answer["code"], state=answer["state"], name=name)
    proven = prove(platform, credential, settings, name=name, surroundings=workspace.surroundings)
    connect(workspace, platform, name, proven)
