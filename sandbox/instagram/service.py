"""The nodes and edges of an account that are read and written, on either host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.graph import error, fields_of, gone, inside, listed, members, secret, shaped
from sandbox.instagram.content import ACCOUNT_ID, APP_SCOPED_ID, PAGE_ID, USER_ID, USERNAME, Content, newest_first
from sandbox.instagram.insights import Insights
from sandbox.meta import GRAPH, VERSION
from sandbox.platform import Call, Refused, Reply, json_reply
from sandbox.table import Row

INSTAGRAM = "graph.instagram.com"
_SHOWN = 2  # answers that come with a comment
_DAY_S, _READY_S, _QUOTA = 86_400, 30, 100
_BASIC, _FIGURES = ("instagram_basic",), ("instagram_basic", "instagram_manage_insights")
_TALK = ("instagram_basic", "instagram_manage_comments")
_EDGES = {
    "accounts": ("pages_show_list",),
    "media": _BASIC,
    "stories": _BASIC,
    "insights": _FIGURES,
    "comments": _TALK,
    "replies": _TALK,
}


class Service:
    """`page_tokens` belong to the Page that the account is linked to; `own` is the one that its person is given."""

    def __init__(self, content: Content, page_tokens: set[str], own: str) -> None:
        self.content, self._page_tokens, self._own = content, page_tokens, own
        self._insights = Insights(content)
        self._containers: dict[str, dict[str, Any]] = {}

    def check(self, call: Call) -> Reply | None:
        """Tokens of one product are not known to the other, and the version stands in the path."""
        ours = (secret(call) or "").startswith("IG") == (call.host == INSTAGRAM)
        if not ours:
            return error(190, "Invalid OAuth access token - Cannot parse access token")
        return None if call.path.startswith(f"/{VERSION}/") else error(2500, "Unknown path components: " + call.path)

    def scopes(self, call: Call) -> tuple[str, ...]:
        identity, edge = call.args["id"], call.args.get("edge", "")
        if call.method != "GET":
            talk = edge in ("comments", "replies") or self.content.comment(identity) is not None
            return self._named(call, ("instagram_manage_comments" if talk else "instagram_content_publish",))
        if edge:
            edges = (edge, *(one.name for one in fields_of(call.param("fields")) if one.name in _EDGES))
            needed = {scope: None for one in edges for scope in _EDGES.get(one, _BASIC)}
            return self._named(call, tuple(needed))
        return self._named(call, _BASIC if call.param("fields") and identity not in ("me", PAGE_ID) else ())

    def _named(self, call: Call, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """With Instagram Login the rights have other names."""
        if call.host != INSTAGRAM:
            return scopes
        return tuple(scope.replace("instagram_", "instagram_business_") for scope in scopes)

    # Reads

    def node(self, call: Call) -> Reply:
        identity, fields = call.args["id"], fields_of(call.param("fields"))
        if call.host == INSTAGRAM and identity in ("me", ACCOUNT_ID):
            more = {"id": APP_SCOPED_ID, "user_id": ACCOUNT_ID, "account_type": "BUSINESS"}
            return json_reply(shaped("User", self.content.account() | more, fields))
        if identity == ACCOUNT_ID:
            return json_reply(shaped("IGUser", self.content.account(), fields))
        if call.host == GRAPH and identity in ("me", PAGE_ID, USER_ID):
            mine = identity == PAGE_ID or (identity == "me" and secret(call) in self._page_tokens)
            if mine:
                return json_reply(shaped("Page", self._page(), fields, ("name", "id")))
            return json_reply(shaped("User", {"id": USER_ID, "name": "Ada Lovelace"}, fields, ("name", "id")))
        if identity in self._containers:
            return json_reply(shaped("IGContainer", self._state(identity), fields))
        number, row, comment = (
            find(identity) for find in (self.content.story, self.content.medium, self.content.comment)
        )
        if isinstance(row, Row):
            return json_reply(shaped("IGMedia", self._medium(call, row), fields))
        if isinstance(comment, Row):
            return json_reply(shaped("IGComment", self._comment(call, comment), fields))
        if isinstance(number, int):
            return json_reply(shaped("IGMedia", self.content.story_fields(number), fields))
        return gone(identity)

    def _page(self) -> dict[str, Any]:
        return {
            "id": PAGE_ID,
            "name": "Sandbox Labs",
            "access_token": self._own,
            "tasks": ["ANALYZE", "CREATE_CONTENT", "MANAGE"],
            "instagram_business_account": lambda asked: shaped(
                "IGUser", {"id": ACCOUNT_ID, "username": USERNAME}, asked.inner
            ),
        }

    def edge(self, call: Call) -> Reply:
        identity, edge = call.args["id"], call.args["edge"]
        fields = fields_of(call.param("fields"))
        if edge == "accounts" and identity in ("me", USER_ID) and secret(call) not in self._page_tokens:
            bare = {"id": PAGE_ID + "0", "name": "A Page without an account", "access_token": self._own}
            pages: list[dict[str, Any]] = [{**bare, "tasks": [], "instagram_business_account": None}, self._page()]
            return json_reply(listed(call, pages, pages.index, lambda one: shaped("Page", one, fields)))
        if identity == ACCOUNT_ID or (call.host == INSTAGRAM and identity == "me"):
            return self._of_account(call, edge)
        row, number, comment = (
            self.content.medium(identity),
            self.content.story(identity),
            self.content.comment(identity),
        )
        if edge == "insights" and row is not None:
            return self._insights.of_medium(call, row, by_facebook=call.host == GRAPH)
        if edge == "insights" and number is not None:
            return self._insights.of_story(call, number)
        if edge == "comments" and row is not None:
            return json_reply(self._comments(call, self.content.top(row.index)))
        if edge == "replies" and comment is not None:
            return json_reply(self._comments(call, self.content.answers(comment)))
        return gone(identity)

    def _of_account(self, call: Call, edge: str) -> Reply:
        fields = fields_of(call.param("fields"))
        if edge == "insights":
            return self._insights.of_account(call)
        if edge == "media":
            since, until = call.param("since", "0"), call.param("until", "99999999999")
            if not since.isdecimal() or not until.isdecimal():
                raise Refused(error(100, "(#100) Param since must be a time"))
            rows = [row for row in self.content.published() if int(since) <= row.created // 1000 < int(until)]
            told = listed(call, rows, newest_first, lambda row: shaped("IGMedia", self._medium(call, row), fields))
            return json_reply(told)
        if edge == "stories":
            numbers = self.content.stories()
            told = listed(
                call,
                numbers,
                lambda one: -one,
                lambda one: shaped("IGMedia", self.content.story_fields(one), fields),
            )
            return json_reply(told)
        if edge == "content_publishing_limit":
            limit = {"quota_usage": self._used(), "config": {"quota_total": _QUOTA, "quota_duration": _DAY_S}}
            return json_reply({"data": [limit]})
        return error(2500, f"Unknown path components: /{edge}")

    def _medium(self, call: Call, row: Row) -> dict[str, Any]:
        identity = self.content.media_id(row.index)
        comments = inside(call, identity, lambda asked: self._comments(asked, self.content.top(row.index)))
        return {**self.content.media_fields(row), "comments": comments}

    def _comment(self, call: Call, row: Row) -> dict[str, Any]:
        identity = self.content.comment_id(row.index)
        replies = inside(call, identity, lambda asked: self._comments(asked, self.content.answers(row), most=_SHOWN))
        return {**self.content.comment_fields(row), "replies": replies}

    def _comments(self, call: Call, rows: list[Row], most: int = 50) -> dict[str, Any]:
        fields = fields_of(call.param("fields"))
        return listed(
            call, rows, newest_first, lambda row: shaped("IGComment", self._comment(call, row), fields), most=most
        )

    # Writes

    def create(self, call: Call) -> Reply:
        identity, edge, body = call.args["id"], call.args["edge"], members(call)
        if identity == ACCOUNT_ID and edge == "media":
            return self._contain(body)
        if identity == ACCOUNT_ID and edge == "media_publish":
            return self._publish(str(body.get("creation_id", "")))
        row, comment = self.content.medium(identity), self.content.comment(identity)
        above = comment if edge == "replies" else None
        if (edge == "comments" and row is None) or (edge == "replies" and above is None) or edge not in _EDGES:
            return gone(identity, "post")
        if not body.get("message"):
            return error(100, "(#100) The parameter message is required")
        medium = row.index if row is not None else self.content.commented(above.index if above else 0)
        fields = {"media": medium, "parent": above.index if above else None, "text": body["message"]}
        return json_reply({"id": self.content.comment_id(self.content.comments.create(fields).index)})

    def _contain(self, body: Mapping[str, Any]) -> Reply:
        kind, source = body.get("media_type", "IMAGE"), body.get("image_url") or body.get("video_url")
        if kind not in ("IMAGE", "REELS", "STORIES", "CAROUSEL"):
            return error(100, "(#100) Param media_type must be one of {CAROUSEL, REELS, STORIES}")
        if not source and not (kind == "CAROUSEL" and body.get("children")):
            return error(100, "Only photo or video can be accepted as media type.", subcode=2207052)
        identity = str(17_700_000_000_000_000 + len(self._containers))
        made = self.content.world.clock.seconds()
        self._containers[identity] = {"made": made, "published": None, **body, "media_type": kind}
        return json_reply({"id": identity})

    def _state(self, identity: str) -> dict[str, Any]:
        container, now = self._containers[identity], self.content.world.clock.seconds()
        age = now - container["made"]
        code = "IN_PROGRESS" if age < _READY_S else "FINISHED" if age < _DAY_S else "EXPIRED"
        code = "PUBLISHED" if container["published"] is not None else code
        return {"id": identity, "status_code": code, "status": f"{code.capitalize()}: see the guide."}

    def _used(self) -> int:
        since = self.content.world.clock.seconds() - _DAY_S
        return sum((one["published"] or 0) > since for one in self._containers.values())

    def _publish(self, identity: str) -> Reply:
        if identity not in self._containers:
            return gone(identity, "post")
        code = self._state(identity)["status_code"]
        if code == "IN_PROGRESS":
            return error(9007, "Media ID is not available", subcode=2207027)
        if code != "FINISHED":
            return error(100, f"The container is {code.lower()}", subcode=2207008)
        if self._used() >= _QUOTA:
            return error(9, "Application request limit reached", subcode=2207042)
        container = self._containers[identity]
        container["published"] = self.content.world.clock.seconds()
        kind = {"REELS": ("VIDEO", "REELS"), "CAROUSEL": ("CAROUSEL_ALBUM", "FEED")}.get(
            container["media_type"], ("IMAGE", "FEED")
        )
        fields = {"media_type": kind[0], "media_product_type": kind[1], "caption": container.get("caption")}
        return json_reply({"id": self.content.media_id(self.content.media.create(fields).index)})

    def update(self, call: Call) -> Reply:
        identity, body = call.args["id"], members(call)
        comment, row = self.content.comment(identity), self.content.medium(identity)
        if comment is not None:
            if "hide" not in body:
                return error(100, "(#100) The parameter hide is required")
            self.content.comments.change(comment.index, {"hidden": body["hide"] in (True, "true")})
        elif row is not None:
            if "comment_enabled" not in body:
                return error(100, "(#100) The parameter comment_enabled is required")
            enabled = body["comment_enabled"] in (True, "true")
            self.content.media.change(row.index, {"is_comment_enabled": enabled})
        else:
            return gone(identity, "post")
        return json_reply({"success": True})

    def delete(self, call: Call) -> Reply:
        identity = call.args["id"]
        comment, row = self.content.comment(identity), self.content.medium(identity)
        if comment is not None:
            self.content.comments.delete(comment.index)
        elif row is not None:
            self.content.media.delete(row.index)
        else:
            return gone(identity, "delete")
        return json_reply({"success": True})
