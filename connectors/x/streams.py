"""What is read of X: the account, its posts, who mentions and answers it, its followers, its direct messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from connectors.sdk.base import Stream
from connectors.sdk.streams import Ask, at, newest_first, object_stream, token_stream, value_of
from connectors.sdk.timelines import recent_first
from connectors.sdk.x import (
    ID,
    READ,
    USER_COUNTS,
    USER_FIELDS,
    classic,
    first_id_after,
    made_at,
    of_user,
    post_fields,
    whoami,
)
from connectors.x.writes import HIDING, POST_COLUMNS, POST_FIELDS, POST_WRITE, REPLY_COLUMNS, TOLD_OF_POSTS
from core.http import JSON, Params, Request, Response
from core.model import Column, Context, Deletion, Page, State

_COUNTERS_MOVE: Final = timedelta(days=7)
_LISTED: Final = 3_000  # safely below the 3,200 posts that a timeline lists
_USER: Final = (
    Column(name="id", required=True, pattern=ID),
    Column(name="username", required=True),
    Column(name="name"),
    Column(name="description"),
    Column(name="location"),
    Column(name="url"),
    Column(name="profile_image_url"),
    Column(name="verified", type="boolean"),
    Column(name="verified_type"),
    Column(name="protected", type="boolean"),
    Column(name="created_at", type="timestamp"),
    *USER_COUNTS,
)
_MESSAGE_FIELDS: Final = ("attachments", "created_at", "dm_conversation_id", "event_type", "id", "text")
_PEOPLE: Final = ("participant_ids", "sender_id")
_NEXT: Final = at("meta/next_token")


# Posts


def _gone(identity: str) -> Deletion:
    return Deletion(match={"id": identity})


def _edited(record: bytes) -> list[Deletion]:
    """The posts that this one took the place of: whatever its history, which all its versions share, has before it."""
    chains = (value_of(record, name) for name in ("edit_history_tweet_ids", "edit_history_post_ids"))
    own = int(value_of(record, "id"))
    return [_gone(str(one)) for chain in chains for one in chain or () if int(one) < own]


def without_the_edited(stream: Stream) -> Stream:
    """The same stream, in which a post that was edited is gone as soon as the one that it became is read."""

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        page = stream.parse(asked, response, state, context)
        return replace(page, deleted=[gone for record in page.records for gone in _edited(record)])

    return replace(stream, parse=parse)


def without_the_vanished(stream: Stream) -> Stream:
    """The same stream, in which a post of the last week is gone once a walk that lists them all does not list it.

    State besides: {"known": the ids that the last walk listed and the next one lists again}, in the middle of a walk
    with {"seen": those of this one so far}.
    """

    def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
        page = stream.parse(asked, response, state, context)
        known, seen = _texts(state, "known"), _texts(state, "seen")
        week = first_id_after(context.now - _COUNTERS_MOVE)
        settled = min(week, int(str(state.get("since", week))))
        told = [str(value_of(record, "id")) for record in page.records]
        seen += [one for one in told if int(one) > settled]
        if page.next is not None:
            return replace(page, state={**page.state, "known": [*known], "seen": [*seen]})
        # Without a count nobody says that an empty list is all there is; a full one leaves out what is older.
        whole = bool(seen or response.get("meta/result_count") is not None) and len(seen) < _LISTED
        vanished = [_gone(one) for one in known if whole and one not in seen]
        since = int(str(page.state.get("since", 0)))
        again: list[JSON] = [one for one in seen if int(one) > since]
        after = {**page.state, "known": again} if again else page.state
        return replace(page, deleted=[*page.deleted, *vanished], state=after)

    return replace(stream, parse=parse)


def _texts(state: State, name: str) -> list[str]:
    found = state.get(name, [])
    assert isinstance(found, list)
    return [str(one) for one in found]


def _timeline(kind: str, context: Context) -> Request:
    return of_user(kind, context.settings, {"max_results": 100, **post_fields(context.settings, *POST_FIELDS)})


def _posts(name: str, ask: Ask, about: str, *, counters_move: bool = False, **more: Any) -> Stream:
    return without_the_edited(
        newest_first(
            name=name,
            ask=ask,
            records="data",
            next_token=_NEXT,
            token_param="pagination_token",
            since_param="since_id",
            # Others' posts are not read again: each is paid for at the full price, one's own at a fraction of it.
            settled=(lambda now: first_id_after(now - _COUNTERS_MOVE)) if counters_move else None,
            scopes=READ,
            about=about,
            **more,
        )
    )


POSTS: Final = without_the_vanished(
    _posts(
        "posts",
        lambda context: _timeline("tweets", context),
        "What the account posted.",
        counters_move=True,
        columns=POST_COLUMNS,
        write=POST_WRITE,
    )
)
MENTIONS: Final = _posts(
    "mentions",
    lambda context: _timeline("mentions", context),
    "Posts that mention the account.",
    columns=TOLD_OF_POSTS,
)


# Answers


def _answers(context: Context) -> Request:
    query = f"to:{context.settings['user_id']} is:reply"
    params: Params = {"query": query, "max_results": 100, **post_fields(context.settings, *POST_FIELDS)}
    return Request(path="/2/tweets/search/recent", params=params)


def _made_at(record: bytes) -> datetime:
    return made_at(str(value_of(record, "id")))


# Found by whom they answer: a search for each conversation would cost a call for each post at each sync.
REPLIES: Final = _posts(
    "replies",
    _answers,
    "Answers to the account's posts: the last seven days at first.",
    columns=REPLY_COLUMNS,
    write=HIDING,
)


# The account, followers, messages

ACCOUNT: Final = object_stream(
    name="account",
    ask=lambda context: whoami(context.settings),
    record="data",
    columns=_USER,
    scopes=READ,
    about="The account itself, with its counters, day by day.",
)
FOLLOWERS: Final = token_stream(
    name="followers",
    ask=lambda context: of_user("followers", context.settings, {"max_results": 1000, "user.fields": USER_FIELDS}),
    records="data",
    next_token=_NEXT,
    token_param="pagination_token",
    empty_count="meta/result_count",
    columns=_USER,
    scopes=("follows.read", *READ),
    about="Who follows the account.",
)


def _messages(context: Context) -> Request:
    fields, expanded = {"dm_event.fields": ",".join((*_MESSAGE_FIELDS, *_PEOPLE))}, {}
    if not classic(context.settings):
        fields, expanded = {"dm_event.fields": ",".join(_MESSAGE_FIELDS)}, {"expansions": ",".join(_PEOPLE)}
    return Request(path="/2/dm_events", params={"max_results": 100, **fields, **expanded})


DIRECT_MESSAGES: Final = recent_first(
    name="direct_messages",
    ask=_messages,
    records="data",
    columns=(
        Column(name="id", required=True, pattern=ID),
        Column(name="event_type", required=True, about="MessageCreate, ParticipantsJoin or ParticipantsLeave."),
        Column(name="dm_conversation_id"),
        Column(name="sender_id", pattern=ID),
        Column(name="text"),
        Column(name="created_at", type="timestamp"),
        Column(name="participant_ids", type="json", about="Who came or left."),
        Column(name="attachments", type="json"),
    ),
    time=_made_at,
    next_token=_NEXT,
    token_param="pagination_token",
    empty_count="meta/result_count",
    settles=timedelta(hours=1),
    methods=("oauth2",),
    scopes=("dm.read", *READ),
    about="Direct messages of the last 30 days, and who joined or left a conversation.",
)
