"""Facebook Pages at Graph v26.0: a Page with posts, comments, reactions, visitors' posts and conversations; writes.

Sources: developers.facebook.com/docs/graph-api/reference (page, page/feed, object/comments) at 2026-10, the node lists
of version 25, the recorded bodies of python-facebook and of a probe in September 2026.
"""

from __future__ import annotations

from sandbox.credentials import Credential
from sandbox.facebook.content import PAGE_ID, USER_ID, Content
from sandbox.facebook.reads import Reads
from sandbox.facebook.writes import Writes
from sandbox.graph import secret
from sandbox.meta import (
    DIALOG,
    GRAPH,
    check_proof,
    facebook_oauth,
    headers,
    problems,
    signed,
    token,
    usage_headers,
    windows,
)
from sandbox.platform import Delivery, Platform, Route, answering
from sandbox.samples import SAMPLES
from sandbox.world import World

SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_messaging",
    "pages_manage_posts",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "business_management",
)
PAGE_TOKEN = token(1999)  # what a person's token is exchanged for


def build(world: World) -> Platform:
    content = Content(world)
    own = frozenset({PAGE_TOKEN, SAMPLES["facebook"]["page_token"]["token"]})
    reads, writes = Reads(content, own, PAGE_TOKEN), Writes(content)

    def deliver(url: str, app_secret: str) -> Delivery:
        return signed(url, app_secret, content.news())

    return Platform(
        slug="facebook",
        hosts=(GRAPH, DIALOG),
        routes=(
            Route("GET", "/{version}/{id}", answering(reads.node), scopes=reads.scopes),
            Route("GET", "/{version}/{id}/{edge}", answering(reads.edge), scopes=reads.scopes),
            Route("POST", "/{version}/{id}/{edge}", answering(writes.create), scopes=writes.scopes),
            Route("POST", "/{version}/{id}", answering(writes.update), scopes=writes.scopes),
            Route("DELETE", "/{version}/{id}", answering(writes.delete), scopes=writes.scopes),
        ),
        problems=problems,
        credentials=tuple(
            Credential(platform="facebook", kind=kind, secret=one, account=PAGE_ID, scopes=SCOPES)
            for kind, one in (("access", PAGE_TOKEN), ("page_token", SAMPLES["facebook"]["page_token"]["token"]))
        ),
        oauth=facebook_oauth("facebook", 1, "Facebook", SCOPES, USER_ID),
        secret=secret,
        windows=windows,
        window_headers=usage_headers("pages"),
        headers=headers,
        check=check_proof(SAMPLES["facebook"]["oauth2"]["client_secret"]),
        records=("data",),
        deliver=deliver,
    )
