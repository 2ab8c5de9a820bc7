"""What the tests of YouTube share."""

from __future__ import annotations

from core.model import Context
from tests.connectors.replies import NOW

OWN = "UC_x5XG1OV2P6uZZ5FSM9Ttw"
SETTINGS = {"found_channel_id": OWN, "uploads": "UU_x5XG1OV2P6uZZ5FSM9Ttw"}
CONTEXT = Context(now=NOW, settings=SETTINGS)
