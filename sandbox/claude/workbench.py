"""What a workspace's key reads: models, message batches, files.

Batches come to their end by the clock. Sources: anthropic-sdk-python, src/anthropic/types; recordings of May 2026.
"""

from __future__ import annotations

from typing import Any

from sandbox.claude.dialect import HOST, Invalid, error, identity, index_of, listed, missing, row_of, stamp
from sandbox.platform import Call, Reply
from sandbox.table import Table
from sandbox.world import DAY_MS, World, mix, number_of

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
KEPT_MS = 29 * DAY_MS  # results are archived after this
MODELS = (
    ("claude-haiku-4-5-20251001", "Claude Haiku 4.5", "2025-10-15T00:00:00Z", 200_000, 64_000),
    ("claude-opus-4-5-20251101", "Claude Opus 4.5", "2025-11-24T00:00:00Z", 200_000, 64_000),
    ("claude-opus-4-6", "Claude Opus 4.6", "2026-02-04T00:00:00Z", 1_000_000, 128_000),
    ("claude-sonnet-4-6", "Claude Sonnet 4.6", "2026-02-17T00:00:00Z", 1_000_000, 128_000),
    ("claude-opus-4-7", "Claude Opus 4.7", "2026-04-14T00:00:00Z", 1_000_000, 128_000),
)
ABLE = ("batch", "citations", "code_execution", "image_input", "pdf_input", "structured_outputs")
MIME = (("notes.txt", "text/plain"), ("report.pdf", "application/pdf"), ("data.csv", "text/csv"))


class Workbench:
    def __init__(self, world: World) -> None:
        self.world = world
        self._seed = (world.seed, number_of("claude"))
        people = world.population
        self._files = Table(world, people("claude files", per_person=1, least=12, births=0.01, changes=0, deaths=0.003))
        self._batches = Table(
            world, people("claude message_batches", per_person=0.5, least=12, births=0.02, changes=0, deaths=0)
        )

    # Models

    def models(self, call: Call) -> dict[str, Any]:
        """By id like any list, though models are not numbered."""
        shown = [self._model(*one) for one in reversed(MODELS)]
        names = [one["id"] for one in shown]
        for name, place in (("after_id", 1), ("before_id", 0)):
            given = call.param(name)
            if given:
                if given not in names:
                    raise Invalid(f"{name}: Invalid ID")
                at = names.index(given)
                shown = shown[at + 1 :] if place else shown[:at]
        limit = min(int(call.param("limit", "20")), 1000)
        page = shown[:limit]
        return {
            "data": page,
            "has_more": len(shown) > limit,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
        }

    def model(self, call: Call) -> dict[str, Any] | Reply:
        found = next((one for one in MODELS if one[0] == call.args["model"]), None)
        return self._model(*found) if found else error(404, f"model: {call.args['model']}")

    def _model(self, name: str, title: str, created: str, most_input: int, most: int) -> dict[str, Any]:
        return {
            "type": "model",
            "id": name,
            "display_name": title,
            "created_at": created,
            "max_input_tokens": most_input,
            "max_tokens": most,
            "capabilities": {able: {"supported": True} for able in ABLE},
        }

    # Files

    def files(self, call: Call) -> dict[str, Any]:
        return listed(call, "file", self._files.indices(), self._file)

    def file(self, call: Call) -> dict[str, Any] | Reply:
        index = index_of("file", call.args["id"])
        if index is None or self._files.existing(index) is None:
            return missing("File", call.args["id"])
        return self._file(index)

    def delete_file(self, call: Call) -> dict[str, Any] | Reply:
        given = call.args["id"]
        index = index_of("file", given)
        if index is None or self._files.existing(index) is None:
            return missing("File", given)
        self._files.delete(index)
        return {"id": given, "type": "file_deleted"}

    def _file(self, index: int) -> dict[str, Any]:
        bits = mix(*self._seed, index, 1)
        name, kind = MIME[bits % len(MIME)]
        shown = {
            "type": "file",
            "id": identity("file", index),
            "size_bytes": 10 + (bits >> 8) % 5_000_000,
            "created_at": stamp(row_of(self._files, index).created, 6),
            "filename": name,
            "mime_type": kind,
            "downloadable": bits % 7 == 0,
        }
        return {**shown, "scope": {"type": "session", "id": identity("sesn", bits % 50)}} if bits % 5 == 0 else shown

    # Batches

    def batches(self, call: Call) -> dict[str, Any]:
        return listed(call, "msgbatch", self._batches.indices(), self._batch)

    def batch(self, call: Call) -> dict[str, Any] | Reply:
        index = index_of("msgbatch", call.args["id"])
        if index is None or self._batches.existing(index) is None:
            return missing("Message Batch", call.args["id"])
        return self._batch(index)

    def begin(self, call: Call) -> dict[str, Any]:
        body = call.json()
        requests = body.get("requests") if isinstance(body, dict) else None
        if not isinstance(requests, list) or not requests:
            raise Invalid("requests: Field required")
        names = [one.get("custom_id") for one in requests if isinstance(one, dict)]
        if len(set(names)) != len(requests) or not all(
            isinstance(name, str) and 1 <= len(name) <= 64 for name in names
        ):
            raise Invalid("requests: each needs a custom_id of its own, of 1 to 64 characters")
        for one in requests:
            for needed in ("model", "max_tokens", "messages"):
                if needed not in (one.get("params") or {}):
                    raise Invalid(f"requests.params.{needed}: Field required")
        return self._batch(self._batches.create({"total": len(requests)}).index)

    def cancel(self, call: Call) -> dict[str, Any] | Reply:
        index = index_of("msgbatch", call.args["id"])
        if index is None or self._batches.existing(index) is None:
            return missing("Message Batch", call.args["id"])
        if self._batch(index)["processing_status"] == "ended":
            return error(409, "Message Batch has ended and cannot be canceled.")
        self._batches.change(index, {"canceled_ms": self.world.clock.ms()})
        return self._batch(index)

    def delete_batch(self, call: Call) -> dict[str, Any] | Reply:
        given = call.args["id"]
        index = index_of("msgbatch", given)
        if index is None or self._batches.existing(index) is None:
            return missing("Message Batch", given)
        if self._batch(index)["processing_status"] != "ended":
            return error(409, "Message Batch is in progress and cannot be deleted. Cancel it first.")
        self._batches.delete(index)
        return {"id": given, "type": "message_batch_deleted"}

    def _batch(self, index: int) -> dict[str, Any]:
        """Most end within hours, all within a day; some were cancelled by a person after ten minutes."""
        row, now = row_of(self._batches, index), self.world.clock.ms()
        bits = mix(*self._seed, index, 2)
        canceled = row.fields.get("canceled_ms")
        if canceled is None and not row.written and bits % 9 == 0:
            canceled = row.created + 10 * MINUTE_MS
        if canceled is not None and canceled > now:
            canceled = None
        done = row.created + 20 * MINUTE_MS + bits % (8 * HOUR_MS)
        if canceled is not None:
            done = canceled + 5 * MINUTE_MS
        ended = now >= done
        archived = row.created + KEPT_MS <= now
        total = row.fields.get("total", 10 + (bits >> 8) % 5000)
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        if not ended:
            counts["processing"] = total
        elif canceled is not None:
            counts |= {"succeeded": total // 4, "canceled": total - total // 4}
        else:
            counts |= {"succeeded": total - total // 50, "errored": total // 50}
        name = identity("msgbatch", index)
        return {
            "id": name,
            "type": "message_batch",
            "processing_status": "ended" if ended else "canceling" if canceled is not None else "in_progress",
            "request_counts": counts,
            "ended_at": stamp(done) if ended else None,
            "created_at": stamp(row.created),
            "expires_at": stamp(row.created + DAY_MS),
            "archived_at": stamp(row.created + KEPT_MS) if archived else None,
            "cancel_initiated_at": stamp(canceled) if canceled is not None else None,
            "results_url": f"https://{HOST}/v1/messages/batches/{name}/results" if ended and not archived else None,
        }
