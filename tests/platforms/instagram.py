from __future__ import annotations

from tests.platforms.told import Told

TOLD = Told(settings={"instagram_id": "17841406338772941"})
