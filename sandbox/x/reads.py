"""The routes that read: users, timelines, lookup, search, direct messages, usage."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.platform import Call, Reply, json_reply
from sandbox.world import DAY_MS, mix, number_of
from sandbox.x.content import OWN, Content, Post, snowflake
from sandbox.x.shape import POST_PARAMETERS, USER_EXPANSIONS, USER_PARAMETERS, Shape, stamp
from sandbox.x_api import Invalid, choices, identity, instant, invalid, not_found, number, only

WINDOW_DAYS = 7
DM_DAYS = 30
DM_FIELDS = (
    "attachments", "created_at", "dm_conversation_id", "entities", "event_type", "id", "participant_ids",
    "referenced_tweets", "sender_id", "text",
)  # fmt: skip
DM_TYPES = ("MessageCreate", "ParticipantsJoin", "ParticipantsLeave")
_RANGE = ("since_id", "until_id", "start_time", "end_time")
_DIGITS = "0123456789abcdefghijklmnopqrstuv"  # base32hex, as OpenAPI 2.167 calls the form of the tokens


def answering(handler: Callable[[Call], dict[str, Any]]) -> Callable[[Call], Reply]:
    """A route whose wrong parameters are 400."""

    def handle(call: Call) -> Reply:
        try:
            return json_reply(handler(call))
        except Invalid as fault:
            return invalid(fault)

    return handle


def token(place: int, *, forward: bool = True) -> str:
    """A pagination token: on from below this number, or back to above it."""
    text = ""
    while place:
        place, digit = divmod(place, 32)
        text = _DIGITS[digit] + text
    return ("n" if forward else "p") + text.rjust(19, "0")


def place_of(call: Call, *names: str) -> tuple[bool, int] | None:
    """(forward, number) of the token of a call; None without one. Raises Invalid."""
    for name in names:
        given = call.param(name)
        if given:
            if not re.fullmatch("[np][0-9a-v]{19}", given):
                raise Invalid(name, given, f"The `{name}` query parameter value [{given}] is not valid")
            return given[0] == "n", int(given[1:], 32)
    return None


class Reads:
    def __init__(self, content: Content) -> None:
        self.content = content
        self._kept: dict[str, tuple[tuple[object, ...], list[Post]]] = {}
        self._messages = content.world.population(
            "x messages", per_person=0.6, least=30, births=0.02, changes=0, deaths=0, history=60
        )

    # Users

    def me(self, call: Call) -> dict[str, Any]:
        only(call, *USER_PARAMETERS)
        shape = Shape.of(self.content, call, USER_EXPANSIONS)
        return shape.single(shape.users([OWN]))

    def by_username(self, call: Call) -> dict[str, Any]:
        return self._user(call, "username", self.content.user_named(call.args["username"]))

    def by_id(self, call: Call) -> dict[str, Any]:
        return self._user(call, "id", self._user_of(call))

    def _user(self, call: Call, parameter: str, user: int | None) -> dict[str, Any]:
        only(call, *USER_PARAMETERS)
        shape = Shape.of(self.content, call, USER_EXPANSIONS)
        if user is None:
            shape.errors.append(not_found("user", parameter, call.args[parameter]))
        return shape.single(shape.users([] if user is None else [user]))

    def _user_of(self, call: Call) -> int | None:
        given = call.args["id"]
        if not re.fullmatch("[0-9]{1,19}", given):
            raise Invalid("id", given, f"The `id` query parameter value [{given}] is not valid")
        return self.content.user_of(int(given))

    def followers(self, call: Call) -> dict[str, Any]:
        """The latest first. Of the account alone; others are read as having none."""
        only(call, "max_results", "pagination_token", *USER_PARAMETERS)
        shape = Shape.of(self.content, call, USER_EXPANSIONS)
        most = number(call, "max_results", 100, 1, 1000)
        at = place_of(call, "pagination_token")
        if self._user_of(call) != OWN:
            return shape.users([], {"result_count": 0})
        page: list[int] = []
        more = False
        below = at[1] if at and at[0] else None
        for follower in self.content.followers(below):
            if len(page) == most:
                more = True
                break
            page.append(follower)
        meta: dict[str, Any] = {"result_count": len(page)}
        if more:
            meta["next_token"] = token(page[-1])
        return shape.users(page, meta)

    # Timelines

    def tweets(self, call: Call) -> dict[str, Any]:
        only(call, "max_results", "pagination_token", "exclude", *_RANGE, *POST_PARAMETERS)
        excluded = choices(call, "exclude", ("replies", "retweets"))
        refused = {"replies": "replied_to", "retweets": "retweeted"}
        kinds = {refused[one] for one in excluded}
        posts = self._timeline("tweets") if self._user_of(call) == OWN else []
        if kinds:
            posts = [one for one in posts if not kinds & {kind for kind, _ in one.references}]
        return self._page(call, posts, number(call, "max_results", 10, 5, 100))

    def mentions(self, call: Call) -> dict[str, Any]:
        only(call, "max_results", "pagination_token", *_RANGE, *POST_PARAMETERS)
        posts = self._timeline("mentions") if self._user_of(call) == OWN else []
        return self._page(call, posts, number(call, "max_results", 10, 5, 100))

    def _timeline(self, name: str) -> list[Post]:
        """Newest first, kept until something changes."""
        content = self.content
        kept = self._kept.get(name)
        if kept is None or kept[0] != content.revision:
            if name == "tweets":
                made = [content.own(index) for index in content.timeline()]
            else:
                made = [content.mention(index) for index in content.mentions()]
            kept = (content.revision, sorted(made, key=lambda post: post.id, reverse=True))
            self._kept[name] = kept
        return kept[1]

    def _page(self, call: Call, posts: Sequence[Post], most: int, *tokens: str) -> dict[str, Any]:
        """One page of posts that are sorted newest first, within the range asked for."""
        shape = Shape.of(self.content, call)
        posts = _within(call, posts)
        at = place_of(call, *(tokens or ("pagination_token",)))
        begin, end = 0, most
        if at is not None:
            forward, place = at
            # The list falls, so its ids are looked up with their sign turned.
            find = bisect_right if forward else bisect_left
            found = find(posts, -place, key=lambda post: -post.id)
            begin, end = (found, found + most) if forward else (max(0, found - most), found)
        page = posts[begin:end]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": str(page[0].id), "oldest_id": str(page[-1].id)}
            if end < len(posts):
                meta["next_token"] = token(page[-1].id)
            if begin > 0:
                meta["previous_token"] = token(page[0].id, forward=False)
        return shape.posts(page, meta)

    # Lookup and search

    def lookup(self, call: Call) -> dict[str, Any]:
        only(call, "ids", *POST_PARAMETERS)
        given = [one for value in call.params_of("ids") for one in value.split(",") if one]
        if not 1 <= len(given) <= 100:
            raise Invalid("ids", ",".join(given), f"The number of values in the `ids` [{len(given)}] is not 1 to 100")
        return self._looked_up(call, "ids", given)

    def one(self, call: Call) -> dict[str, Any]:
        only(call, *POST_PARAMETERS)
        return Shape.of(self.content, call).single(self._looked_up(call, "id", [call.args["id"]]))

    def _looked_up(self, call: Call, parameter: str, given: Sequence[str]) -> dict[str, Any]:
        shape = Shape.of(self.content, call)
        posts = []
        for one in given:
            if not re.fullmatch("[0-9]{1,19}", one):
                raise Invalid(parameter, one, f"The `{parameter}` query parameter value [{one}] is not valid")
            post = self.content.post(int(one))
            if post is None:
                shape.errors.append(not_found("tweet", parameter, one))
            else:
                posts.append(post)
        return shape.posts(posts)

    def search(self, call: Call) -> dict[str, Any]:
        """The last seven days; a start or a since_id before them is refused."""
        only(call, "query", "max_results", "next_token", "pagination_token", "sort_order", *_RANGE, *POST_PARAMETERS)
        query = call.param("query")
        if not 1 <= len(query) <= 512:
            raise Invalid("query", query, "The `query` query parameter is not 1 to 512 characters long")
        begin = self.content.world.clock.ms() - WINDOW_DAYS * DAY_MS
        start, since = instant(call, "start_time"), identity(call, "since_id")
        if start is not None and start < begin:
            message = (
                f"Invalid 'start_time':'{call.param('start_time')}'. 'start_time' must be on or after {stamp(begin)}"
            )
            raise Invalid("start_time", call.param("start_time"), message)
        if since is not None and since < snowflake(begin, 0):
            message = f"'since_id' must be a tweet id created after [{stamp(begin)}]. Please use a 'since_id' that is "
            raise Invalid("since_id", str(since), message + f"larger than {snowflake(begin, 0)}")
        matches = matcher(self.content, query)
        posts = sorted((one for one in self._recent(begin) if matches(one)), key=lambda one: one.id, reverse=True)
        most = number(call, "max_results", 10, 10, 100)
        return self._page(call, posts, most, "next_token", "pagination_token")

    def _recent(self, begin: int) -> list[Post]:
        """What was posted since; kept until something changes, whatever has grown too old since left out."""
        kept = self._kept.get("recent")
        if kept is None or kept[0] != self.content.revision:
            kept = (self.content.revision, list(self.content.recent(begin)))
            self._kept["recent"] = kept
        return [one for one in kept[1] if one.created >= begin]

    # Direct messages

    def messages(self, call: Call) -> dict[str, Any]:
        """Events of the last 30 days, the latest first; there is no since."""
        fields = ("max_results", "pagination_token", "event_types", "dm_event.fields", "media.fields")
        only(call, *fields, *USER_PARAMETERS)
        shape = Shape.of(self.content, call, ("attachments.media_keys", "participant_ids", "referenced_tweets.id",
                                              "sender_id"))  # fmt: skip
        shown = {"id", "event_type", "text", *choices(call, "dm_event.fields", DM_FIELDS)}
        kinds = choices(call, "event_types", DM_TYPES) or DM_TYPES
        most = number(call, "max_results", 100, 1, 100)
        at = place_of(call, "pagination_token")
        index = at[1] if at is not None else self._messages.size
        page: list[dict[str, Any]] = []
        senders: dict[int, None] = {}
        more, last = False, index
        while index > 0:
            index -= 1
            event, sender, created = self._message(index)
            if created < self.content.world.clock.ms() - DM_DAYS * DAY_MS:
                break
            if event["event_type"] not in kinds:
                continue
            if len(page) == most:
                more = True
                break
            last = index
            senders[sender] = None
            page.append({name: value for name, value in event.items() if name in shown})
        meta: dict[str, Any] = {"result_count": len(page)}
        if more:
            meta["next_token"] = token(last)
        includes = (
            {"users": [shape.user(one) for one in senders]} if "sender_id" in shape.expansions and senders else {}
        )
        return {**({"data": page} if page else {}), **({"includes": includes} if includes else {}), "meta": meta}

    def _message(self, index: int) -> tuple[dict[str, Any], int, int]:
        content = self.content
        life = self._messages.life(index)
        assert life is not None
        bits = mix(content.world.seed, number_of("x messages"), index)
        partner = bits % max(1, content.world.scale)
        sender = partner if bits >> 20 & 1 else OWN
        kind = DM_TYPES[0] if bits % 12 else DM_TYPES[1 + (bits >> 8) % 2]
        pair = sorted((content.own_id, content.user_id(partner)))
        event: dict[str, Any] = {
            "id": str(snowflake(life.created, index)),
            "event_type": kind,
            "created_at": stamp(life.created),
            "dm_conversation_id": f"{pair[0]}-{pair[1]}",
            "sender_id": str(content.user_id(sender)),
        }
        if kind == "MessageCreate":
            event["text"] = f"A word about order {index}"
        else:
            event["participant_ids"] = [str(content.user_id(partner))]
        return event, sender, life.created

    # Usage

    def usage(self, call: Call) -> dict[str, Any]:
        only(call, "days", "usage.fields")
        days = number(call, "days", 7, 1, 90)
        world = self.content.world
        today = world.clock.ms() // DAY_MS
        per_day = [
            {"date": stamp((today - back) * DAY_MS), "usage": world.daily("x reads", world.day() - back, level=400)}
            for back in range(days)
        ]
        everything: dict[str, Any] = {
            "cap_reset_day": 28,
            "project_cap": 2_000_000,
            "project_id": "1800000000000000001",
            "project_usage": sum(day["usage"] for day in per_day),
            "daily_project_usage": {"project_id": 1_800_000_001, "usage": per_day},
            "daily_client_app_usage": [
                {"client_app_id": "18000001", "usage": per_day, "usage_result_count": len(per_day)}
            ],
        }
        asked = choices(call, "usage.fields", tuple(everything))
        default = ("cap_reset_day", "project_cap", "project_id", "project_usage")
        return {"data": {name: everything[name] for name in everything if name in (*default, *asked)}}


def _within(call: Call, posts: Sequence[Post]) -> list[Post]:
    since, until = identity(call, "since_id"), identity(call, "until_id")
    start, end = instant(call, "start_time"), instant(call, "end_time")
    return [
        post
        for post in posts
        if (since is None or post.id > since)
        and (until is None or post.id < until)
        and (start is None or post.created >= start)
        and (end is None or post.created < end)
    ]


def matcher(content: Content, query: str) -> Callable[[Post], bool]:
    """The operators of docs.x.com search/operators that are served here: conversation_id, from, to, @name, is:reply,
    is:retweet, lang, words; joined by space (and) or OR, within one level of parentheses; `-` turns one round."""
    groups = [
        [_term(content, word) for word in re.split(r"\s+OR\s+", (inner or outer).strip())]
        for inner, outer in re.findall(r"\(([^)]*)\)|(\S+(?:\s+OR\s+\S+)*)", query)
    ]
    return lambda post: all(any(term(post) for term in group) for group in groups)


def _term(content: Content, word: str) -> Callable[[Post], bool]:
    if word.startswith("-"):
        inner = _term(content, word[1:])
        return lambda post: not inner(post)
    name, _, value = word.partition(":")
    if name == "conversation_id":
        return lambda post: str(post.conversation) == value
    if name in ("from", "to"):
        user = content.user_of(int(value)) if value.isdecimal() else content.user_named(value)
        return lambda post: user is not None and (post.author if name == "from" else post.reply_to) == user
    if name == "is":
        kinds = {"reply": "replied_to", "retweet": "retweeted", "quote": "quoted"}
        return lambda post: kinds.get(value) in [kind for kind, _ in post.references]
    if name == "lang":
        return lambda post: post.lang == value
    needle = word.strip('"').lower()
    return lambda post: needle in post.text.lower()
