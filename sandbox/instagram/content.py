"""What there is of the account: media with comments, stories by the hour. Everything follows from the world."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sandbox import people
from sandbox.graph import Asked, shaped, stamp
from sandbox.samples import digits
from sandbox.table import Row, Table
from sandbox.world import DAY_MS, World, mix

ACCOUNT_ID = "1784" + digits(13, 1)
APP_SCOPED_ID = digits(17, 6)
PAGE_ID = digits(15, 3)
USER_ID = digits(16, 7)
USERNAME = "sandbox_labs"
_MOMENTS = 1 << 32  # places in lists are made of a time and an index
_MEDIA, _COMMENT, _STORY = 17_900_000_000_000_000, 17_800_000_000_000_000, 18_000_000_000_000_000
_EVERY = 3 * 3_600_000  # a story each three hours
_TALKED_ABOUT = 14 * DAY_MS
KINDS = (("IMAGE", "FEED"), ("VIDEO", "REELS"), ("CAROUSEL_ALBUM", "FEED"))


class Content:
    """The account; lists come without what is deleted."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._born = world.population("instagram media", per_person=0.1, least=12, births=0.02, changes=0, history=300)
        self.media = Table(world, self._born)
        said = world.population("instagram said", per_person=1.2, births=0.02, changes=0, deaths=0.003, history=300)
        self.comments = Table(world, said)
        self._about: dict[int, int] = {}
        self._threads: tuple[object, dict[int, list[int]]] = (None, {})

    def account(self) -> dict[str, Any]:
        return {
            "id": ACCOUNT_ID,
            "username": USERNAME,
            "name": "Sandbox Labs",
            "biography": "Things that are built to be tried, in a café and elsewhere.",
            "website": "https://sandbox-labs.example/",
            "followers_count": self.world.total("instagram followers", base=2400, level=5),
            "follows_count": 120,
            "media_count": len(self.media.indices()),
            "profile_picture_url": "https://scontent.example/sandbox.jpg",
        }

    # Media

    def published(self) -> list[Row]:
        """The latest first."""
        rows = (self.media.existing(index) for index in self.media.indices())
        return sorted((row for row in rows if row is not None), key=newest_first)

    def medium(self, identity: str) -> Row | None:
        return self.media.existing(int(identity) - _MEDIA) if identity.isdecimal() else None

    def media_id(self, index: int) -> str:
        return str(_MEDIA + index)

    def kind(self, row: Row) -> tuple[str, str]:
        if row.written:
            return row.fields["media_type"], row.fields["media_product_type"]
        return KINDS[row.index % 3]

    def before_business(self, row: Row) -> bool:
        """Whether it is older than the account's turn to business."""
        return row.index == 0

    def media_fields(self, row: Row) -> dict[str, Any]:
        kind, product = self.kind(row)
        identity = self.media_id(row.index)
        author = people.person(self.world, row.index % self.world.scale)
        everything: dict[str, Any] = {
            "id": identity,
            "caption": f"Seen in {author.company.city}: a café #{row.index}",
            "media_type": kind,
            "media_product_type": product,
            "media_url": f"https://scontent.example/{identity}.jpg" if row.index % 11 != 5 else None,
            "thumbnail_url": f"https://scontent.example/{identity}-small.jpg" if kind == "VIDEO" else None,
            "permalink": f"https://www.instagram.com/p/{row.index}/",
            "shortcode": f"S{row.index}",
            "timestamp": stamp(row.created),
            "username": USERNAME,
            "owner": {"id": ACCOUNT_ID},
            "like_count": mix(self.world.seed, row.index, 51) % 90 if row.index % 7 else None,
            "comments_count": len(self.thread(row.index)),
            "is_comment_enabled": True,
            "is_shared_to_feed": True if product == "REELS" else None,
            "alt_text": f"A café in {author.company.city}" if kind == "IMAGE" else None,
            "children": lambda asked: self._children(identity, asked) if kind == "CAROUSEL_ALBUM" else None,
        }
        return everything | {name: value for name, value in row.fields.items() if name in everything}

    def _children(self, identity: str, asked: Asked) -> dict[str, Any]:
        nodes = [
            {
                "id": f"{identity}{number}",
                "media_type": "IMAGE",
                "media_url": f"https://scontent.example/{identity}-{number}.jpg",
            }
            for number in (1, 2)
        ]
        return {"data": [shaped("IGMedia", node, asked.inner) for node in nodes]}

    # Stories

    def stories(self) -> list[int]:
        """The numbers of those of the last 24 hours, the latest first."""
        latest = self.world.clock.ms() // _EVERY
        return list(range(latest, latest - DAY_MS // _EVERY, -1))

    def story(self, identity: str) -> int | None:
        number = int(identity) - _STORY if identity.isdecimal() else -1
        return number if 0 <= number <= self.world.clock.ms() // _EVERY else None

    def story_id(self, number: int) -> str:
        return str(_STORY + number)

    def story_fields(self, number: int) -> dict[str, Any]:
        identity, moving = self.story_id(number), number % 2
        return {
            "id": identity,
            "caption": f"Hour {number % 24}" if number % 3 else None,
            "media_type": "VIDEO" if moving else "IMAGE",
            "media_product_type": "STORY",
            "media_url": f"https://scontent.example/{identity}.jpg",
            "thumbnail_url": f"https://scontent.example/{identity}-small.jpg" if moving else None,
            "permalink": f"https://instagram.com/stories/{USERNAME}/{number}",
            "shortcode": f"T{number}",
            "timestamp": stamp(number * _EVERY),
            "username": USERNAME,
            "like_count": 0,
            "comments_count": 0,
        }

    # Comments

    def thread(self, medium: int) -> list[Row]:
        """The comments on one of the media and the answers to them, the latest first."""
        revision = (self.comments.revision, self.media.revision)
        if self._threads[0] != revision:
            threads: dict[int, list[int]] = defaultdict(list)
            for index in self.comments.indices():
                threads[self.commented(index)].append(index)
            self._threads = (revision, threads)
        rows = (self._standing(index) for index in self._threads[1].get(medium, ()))
        return sorted((row for row in rows if row is not None), key=newest_first)

    def commented(self, comment: int) -> int:
        """The medium that a comment is about: one of two weeks before, or else the latest by then."""
        if comment not in self._about:
            row = self.comments.row(comment)
            assert row is not None
            born = [one for one in range(self._born.size) if self._there(one, row)] or [0]
            bits = mix(self.world.seed, comment, 53)
            fresh = [one for one in born if self._there(one, row, _TALKED_ABOUT)] or born[-1:]
            picked = fresh[-1] if bits & 1 else fresh[(bits >> 1) % len(fresh)]  # most talk is about the latest
            self._about[comment] = row.fields["media"] if row.written else picked
        return self._about[comment]

    def _there(self, medium: int, comment: Row, longest: int | None = None) -> bool:
        """Whether it was there when the comment came, for so long at most."""
        row = self.media.row(medium)
        age = -1 if row is None else comment.created - row.created
        return age >= 0 and (longest is None or age <= longest)

    def answered(self, row: Row) -> int | None:
        """The comment that this one answers: the first on the same medium that is no answer itself."""
        if row.written:
            above: int | None = row.fields.get("parent")
            return above
        if row.index % 3:
            return None
        before = (older for older in range(max(0, row.index - 60), row.index) if older % 3)
        return next((older for older in before if self.commented(older) == self.commented(row.index)), None)

    def _standing(self, index: int) -> Row | None:
        """The comment, unless it is gone, be it with the one that it answers."""
        row = self.comments.existing(index)
        above = self.answered(row) if row is not None else None
        return row if above is None or self.comments.existing(above) is not None else None

    def comment(self, identity: str) -> Row | None:
        row = self._standing(int(identity) - _COMMENT) if identity.isdecimal() else None
        return row if row is not None and self.media.existing(self.commented(row.index)) is not None else None

    def comment_id(self, index: int) -> str:
        return str(_COMMENT + index)

    def answers(self, row: Row) -> list[Row]:
        return [one for one in self.thread(self.commented(row.index)) if self.answered(one) == row.index]

    def top(self, medium: int) -> list[Row]:
        """The comments that are no answers."""
        return [row for row in self.thread(medium) if self.answered(row) is None]

    def comment_fields(self, row: Row) -> dict[str, Any]:
        bits = mix(self.world.seed, row.index, 55)
        number = bits % self.world.scale
        name = USERNAME if row.written else people.person(self.world, number).first.lower()
        above = self.answered(row)
        everything: dict[str, Any] = {
            "id": self.comment_id(row.index),
            "text": f"Très beau! {row.index}",
            "timestamp": stamp(row.created),
            "username": name,
            "from": {"id": ACCOUNT_ID if row.written else str(24_000_000_000_000_000 + number), "username": name},
            "like_count": bits % 5,
            "hidden": False,
            "parent_id": self.comment_id(above) if above is not None else None,
            "media": {"id": self.media_id(self.commented(row.index))},
        }
        return everything | {name: value for name, value in row.fields.items() if name in ("text", "hidden")}

    def news(self) -> Mapping[str, Any]:
        """A webhook's body about the latest comment and the latest story."""
        said = [row for one in self.published() for row in self.thread(one.index)]
        changes: list[dict[str, Any]] = []
        if said:
            row = min(said, key=newest_first)
            told = self.comment_fields(row)
            kind = {"id": told["media"]["id"], "media_product_type": "FEED"}
            value = {"id": told["id"], "text": told["text"], "from": told["from"], "media": kind}
            value |= {"parent_id": told["parent_id"]} if told["parent_id"] else {}
            changes.append({"field": "comments", "value": value})
        ended = self.story_id(self.stories()[-1])
        changes.append({"field": "story_insights", "value": {"media_id": ended, "reach": 41, "replies": 2}})
        time = self.world.clock.ms() // 1000
        return {"object": "instagram", "entry": [{"id": ACCOUNT_ID, "time": time, "changes": changes}]}


def newest_first(row: Row) -> int:
    return -(row.created * _MOMENTS + row.index)
