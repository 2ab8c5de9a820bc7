"""What can be written on a Page: posts and comments. Nothing makes a create safe to repeat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.facebook.content import PAGE_ID, Content
from sandbox.graph import error, gone, members
from sandbox.platform import Call, Reply, json_reply
from sandbox.table import Row

_DAY = 86_400


class Writes:
    def __init__(self, content: Content) -> None:
        self.content = content

    def scopes(self, call: Call) -> tuple[str, ...]:
        if call.args.get("edge") == "comments" or self.content.comment(call.args["id"]) is not None:
            return ("pages_manage_engagement",)
        return ("pages_manage_posts",)

    def create(self, call: Call) -> Reply:
        body = members(call)
        if call.args["edge"] == "comments":
            return self._comment(call.args["id"], body)
        if call.args["edge"] != "feed" or call.args["id"] not in ("me", PAGE_ID):
            return gone(call.args["id"], "post")
        message = body.get("message")
        if not message and not body.get("link") and not body.get("attached_media"):
            return error(100, "(#100) The post is empty. Please enter a message to share.", subcode=1349125)
        for index in self.content.posts.written_indices():
            row = self.content.posts.existing(index)
            if row is not None and row.written and row.fields.get("message") == message:
                return error(506, "Duplicate status message")
        published = body.get("published", True) in (True, "true", "1")
        fields: dict[str, Any] = {"message": message, "is_published": published}
        if "scheduled_publish_time" in body:
            at, now = int(body["scheduled_publish_time"]), self.content.world.clock.ms() // 1000
            if published or not now + 600 <= at <= now + 30 * _DAY:
                return error(100, "(#100) The specified scheduled publish time is invalid.", subcode=1363127)
            fields["scheduled_publish_time"] = at
        row = self.content.posts.create(fields)
        return json_reply({"id": self.content.post_id(row.index), "post_supports_client_mutation_id": True})

    def _comment(self, target: str, body: Mapping[str, Any]) -> Reply:
        post, above = self.content.post(target), self.content.comment(target)
        if post is None and above is None:
            return gone(target, "post")
        if not body.get("message"):
            return error(100, "(#100) Missing message or attachment")
        of = post.index if post is not None else self.content.commented(above.index if above else 0)
        fields = {"post": of, "parent": above.index if above else None, "message": body["message"]}
        row = self.content.comments.create(fields)
        return json_reply({"id": self.content.comment_id(row.index)})

    def update(self, call: Call) -> Reply:
        identity, body = call.args["id"], members(call)
        comment = self.content.comment(identity)
        if comment is not None:
            return self._update_comment(comment, body)
        post = self.content.post(identity)
        if post is None:
            return gone(identity, "post")
        if not post.written:
            return error(10, "(#10) Application does not have permission for this action", status=403)
        fields = {name: body[name] for name in ("message", "is_published", "is_hidden") if name in body}
        if not fields:
            return error(100, "(#100) Nothing to update")
        self.content.posts.change(post.index, fields)
        return json_reply({"success": True})

    def _update_comment(self, comment: Row, body: Mapping[str, Any]) -> Reply:
        can_hide = self.content.comment_fields(comment)["can_hide"]
        if "is_hidden" in body and not can_hide:
            return error(200, "(#200) Permissions error", status=403, subcode=1446036)
        if "message" in body and not comment.written:
            return error(200, "(#200) Permissions error", status=403)
        fields = {name: body[name] for name in ("message", "is_hidden") if name in body}
        self.content.comments.change(comment.index, fields)
        return json_reply({"success": True})

    def delete(self, call: Call) -> Reply:
        identity = call.args["id"]
        comment, post = self.content.comment(identity), self.content.post(identity)
        if comment is not None:
            self.content.comments.delete(comment.index)
        elif post is not None:
            self.content.posts.delete(post.index)
        else:
            return gone(identity, "delete")
        return json_reply({"success": True})
