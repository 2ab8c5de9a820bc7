"""Batches: made of a file, done by the clock; and the files of their output."""

from __future__ import annotations

import json
from typing import Any

from sandbox.openai.dialect import ORGANIZATION, Invalid, error, identity, index_of, listed, missing, row_of
from sandbox.openai.files import Files
from sandbox.platform import Call, Reply
from sandbox.table import Table
from sandbox.world import World, mix, number_of

MINUTE, HOUR = 60, 3600
ENDPOINTS = ("/v1/responses", "/v1/chat/completions", "/v1/embeddings", "/v1/completions", "/v1/moderations",
             "/v1/images/generations", "/v1/images/edits", "/v1/videos")  # fmt: skip
TERMINAL = ("completed", "failed", "expired", "cancelled")


class Batches:
    def __init__(self, world: World, files: Files) -> None:
        self.world = world
        self.files = files
        self._seed = (world.seed, number_of("openai batches"))
        population = world.population("openai batches", per_person=0.5, least=12, births=0.02, changes=0, deaths=0)
        self.table = Table(world, population)

    def list(self, call: Call) -> dict[str, Any]:
        return listed(call, "batch", self.table.indices(), self.show)

    def get(self, call: Call) -> dict[str, Any] | Reply:
        index = index_of("batch", call.args["batch_id"])
        if index is None or self.table.existing(index) is None:
            return missing("Batch", call.args["batch_id"])
        return self.show(index)

    def create(self, call: Call) -> dict[str, Any]:
        """Whether the file exists is found out while validating, as recorded: the batch is made and then fails."""
        body = call.json()
        for name in ("input_file_id", "endpoint", "completion_window"):
            if not isinstance(body, dict) or not isinstance(body.get(name), str):
                raise Invalid(name, f"Missing required parameter: '{name}'.", "missing_required_parameter")
        if body["endpoint"] not in ENDPOINTS:
            raise Invalid("endpoint", f"Invalid value: '{body['endpoint']}'.")
        if body["completion_window"] != "24h":
            raise Invalid("completion_window", f"Invalid value: '{body['completion_window']}'. Must be '24h'.")
        file = index_of("file", body["input_file_id"])
        readable = file is not None and self.files.table.existing(file) is not None
        fields = {
            "endpoint": body["endpoint"],
            "input_file_id": body["input_file_id"],
            "metadata": body.get("metadata"),
            "readable": readable,
        }
        return self.show(self.table.create(fields).index)

    def cancel(self, call: Call) -> dict[str, Any] | Reply:
        index = index_of("batch", call.args["batch_id"])
        if index is None or self.table.existing(index) is None:
            return missing("Batch", call.args["batch_id"])
        status = self.show(index)["status"]
        if status in TERMINAL:
            return error(409, f"Cannot cancel a batch with status '{status}'.")
        self.table.change(index, {"cancelling_at": int(self.world.clock.seconds())})
        return self.show(index)

    def show(self, index: int) -> dict[str, Any]:
        """A batch comes to its end by the clock: most complete within hours, a few fail or expire."""
        row = row_of(self.table, index)
        bits = mix(*self._seed, index, 2)
        created = row.created // 1000
        total = 10 + bits % 5000
        end = "completed" if bits % 12 else ("failed" if bits % 24 else "expired")
        if not row.fields.get("readable", True):
            end = "failed"
        begun = created + MINUTE
        done = begun + {"failed": 0, "expired": 24 * HOUR}.get(end, 10 * MINUTE + (bits >> 16) % (8 * HOUR))
        cancelling = row.fields.get("cancelling_at")
        if cancelling is not None:
            end, done = "cancelled", cancelling + 5 * MINUTE
        status = _status(int(self.world.clock.seconds()), begun, done, end, cancelling)
        over = status == end
        finished = total if status == "completed" else 0
        seconds = {
            "in_progress_at": begun if end != "failed" and status != "validating" else None,
            "expires_at": created + 24 * HOUR,
            "finalizing_at": done - 5 * MINUTE if status in ("finalizing", "completed") else None,
            "completed_at": done if over and end == "completed" else None,
            "failed_at": done if over and end == "failed" else None,
            "expired_at": done if over and end == "expired" else None,
            "cancelling_at": cancelling,
            "cancelled_at": done if over and end == "cancelled" else None,
        }
        problem = {
            "code": "invalid_request",
            "message": f"Cannot find file {row.fields.get('input_file_id', '')}, or organization {ORGANIZATION} "
            "does not have access to it.",
            "param": "file_id",
            "line": None,
        }
        used = 300 * finished
        return {
            "id": identity("batch", index),
            "object": "batch",
            "endpoint": row.fields.get("endpoint", "/v1/responses"),
            "model": "gpt-5-mini" if status == "completed" else None,
            "errors": {"object": "list", "data": [problem]} if status == "failed" else None,
            "input_file_id": row.fields.get("input_file_id", identity("file", bits % 12)),
            "completion_window": "24h",
            "status": status,
            "output_file_id": identity("output", index) if status == "completed" else None,
            "error_file_id": None,
            "created_at": created,
            **seconds,
            "request_counts": {"total": 0 if status == "failed" else total, "completed": finished, "failed": 0},
            "usage": {
                "input_tokens": used,
                "output_tokens": used // 4,
                "total_tokens": used + used // 4,
                "input_tokens_details": {"cached_tokens": used // 10},
                "output_tokens_details": {"reasoning_tokens": used // 20},
            },
            "metadata": row.fields.get("metadata"),
        }

    # Their output

    def get_file(self, call: Call) -> dict[str, Any] | Reply:
        given = call.args["file_id"]
        output = index_of("output", given)
        if output is not None and self.table.existing(output) is not None:
            return self._output(output)
        index = index_of("file", given)
        if index is None or self.files.table.existing(index) is None:
            return missing("File", given)
        return self.files.show(index)

    def content(self, call: Call) -> Reply:
        """The JSONL of a batch's output, a few lines of it."""
        output = index_of("output", call.args["file_id"])
        if output is None or self.table.existing(output) is None:
            return missing("File", call.args["file_id"])
        lines = [{"custom_id": f"request-{n}", "response": {"status_code": 200, "body": {}}} for n in range(3)]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        return Reply(headers={"content-type": "application/octet-stream"}, body=text.encode())

    def _output(self, index: int) -> dict[str, Any]:
        return {
            "object": "file",
            "id": identity("output", index),
            "created_at": row_of(self.table, index).created // 1000,
            "status": "processed",
            "filename": f"{identity('batch', index)}_output.jsonl",
            "bytes": 4096,
            "purpose": "batch_output",
        }


def _status(now: int, begun: int, done: int, end: str, cancelling: int | None) -> str:
    if now >= done:
        return end
    if cancelling is not None:
        return "cancelling"
    if now < begun:
        return "validating"
    return "finalizing" if end == "completed" and now >= done - 5 * MINUTE else "in_progress"
