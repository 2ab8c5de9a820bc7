"""A person's own models: a gateway before Ollama, vLLM, llama.cpp and LiteLLM, which tells all of theirs.

Sources: ollama/ollama (docs/openapi.yaml, openai/openai.go), vllm-project/vllm (docs/serving), ggml-org/llama.cpp
(tools/server/README.md), recordings of pydantic-ai. What LiteLLM answers is the author's knowledge.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from sandbox.credentials import Credential
from sandbox.custom_ai.dialect import answering, problems, windows
from sandbox.custom_ai.models import Models
from sandbox.custom_ai.watching import Watching
from sandbox.platform import Platform, Route
from sandbox.samples import SAMPLES
from sandbox.world import World


def build(world: World) -> Platform:
    models = Models(world)
    watching = Watching(world, models)
    sample = SAMPLES["custom_ai"]["api_key"]
    plan = (
        ("GET", "/v1/models", models.listed),
        ("GET", "/v1/models/{model:rest}", models.one),
        ("GET", "/api/tags", models.tags),
        ("GET", "/api/ps", models.running),
        ("POST", "/api/show", models.show),
        ("POST", "/api/pull", models.pull),
        ("DELETE", "/api/delete", models.delete),
        ("GET", "/slots", watching.slots),
        ("GET", "/metrics", watching.metrics),
        ("GET", "/spend/logs", watching.spend),
    )
    return Platform(
        slug="custom_ai",
        hosts=(urlsplit(sample["base_url"]).hostname or "",),
        routes=tuple(Route(method, path, answering(answer)) for method, path, answer in plan),
        problems=problems,
        credentials=(Credential(platform="custom_ai", kind="api_key", secret=sample["token"]),),
        windows=windows,
        records=("data", "models"),
    )
