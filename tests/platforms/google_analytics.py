from __future__ import annotations

from tests.platforms.told import Told
from tests.spec.discovery import Documents
from tests.spec.judging import Judge

TOLD = Told(
    settings={"found_property_id": "213025502", "account_id": "accounts/154271990", "time_zone": "Europe/Berlin"},
    judge=Judge(
        document=Documents(
            platform="google_analytics",
            names=("analyticsdata.v1beta.discovery.json", "analyticsadmin.v1beta.discovery.json"),
        ),
        undeclared={r"POST /token": "the token endpoint is told in the OAuth guide"},
    ),
)
