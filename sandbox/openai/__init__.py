"""OpenAI: models, files, batches, tuning, vector stores with a project key; usage, costs, people with an admin key.

Sources: openai/openai-openapi 2.3.0 (2026-08), openai-python, recordings of May 2026.
"""

from __future__ import annotations

from sandbox.credentials import Credential
from sandbox.openai.batches import Batches
from sandbox.openai.dialect import ADMIN_SCOPES, HOST, KEY_SCOPES, answering, headers_of, identity, problems, windows
from sandbox.openai.files import Files
from sandbox.openai.organization import Organization
from sandbox.openai.things import Things
from sandbox.openai.usage import Usage
from sandbox.openai.webhooks import delivers
from sandbox.platform import Platform, Route
from sandbox.samples import SAMPLES
from sandbox.world import World


def build(world: World) -> Platform:
    files, organization = Files(world), Organization(world)
    batches, things = Batches(world, files), Things(world)
    usage = Usage(world, organization)
    plan = (
        ("GET", "/models", things.models, "api.model.read"),
        ("GET", "/models/{model:rest}", things.model, "api.model.read"),
        ("GET", "/files", files.list, "api.files.read"),
        ("POST", "/files", files.create, "api.files.write"),
        ("GET", "/files/{file_id}", batches.get_file, "api.files.read"),
        ("GET", "/files/{file_id}/content", batches.content, "api.files.read"),
        ("DELETE", "/files/{file_id}", files.delete, "api.files.write"),
        ("GET", "/batches", batches.list, "api.batch.read"),
        ("POST", "/batches", batches.create, "api.batch.write"),
        ("GET", "/batches/{batch_id}", batches.get, "api.batch.read"),
        ("POST", "/batches/{batch_id}/cancel", batches.cancel, "api.batch.write"),
        ("GET", "/fine_tuning/jobs", things.list_jobs, "api.fine_tuning.read"),
        ("GET", "/vector_stores", things.list_stores, "api.vector_stores.read"),
        ("GET", "/organization/projects", organization.projects, "api.management.read"),
        ("GET", "/organization/users", organization.users, "api.management.read"),
        ("GET", "/organization/admin_api_keys", organization.keys, "api.management.read"),
        ("GET", "/organization/costs", usage.costs, "api.usage.read"),
    )
    routes = [Route(method, f"/v1{path}", answering(answer), scopes=(scope,)) for method, path, answer, scope in plan]
    routes.append(Route("GET", "/v1/organization/usage/{kind}", answering(usage.usage), scopes=("api.usage.read",)))
    keys = tuple(
        Credential(platform="openai", kind=kind, secret=SAMPLES["openai"][kind]["token"], scopes=scopes)
        for kind, scopes in (("api_key", KEY_SCOPES), ("admin_key", ADMIN_SCOPES))
    )
    return Platform(
        slug="openai",
        hosts=(HOST,),
        routes=tuple(routes),
        problems=problems,
        credentials=keys,
        windows=windows,
        headers=headers_of(identity("project", 0)),
        records=("data",),
        deliver=delivers(world, batches),
    )
