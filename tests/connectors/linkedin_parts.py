"""What the tests of LinkedIn share."""

from __future__ import annotations

from dataclasses import replace

from connectors.linkedin import CONNECTOR
from connectors.sdk.addresses import address
from core.http import Request
from tests.connectors.replies import CONTEXT
from tests.contract.rig import Rig, sandbox_of

PAGE = replace(CONTEXT, parent={"id": 123})
WRITING = ("w_organization_social", "w_organization_social_feed")


def rig_of(scale: int = 60) -> Rig:
    return Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox_of("linkedin", scale), small_pages=False)


def sent(request: Request) -> str:
    return address(CONNECTOR, "pages", {}, request)


def grant(rig: Rig) -> None:
    """The right to write, for which no consent is asked."""
    for held in rig.sandbox.accepted.of("linkedin"):
        rig.sandbox.accepted.add(replace(held, scopes=(*held.scopes, *WRITING)))
