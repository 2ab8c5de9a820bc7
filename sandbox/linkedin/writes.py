"""Posts and comments, written: little text, partial updates, deletes that may be repeated.

learn.microsoft.com/en-us/linkedin/marketing/community-management/shares: posts-api, little-text-format, comments-api
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any

from sandbox.linkedin.content import Content, activity
from sandbox.linkedin.dialect import bad, created, needs_method
from sandbox.platform import Call, Refused, Reply, empty_reply, json_reply

_CHANGEABLE = ("commentary", "contentCallToActionLabel", "contentLandingPage", "lifecycleState", "adContext")
_REQUIRED = ("author", "commentary", "visibility", "distribution", "lifecycleState")
_LITTLE = re.compile(
    r"(?:\\[\\|{}@\[\]()<>#*_~]|\{hashtag\|\\?#\|[^}]+\}|@\[[^\]]+\]\(urn:li:[^)]+\)|[^\\|{}@\[\]()<>#*_~])*"
)


def kept(text: str) -> str:
    """What LinkedIn keeps of a text: it ends before the first reserved character that nothing escapes."""
    found = _LITTLE.match(text)
    return found[0] if found else ""


class Writing:
    def __init__(self, content: Content) -> None:
        self._content = content

    def create_post(self, call: Call) -> Reply:
        body = call.json()
        missing = [name for name in _REQUIRED if name not in body]
        if missing:
            raise Refused(bad(f"Field {missing[0]} is required", "MISSING_FIELD"))
        self._content.owned(call, body["author"])
        if body["visibility"] not in ("PUBLIC", "CONNECTIONS", "LOGGED_IN") or not _distributed(body["distribution"]):
            raise Refused(bad("Invalid value for visibility or distribution"))
        row = self._content.posts.create({**body, "commentary": kept(body["commentary"])})
        return created(self._content.post_urn(row.index))

    def update_post(self, call: Call) -> Reply:
        needs_method(call, "PARTIAL_UPDATE")
        row = self._content.post_of(call.args["urn"], call)
        patch: dict[str, Any] = call.json().get("patch") or {}
        told = patch.get("$set") or {}
        wrong = [name for name in (*told, *patch.get("$delete", ())) if name not in _CHANGEABLE]
        if wrong:
            raise Refused(bad(f"Field {wrong[0]} is not updatable"))
        text = {"commentary": kept(told["commentary"])} if "commentary" in told else {}
        self._content.posts.change(row.index, {**told, **text, **dict.fromkeys(patch.get("$delete", ()))})
        return empty_reply(204)

    def delete_post(self, call: Call) -> Reply:
        with suppress(Refused):
            self._content.posts.delete(self._content.post_of(call.args["urn"], call).index)
        return empty_reply(204)

    def create_comment(self, call: Call) -> Reply:
        body = call.json()
        post, parent = self._content.target(call)
        text = (body.get("message") or {}).get("text")
        if not body.get("actor") or not text:
            raise Refused(bad("Field actor or message is required", "MISSING_FIELD"))
        if body.get("object") not in (activity(post), self._content.post_urn(post)):
            raise Refused(bad("The object is not what is commented on"))
        fields = {"actor": body["actor"], "text": text, "_post": post, "_parent": parent}
        told = self._content.comment(self._content.comments.create(fields))
        return created(told["id"], told)

    def update_comment(self, call: Call) -> Reply:
        needs_method(call, "PARTIAL_UPDATE")
        row = self._content.comment_row(call)
        text = (((call.json().get("patch") or {}).get("message") or {}).get("$set") or {}).get("text")
        if not text:
            raise Refused(bad("Only the text can be changed"))
        return json_reply(self._content.comment(self._content.comments.change(row.index, {"text": text})))

    def delete_comment(self, call: Call) -> Reply:
        row = self._content.comment_row(call)
        if call.param("actor") != self._content.comment(row)["actor"]:
            raise Refused(bad("Parameter actor is not the one who commented"))
        self._content.comments.delete(row.index)
        return empty_reply(204)


def _distributed(distribution: Any) -> bool:
    return isinstance(distribution, dict) and distribution.get("feedDistribution") in ("MAIN_FEED", "NONE")
