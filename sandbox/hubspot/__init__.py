"""HubSpot CRM: date-based API 2026-03 (and the v3 paths beside it), OAuth 2026-03, account information.

Sources: developers.hubspot.com/docs (crm objects, search, owners, properties, usage guidelines, OAuth v3 guide) and
HubSpot/HubSpot-public-api-spec-collection at 2026-08.
"""

from __future__ import annotations

from sandbox.credentials import Credential
from sandbox.hubspot.account import Account
from sandbox.hubspot.crm import Crm
from sandbox.hubspot.dialect import (
    ALL_SCOPES,
    HOST,
    PORTAL,
    account_limits,
    address_too_long,
    limit_headers,
    oauth,
    problems,
    request_id,
)
from sandbox.hubspot.webhooks import delivers
from sandbox.hubspot.writes import Writes
from sandbox.platform import Platform, Route
from sandbox.samples import SAMPLES
from sandbox.world import World


def build(world: World) -> Platform:
    crm = Crm(world)
    writes = Writes(world, crm)
    account = Account(world, crm.catalog)
    routes: list[Route] = [
        Route("GET", "/account-info/2026-03/details", account.details),
        Route("GET", "/account-info/v3/details", account.details),
    ]
    # The dated scheme reorders the path: /crm/v3/objects/{type} became /crm/objects/2026-03/{type}.
    for objects, owners, properties, pipelines, associations in (
        ("objects/2026-03", "owners/2026-03", "properties/2026-03", "pipelines/2026-03", "associations/2026-03"),
        ("v3/objects", "v3/owners", "v3/properties", "v3/pipelines", "v4/associations"),
    ):
        path = f"/crm/{objects}/{{type}}"
        reads, changes = crm.may_read, writes.allowed
        routes += [
            Route("GET", path, crm.list_objects, scopes=reads),
            Route("POST", path, writes.create, scopes=changes),
            Route("POST", f"{path}/search", crm.search, scopes=reads),
            Route("POST", f"{path}/batch/read", crm.batch_read, scopes=reads),
            Route("POST", f"{path}/batch/create", writes.batch_create, scopes=changes),
            Route("POST", f"{path}/batch/update", writes.batch_update, scopes=changes),
            Route("POST", f"{path}/batch/upsert", writes.batch_upsert, scopes=changes),
            Route("POST", f"{path}/batch/archive", writes.batch_archive, scopes=changes),
            Route("GET", f"{path}/{{id}}", crm.get, scopes=reads),
            Route("PATCH", f"{path}/{{id}}", writes.update, scopes=changes),
            Route("DELETE", f"{path}/{{id}}", writes.archive, scopes=changes),
            Route("GET", f"/crm/{owners}", account.owners, scopes=("crm.objects.owners.read",)),
            Route("GET", f"/crm/{properties}/{{type}}", account.properties, scopes=account.may_read_schema),
            Route("GET", f"/crm/{pipelines}/{{type}}", account.pipelines, scopes=account.may_read_pipelines),
            Route(
                "POST", f"/crm/{associations}/{{type}}/{{to}}/batch/read", crm.associations, scopes=crm.may_associate
            ),
        ]
    key = Credential(
        platform="hubspot",
        kind="service_key",
        secret=SAMPLES["hubspot"]["service_key"]["token"],
        account=PORTAL,
        scopes=ALL_SCOPES,
    )
    return Platform(
        slug="hubspot",
        hosts=(HOST, "app.hubspot.com"),
        routes=tuple(routes),
        problems=problems,
        credentials=(key,),
        oauth=oauth,
        windows=account_limits,
        window_headers=limit_headers,
        headers=request_id,
        records=("results",),
        check=address_too_long,
        deliver=delivers(world, crm.catalog["contacts"]),
    )
