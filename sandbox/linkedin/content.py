"""Pages, their posts, comments with answers, and what both count.

learn.microsoft.com/en-us/linkedin/marketing/community-management: organizations, shares/posts-api, shares/comments-api,
shares/social-metadata-api
"""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

from sandbox import people
from sandbox.linkedin.dialect import bad, forbidden, not_found, paged
from sandbox.platform import Call, Refused, Reply, json_reply
from sandbox.table import Row, Table
from sandbox.world import World, mix, number_of

MEMBER = "urn:li:person:Sandbox1"
PAGES = (90_362_860, 90_362_861)
_ELSEWHERE = 90_362_999  # where the member may only sponsor
_ROLES = (
    (PAGES[0], "ADMINISTRATOR"), (PAGES[0], "CONTENT_ADMIN"), (_ELSEWHERE, "DIRECT_SPONSORED_CONTENT_POSTER"),
    (PAGES[1], "CONTENT_ADMIN"),
)  # fmt: skip
_SHARE, _ACTIVITY, _COMMENT = 7_100_000_000_000, 7_000_000_000_000, 7_200_000_000_000
_KINDS = ("LIKE", "PRAISE", "EMPATHY", "INTEREST", "APPRECIATION", "ENTERTAINMENT")


def organization(number: int) -> str:
    return f"urn:li:organization:{number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a comment stands on: a post, and the comment that it answers."""

    post: int
    parent: int | None


class Content:
    def __init__(self, world: World) -> None:
        self.world = world
        posts = world.population(
            "linkedin posts", per_person=0.23, least=24, births=0.04, changes=0.02, deaths=0.01, history=210
        )
        # Comments come soon after a post, and are not changed later.
        remarks = world.population(
            "linkedin remarks", per_person=0.4, least=42, births=0.05, changes=0.0, deaths=0.02, history=210
        )
        self.posts, self.comments = Table(world, posts), Table(world, remarks)
        self._initial = posts
        self._places: dict[int, Place] = {}
        self._inside: dict[Place, list[Row]] = {}
        self._told: tuple[int, int] | None = None

    # Pages

    def roles(self, call: Call) -> Reply:
        if call.param("q") != "roleAssignee":
            raise Refused(bad("No finder of this name"))
        wanted = [
            (number, role)
            for number, role in _ROLES
            if call.param("role", role) == role and call.param("state", "APPROVED") == "APPROVED"
        ]

        def show(row: tuple[int, str]) -> dict[str, Any]:
            target = "organization" if row[1] != "CONTENT_ADMIN" else "organizationTarget"
            return {target: organization(row[0]), "role": row[1], "roleAssignee": MEMBER, "state": "APPROVED"}

        return paged(call, wanted, show, links=False, most=100)

    def page(self, call: Call) -> Reply:
        number = int(call.args["id"]) if call.args["id"].isdigit() else 0
        if number not in PAGES:
            return not_found(call)
        which, born = PAGES.index(number), self.world.start_ms - 900 * 86_400_000
        town, country = people.CITIES[which]
        name = ("Sandbox Labs", "Sandbox Foods")[which]
        stamp = {"actor": MEMBER, "time": born}
        locale = {"country": country, "language": country.lower()}
        return json_reply(
            {
                "id": number,
                "vanityName": name.lower().replace(" ", "-"),
                "localizedName": name,
                "name": {"localized": {f"{country.lower()}_{country}": name}, "preferredLocale": locale},
                "localizedDescription": "We simulate.",
                "localizedWebsite": "https://labs.example",
                "organizationType": "PRIVATELY_HELD",
                "primaryOrganizationType": "NONE",
                "staffCountRange": "SIZE_11_TO_50",
                "industries": ["urn:li:industry:4"],
                "localizedSpecialties": ["simulation"],
                "specialties": [],
                "alternativeNames": [],
                "groups": [],
                "locations": [{"locationType": "HEADQUARTERS", "address": {"city": town, "country": country}}],
                "defaultLocale": locale,
                "foundedOn": {"year": 2011 + which},
                "versionTag": "3653167499",
                "autoCreated": False,
                "created": stamp,
                "lastModified": stamp,
            }
        )

    def owned(self, call: Call, urn: str) -> int:
        """The Page of this URN, on which the member has a role."""
        number = urn.removeprefix("urn:li:organization:")
        if not number.isdigit() or urn == number:
            raise Refused(bad(f"{urn} is no URN of an organization"))
        if int(number) not in PAGES:
            raise Refused(forbidden(call, ()))
        return int(number)

    # Posts

    def list_posts(self, call: Call) -> Reply:
        if call.param("q") != "author":
            raise Refused(bad("No finder of this name"))
        page = self.owned(call, call.param("author"))
        order = call.param("sortBy", "LAST_MODIFIED")
        if order not in ("LAST_MODIFIED", "CREATED"):
            raise Refused(bad("Invalid value for param sortBy"))
        rows = [row for row in map(self.posts.existing, self.posts.indices()) if row and self.page_of(row) == page]
        rows.sort(key=lambda row: (row.changed if order == "LAST_MODIFIED" else row.created, row.index), reverse=True)
        return paged(call, rows, self.post, links=True, most=100)

    def one_post(self, call: Call) -> Reply:
        return json_reply(self.post(self.post_of(call.args["urn"], call)))

    def page_of(self, row: Row) -> int:
        author = str(row.fields.get("author", organization(PAGES[row.index % 2])))
        return int(author.rpartition(":")[2])

    def post_urn(self, index: int) -> str:
        return f"urn:li:{'ugcPost' if index % 3 == 0 else 'share'}:{_SHARE + index}"

    def post_of(self, urn: str, call: Call) -> Row:
        """The post of this URN, which may also name its activity."""
        found = re.fullmatch(r"urn:li:(share|ugcPost|activity):(\d+)", urn)
        index = int(found[2]) - (_ACTIVITY if found[1] == "activity" else _SHARE) if found else -1
        row = self.posts.existing(index) if index >= 0 else None
        if row is None or found is None or urn not in (self.post_urn(index), activity(index)):
            raise Refused(not_found(call))
        return row

    def post(self, row: Row) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": self.post_urn(row.index),
            "author": organization(PAGES[row.index % 2]),
            "commentary": f"News \\#{row.index} v{row.version}",
            "visibility": "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": [],
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "lifecycleStateInfo": {"isEditedByAuthor": row.version > 0},
            "isReshareDisabledByAuthor": False,
            "createdAt": row.created,
            "publishedAt": row.created,
            "lastModifiedAt": row.changed,
        }
        return {**shown, **({} if row.written else self._attached(row.index)), **row.fields}

    def _attached(self, index: int) -> dict[str, Any]:
        if index % 6 == 5:
            parent = self.post_urn(index - 1)
            return {"reshareContext": {"parent": parent, "root": parent}}
        media = {"id": f"urn:li:image:C{index}", "title": f"Picture {index}", "altText": "A picture"}
        article = {"source": f"https://labs.example/{index}", "title": f"Story {index}", "description": "Read on"}
        poll = {"question": "Which?", "options": [{"text": "This"}, {"text": "That"}]}
        content: list[dict[str, Any]] = [
            {"media": media}, {"article": article}, {"multiImage": {"images": [media]}}, {"poll": poll}, {},
        ]  # fmt: skip
        more: dict[str, Any] = {}
        if index % 4 == 1:
            more = {
                "contentLandingPage": "https://labs.example",
                "contentCallToActionLabel": "LEARN_MORE",
                "adContext": {"dscStatus": "ACTIVE", "isDsc": True},
            }
        return {"content": content[index % 6], **more} if content[index % 6] else more

    # Comments

    def place(self, row: Row) -> Place:
        """Comments are on the post that was newest when they came; every fourth answers the one before it there."""
        if row.written:
            return Place(post=row.fields["_post"], parent=row.fields["_parent"])
        if row.index not in self._places:
            births = [self._birth(index) for index in range(self._initial.size)]
            post, parent = max(0, bisect_left(births, row.created) - 1), None
            before = self.comments.row(row.index - 1) if row.index % 4 == 3 else None
            if before is not None and self.place(before).post == post:
                parent = before.index
            self._places[row.index] = Place(post=post, parent=parent)
        return self._places[row.index]

    def _birth(self, index: int) -> int:
        life = self._initial.life(index)
        assert life is not None
        return life.created

    def inside(self, post: int, parent: int | None) -> list[Row]:
        """The comments at one place, as they came."""
        if self._told != self.comments.revision:
            self._told, self._inside = self.comments.revision, {}
            for row in filter(None, map(self.comments.existing, self.comments.indices())):
                self._inside.setdefault(self.place(row), []).append(row)
        return self._inside.get(Place(post=post, parent=parent), [])

    def list_comments(self, call: Call) -> Reply:
        post, parent = self.target(call)
        return paged(call, self.inside(post, parent), self.comment, links=False, most=100)

    def target(self, call: Call) -> tuple[int, int | None]:
        """The post, and perhaps the comment, that the path names."""
        found = re.fullmatch(r"urn:li:comment:\((.+),(\d+)\)", call.args["urn"])
        if not found:
            return self.post_of(call.args["urn"], call).index, None
        row = self.comments.existing(int(found[2]) - _COMMENT)
        if row is None:
            raise Refused(not_found(call))
        return self.post_of(found[1], call).index, row.index

    def one_comment(self, call: Call) -> Reply:
        return json_reply(self.comment(self.comment_row(call)))

    def comment_row(self, call: Call) -> Row:
        post, _ = self.target(call)
        number = call.args["id"]
        row = self.comments.existing(int(number) - _COMMENT) if number.isdigit() else None
        if row is None or self.place(row).post != post:
            raise Refused(not_found(call))
        return row

    def comment(self, row: Row) -> dict[str, Any]:
        place = self.place(row)
        actor = str(row.fields.get("actor", f"urn:li:person:p{row.index}"))
        answers = self.inside(place.post, row.index)
        number = str(_COMMENT + row.index)
        shown: dict[str, Any] = {
            "actor": actor,
            "commentUrn": comment_urn(place.post, row.index),
            "created": {"actor": actor, "time": row.created},
            "id": number,
            "lastModified": {"actor": actor, "time": row.changed},
            "likesSummary": {
                "aggregatedTotalLikes": (self.world.clock.ms() - row.created) // 864_000_000,
                "likedByCurrentUser": False,
                "selectedLikes": [],
            },
            "message": {"attributes": [], "text": row.fields.get("text", f"Remark {row.index}")},
            "object": activity(place.post),
        }
        if place.parent is not None:
            shown["parentComment"] = comment_urn(place.post, place.parent)
        if row.index % 5 == 0:
            shown["content"] = [
                {"type": "IMAGE", "entity": {"digitalmediaAsset": f"urn:li:digitalmediaAsset:C{number}"}}
            ]
        if answers:
            shown["commentsSummary"] = {
                "aggregatedTotalComments": len(answers),
                "totalFirstLevelComments": len(answers),
                "selectedComments": [comment_urn(place.post, answers[0].index)],
            }
        return shown

    # Counters

    def metadata(self, call: Call) -> Reply:
        row = self.post_of(call.args["urn"], call)
        days = (self.world.clock.ms() - row.created) // 86_400_000
        taste = mix(self.world.seed, number_of("linkedin taste"), row.index) % 9 + 6
        reactions = {
            kind: {"reactionType": kind, "count": taste * min(days + 1, 30) // (place + 1)}
            for place, kind in enumerate(_KINDS)
        }
        top = self.inside(row.index, None)
        answers = sum(len(self.inside(row.index, one.index)) for one in top)
        return json_reply(
            {
                "entity": activity(row.index),
                "commentsState": "OPEN",
                "commentSummary": {"count": len(top) + answers, "topLevelCount": len(top)},
                "reactionSummaries": reactions,
            }
        )


def activity(post: int) -> str:
    return f"urn:li:activity:{_ACTIVITY + post}"


def comment_urn(post: int, comment: int) -> str:
    return f"urn:li:comment:({activity(post)},{_COMMENT + comment})"
