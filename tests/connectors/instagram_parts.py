"""What the tests of Instagram share."""

from __future__ import annotations

from connectors.instagram import CONNECTOR
from core.model import Context
from tests.connectors.replies import NOW
from tests.contract.rig import Rig, sandbox_of

BY_FACEBOOK = Context(now=NOW, settings={"instagram_id": "1784"})
BY_INSTAGRAM = Context(now=NOW, settings={"instagram_id": "1784", "login": "instagram"})


def rig_of(method: str) -> Rig:
    return Rig(connector=CONNECTOR, method=method, sandbox=sandbox_of("instagram", 60))
