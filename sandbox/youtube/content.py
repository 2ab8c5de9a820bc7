"""What there is on a channel: its videos, comments with their answers, playlists.

Titles are tuned in a video's first days, comments edited in their first hours and answered for some days; after that
only counters move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

from sandbox import people
from sandbox.samples import letters
from sandbox.table import Row, Table
from sandbox.world import DAY_MS, World, mix, number_of, share
from sandbox.youtube.dialect import CHANNEL, CHANNEL_TITLE, code, number_of_code, opaque, stamp, thumbnails

VIDEO, THREAD, REPLY, PLAYLIST = range(1, 5)  # the kinds of id
TUNED = 2 * DAY_MS
EDITED = 3 * 3_600_000
TALK = 5 * DAY_MS  # how long a comment is answered
_TOPICS = ("the new release", "our hiring", "latency", "the roadmap", "Datenschutz", "リリース", "pricing", "open data")
_WRITTEN_REPLY = "w"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to a comment, by its number below the thread; `row` where it was written through the API."""

    thread: int
    name: str
    created: int
    text: str
    author: int | None
    row: Row | None = None


class Content:
    def __init__(self, world: World) -> None:
        self.world = world
        self._seed = (world.seed, number_of("youtube"))
        self._first = max(40, world.scale)
        self.videos = self._table("videos", per_person=1, least=40, births=0.01, deaths=0.002)
        self.threads = self._table("comment_threads", per_person=2, least=60, births=0.015, deaths=0.002)
        self.playlists = self._table("playlists", per_person=0.1, least=7, births=0.004, changes=0.05, deaths=0.002)
        self.written_replies = Table(world, None)
        self.written_items = Table(world, None)
        self.gone_items: set[str] = set()
        self.moved_items: dict[str, int] = {}

    def _table(self, name: str, *, changes: float = 0, **rates: Any) -> Table:
        return Table(self.world, self.world.population(f"youtube {name}", changes=changes, **rates))

    def bits(self, *parts: int) -> int:
        return mix(*self._seed, *parts)

    def now(self) -> int:
        return self.world.clock.ms()

    # Videos

    def uploads(self, *, private: bool) -> list[tuple[int, int]]:
        """Newest first, as places in a list."""
        rows = (self.videos.row(index) for index in self.videos.indices())
        seen = [row for row in rows if row and (private or not self.is_private(row))]
        return sorted((-row.created, row.index) for row in seen)

    def video_named(self, number: str) -> Row | None:
        index = number_of_code(number, VIDEO)
        return self.videos.existing(index) if index is not None else None

    def is_private(self, row: Row) -> bool:
        status: Mapping[str, Any] = row.fields.get("status", {})
        return bool(status.get("privacyStatus", "private" if row.index % 11 == 4 else "public") == "private")

    def video(self, row: Row) -> dict[str, Any]:
        """All parts of a video, as they are now."""
        bits, number = self.bits(row.index, VIDEO), code(row.index, VIDEO)
        tuned = bits % 3 == 0 and self.now() >= row.created + TUNED
        topic = _TOPICS[bits % len(_TOPICS)]
        title = f"About {topic}, part {row.index}" + (" (updated)" if tuned else "")
        snippet: dict[str, Any] = {
            "title": title,
            "description": f"We talk about {topic}. Grüße aus Berlin.",
            "tags": ["sandbox", topic] if bits % 5 else [],
            "categoryId": "28",
            "defaultLanguage": "en",
            "defaultAudioLanguage": "en" if bits % 2 else "de",
        }
        snippet = _without_nothing({**snippet, **row.fields.get("snippet", {})})
        status: dict[str, Any] = {
            "privacyStatus": "private" if row.index % 11 == 4 else "public",
            "license": "youtube",
            "embeddable": True,
            "publicStatsViewable": True,
            "selfDeclaredMadeForKids": False,
            "containsSyntheticMedia": bits % 9 == 0,
        }
        if row.index % 44 == 4:
            status["publishAt"] = stamp(row.created + 400 * DAY_MS)
        status = _without_nothing({**status, **row.fields.get("status", {})})
        counted = self.counters(row)
        return {
            "snippet": {
                **snippet,
                "publishedAt": stamp(row.created),
                "channelId": CHANNEL,
                "channelTitle": CHANNEL_TITLE,
                "thumbnails": thumbnails(f"vi/{number}"),
                "liveBroadcastContent": "none",
                "localized": {"title": snippet["title"], "description": snippet.get("description", "")},
            },
            "contentDetails": {
                "duration": f"PT{1 + bits % 20}M{bits % 60}S",
                "dimension": "2d",
                "definition": "hd",
                "caption": "true" if bits % 4 == 0 else "false",
                "licensedContent": bits % 2 == 0,
                "contentRating": {},
                "projection": "rectangular",
            },
            "status": {**status, "uploadStatus": "processed", "madeForKids": False},
            "statistics": {name: str(value) for name, value in counted.items()},
        }

    def counters(self, row: Row) -> dict[str, int]:
        """They grow fast for weeks, then slowly, and never shrink."""
        days = max(0.0, (self.now() - row.created) / DAY_MS)
        level = 200 + self.bits(row.index, VIDEO, 1) % 20_000
        views = int(level * (1 - exp(-days / 20) + 0.02 * days**0.5))
        return {"viewCount": views, "likeCount": views // 25, "favoriteCount": 0, "commentCount": views // 200}

    # Comments

    def newest_threads(self) -> list[tuple[int, int]]:
        """Those that are shown to everybody, newest first, as places in a list."""
        rows = (self.threads.row(index) for index in self.threads.indices())
        shown = [row for row in rows if row and row.fields.get("moderationStatus", "published") == "published"]
        return sorted((-row.created, row.index) for row in shown)

    def thread_id(self, index: int) -> str:
        return f"Ugw{code(index, THREAD)}4AaABAg"

    def thread_named(self, number: str) -> Row | None:
        if not (number.startswith("Ugw") and number.endswith("4AaABAg")):
            return None
        index = number_of_code(number[3:-7], THREAD)
        return self.threads.existing(index) if index is not None else None

    def video_of(self, thread: Row) -> str:
        return str(thread.fields.get("videoId") or code(self.bits(thread.index, THREAD, 2) % self._first, VIDEO))

    def comment(self, row: Row) -> dict[str, Any]:
        """The comment that a thread begins with."""
        bits, changed = self.bits(row.index, THREAD), row.created
        if row.written:
            text, author, changed = str(row.fields["text"]), None, row.changed
        else:
            text, author = f"What about {_TOPICS[bits % len(_TOPICS)]}? 👀", bits % self.world.scale
            if bits % 8 == 0 and self.now() >= row.created + EDITED:
                text, changed = f"{text} Edit: never mind.", row.created + EDITED
        likes = int(bits % 40 * (1 - exp((row.created - self.now()) / (20 * DAY_MS))))
        number, video = self.thread_id(row.index), self.video_of(row)
        status = str(row.fields.get("moderationStatus", "published"))
        return self._said(number, text, author, row.created, changed, likes, {"videoId": video}, status)

    def replies(self, thread: Row) -> list[Answer]:
        """Newest first."""
        bits = self.bits(thread.index, THREAD, 5)
        count = 0 if thread.written else (0, 0, 0, 0, 0, 0, 1, 2, 5, 6 + bits // 10 % 4)[bits % 10]
        found = []
        for number in range(count):
            at = thread.created + int(TALK * share(*self._seed, thread.index, THREAD, number))
            who = self.bits(thread.index, number, REPLY) % self.world.scale
            if at <= self.now():
                text = f"@{people.person(self.world, who).first} I think so too. ({number})"
                found.append(Answer(thread=thread.index, name=str(number), created=at, text=text, author=who))
        for index in self.written_replies.indices():
            row = self.written_replies.row(index)
            if row and row.fields["thread"] == thread.index:
                found.append(
                    Answer(
                        thread=thread.index,
                        name=f"{_WRITTEN_REPLY}{index}",
                        created=row.created,
                        text=str(row.fields["text"]),
                        author=None,
                        row=row,
                    )
                )
        return sorted(found, key=lambda one: (-one.created, one.name))

    def reply_named(self, number: str) -> tuple[Row, Answer] | None:
        above, _, name = number.partition(".")
        thread = self.thread_named(above)
        found = next((one for one in self.replies(thread) if one.name == name), None) if thread and name else None
        return (thread, found) if thread and found else None

    def reply(self, told: Answer) -> dict[str, Any]:
        changed = told.row.changed if told.row else told.created
        number = f"{self.thread_id(told.thread)}.{told.name}"
        status = str(told.row.fields.get("moderationStatus", "published")) if told.row else "published"
        above = {"parentId": self.thread_id(told.thread)}
        return self._said(number, told.text, told.author, told.created, changed, 0, above, status)

    def _said(
        self,
        number: str,
        text: str,
        author: int | None,
        created: int,
        changed: int,
        likes: int,
        about: Mapping[str, str],
        status: str,
    ) -> dict[str, Any]:
        name = CHANNEL_TITLE if author is None else people.person(self.world, author).name
        channel = CHANNEL if author is None else "UC" + letters(22, author)
        snippet = {
            "channelId": CHANNEL,
            **about,
            "textDisplay": text,
            "textOriginal": text,
            "authorDisplayName": name,
            "authorProfileImageUrl": f"https://yt3.ggpht.com/{channel}=s48",
            "authorChannelUrl": f"http://www.youtube.com/channel/{channel}",
            "authorChannelId": {"value": channel},
            "canRate": True,
            "viewerRating": "none",
            "likeCount": likes,
            "moderationStatus": status,
            "publishedAt": stamp(created),
            "updatedAt": stamp(changed),
        }
        return {"id": number, "snippet": snippet}

    # Playlists

    def playlist_id(self, index: int) -> str:
        return f"PL{code(index, PLAYLIST)}"

    def playlist_named(self, number: str) -> Row | None:
        index = number_of_code(number.removeprefix("PL"), PLAYLIST) if number.startswith("PL") else None
        return self.playlists.existing(index) if index is not None else None

    def playlist(self, row: Row) -> dict[str, Any]:
        snippet: dict[str, Any] = {"title": f"Playlist {row.index}.{row.version}", "description": "Zum Anschauen"}
        if row.index % 3 == 0:
            snippet["defaultLanguage"] = "de"
        snippet = _without_nothing({**({} if row.written else snippet), **row.fields.get("snippet", {})})
        status = {"privacyStatus": "private" if row.index % 5 == 3 else "public", "podcastStatus": "disabled"}
        texts = {"title": snippet["title"], "description": snippet.get("description", "")}
        return {
            "snippet": {
                **snippet,
                "description": texts["description"],
                "publishedAt": stamp(row.created),
                "channelId": CHANNEL,
                "channelTitle": CHANNEL_TITLE,
                "thumbnails": thumbnails(f"pl/{row.index}"),
                "localized": texts,
            },
            "status": {**status, **row.fields.get("status", {})},
            "contentDetails": {"itemCount": len(self.items(row))},
        }

    def items(self, playlist: Row) -> Sequence[tuple[str, int, int]]:
        """(id, index of the video, when it was added) in their order. Each change of the list adds one."""
        count = 0 if playlist.written else 7 + self.bits(playlist.index, PLAYLIST) % 5 + playlist.version
        above = self.playlist_id(playlist.index)
        found = [
            (opaque(f"{above}.{n}"), self.bits(playlist.index, PLAYLIST, n) % self._first, playlist.created)
            for n in range(count)
        ]
        for index in self.written_items.indices():
            row = self.written_items.row(index)
            if row and row.fields["playlist"] == playlist.index:
                found.append((opaque(f"{above}.w{index}"), int(row.fields["video"]), row.created))
        kept = [one for one in found if one[0] not in self.gone_items]
        for moved, position in self.moved_items.items():
            for one in [one for one in kept if one[0] == moved]:
                kept.remove(one)
                kept.insert(position, one)
        return kept


def _without_nothing(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None and value != []}
