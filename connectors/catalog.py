"""The platforms there are: one line each. A connector's file is read when it is first asked for."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Final

from connectors.sdk.base import Connector
from core.errors import UsageError

PLATFORMS: Final[dict[str, str]] = {
    "claude": "connectors.claude",
    "custom_ai": "connectors.custom_ai",
    "dropbox": "connectors.dropbox",
    "facebook": "connectors.facebook",
    "facebook_analytics": "connectors.facebook_analytics",
    "google_analytics": "connectors.google_analytics",
    "google_drive": "connectors.google_drive",
    "hubspot": "connectors.hubspot",
    "instagram": "connectors.instagram",
    "linkedin": "connectors.linkedin",
    "mailchimp": "connectors.mailchimp",
    "openai": "connectors.openai",
    "salesforce": "connectors.salesforce",
    "sendgrid": "connectors.sendgrid",
    "tiktok": "connectors.tiktok",
    "x": "connectors.x",
    "x_analytics": "connectors.x_analytics",
    "youtube": "connectors.youtube",
}


@cache
def connector(platform: str) -> Connector:
    """The connector of a platform. Raises UsageError, naming the nearest, where there is none."""
    module = PLATFORMS.get(platform)
    if module is None:
        near = get_close_matches(platform, PLATFORMS, n=1)
        hint = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(
            f"there is no platform called {platform!r}", advice=f"{hint}There are: {', '.join(PLATFORMS)}."
        )
    found: Connector = import_module(module).CONNECTOR
    return found


def connectors() -> tuple[Connector, ...]:
    """All connectors, by name."""
    return tuple(connector(platform) for platform in sorted(PLATFORMS))
