"""Models, fine-tuning jobs, vector stores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.openai.dialect import ORGANIZATION, error, identity, listed, row_of
from sandbox.platform import Call, Reply
from sandbox.table import Table
from sandbox.world import World, mix, number_of

MINUTE, HOUR = 60, 3600
MODELS: tuple[tuple[str, int, str, str | None], ...] = (
    ("gpt-3.5-turbo", 1_677_610_602, "openai", "2026-10-23"),
    ("text-embedding-3-small", 1_705_948_997, "system", None),
    ("text-embedding-3-large", 1_705_953_180, "system", None),
    ("omni-moderation-latest", 1_731_689_265, "system", None),
    ("gpt-4o-mini", 1_721_172_741, "system", "2027-01-15"),
    ("gpt-4o-mini-2024-07-18", 1_721_172_717, "system", None),
    ("whisper-1", 1_677_532_384, "openai-internal", None),
    ("gpt-image-1", 1_745_517_030, "system", None),
    ("gpt-5", 1_754_425_777, "system", None),
    ("gpt-5-mini", 1_754_425_928, "system", None),
    ("gpt-5.5", 1_776_000_000, "system", None),
)


class Things:
    def __init__(self, world: World) -> None:
        self.world = world
        self._seed = (world.seed, number_of("openai"))
        people = world.population
        self.jobs = Table(world, people("openai jobs", per_person=0.1, least=6, births=0.01, changes=0, deaths=0))
        self.stores = Table(
            world, people("openai stores", per_person=0.1, least=6, births=0.01, changes=0.05, deaths=0.003)
        )

    def _now(self) -> int:
        return self.world.clock.ms() // 1000

    # Models

    def models(self, call: Call) -> dict[str, Any]:
        return {"object": "list", "data": list(self._models())}

    def model(self, call: Call) -> dict[str, Any] | Reply:
        name = call.args["model"]
        found = next((one for one in self._models() if one["id"] == name), None)
        text = f"The model '{name}' does not exist"
        return found or error(404, text, param="model", code="model_not_found")

    def _models(self) -> Iterator[dict[str, Any]]:
        """The vendor's, and what fine-tuning has made."""
        for name, created, owner, shutdown in MODELS:
            yield {"id": name, "object": "model", "created": created, "owned_by": owner, "shutdown_date": shutdown}
        for index in self.jobs.indices():
            job = self._job(index)
            if job["fine_tuned_model"]:
                name, created = job["fine_tuned_model"], job["finished_at"]
                yield {"id": name, "object": "model", "created": created, "owned_by": ORGANIZATION}

    # Fine-tuning jobs

    def list_jobs(self, call: Call) -> dict[str, Any]:
        """Without first_id and last_id; `metadata[k]=v` filters."""
        wanted = {name[9:-1]: value for name, value in call.params if name.startswith("metadata[")}
        indices = self.jobs.indices()
        if wanted:
            indices = [one for one in indices if wanted.items() <= (self._job(one)["metadata"] or {}).items()]
        return listed(call, "job", indices, self._job, ends=False)

    def _job(self, index: int) -> dict[str, Any]:
        row = row_of(self.jobs, index)
        bits = mix(*self._seed, index, 3)
        created = row.created // 1000
        end = "succeeded" if bits % 6 else ("failed" if bits % 12 else "cancelled")
        begun, done = created + 5 * MINUTE, created + HOUR + bits % (4 * HOUR)
        now = self._now()
        status = end if now >= done else "running" if now >= begun else "validating_files"
        base = "gpt-4o-mini-2024-07-18"
        tuned = f"ft:{base}:sandbox::{index:08x}" if status == "succeeded" else None
        settings = {"n_epochs": 3, "batch_size": "auto", "learning_rate_multiplier": 1.8}
        failure = {
            "code": "invalid_training_file",
            "message": "The file has too few examples.",
            "param": "training_file",
        }
        return {
            "object": "fine_tuning.job",
            "id": identity("job", index),
            "model": base,
            "created_at": created,
            "finished_at": done if status == end else None,
            "fine_tuned_model": tuned,
            "organization_id": ORGANIZATION,
            "result_files": [identity("file", bits % 12)] if tuned else [],
            "status": status,
            "validation_file": None,
            "training_file": identity("file", (bits >> 8) % 12),
            "hyperparameters": settings,
            "trained_tokens": 10_000 + bits % 900_000 if tuned else None,
            "error": failure if status == "failed" else {},
            "user_provided_suffix": None,
            "seed": bits % 2_000_000_000,
            "estimated_finish": done if status == "running" else None,
            "integrations": [],
            "metadata": {"team": ("search", "support")[bits % 2]} if bits % 3 else None,
            "usage_metrics": None,
            "shared_with_openai": False,
            "eval_id": None,
            "method": {"type": "supervised", "supervised": {"hyperparameters": settings}},
        }

    # Vector stores

    def list_stores(self, call: Call) -> dict[str, Any]:
        return listed(call, "store", self.stores.indices(), self._store, order="desc")

    def _store(self, index: int) -> dict[str, Any]:
        row = row_of(self.stores, index)
        bits = mix(*self._seed, index, 4)
        files = bits % 40 + row.version
        return {
            "id": identity("store", index),
            "object": "vector_store",
            "created_at": row.created // 1000,
            "name": f"Knowledge {index}",
            "description": None,
            "usage_bytes": files * 20_000 + bits % 10_000,
            "file_counts": {"in_progress": 0, "completed": files, "failed": 0, "cancelled": 0, "total": files},
            "status": "completed",
            "expires_after": None,
            "expires_at": None,
            "last_active_at": row.changed // 1000,
            "metadata": {},
        }
