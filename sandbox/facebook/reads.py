"""The nodes and edges of a Page that are read."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from sandbox import people
from sandbox.facebook.content import NAME, PAGE_ID, USER_ID, Content
from sandbox.graph import error, fields_of, gone, inside, listed, secret, shaped, stamp
from sandbox.platform import Call, Refused, Reply, json_reply
from sandbox.table import Row

_OPEN = frozenset({"", "id", "name", "category", "access_token", "tasks"})
_READ = ("pages_read_engagement",)
_EDGES = {
    "accounts": ("pages_show_list",),
    "published_posts": _READ,
    "reactions": _READ,
    "comments": (*_READ, "pages_read_user_content"),
    "visitor_posts": (*_READ, "pages_read_user_content"),
    "conversations": ("pages_messaging",),
}


class Reads:
    """`page_tokens` are those that belong to the Page; `own` is the one that its person is given."""

    def __init__(self, content: Content, page_tokens: Set[str], own: str) -> None:
        self.content, self._page_tokens, self._own = content, page_tokens, own

    def scopes(self, call: Call) -> tuple[str, ...]:
        if "edge" in call.args:
            within = (one for one in fields_of(call.param("fields")) if one.modifiers.get("limit") != "0")
            edges = (call.args["edge"], *(one.name for one in within))
            return tuple({scope: None for edge in edges for scope in _EDGES.get(edge, ())})
        of_page = call.args["id"] in ("me", PAGE_ID)
        plain = set(call.param("fields").split(",")) <= _OPEN
        return () if of_page and plain else _READ

    def node(self, call: Call) -> Reply:
        identity, fields = call.args["id"], fields_of(call.param("fields"))
        of_page = secret(call) in self._page_tokens
        if identity in (USER_ID, "me") and not of_page:
            return json_reply(shaped("User", {"id": USER_ID, "name": "Ada Lovelace"}, fields, ("name", "id")))
        if identity in (PAGE_ID, "me"):
            return json_reply(shaped("Page", self._page(), fields, ("name", "id")))
        self._only_pages(call)
        post = self.content.post(identity)
        if post is not None:
            return json_reply(shaped("Post", self._post(call, post), fields, ("created_time", "message", "id")))
        comment = self.content.comment(identity)
        if comment is None:
            return gone(identity)
        told = shaped("Comment", self.content.comment_fields(comment), fields, ("created_time", "message", "id"))
        return json_reply(told)

    def edge(self, call: Call) -> Reply:
        identity, edge = call.args["id"], call.args["edge"]
        if edge == "accounts" and identity in ("me", USER_ID):
            return self._accounts(call)
        self._only_pages(call)
        of_page = identity in ("me", PAGE_ID)
        if of_page and edge == "published_posts":
            return self._posts(call)
        if of_page and edge == "visitor_posts":
            return self._visits(call)
        if of_page and edge == "conversations":
            return self._conversations(call)
        post = self.content.post(identity)
        if post is None:
            return gone(identity)
        if edge == "comments":
            return json_reply(self._comments(call, post))
        if edge == "reactions":
            return json_reply(self._reactions(call, post))
        return error(2500, f"Unknown path components: /{edge}")

    def _only_pages(self, call: Call) -> None:
        if secret(call) not in self._page_tokens:
            message = "This method must be called with a Page Access Token"
            raise Refused(error(190, message, subcode=2069032))

    def _page(self) -> dict[str, Any]:
        world = self.content.world
        fans = world.total("facebook fans", base=4000, level=6)
        return {
            "id": PAGE_ID,
            "name": NAME,
            "access_token": self._own,
            "tasks": ["ANALYZE", "CREATE_CONTENT", "MANAGE"],
            "username": "sandboxlabs",
            "about": "We build things.",
            "description": "Things that are built to be tried, in a café and elsewhere.",
            "category": "Software Company",
            "link": f"https://www.facebook.com/{PAGE_ID}",
            "website": "https://sandbox-labs.example/",
            "verification_status": "not_verified",
            "is_published": True,
            "fan_count": fans,
            "followers_count": fans + 120,
            "talking_about_count": fans // 40,
            "were_here_count": 0,
            "rating_count": 31,
            "overall_star_rating": 4.6,
        }

    def _accounts(self, call: Call) -> Reply:
        if secret(call) in self._page_tokens:
            return error(100, "(#100) Tried accessing nonexisting field (accounts) on node type (Page)")
        fields = fields_of(call.param("fields", "id,name,access_token,tasks"))
        return json_reply(listed(call, [self._page()], lambda one: 0, lambda one: shaped("Page", one, fields)))

    def _posts(self, call: Call) -> Reply:
        fields = fields_of(call.param("fields"))
        rows = self._since(call, self.content.published())
        default = ("created_time", "message", "id")
        return json_reply(
            listed(
                call,
                rows,
                self.content.newest_first,
                lambda row: shaped("Post", self._post(call, row), fields, default),
            )
        )

    def _post(self, call: Call, row: Row) -> dict[str, Any]:
        identity = self.content.post_id(row.index)
        return {
            **self.content.post_fields(row),
            "reactions": inside(call, identity, lambda asked: self._reactions(asked, row)),
            "comments": inside(call, identity, lambda asked: self._comments(asked, row)),
        }

    def _comments(self, call: Call, post: Row) -> dict[str, Any]:
        if call.param("order") not in ("", "chronological", "reverse_chronological"):
            raise Refused(error(100, "(#100) Param order must be one of {CHRONOLOGICAL, REVERSE_CHRONOLOGICAL}"))
        fields = fields_of(call.param("fields"))
        rows = self._since(call, self.content.thread(post.index))
        if call.param("filter", "toplevel") != "stream":
            rows = [row for row in rows if self.content.answered(row) is None]
        default = ("created_time", "from", "message", "id")
        backwards = call.param("order") == "reverse_chronological"
        place = self.content.newest_first if backwards else self.content.oldest_first
        told = listed(
            call,
            sorted(rows, key=place),
            place,
            lambda row: shaped("Comment", self.content.comment_fields(row), fields, default),
        )
        order = call.param("order") or "ranked"
        return told | _summary(call, order=order, total_count=len(rows), can_comment=True)

    def _reactions(self, call: Call, post: Row) -> dict[str, Any]:
        fields, everyone = fields_of(call.param("fields")), self.content.reactions(post.index)

        def told(one: tuple[int, str, str]) -> dict[str, Any]:
            node = {"id": one[1], "name": self.content.name_of(one[1]), "type": one[2]}
            return shaped("Profile", node, fields, ("id", "name", "type"))

        page = listed(call, everyone, lambda one: one[0], told)
        return page | _summary(call, total_count=len(everyone), viewer_reaction="NONE")

    def _visits(self, call: Call) -> Reply:
        fields = fields_of(call.param("fields"))
        table, world = self.content.visitor_posts, self.content.world
        found = (table.existing(index) for index in table.indices())
        rows = self._since(call, sorted((row for row in found if row), key=self.content.newest_first))

        def told(row: Row) -> dict[str, Any]:
            author = people.person(world, row.index % world.scale)
            node = {
                "id": f"{PAGE_ID}_{121_000_000_000_000 + row.index}",
                "message": f"I liked it. {author.first}",
                "from": {"name": author.name, "id": str(24_000_000_000_000_000 + row.index)} if row.index % 3 else None,
                "created_time": stamp(row.created),
                "updated_time": stamp(row.created),
                "permalink_url": f"https://www.facebook.com/{PAGE_ID}/posts/{121_000_000_000_000 + row.index}",
                "is_hidden": False,
            }
            return shaped("Post", node, fields)

        return json_reply(listed(call, rows, self.content.newest_first, told))

    def _conversations(self, call: Call) -> Reply:
        fields = fields_of(call.param("fields"))
        table, world = self.content.conversations, self.content.world
        found = [row for row in map(table.existing, table.by_change()) if row is not None]

        def place(row: Row) -> int:
            return -(row.changed * (1 << 32) + row.index)

        def told(row: Row) -> dict[str, Any]:
            who = people.person(world, row.index % world.scale)
            node = {
                "id": f"t_{330_000_000_000_000 + row.index}",
                "link": f"/{PAGE_ID}/inbox/{330_000_000_000_000 + row.index}/",
                "snippet": f"Message {row.version + 1} of {who.first}",
                "message_count": 2 + row.version,
                "unread_count": row.version % 2,
                "can_reply": True,
                "participants": {"data": [{"name": who.name, "id": str(24_000_000_000_000_000 + row.index)}]},
                "updated_time": stamp(row.changed),
            }
            return shaped("UnifiedThread", node, fields, ("id", "link", "updated_time"))

        return json_reply(listed(call, sorted(found, key=place), place, told))

    def _since(self, call: Call, rows: list[Row]) -> list[Row]:
        """Created within the bounds asked for, in seconds since 1970."""
        since, until = call.param("since", "0"), call.param("until", "99999999999")
        if not since.isdecimal() or not until.isdecimal():
            raise Refused(error(100, "(#100) Param since must be a time"))
        return [row for row in rows if int(since) * 1000 <= row.created < int(until) * 1000]


def _summary(call: Call, **told: Any) -> dict[str, Any]:
    """What a list says of itself as a whole, where it is asked to."""
    return {"summary": told} if call.param("summary") == "true" else {}
