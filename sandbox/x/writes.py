"""The routes that post, edit, delete and hide. There is no idempotency key; the same text twice is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.platform import Call, Reply, json_reply
from sandbox.table import WRITTEN
from sandbox.x.content import OWN, WROTE, Content, Post
from sandbox.x_api import Invalid, forbidden, invalid, problem

_MEMBERS = (
    "card_uri", "community_id", "direct_message_deep_link", "edit_options", "for_super_followers_only", "geo",
    "made_with_ai", "media", "nullcast", "paid_partnership", "poll", "quote_tweet_id", "reply", "reply_settings",
    "share_with_followers", "text",
)  # fmt: skip
HOUR_MS = 3_600_000


class Writes:
    def __init__(self, content: Content) -> None:
        self.content = content

    def create(self, call: Call) -> Reply:
        """POST /2/tweets, and the edit of one's own post, which makes a new one."""
        body = call.json()
        if not isinstance(body, dict):
            return invalid(Invalid("body", "", "the body is not an object"))
        for name in body:
            if name not in _MEMBERS:
                message = f"$.{name}: is not defined in the schema and the schema does not allow additional properties"
                return invalid(Invalid("$", name, message))
        text = body.get("text")
        if not isinstance(text, str) or not text.strip():
            return invalid(Invalid("text", "", "A post needs a text"))
        if len(text) > 280:
            return forbidden("You are not permitted to perform this action: the post is too long.")
        fields: dict[str, Any] = {"text": text}
        refusal = self._reply(body, fields) or self._edit(body, fields)
        if refusal is not None:
            return refusal
        if "quote_tweet_id" in body:
            return forbidden("You are not permitted to perform this action.")
        if "edit_options" not in body and self._said_before(text):
            return forbidden("You are not allowed to create a Tweet with duplicate content.")
        row = self.content.posts.create(fields)
        made = self.content.own(row.index)
        data = {"id": str(made.id), "text": text, "edit_history_tweet_ids": [str(one) for one in made.chain]}
        return json_reply({"data": data}, status=201, headers={"location": f"https://api.x.com/2/tweets/{made.id}"})

    def delete(self, call: Call) -> Reply:
        post = self._post(call.args["id"])
        if post is None:
            return problem(404, "Not Found", "Could not find the Tweet.", "resource-not-found")
        if post.author != OWN:
            return forbidden("You are not authorized to delete this Tweet.")
        self.content.posts.delete(self._index(post))
        return json_reply({"data": {"deleted": True}})

    def hide(self, call: Call) -> Reply:
        """Only a reply in a conversation that the account began."""
        body = call.json()
        if not isinstance(body, dict) or not isinstance(body.get("hidden"), bool):
            return invalid(Invalid("hidden", "", "$.hidden: is missing but it is required"))
        post = self._post(call.args["tweet_id"])
        if post is None:
            return problem(404, "Not Found", "Could not find the Tweet.", "resource-not-found")
        began = self.content.post(post.conversation)
        if not post.references or began is None or began.author != OWN:
            return forbidden("You are not allowed to hide this reply.")
        change = self.content.hidden.add if body["hidden"] else self.content.hidden.discard
        change(post.id)
        return json_reply({"data": {"hidden": body["hidden"]}})

    def _reply(self, body: Mapping[str, Any], fields: dict[str, Any]) -> Reply | None:
        """Since 2026-02-23 only to one's own posts and to those that mention the account."""
        reply = body.get("reply")
        if reply is None:
            return None
        target = self._post(str(reply.get("in_reply_to_tweet_id", ""))) if isinstance(reply, dict) else None
        if target is None:
            return forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
        if target.author != OWN and f"@{self.content.username}" not in target.text:
            return forbidden("Reply to this conversation is not allowed because you have not been mentioned.")
        fields["reply"] = target.id
        return None

    def _edit(self, body: Mapping[str, Any], fields: dict[str, Any]) -> Reply | None:
        options = body.get("edit_options")
        if options is None:
            return None
        post = self._post(str(options.get("previous_post_id", ""))) if isinstance(options, dict) else None
        age = self.content.world.clock.ms() - post.created if post is not None else 0
        if post is None or post.author != OWN or post.id & 3 != WROTE or age > HOUR_MS or len(post.chain) > 5:
            detail = "You are not permitted to edit this post."
            return problem(403, "Forbidden", detail, "not-authorized-for-resource")
        fields["chain"] = post.chain
        self.content.posts.change(self._index(post), {"edited": True})
        return None

    def _said_before(self, text: str) -> bool:
        rows = (self.content.posts.existing(index) for index in self.content.posts.written_indices())
        return any(row is not None and row.fields.get("text") == text for row in rows)

    def _post(self, given: str) -> Post | None:
        return self.content.post(int(given)) if given.isdecimal() and len(given) <= 19 else None

    def _index(self, post: Post) -> int:
        number = (post.id & (1 << 22) - 1) >> 2
        if post.id & 3 == WROTE:
            return WRITTEN + number
        while self.content.natural(number).id != post.id:
            number += 1 << 20
        return number
