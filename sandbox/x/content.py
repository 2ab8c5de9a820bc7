"""What there is on X: one account, its posts, who follows it, who mentions it and answers, its direct messages.

Ids are snowflakes: milliseconds since the vendor's epoch, then 22 bits in which the kind and number of the record
are found again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp

from sandbox import people
from sandbox.samples import SAMPLES
from sandbox.table import WRITTEN, Row, Table
from sandbox.world import DAY_MS, World, mix, number_of, share

EPOCH_MS = 1_288_834_974_657
OWN = -1  # the account itself among the users, who are numbered by their following
POSTS, MENTIONS, WROTE, OTHERS = range(4)  # the kinds of post
LOW = 22
PHOTO, VIDEO = 3, 7  # how keys of media begin
MOST_POSTS, MOST_MENTIONS = 3200, 800
TOPICS = ("the new release", "our hiring", "latency", "the roadmap", "Datenschutz", "リリース", "pricing", "open data")
TAGS = ("buildinpublic", "opendata", "release", "api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post. `author` is a user's number; `references` are (type, id); `chain` its edit history, itself last."""

    id: int
    author: int
    created: int
    text: str
    conversation: int
    chain: tuple[int, ...]
    references: tuple[tuple[str, int], ...] = ()
    reply_to: int | None = None
    media: tuple[str, ...] = ()
    lang: str = "en"


def snowflake(ms: int, low: int) -> int:
    return (ms - EPOCH_MS) << LOW | low & (1 << LOW) - 1


def moment(identity: int) -> int:
    """Milliseconds since the epoch at which an id was made."""
    return (identity >> LOW) + EPOCH_MS


class Content:
    def __init__(self, world: World) -> None:
        self.world = world
        self._seed = (world.seed, number_of("x"))
        self._births = world.population("x posts", per_person=2, least=40, births=0.012, changes=0, deaths=0.0015)
        self._mentions = world.population("x mentions", per_person=2, least=40, births=0.03, changes=0, deaths=0.002)
        self._followers = world.population("x followers", per_person=5, births=0.004, changes=0, deaths=0.0012)
        self.posts = Table(world, self._births)
        self.own_id = snowflake(world.start_ms - 2500 * DAY_MS, (1 << LOW) - 1)
        self.hidden: set[int] = set()
        self._answers: Counter[int] = Counter()
        self._counted = 0
        self.natural = lru_cache(maxsize=50_000)(self._natural)
        self.mention = lru_cache(maxsize=50_000)(self._mention)

    # Users

    @property
    def username(self) -> str:
        return SAMPLES["x"]["app_bearer"]["username"]

    def followers(self, below: int | None) -> Iterator[int]:
        """Who follows, the latest first, from the one before this number."""
        size = self._followers.size
        gone = self._followers.deleted()
        for number in range(min(size, size if below is None else below) - 1, -1, -1):
            if number not in gone:
                yield number

    def follower_count(self) -> int:
        return self._followers.size - len(self._followers.deleted())

    def post_count(self) -> int:
        rows = [self.posts.row(index) for index in self.posts.written_indices()]
        written = sum(1 if row.written else 0 for row in rows if row and row.deleted is None)
        removed = sum(1 for row in rows if row and row.deleted is not None and not row.written)
        return self._births.size - len(self._births.deleted()) + written - removed

    def joined(self, user: int) -> int:
        if user == OWN:
            return moment(self.own_id)
        life = self._followers.life(user)
        followed = life.created if life else self.world.start_ms
        return followed - DAY_MS - mix(*self._seed, user, 1) % (1500 * DAY_MS)

    def user_id(self, user: int) -> int:
        return self.own_id if user == OWN else snowflake(self.joined(user), user)

    def user_of(self, identity: int) -> int | None:
        if identity == self.own_id:
            return OWN
        low = identity & (1 << LOW) - 1
        for user in range(low, self._followers.size, 1 << LOW):
            if self.user_id(user) == identity:
                return user
        return None

    def handle(self, user: int) -> str:
        if user == OWN:
            return self.username
        first = people.person(self.world, user).email.partition(".")[0]
        return f"{first[:7]}_{user}"

    def user_named(self, handle: str) -> int | None:
        if handle.lower() == self.username.lower():
            return OWN
        number = handle.rpartition("_")[2]
        if not number.isdecimal() or int(number) >= self._followers.size:
            return None
        return int(number) if self.handle(int(number)).lower() == handle.lower() else None

    # Posts

    def post(self, identity: int) -> Post | None:
        """A post by its id, unless it was deleted."""
        low = identity & (1 << LOW) - 1
        kind, number = low & 3, low >> 2
        if kind == OTHERS:
            return self._other(identity)
        if kind == WROTE:
            row = self.posts.existing(WRITTEN + number)
            found = self._own(row) if row is not None else None
            return found if found is not None and found.id == identity else None
        size = self._births.size if kind == POSTS else self._mentions.size
        for index in range(number, size, 1 << (LOW - 2)):
            found = self.natural(index) if kind == POSTS else self.mention(index)
            if found.id == identity:
                there = self.posts.existing(index) if kind == POSTS else index not in self._mentions.deleted()
                return found if there else None
        return None

    def timeline(self) -> list[int]:
        """The indices of the account's latest posts, newest first; an edited post only as it is now."""
        latest: list[int] = []
        written = [i for i in self.posts.written_indices() if i >= WRITTEN]
        gone = self._births.deleted()
        rows = [row for i in written if (row := self.posts.existing(i)) and not row.fields.get("edited")]
        ahead = sorted(((row.created, row.index) for row in rows), reverse=True)
        for index in range(self._births.size - 1, -1, -1):
            if index in gone or self.posts.existing(index) is None:
                continue
            life = self._births.life(index)
            while ahead and life is not None and ahead[0][0] >= life.created:
                latest.append(ahead.pop(0)[1])
            latest.append(index)
            if len(latest) >= MOST_POSTS:
                break
        return [*latest, *(index for _, index in ahead)][:MOST_POSTS]

    def mentions(self) -> list[int]:
        """The indices of the latest mentions, newest first."""
        latest: list[int] = []
        gone = self._mentions.deleted()
        for index in range(self._mentions.size - 1, -1, -1):
            if index not in gone:
                latest.append(index)
                if len(latest) >= MOST_MENTIONS:
                    break
        return latest

    def recent(self, since: int) -> Iterator[Post]:
        """Every post of the account or to it since this instant, in no order."""
        for index in self.timeline():
            post = self.own(index)
            if post.created < since:
                break
            yield post
        gone = self._mentions.deleted()
        for index in range(self._mentions.size - 1, -1, -1):
            life = self._mentions.life(index)
            if life is None or life.created < since:
                return
            if index not in gone:
                yield self.mention(index)

    def own(self, index: int) -> Post:
        """A post of the account by its index in the table. Raises KeyError where there is none."""
        row = self.posts.row(index)
        if row is None:
            raise KeyError(index)
        return self._own(row)

    @property
    def revision(self) -> tuple[object, ...]:
        return (self.posts.revision, self._mentions.revision)

    def seen(self, post: Post, at: int) -> int:
        """How often a post was seen until this moment: fast for days, then slowly, and never less."""
        days = max(0.0, (at - post.created) / DAY_MS)
        grown = (1 - exp(-days / 3)) + 0.02 * days**0.5
        size = 2_000 if post.author == OWN else 60
        base = size * (0.2 + share(*self._seed, post.id, 2)) * (1 + self.world.scale / 2_000)
        return int(base * grown)

    def metrics(self, post: Post) -> dict[str, int]:
        """Counters of now, in proportion to how often it was seen."""
        seen = self.seen(post, self.world.clock.ms())
        return {
            "retweet_count": seen // 160,
            "reply_count": max(seen // 220, self._answered(post.id)),
            "like_count": seen // 35,
            "quote_count": seen // 900,
            "bookmark_count": seen // 400,
            "impression_count": seen,
        }

    def promoted(self, post: Post) -> bool:
        """Whether the post is shown for money as well."""
        return post.author == OWN and post.id % 5 == 0

    def _answered(self, identity: int) -> int:
        """How many mentions ever answered this post, also such as are gone: counters do not shrink."""
        while self._counted < self._mentions.size:
            answered = self.mention(self._counted).references
            self._answers.update(one for kind, one in answered if kind == "replied_to")
            self._counted += 1
        return self._answers[identity]

    # How they are made

    def _own(self, row: Row) -> Post:
        if row.index < WRITTEN:
            return self.natural(row.index)
        identity = self.written_id(row.index, row.created)
        reply = row.fields.get("reply")
        target = self.post(reply) if reply else None
        return Post(
            id=identity,
            author=OWN,
            created=row.created,
            text=row.fields["text"],
            conversation=target.conversation if target else identity,
            chain=(*row.fields.get("chain", ()), identity),
            references=(("replied_to", reply),) if reply else (),
            reply_to=target.author if target else None,
        )

    def written_id(self, index: int, created: int) -> int:
        return snowflake(created, index - WRITTEN << 2 | WROTE)

    def _natural(self, index: int) -> Post:
        life = self._births.life(index)
        assert life is not None
        identity = snowflake(life.created, index << 2 | POSTS)
        bits = mix(*self._seed, index, 3)
        topic, tag = TOPICS[bits % len(TOPICS)], TAGS[(bits >> 8) % len(TAGS)]
        pick = share(*self._seed, index, 4)
        post = Post(
            id=identity,
            author=OWN,
            created=life.created,
            text=f"Some words about {topic} ({index}) #{tag} 🚀",
            conversation=identity,
            chain=(identity,),
            media=(f"{PHOTO if pick > 0.9 else VIDEO}_{identity}",) if pick > 0.7 else (),
            lang="en",
        )
        if pick < 0.15:
            original = self._original(life.created, index)
            handle = self.handle(self._someone(original))
            text = f"RT @{handle}: {self._said(original)}"
            return replace(post, text=text, references=(("retweeted", original),), media=())
        if pick < 0.3:
            other = self._original(life.created, index)
            user = self._someone(other)
            text = f"@{self.handle(user)} thank you, {topic} it is"
            references = (("replied_to", other),)
            return replace(post, text=text, conversation=other, references=references, reply_to=user)
        return post

    def _mention(self, index: int) -> Post:
        life = self._mentions.life(index)
        assert life is not None
        identity = snowflake(life.created, index << 2 | MENTIONS)
        bits = mix(*self._seed, index, 5)
        topic = TOPICS[bits % len(TOPICS)]
        post = Post(
            id=identity,
            author=self._someone(identity),
            created=life.created,
            text=f"@{self.username} what about {topic}? ({index})",
            conversation=identity,
            chain=(identity,),
            lang=("en", "de", "ja")[(bits >> 8) % 3],
        )
        target = self._natural_before(life.created, (bits >> 16) % 8) if share(*self._seed, index, 6) < 0.6 else None
        if target is None:
            return post
        replied = self.natural(target)
        return replace(
            post,
            text=f"@{self.username} well said ({index})",
            conversation=replied.conversation,
            references=(("replied_to", replied.id),),
            reply_to=OWN,
        )

    def _natural_before(self, instant: int, back: int) -> int | None:
        """The index of the account's post that was its `back`-th latest at this instant."""
        low, high = 0, self._births.size
        while low < high:
            middle = (low + high) // 2
            life = self._births.life(middle)
            low, high = (middle + 1, high) if life is not None and life.created <= instant else (low, middle)
        return low - 1 - back if low - 1 - back >= 0 else None

    def _original(self, before: int, index: int) -> int:
        """The id of somebody's post from the hours before this instant."""
        return snowflake(before - 60_000 - mix(*self._seed, index, 7) % (36_000_000), index << 2 | OTHERS)

    def _other(self, identity: int) -> Post | None:
        """Somebody's post that one of ours refers to; one in ten has been deleted."""
        index = (identity & (1 << LOW) - 1) >> 2
        known = self.posts.row(index)
        if known is None or share(*self._seed, identity, 8) < 0.1:
            return None
        if identity not in [reference for _, reference in self.natural(index).references]:
            return None
        return Post(
            id=identity,
            author=self._someone(identity),
            created=moment(identity),
            text=self._said(identity),
            conversation=identity,
            chain=(identity,),
        )

    def _said(self, identity: int) -> str:
        return f"Thinking about {TOPICS[mix(*self._seed, identity) % len(TOPICS)]}"

    def _someone(self, identity: int) -> int:
        return mix(*self._seed, identity, 9) % max(1, self.world.scale)
