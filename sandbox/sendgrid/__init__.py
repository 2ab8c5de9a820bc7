"""Twilio SendGrid v3, simulated: marketing contacts with exports, lists, single sends, suppressions, templates, stats.

Sources: twilio.com/docs/sendgrid/api-reference, and twilio/sendgrid-oai. One API key, whose rights /v3/scopes tells.
"""

from __future__ import annotations

from sandbox.credentials import Credential
from sandbox.platform import Call, Platform, Reply, Route, json_reply
from sandbox.samples import SAMPLES
from sandbox.sendgrid.dialect import EU, HOST, SCOPES, STORE, problems, window_headers, windows
from sandbox.sendgrid.mail import KINDS, Mail
from sandbox.sendgrid.marketing import Marketing
from sandbox.sendgrid.webhooks import delivers
from sandbox.world import World


def _scopes(call: Call) -> Reply:
    assert call.credential is not None
    return json_reply({"scopes": list(call.credential.scopes)})


def build(world: World) -> Platform:
    marketing, mail = Marketing(world), Mail(world)
    read, write, contacts = ("marketing.read",), ("marketing.write",), "/v3/marketing/contacts"
    routes = [
        Route("GET", "/v3/scopes", _scopes),
        Route("GET", "/v3/user/username", lambda call: json_reply({"username": "sandbox_labs", "user_id": 4711})),
        Route("GET", contacts, marketing.newest, scopes=read),
        Route("PUT", contacts, marketing.put, scopes=write),
        Route("DELETE", contacts, marketing.remove, scopes=write),
        Route("GET", f"{contacts}/count", marketing.count, scopes=read),
        Route("POST", f"{contacts}/search", marketing.search, scopes=read),
        Route("POST", f"{contacts}/exports", marketing.export, scopes=read),
        Route("GET", f"{contacts}/exports/{{id}}", marketing.exported, scopes=read),
        Route("GET", f"{contacts}/{{id}}", marketing.one_contact, scopes=read),
        Route("GET", "/{id}/{number}.json.gz", marketing.file, host=STORE, open=True),
        Route("GET", "/v3/marketing/lists", marketing.all_lists, scopes=read),
        Route("POST", "/v3/marketing/lists", marketing.make_list, scopes=write),
        Route("GET", "/v3/marketing/lists/{id}", marketing.one_list, scopes=read),
        Route("PATCH", "/v3/marketing/lists/{id}", marketing.rename_list, scopes=write),
        Route("DELETE", "/v3/marketing/lists/{id}", marketing.drop_list, scopes=write),
        Route("GET", "/v3/marketing/segments/2.0", marketing.all_segments, scopes=read),
        Route("GET", "/v3/marketing/singlesends", marketing.all_sends, scopes=read),
        Route("GET", "/v3/marketing/stats/singlesends", marketing.send_stats, scopes=read),
        Route("GET", "/v3/templates", mail.all_templates, scopes=("templates.read",)),
        Route("GET", "/v3/asm/groups", mail.groups, scopes=("asm.groups.read",)),
        Route("GET", "/v3/asm/suppressions", mail.left_groups, scopes=("asm.groups.read",)),
        Route("POST", "/v3/asm/suppressions/global", mail.suppress, scopes=("suppression.create",)),
        Route(
            "DELETE",
            "/v3/asm/suppressions/global/{email}",
            mail.remover("unsubscribes"),
            scopes=("suppression.delete",),
        ),
        Route("GET", "/v3/stats", mail.stats, scopes=("stats.read",)),
    ]
    for kind in KINDS:
        path = f"/v3/suppression/{kind}"
        routes.append(Route("GET", path, mail.lister(kind), scopes=("suppression.read",)))
        if kind != "unsubscribes":
            routes.append(Route("DELETE", f"{path}/{{email}}", mail.remover(kind), scopes=("suppression.delete",)))
    key = SAMPLES["sendgrid"]["api_key"]["token"]
    return Platform(
        slug="sendgrid",
        hosts=(HOST, EU, STORE),
        routes=tuple(routes),
        problems=problems,
        credentials=(Credential(platform="sendgrid", kind="api_key", secret=key, account="4711", scopes=SCOPES),),
        windows=windows,
        window_headers=window_headers,
        records=("result", "results"),
        deliver=delivers(world, marketing),
    )
