"""Mailchimp Marketing API 3.0: audiences, members, segments, campaigns, reports, and OAuth at login.mailchimp.com.

Sources: mailchimp.com/developer/marketing (API reference, errors, fundamentals, OAuth guide) and the Swagger 3.0.55.
"""

from __future__ import annotations

from sandbox.credentials import Credential
from sandbox.mailchimp.campaigns import Campaigns
from sandbox.mailchimp.dialect import (
    CONNECTIONS,
    DC,
    LOGIN,
    metadata,
    oauth,
    ping,
    problems,
    request_id,
    root,
    secret,
    wrong_datacenter,
)
from sandbox.mailchimp.lists import Lists
from sandbox.mailchimp.members import Members
from sandbox.mailchimp.webhooks import delivers
from sandbox.platform import Platform, Route
from sandbox.samples import SAMPLES
from sandbox.world import World


def build(world: World) -> Platform:
    lists = Lists(world)
    members = Members(world, lists)
    campaigns = Campaigns(world, lists)
    one_list, one_member = "/3.0/lists/{list_id}", "/3.0/lists/{list_id}/members/{member}"
    key = Credential(platform="mailchimp", kind="api_key", secret=SAMPLES["mailchimp"]["api_key"]["token"], account=DC)
    return Platform(
        slug="mailchimp",
        hosts=("*.api.mailchimp.com", LOGIN),
        routes=(
            Route("GET", "/oauth2/metadata", metadata, host=LOGIN),
            Route("GET", "/3.0/ping", ping),
            Route("GET", "/3.0", lambda call: root(call, lists.subscribers())),
            Route("GET", "/3.0/", lambda call: root(call, lists.subscribers())),
            Route("GET", "/3.0/lists", lists.all),
            Route("GET", one_list, lists.one),
            Route("PATCH", one_list, lists.update),
            Route("POST", one_list, members.batch),
            Route("GET", f"{one_list}/activity", lists.activity),
            Route("GET", f"{one_list}/merge-fields", lists.merge_fields),
            Route("GET", f"{one_list}/segments", lists.segments),
            Route("POST", f"{one_list}/segments", lists.create_segment),
            Route("GET", f"{one_list}/webhooks", lists.webhooks),
            Route("POST", f"{one_list}/webhooks", lists.create_webhook),
            Route("DELETE", f"{one_list}/webhooks/{{webhook_id}}", lists.delete_webhook),
            Route("GET", f"{one_list}/members", members.all),
            Route("POST", f"{one_list}/members", members.create),
            Route("GET", one_member, members.one),
            Route("PUT", one_member, members.upsert),
            Route("PATCH", one_member, members.update),
            Route("DELETE", one_member, members.archive),
            Route("POST", f"{one_member}/tags", members.tag),
            Route("POST", f"{one_member}/actions/delete-permanent", members.forget),
            Route("GET", "/3.0/campaigns", campaigns.all),
            Route("GET", "/3.0/campaigns/{campaign_id}", campaigns.one),
            Route("GET", "/3.0/reports", campaigns.reports),
            Route("GET", "/3.0/reports/{campaign_id}", campaigns.report),
            Route("GET", "/3.0/reports/{campaign_id}/email-activity", campaigns.email_activity),
            Route("GET", "/3.0/reports/{campaign_id}/unsubscribed", campaigns.unsubscribed),
        ),
        problems=problems,
        credentials=(key,),
        oauth=oauth,
        secret=secret,
        headers=request_id,
        check=wrong_datacenter,
        records=("lists", "members", "campaigns", "reports", "segments", "emails", "unsubscribes", "merge_fields"),
        connections=CONNECTIONS,
        deliver=delivers(world, next(iter(lists.audiences.values()))),
    )
