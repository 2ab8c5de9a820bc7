"""Which platforms are simulated: the slug of each, and the module whose `build(world)` makes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module

from sandbox.platform import Platform
from sandbox.world import World

MODULES: Mapping[str, str] = {
    "claude": "sandbox.claude",
    "custom_ai": "sandbox.custom_ai",
    "dropbox": "sandbox.dropbox",
    "facebook": "sandbox.facebook",
    "facebook_analytics": "sandbox.facebook_analytics",
    "google_analytics": "sandbox.google_analytics",
    "google_drive": "sandbox.google_drive",
    "hubspot": "sandbox.hubspot",
    "instagram": "sandbox.instagram",
    "linkedin": "sandbox.linkedin",
    "mailchimp": "sandbox.mailchimp",
    "openai": "sandbox.openai",
    "salesforce": "sandbox.salesforce",
    "sendgrid": "sandbox.sendgrid",
    "tiktok": "sandbox.tiktok",
    "x": "sandbox.x",
    "x_analytics": "sandbox.x_analytics",
    "youtube": "sandbox.youtube",
}


def build(world: World, slugs: Iterable[str] | None = None) -> tuple[Platform, ...]:
    """The platforms of these slugs, all of them by default. Raises KeyError for one that is not simulated."""
    return tuple(import_module(MODULES[slug]).build(world) for slug in (MODULES if slugs is None else slugs))
