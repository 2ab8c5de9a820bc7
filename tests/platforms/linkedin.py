from __future__ import annotations

from tests.platforms.told import Told

_AIRBYTE = "airbyte"
_POST_BY_POST = "/rest/posts"
_MOVES = "likes and answers move for ever; those of older posts are read again once a week"

TOLD = Told(
    states=({}, {"inside": ["urn:li:share:7100000000001"]}),
    parent={"id": 90362860},
    moving={"comments": _MOVES},
    leading={
        "organizations": "/rest/organizationAcls",
        "comments": _POST_BY_POST,
        "social_metadata": _POST_BY_POST,
    },
    paths={
        f"{_AIRBYTE}/organization_lookup.json": "/rest/organizations/90362860",
        f"{_AIRBYTE}/total_follower_count.json": "/rest/networkSizes/urn%3Ali%3Aorganization%3A90362860",
    },
    records={
        f"{_AIRBYTE}/follower_statistics.json": ("follower_demographics", ""),
        f"{_AIRBYTE}/share_statistics.json": ("share_totals", ""),
    },
    no_judge="LinkedIn publishes no description that a machine could read",
)
