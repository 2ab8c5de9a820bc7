"""Claude: models, batches and files with a workspace's key; usage, costs, people, keys with an admin key.

Sources: anthropic-sdk-python 0.121.0 (2026-08), platform.claude.com/docs, recordings of May 2026.
"""

from __future__ import annotations

from sandbox.claude.dialect import ADMIN, HOST, WORKSPACE, answering, check, headers_of, problems, windows
from sandbox.claude.organization import Organization
from sandbox.claude.usage import Usage
from sandbox.claude.webhooks import delivers
from sandbox.claude.workbench import Workbench
from sandbox.credentials import Credential
from sandbox.platform import Platform, Route, in_header
from sandbox.samples import SAMPLES
from sandbox.world import World


def build(world: World) -> Platform:
    bench, organization = Workbench(world), Organization(world)
    usage = Usage(world, organization)
    plan = (
        ("GET", "/models", bench.models, WORKSPACE),
        ("GET", "/models/{model}", bench.model, WORKSPACE),
        ("GET", "/messages/batches", bench.batches, WORKSPACE),
        ("POST", "/messages/batches", bench.begin, WORKSPACE),
        ("GET", "/messages/batches/{id}", bench.batch, WORKSPACE),
        ("DELETE", "/messages/batches/{id}", bench.delete_batch, WORKSPACE),
        ("POST", "/messages/batches/{id}/cancel", bench.cancel, WORKSPACE),
        ("GET", "/files", bench.files, WORKSPACE),
        ("GET", "/files/{id}", bench.file, WORKSPACE),
        ("DELETE", "/files/{id}", bench.delete_file, WORKSPACE),
        ("GET", "/organizations/me", organization.me, ADMIN),
        ("GET", "/organizations/workspaces", organization.workspaces, ADMIN),
        ("GET", "/organizations/users", organization.users, ADMIN),
        ("GET", "/organizations/api_keys", organization.keys, ADMIN),
        ("GET", "/organizations/usage_report/messages", usage.messages, ADMIN),
        ("GET", "/organizations/usage_report/claude_code", usage.claude_code, ADMIN),
        ("GET", "/organizations/cost_report", usage.costs, ADMIN),
    )
    return Platform(
        slug="claude",
        hosts=(HOST,),
        routes=tuple(
            Route(method, f"/v1{path}", answering(answer), scopes=(scope,)) for method, path, answer, scope in plan
        ),
        problems=problems,
        credentials=tuple(
            Credential(platform="claude", kind=kind, secret=SAMPLES["claude"][kind]["token"], scopes=(scope,))
            for kind, scope in (("api_key", WORKSPACE), ("admin_key", ADMIN))
        ),
        secret=in_header("x-api-key"),
        check=check,
        windows=windows,
        headers=headers_of(),
        records=("data",),
        deliver=delivers(world),
    )
