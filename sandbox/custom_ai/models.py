"""The models: those pulled into the Ollama come and go, the others stand in the configuration of their servers."""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.custom_ai.dialect import error, plain
from sandbox.platform import Call, Reply, empty_reply
from sandbox.table import Row, Table
from sandbox.world import World, from_ms, mix, number_of

FAMILIES = ("qwen3", "llama", "gemma3", "mistral", "phi3")
SIZES = ("0.6b", "4b", "8b", "14b", "70b")
QUANTIZATION = ("Q4_K_M", "Q8_0", "F16")
START = 1_780_000_000


class Models:
    def __init__(self, world: World) -> None:
        self.world = world
        self._seed = (world.seed, number_of("custom_ai"))
        population = world.population(
            "custom_ai ollama_models", per_person=0.2, least=9, births=0.02, changes=0.03, deaths=0.01
        )
        self._pulled = Table(world, population)

    # As OpenAI has it

    def listed(self, call: Call) -> dict[str, Any]:
        pulled = [
            {
                "id": self._name(row),
                "object": "model",
                "created": row.changed // 1000,
                "owned_by": "library",
            }
            for row in self._rows()
        ]
        return {"object": "list", "data": [*pulled, *_configured()]}

    def one(self, call: Call) -> dict[str, Any] | Reply:
        name = call.args["model"]
        found: dict[str, Any] | None = next((one for one in self.listed(call)["data"] if one["id"] == name), None)
        return found or error(404, f"model '{name}' not found", "not_found_error")

    # As Ollama has it

    def tags(self, call: Call) -> dict[str, Any]:
        return {"models": [self._tag(row) for row in self._rows()]}

    def running(self, call: Call) -> dict[str, Any]:
        """Those that were used within the hour; each is unloaded five minutes after its last use."""
        hour = self.world.clock.ms() // 3_600_000
        loaded = [row for row in self._rows() if mix(*self._seed, row.index, hour, 1) % 4 == 0] or self._rows()[:1]
        return {"models": [self._running(row) for row in loaded]}

    def show(self, call: Call) -> dict[str, Any] | Reply:
        row = self._row_of(call)
        if row is None:
            return _missing(call)
        tag = self._tag(row)
        return {"modified_at": tag["modified_at"], "details": tag["details"], "capabilities": ["completion"]}

    def pull(self, call: Call) -> dict[str, Any]:
        """At once: pulling again what is there changes nothing."""
        if self._row_of(call) is None:
            self._pulled.create({"name": str(call.json().get("model", ""))})
        return {"status": "success"}

    def delete(self, call: Call) -> Reply:
        row = self._row_of(call)
        if row is None:
            return _missing(call)
        self._pulled.delete(row.index)
        return empty_reply(200)

    def _rows(self) -> list[Row]:
        found = (self._pulled.existing(index) for index in self._pulled.indices())
        return [row for row in found if row is not None]

    def _row_of(self, call: Call) -> Row | None:
        name = str(call.json().get("model", ""))
        return next((row for row in self._rows() if self._name(row) == name), None)

    def _name(self, row: Row) -> str:
        if row.written:
            return str(row.fields["name"])
        bits = mix(*self._seed, row.index, 2)
        return f"{FAMILIES[bits % len(FAMILIES)]}-{row.index}:{SIZES[(bits >> 8) % len(SIZES)]}"

    def _tag(self, row: Row) -> dict[str, Any]:
        name, bits = self._name(row), mix(*self._seed, row.index, 3)
        family, _, size = name.partition(":")
        moment = from_ms(row.changed).replace(tzinfo=None).isoformat(timespec="milliseconds")
        return {
            "name": name,
            "model": name,
            # Ollama tells nanoseconds, and the server's own time zone.
            "modified_at": f"{moment}490317+00:00",
            "size": 500_000_000 + bits % 40_000_000_000,
            "digest": hashlib.sha256(f"{name} {row.version}".encode()).hexdigest(),
            "details": {
                "parent_model": "",
                "format": "gguf",
                "family": family.partition("-")[0],
                "families": [family.partition("-")[0]],
                "parameter_size": size.upper() or "8.0B",
                "quantization_level": QUANTIZATION[bits % len(QUANTIZATION)],
            },
        }

    def _running(self, row: Row) -> dict[str, Any]:
        tag = self._tag(row)
        expires = from_ms(self.world.clock.ms() + 300_000).replace(tzinfo=None).isoformat(timespec="seconds")
        return {
            **{name: tag[name] for name in ("name", "model", "size", "digest", "details")},
            "expires_at": f"{expires}Z",
            "size_vram": tag["size"] * 4 // 5,
            "context_length": 4096,
        }


def _missing(call: Call) -> Reply:
    return plain(404, f"model '{call.json().get('model', '')}' not found")


def _configured() -> list[dict[str, Any]]:
    """One of each other server: vLLM with an adapter beside it, llama.cpp, and what a gateway adds."""
    base = {"object": "model", "created": START, "owned_by": "vllm", "permission": []}
    return [
        {**base, "id": "sandbox/large", "root": "/models/large", "parent": None, "max_model_len": 32768},
        {**base, "id": "sandbox/tuned", "root": "/models/tuned", "parent": "sandbox/large", "max_model_len": 32768},
        {
            "id": "small.gguf",
            "object": "model",
            "created": START + 100,
            "owned_by": "llamacpp",
            "meta": {"n_ctx_train": 131072, "n_params": 8030261312, "size": 4912898304, "n_vocab": 128256},
        },
        {
            "id": "gateway/fast",
            "object": "model",
            "created": 1677610602,
            "owned_by": "openai",
            "name": "Fast",
            "description": "The quickest of them.",
            "context_length": 128000,
            "pricing": {"prompt": "0.0000001", "completion": "0.0000004"},
        },
    ]
