"""What a reply shows of a post or a user: the fields asked for, the expansions, and the errors that come beside them.

With `tweet.fields` names are those of OpenAPI 2.159, with `post.fields` those of 2.167 (`repost_count`,
`edit_history_post_ids`, `includes.posts`, …); which of the two the live API enforces is not documented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import people
from sandbox.platform import Call
from sandbox.world import DAY_MS, from_ms, mix
from sandbox.x.content import OWN, VIDEO, Content, Post
from sandbox.x_api import choices, field_refused, is_app, not_found

POST_FIELDS = (
    "article", "attachments", "author_id", "card_uri", "community_id", "context_annotations", "conversation_id",
    "created_at", "display_text_range", "edit_controls", "edit_history_tweet_ids", "entities", "geo", "id",
    "in_reply_to_user_id", "lang", "media_metadata", "non_public_metrics", "note_tweet", "organic_metrics",
    "possibly_sensitive", "promoted_metrics", "public_metrics", "referenced_tweets", "reply_settings", "scopes",
    "source", "suggested_source_links", "suggested_source_links_with_counts", "text", "withheld",
)  # fmt: skip
USER_FIELDS = (
    "affiliation", "confirmed_email", "connection_status", "created_at", "description", "entities", "id",
    "is_identity_verified", "location", "most_recent_tweet_id", "name", "parody", "pinned_tweet_id",
    "profile_banner_url", "profile_image_url", "protected", "public_metrics", "receives_your_dm", "subscription",
    "subscription_type", "url", "username", "verified", "verified_followers_count", "verified_type", "withheld",
)  # fmt: skip
POST_EXPANSIONS = (
    "article.cover_media", "article.media_entities", "attachments.media_keys", "attachments.media_source_tweet",
    "attachments.poll_ids", "author_id", "edit_history_tweet_ids", "entities.mentions.username", "geo.place_id",
    "in_reply_to_user_id", "entities.note.mentions.username", "referenced_tweets.id",
    "referenced_tweets.id.attachments.media_keys", "referenced_tweets.id.author_id",
)  # fmt: skip
MEDIA_FIELDS = (
    "alt_text", "duration_ms", "height", "media_key", "non_public_metrics", "organic_metrics", "preview_image_url",
    "promoted_metrics", "public_metrics", "type", "url", "variants", "width",
)  # fmt: skip
USER_EXPANSIONS = ("affiliation.user_id", "most_recent_tweet_id", "pinned_tweet_id")
POST_PARAMETERS = (
    "tweet.fields",
    "post.fields",
    "user.fields",
    "expansions",
    "media.fields",
    "poll.fields",
    "place.fields",
)
USER_PARAMETERS = ("user.fields", "expansions", "tweet.fields", "post.fields")
PRIVATE = ("non_public_metrics", "organic_metrics", "promoted_metrics")
# 2.159 to 2.167. The new selectors take author_id and its like only as expansions; both are taken here.
RENAMED: Mapping[str, str] = {
    "edit_history_tweet_ids": "edit_history_post_ids",
    "referenced_tweets": "referenced_posts",
    "referenced_tweets.id": "referenced_posts",
    "note_tweet": "note_post",
    "retweet_count": "repost_count",
    "tweet_count": "post_count",
    "pinned_tweet_id": "pinned_post_id",
    "most_recent_tweet_id": "most_recent_post_id",
    "tweets": "posts",
}
_CLASSIC = {new: old for old, new in RENAMED.items() if old != "referenced_tweets.id"}


@dataclass(slots=True)
class Shape:
    """What one call asked to see. Built from its parameters; raises Invalid for a field that does not exist."""

    content: Content
    call: Call
    renamed: bool = False
    post_fields: frozenset[str] = frozenset()
    user_fields: frozenset[str] = frozenset()
    media_fields: frozenset[str] = frozenset()
    expansions: frozenset[str] = frozenset()
    errors: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, content: Content, call: Call, expansions: tuple[str, ...] = POST_EXPANSIONS) -> Shape:
        renamed = bool(call.params_of("post.fields"))
        name = "post.fields" if renamed else "tweet.fields"
        allowed = (*POST_FIELDS, *(new for new in _CLASSIC if renamed))
        asked = choices(call, name, allowed)
        shown = choices(call, "user.fields", (*USER_FIELDS, "pinned_post_id", "most_recent_post_id"))
        expanded = choices(call, "expansions", (*expansions, "referenced_posts", "edit_history_post_ids",
                                                "pinned_post_id", "most_recent_post_id"))  # fmt: skip
        return cls(
            content=content,
            call=call,
            renamed=renamed,
            post_fields=frozenset(_CLASSIC.get(one, one) for one in asked),
            user_fields=frozenset(_CLASSIC.get(one, one) for one in shown),
            media_fields=frozenset(choices(call, "media.fields", MEDIA_FIELDS)),
            expansions=frozenset(
                "referenced_tweets.id" if one == "referenced_posts" else _CLASSIC.get(one, one) for one in expanded
            ),
        )

    # Replies

    def posts(self, found: Iterable[Post], meta: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """An envelope with these posts; without `data` where there are none."""
        posts = list(found)
        return self._envelope([self.post(one) for one in posts], self._beside_posts(posts), meta)

    def users(self, found: Iterable[int], meta: Mapping[str, Any] | None = None) -> dict[str, Any]:
        users = list(found)
        beside: dict[str, list[dict[str, Any]]] = {}
        if "pinned_tweet_id" in self.expansions and OWN in users:
            beside["tweets"] = [self.post(post) for post in [self.pinned()] if post is not None]
        return self._envelope([self.user(one) for one in users], beside, meta)

    def single(self, envelope: dict[str, Any]) -> dict[str, Any]:
        """The same reply for a question after one thing: `data` is an object."""
        return envelope | ({"data": envelope["data"][0]} if "data" in envelope else {})

    def _envelope(
        self, data: list[dict[str, Any]], beside: Mapping[str, list[dict[str, Any]]], meta: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        includes = {name: items for name, items in beside.items() if items}
        reply = {
            **({"data": data} if data else {}),
            **({"includes": includes} if includes else {}),
            **({"errors": self.errors} if self.errors else {}),
            **({"meta": dict(meta)} if meta is not None else {}),
        }
        return _rename(reply) if self.renamed else reply

    # One post, one user

    def post(self, post: Post, section: str = "data") -> dict[str, Any]:
        """The fields asked for; the private ones only to the author, for 30 days, else told among the errors."""
        metrics = self.content.metrics(post)
        age = self.content.world.clock.ms() - post.created
        everything: dict[str, Any] = {
            "id": str(post.id),
            "text": post.text,
            "edit_history_tweet_ids": [str(one) for one in post.chain],
            "author_id": str(self.content.user_id(post.author)),
            "conversation_id": str(post.conversation),
            "created_at": stamp(post.created),
            "lang": post.lang,
            "possibly_sensitive": False,
            "reply_settings": "everyone",
            "public_metrics": metrics,
            "edit_controls": {
                "edits_remaining": 6 - len(post.chain),
                "is_edit_eligible": not post.references,
                "editable_until": stamp(post.created + 3_600_000),
            },
            "referenced_tweets": [{"type": kind, "id": str(one)} for kind, one in post.references] or None,
            "in_reply_to_user_id": str(self.content.user_id(post.reply_to)) if post.reply_to is not None else None,
            "entities": entities(post.text) or None,
            "attachments": {"media_keys": list(post.media)} if post.media else None,
        }
        for name in PRIVATE:
            if name not in self.post_fields:
                continue
            if post.author != OWN or is_app(self.call) or age > 30 * DAY_MS:
                self.errors.append(field_refused(str(post.id), name, section))
            elif name != "promoted_metrics" or self.content.promoted(post):
                everything[name] = self._private(name, post, metrics)
        shown = {"id", "text", "edit_history_tweet_ids", *self.post_fields, *self._expanded}
        return {name: value for name, value in everything.items() if name in shown and value is not None}

    def _private(self, name: str, post: Post, metrics: Mapping[str, int]) -> dict[str, int]:
        """Public impressions are organic and promoted ones together."""
        seen, share = metrics["impression_count"], 4 if self.content.promoted(post) else 0
        if name == "non_public_metrics":
            clicks = {"url_link_clicks": seen // 90, "user_profile_clicks": seen // 140, "engagements": seen // 20}
            return {"impression_count": seen, **clicks}
        part = {"organic_metrics": 10 - share, "promoted_metrics": share}[name]
        counted = ("impression_count", "retweet_count", "reply_count", "like_count")
        return {key: metrics[key] * part // 10 for key in counted}

    def media(self, key: str, post: Post) -> dict[str, Any]:
        """One piece of media of a post: with `type` and its key, whatever is asked for."""
        film, views = key.startswith(f"{VIDEO}_"), self.content.metrics(post)["impression_count"] // 3
        age = self.content.world.clock.ms() - post.created
        everything: dict[str, Any] = {"media_key": key, "type": "photo", "width": 1200, "height": 675}
        if film:
            parts = {f"playback_{part}_count": views * (100 - part // 2) // 100 for part in (0, 25, 50, 75, 100)}
            everything |= {"type": "video", "duration_ms": 30_000, "public_metrics": {"view_count": views}}
            if post.author == OWN and not is_app(self.call) and age <= 30 * DAY_MS:
                everything |= {"non_public_metrics": parts, "organic_metrics": {**parts, "view_count": views}}
        shown = {"media_key", "type", *self.media_fields}
        return {name: value for name, value in everything.items() if name in shown}

    def user(self, user: int) -> dict[str, Any]:
        content = self.content
        person = people.person(content.world, max(user, 0))
        own = user == OWN
        bits = mix(content.world.seed, user, 17)
        pinned = self.pinned() if own else None
        everything: dict[str, Any] = {
            "id": str(content.user_id(user)),
            "name": "Sandbox Labs" if own else person.name,
            "username": content.handle(user),
            "created_at": stamp(content.joined(user)),
            "description": "We build things." if own else f"{person.title}, {person.company.name}",
            "location": person.company.city,
            "protected": not own and bits % 20 == 0,
            "verified": own or bits % 9 == 0,
            "verified_type": "business" if own else "blue" if bits % 9 == 0 else "none",
            "profile_image_url": f"https://pbs.twimg.com/profile_images/{content.user_id(user)}/picture_normal.jpg",
            "url": f"https://{person.company.domain}/",
            "public_metrics": {
                "followers_count": content.follower_count() if own else bits % 5000,
                "following_count": 180 if own else (bits >> 16) % 900,
                "tweet_count": content.post_count() if own else (bits >> 32) % 9000,
                "listed_count": 12 if own else (bits >> 48) % 20,
                "like_count": 900 if own else (bits >> 8) % 7000,
            },
            "pinned_tweet_id": str(pinned.id) if pinned is not None else None,
        }
        shown = {"id", "name", "username", *self.user_fields, *self._expanded}
        return {name: value for name, value in everything.items() if name in shown and value is not None}

    def pinned(self) -> Post | None:
        return self.content.post(self.content.natural(0).id)

    # Expansions

    @property
    def _expanded(self) -> set[str]:
        """An expansion shows the field that it follows, asked for or not."""
        return {one.partition(".")[0] for one in self.expansions}

    def _beside_posts(self, posts: list[Post]) -> dict[str, list[dict[str, Any]]]:
        wanted = self.expansions
        referenced: dict[int, Post] = {}
        if any(one.startswith("referenced_tweets.id") for one in wanted):
            for identity in dict.fromkeys(one for post in posts for _, one in post.references):
                other = self.content.post(identity)
                if other is not None:
                    referenced[identity] = other
                else:
                    self.errors.append(not_found("tweet", "referenced_tweets.id", str(identity)))
        users: dict[int, None] = {}
        if "author_id" in wanted:
            users |= dict.fromkeys(post.author for post in posts)
        if "referenced_tweets.id.author_id" in wanted:
            users |= dict.fromkeys(post.author for post in referenced.values())
        if "in_reply_to_user_id" in wanted:
            users |= dict.fromkeys(post.reply_to for post in posts if post.reply_to is not None)
        with_media = "attachments.media_keys" in wanted
        return {
            "media": [self.media(key, post) for post in posts for key in post.media if with_media],
            "users": [self.user(one) for one in users],
            "tweets": [self.post(one, "includes") for one in referenced.values()],
        }


def stamp(ms: int) -> str:
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def entities(text: str) -> dict[str, Any]:
    """Mentions and hashtags with their places in the text."""
    found: dict[str, list[dict[str, Any]]] = {}
    place = 0
    for word in text.split(" "):
        name = word[1:].rstrip(":,.!?")
        if word[:1] in "@#" and name:
            kind, key = ("mentions", "username") if word[0] == "@" else ("hashtags", "tag")
            found.setdefault(kind, []).append({"start": place, "end": place + 1 + len(name), key: name})
        place += len(word) + 1
    return found


def _rename(value: Any) -> Any:
    if isinstance(value, dict):
        return {RENAMED.get(name, name): _rename(one) for name, one in value.items()}
    return [_rename(one) for one in value] if isinstance(value, list) else value
