"""Google Analytics (GA4): Data API and Admin API v1beta, for persons and service accounts.

Sources: the discovery documents analyticsdata v1beta (20261006) and analyticsadmin v1beta (20261102); developers.google
.com/analytics/devguides/reporting/data/v1 (quotas, errors). How figures settle and what a report costs is ours.
"""

from __future__ import annotations

from dataclasses import replace

from sandbox.google import ACCOUNTS, TOKENS, failed, google_oauth, problem, problems, service_account
from sandbox.google_analytics.admin import ACCOUNT, Admin
from sandbox.google_analytics.reports import Reports
from sandbox.platform import Call, Platform, Reply, Route
from sandbox.ratelimits import Taken
from sandbox.world import World

DATA = "analyticsdata.googleapis.com"
ADMIN = "analyticsadmin.googleapis.com"
READ = "https://www.googleapis.com/auth/analytics.readonly"
EDIT = "https://www.googleapis.com/auth/analytics.edit"
SCOPES = (READ, EDIT, "https://www.googleapis.com/auth/analytics")


def build(world: World) -> Platform:
    admin = Admin(world)
    reports = Reports(world, admin.numbers[:2])
    read, write, below = (READ,), (EDIT,), "/v1beta/properties/{property}"
    routes = [
        Route("POST", f"{below}:runReport", reports.run, scopes=read, host=DATA),
        Route("POST", f"{below}:runRealtimeReport", reports.realtime, scopes=read, host=DATA),
        Route("GET", f"{below}/metadata", reports.metadata, scopes=read, host=DATA),
        Route("GET", "/v1beta/accountSummaries", admin.summaries, scopes=read, host=ADMIN),
        Route("GET", "/v1beta/properties", admin.list_properties, scopes=read, host=ADMIN),
        Route("GET", below, admin.property, scopes=read, host=ADMIN),
        Route("PATCH", below, admin.patch_property, scopes=write, host=ADMIN),
    ]
    for kind in (admin.key_events, admin.dimensions):
        path = f"{below}/{kind.path}"
        routes += [
            Route("GET", path, admin.list_of(kind), scopes=read, host=ADMIN),
            Route("POST", path, admin.create_of(kind), scopes=write, host=ADMIN),
            Route("GET", f"{path}/{{id}}", admin.one_of(kind), scopes=read, host=ADMIN),
            Route("PATCH", f"{path}/{{id}}", admin.patch_of(kind), scopes=write, host=ADMIN),
        ]
    remove, archive = admin.remove_of(admin.key_events), admin.remove_of(admin.dimensions)
    routes += [
        Route("DELETE", f"{below}/keyEvents/{{id}}", remove, scopes=write, host=ADMIN),
        Route("POST", f"{below}/customDimensions/{{id}}:archive", archive, scopes=write, host=ADMIN),
    ]
    return Platform(
        slug="google_analytics",
        hosts=(DATA, ADMIN, TOKENS, ACCOUNTS),
        routes=tuple(routes),
        problems=replace(problems, throttled=_throttled, failed=_failed),
        credentials=(service_account("google_analytics", *SCOPES),),
        oauth=google_oauth("google_analytics", "Google Analytics", SCOPES, ACCOUNT),
        records=("rows", "dimensions", "metrics", "properties", "keyEvents", "customDimensions"),
        connections=10,
    )


def _throttled(call: Call, taken: Taken | None) -> Reply:
    """The Data API tells by 429 what the Admin API tells by 403; neither says for how long."""
    if call.host == ADMIN:
        return problem(
            403, "Quota exceeded for quota metric 'Requests'", reason="rateLimitExceeded", domain="usageLimits"
        )
    return problem(429, "Exhausted concurrent requests quota. Please wait before issuing more requests.")


def _failed(call: Call, status: int) -> Reply:
    return problem(status, "Internal error encountered.") if status >= 500 else failed(call, status)
