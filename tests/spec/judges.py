"""The documents of Dropbox, OpenAI and X: what calls ask and replies tell that they do not declare.

Where the live service is known to differ from its specification, sandbox and connectors follow the service; each such
point stands here with its reason, and is no complaint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sandbox.platform import Call, Reply
from tests.spec import openapi, stone

# Items of `errors` are declared as Problem alone; its kinds, with these members, hang on the discriminator. Of the
# private counters only impressions are declared; the guide of metrics tells more.
X_MORE = {f"errors[].{name}" for name in ("parameter", "resource_id", "resource_type", "value", "section", "field")} | {
    f"data[].non_public_metrics.{name}" for name in ("url_link_clicks", "user_profile_clicks", "engagements")
}

# The recordings show null where the document knows no null, an empty object where it wants an error or null, and
# members that it does not name: the description of vector stores, some of fine-tuning jobs.
OPENAI_NULLS = re.compile(
    r"\$\.(data\[\d+\]\.)?(first_id|last_id|error|model|errors|description|expires_after|output_file_id|error_file_id"
    r"|\w+_at): None is not of type"
)
OPENAI_EMPTY_ERROR = re.compile(r"\$(\.data\[\d+\])?\.error: \{\} is not valid under any of the given schemas")
OPENAI_MORE = {
    f"data[].{one}" for one in ("description", "user_provided_suffix", "usage_metrics", "shared_with_openai", "eval_id")
}


def request_complaints(platform: str, call: Call, version: str = "2.159") -> list[str]:
    """What this call asks that is not declared. `version` is that of the document of X."""
    if platform == "dropbox":
        return stone.dropbox().check_request(call.host, call.path, call.headers, call.body)
    document = openapi.x(version) if platform == "x" else openapi.openai()
    kind = call.headers.get("content-type", "")
    return document.check_request(call.method, call.path, call.params, call.body, kind)


def reply_complaints(platform: str, call: Call, reply: Reply, version: str = "2.159") -> list[str]:
    """What this reply to the call tells that is not declared, or fails to tell."""
    if platform == "dropbox":
        document = stone.dropbox()
        return document.check_reply(document.operation_for(call.path), reply.status, reply.headers, reply.body)
    found = _openapi_complaints(openapi.x(version) if platform == "x" else openapi.openai(), platform, call, reply)
    return [one for one in found if not OPENAI_NULLS.search(one) and not OPENAI_EMPTY_ERROR.search(one)]


def _openapi_complaints(document: openapi.OpenApi, platform: str, call: Call, reply: Reply) -> list[str]:
    operation = document.operation_for(call.method, call.path)
    if operation is None:
        return [f"there is no {call.method} {call.path}"]
    found = document.check_reply(operation, reply.status, reply.headers, reply.body)
    if reply.status == 200:
        more = X_MORE if platform == "x" else OPENAI_MORE
        found += [f"{operation} tells {name}" for name in document.unknown(operation, 200, reply.body) - more]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Specified:
    """The document of one of them, as a judge has it."""

    platform: str

    def request_complaints(self, call: Call) -> list[str]:
        return request_complaints(self.platform, call)

    def reply_complaints(self, call: Call, reply: Reply) -> list[str]:
        return reply_complaints(self.platform, call, reply)
