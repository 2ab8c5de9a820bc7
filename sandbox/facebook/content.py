"""What there is on the Page: who posted, commented and reacted when. Everything follows from the world."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sandbox import people
from sandbox.graph import stamp
from sandbox.samples import digits
from sandbox.table import WRITTEN, Row, Table
from sandbox.world import DAY_MS, Population, World, mix

PAGE_ID = digits(15, 1)
USER_ID = digits(16, 5)
NAME = "Sandbox Labs"
_FRESH = 7 * DAY_MS  # people correct what they wrote within a week
_TALKED_ABOUT = 14 * DAY_MS
_MOMENTS = 1 << 32  # places in lists are made of a time and an index
REACTIONS = ("LIKE", "LIKE", "LOVE", "HAHA", "WOW", "CARE", "SAD", "ANGRY")
_KINDS = ("mobile_status_update", "added_photos", "shared_story", "added_video")
_POST, _COMMENT, _VISITED = 122_000_000_000_000, 98_000_000_000, 121_000_000_000_000


class Content:
    """The Page; lists come without what is deleted."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._born = world.population(
            "facebook posts", per_person=0.22, least=12, births=0.01, changes=0.05, deaths=0.005, history=350
        )
        self._said = world.population("facebook said", births=0.02, changes=0.02, deaths=0.003, history=350)
        self._visits = world.population("facebook visitor_posts", per_person=0.5, births=0.02, changes=0, deaths=0.005)
        self._talks = world.population("facebook conversations", per_person=0.3, births=0.01, changes=0.05, deaths=0)
        self.posts = Table(world, self._born)
        self.comments = Table(world, self._said)
        self.visitor_posts = Table(world, self._visits)
        self.conversations = Table(world, self._talks)
        self._corrected: dict[str, tuple[int, set[int]]] = {}
        self._about: dict[int, int] = {}
        self._threads: tuple[object, dict[int, list[int]]] = (None, {})

    # Posts

    def published(self) -> list[Row]:
        """The latest first."""
        rows = (self.posts.existing(index) for index in self.posts.indices())
        found = [row for row in rows if row is not None and row.fields.get("is_published", True)]
        return sorted(found, key=self.newest_first)

    def newest_first(self, row: Row) -> int:
        return -self.oldest_first(row)

    def oldest_first(self, row: Row) -> int:
        return row.created * _MOMENTS + row.index

    def post_id(self, index: int) -> str:
        return f"{PAGE_ID}_{_POST + index}"

    def post(self, identity: str) -> Row | None:
        page, _, number = identity.partition("_")
        known = page == PAGE_ID and number.isdecimal()
        return self.posts.existing(int(number) - _POST) if known else None

    def post_fields(self, row: Row) -> dict[str, Any]:
        kind = _KINDS[mix(self.world.seed, row.index, 31) % 4] if not row.written else _KINDS[0]
        author = people.person(self.world, row.index % self.world.scale)
        message = f"News {row.index}: {author.company.name} — a café in {author.company.city}"
        if self._was_corrected(self._born, row):
            message += " (corrected)"
        identity = self.post_id(row.index)
        picture = f"https://scontent.example/{row.index}.jpg" if kind != _KINDS[0] else None
        everything: dict[str, Any] = {
            "id": identity,
            "message": message,
            "story": f"{NAME} updated their status." if kind == _KINDS[2] else None,
            "created_time": stamp(row.created),
            "updated_time": stamp(row.changed if row.fields else row.created),
            "permalink_url": f"https://www.facebook.com/{PAGE_ID}/posts/{_POST + row.index}",
            "status_type": kind,
            "full_picture": picture,
            "is_published": True,
            "is_hidden": False,
            "is_expired": False,
            "from": {"name": NAME, "id": PAGE_ID},
            "scheduled_publish_time": None,
            "parent_id": f"{PAGE_ID}_{_POST}" if kind == _KINDS[2] else None,
            "attachments": {"data": [{"media_type": "photo", "url": picture, "title": NAME}]} if picture else None,
            "shares": {"count": row.index % 7} if row.index % 7 else None,
        }
        written = {name: value for name, value in row.fields.items() if name in everything}
        return everything | written

    # Comments and reactions

    def thread(self, post: int) -> list[Row]:
        """The comments on a post, the oldest first."""
        revision = (self.comments.revision, self.posts.revision)
        if self._threads[0] != revision:
            threads: dict[int, list[int]] = defaultdict(list)
            for index in self.comments.indices():
                threads[self.commented(index)].append(index)
            self._threads = (revision, threads)
        rows = (self.comments.existing(index) for index in self._threads[1].get(post, ()))
        return sorted((row for row in rows if row is not None), key=self.oldest_first)

    def commented(self, comment: int) -> int:
        """The post that a comment is about: one of two weeks before, or else the latest by then."""
        if comment not in self._about:
            row = self.comments.row(comment)
            assert row is not None
            latest = max(1, self._posts_by(row.created))
            fresh = max(1, latest - self._posts_by(row.created - _TALKED_ABOUT))
            picked = max(0, latest - 1 - mix(self.world.seed, comment, 33) % fresh)
            self._about[comment] = int(row.fields["post"]) if row.written else picked
        return self._about[comment]

    def _posts_by(self, moment: int) -> int:
        low, high = 0, self._born.size
        while low < high:
            middle = (low + high) // 2
            life = self._born.life(middle)
            assert life is not None
            low, high = (middle + 1, high) if life.created <= moment else (low, middle)
        return low

    def comment_id(self, index: int) -> str:
        return f"{_POST + self.commented(index)}_{_COMMENT + index}"

    def comment(self, identity: str) -> Row | None:
        _, _, number = identity.partition("_")
        row = self.comments.existing(int(number) - _COMMENT) if number.isdecimal() else None
        if row is None or self.comment_id(row.index) != identity:
            return None
        return row if self.posts.existing(self.commented(row.index)) is not None else None

    def comment_fields(self, row: Row) -> dict[str, Any]:
        bits = mix(self.world.seed, row.index, 35)
        author = people.person(self.world, bits % self.world.scale)
        shown = {"name": author.name, "id": self._person(bits % self.world.scale)} if bits >> 20 & 3 else None
        message = f"Greetings from {author.company.city}" + (
            " (corrected)" if self._was_corrected(self._said, row) else ""
        )
        post = self.commented(row.index)
        link = f"https://www.facebook.com/{PAGE_ID}/posts/{_POST + post}?comment_id={_COMMENT + row.index}"
        answers = [one for one in self.thread(post) if self.answered(one) == row.index]
        above = self.answered(row)
        identity = self.comment_id(row.index)
        everything: dict[str, Any] = {
            "id": identity,
            "message": message,
            "from": {"name": NAME, "id": PAGE_ID} if row.written else shown,
            "created_time": stamp(row.created),
            "parent": {"id": self.comment_id(above)} if above is not None else None,
            "like_count": bits % 9,
            "comment_count": len(answers),
            "is_hidden": False,
            "can_hide": not row.written and bits >> 30 & 7 != 0,
            "can_remove": True,
            "permalink_url": link,
        }
        return everything | {name: value for name, value in row.fields.items() if name in ("message", "is_hidden")}

    def answered(self, row: Row) -> int | None:
        """The comment that this one answers: an older one on the same post, whether it still stands or not."""
        if row.written:
            above: int | None = row.fields.get("parent")
            return above
        if mix(self.world.seed, row.index, 37) % 4:
            return None
        before = range(row.index - 1, max(-1, row.index - 200), -1)
        return next((older for older in before if self.commented(older) == self.commented(row.index)), None)

    def reactions(self, post: int) -> list[tuple[int, str, str]]:
        """(place, person, reaction) of everyone who reacted to a post; more do in its first weeks."""
        row = self.posts.row(post)
        assert row is not None
        bits = mix(self.world.seed, post, 39)
        age = min(_TALKED_ABOUT, self.world.clock.ms() - row.created) // DAY_MS
        count = 0 if row.written else min(self.world.scale, 1 + bits % 6 + age // 4)
        found = []
        for number in range(count):
            person = (bits + number) % self.world.scale
            found.append((number, self._person(person), REACTIONS[mix(bits, number) % len(REACTIONS)]))
        return found

    def _person(self, index: int) -> str:
        """People have another id for each Page."""
        return str(24_000_000_000_000_000 + index)

    def name_of(self, person: str) -> str | None:
        index = int(person) - 24_000_000_000_000_000
        return people.person(self.world, index).name if mix(self.world.seed, index, 41) % 3 else None

    # What changed

    def _was_corrected(self, population: Population, row: Row) -> bool:
        if row.index >= WRITTEN:
            return False
        seen, corrected = self._corrected.get(population.kind, (0, set()))
        news = population.happened(seen)
        for at, what, index in news:
            life = population.life(index)
            if what == 1 and life is not None and at - life.created < _FRESH:
                corrected.add(index)
        self._corrected[population.kind] = (seen + len(news), corrected)
        return row.index in corrected

    def news(self) -> Mapping[str, Any]:
        """A webhook's body about the latest post and the latest comment."""
        post = self.published()[0]
        said = [row for one in self.published() for row in self.thread(one.index)]
        changes = [self._change("status", post, post_id=self.post_id(post.index))]
        if said:
            comment = max(said, key=self.oldest_first)
            of = self.post_id(self.commented(comment.index))
            changes.append(self._change("comment", comment, post_id=of, comment_id=self.comment_id(comment.index)))
        return {"object": "page", "entry": [{"id": PAGE_ID, "time": self.world.clock.ms() // 1000, "changes": changes}]}

    def _change(self, item: str, row: Row, **ids: str) -> dict[str, Any]:
        fields = self.post_fields(row) if item == "status" else self.comment_fields(row)
        value = {"item": item, "verb": "add", **ids, "message": fields["message"], "created_time": row.created // 1000}
        return {"field": "feed", "value": value | ({"from": fields["from"]} if fields["from"] else {})}
