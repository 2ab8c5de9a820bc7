"""Files: listed, uploaded as multipart, deleted; never changed."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

from sandbox.openai.dialect import Invalid, identity, index_of, listed, missing, row_of
from sandbox.platform import Call, Reply
from sandbox.table import Table
from sandbox.world import World, mix, number_of

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
MONTH = 30 * 86_400


class Files:
    def __init__(self, world: World) -> None:
        self.world = world
        self._seed = (world.seed, number_of("openai files"))
        population = world.population("openai files", per_person=1, least=12, births=0.01, changes=0, deaths=0.002)
        self.table = Table(world, population)

    def list(self, call: Call) -> dict[str, Any]:
        purpose = call.param("purpose")
        indices = self.table.indices()
        if purpose:
            indices = [index for index in indices if self.show(index)["purpose"] == purpose]
        return listed(call, "file", indices, self.show, most=10_000, default=10_000, order="desc")

    def create(self, call: Call) -> dict[str, Any]:
        """Multipart, as the only route; a file for a batch expires after 30 days unless told otherwise."""
        parts = _multipart(call)
        name, content = parts.get("file", ("", b""))
        purpose = parts.get("purpose", ("", b""))[1].decode(errors="replace")
        if not name:
            raise Invalid("file", "Missing required parameter: 'file'.", "missing_required_parameter")
        if purpose not in PURPOSES:
            raise Invalid("purpose", f"Invalid value: '{purpose}'. Supported values are: {', '.join(PURPOSES)}.")
        seconds = parts.get("expires_after[seconds]", ("", b""))[1].decode()
        fields: dict[str, Any] = {"filename": name, "bytes": len(content), "purpose": purpose}
        if seconds.isdecimal() or purpose == "batch":
            fields["expires_at"] = int(self.world.clock.seconds()) + (int(seconds) if seconds.isdecimal() else MONTH)
        return self.show(self.table.create(fields).index)

    def delete(self, call: Call) -> dict[str, Any] | Reply:
        given = call.args["file_id"]
        index = index_of("file", given)
        if index is None or self.table.existing(index) is None:
            return missing("File", given)
        self.table.delete(index)
        return {"id": given, "object": "file", "deleted": True}

    def show(self, index: int) -> dict[str, Any]:
        row = row_of(self.table, index)
        bits = mix(*self._seed, index, 1)
        purpose = ("fine-tune", "batch", "user_data", "assistants", "vision")[bits % 5]
        kind = "jsonl" if purpose in ("fine-tune", "batch") else "pdf"
        made = {"filename": f"{purpose}-{index}.{kind}", "bytes": 100 + (bits >> 8) % 9_000_000, "purpose": purpose}
        return {
            "object": "file",
            "id": identity("file", index),
            "created_at": row.created // 1000,
            "status": "processed",
            **made,
            **row.fields,
        }


def _multipart(call: Call) -> Mapping[str, tuple[str, bytes]]:
    """File name and content of each part by its name. Raises Invalid for a body that is none."""
    kind = call.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise Invalid("file", "Expected a multipart/form-data body.", "invalid_content_type")
    message = message_from_bytes(b"content-type: " + kind.encode() + b"\r\n\r\n" + call.body, policy=HTTP)
    parts: dict[str, tuple[str, bytes]] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        parts[str(name)] = (part.get_filename() or "", content if isinstance(content, bytes) else b"")
    return parts
