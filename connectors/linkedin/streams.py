"""What is read of LinkedIn: the Pages a member manages, their posts, comments and reactions, and figures by day.

https://learn.microsoft.com/en-us/linkedin/marketing/community-management
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from connectors.linkedin.writes import (
    COMMENT_COLUMNS,
    COMMENT_WRITE,
    COMMENTS,
    MARK,
    POST_COLUMNS,
    POST_WRITE,
    POSTS,
    organization_of,
)
from connectors.sdk.base import Parent, Stream
from connectors.sdk.inlined import Found, inlined_stream
from connectors.sdk.restli import ELEMENTS, SIZE, by_day, finder, linked_start, next_start
from connectors.sdk.streams import object_stream, present_records, value_of, with_members
from connectors.sdk.timelines import Recency, recent_first
from connectors.sdk.windows import today_in_utc, window_stream
from core.http import JSON, Params, Request, Response
from core.model import Column, Context

ADMIN: Final = "rw_organization_admin"
POSTS_SCOPE: Final = "r_organization_social"
FEED_SCOPE: Final = "r_organization_social_feed"
READING_ROLES: Final = ("ADMINISTRATOR", "CONTENT_ADMIN", "CONTENT_ADMINISTRATOR")
_WEEK: Final = timedelta(days=7)
_COUNTED: Final = timedelta(days=90)  # counters of older posts hardly move, and each costs a call
_REACH: Final = 364  # figures by day are told for twelve months
_ORGANIZATION: Final = Parent(stream="organizations", columns=("id",))
_ORGANIZATION_ID: Final = Column(name="organization_id", path="@parent/id", type="integer", required=True)


# The Pages


def roles_request() -> Request:
    """The roles that the member has on Pages."""
    return finder("/rest/organizationAcls", "roleAssignee", {"state": "APPROVED"}, paged=True)


def managed(role: bytes) -> str | None:
    """The organization whose Page this role lets read, as a URN."""
    organization = value_of(role, "organization") or value_of(role, "organizationTarget")
    return str(organization) if organization and value_of(role, "role") in READING_ROLES else None


def _organization(urn: str, context: Context) -> Request:
    return Request(path="/rest/organizations/{id}", args={"id": urn.rpartition(":")[2]})


ORGANIZATIONS: Final = inlined_stream(
    name="organizations",
    ask=lambda context: roles_request(),
    ask_inside=_organization,
    inside=lambda role: ((), [urn] if (urn := managed(role)) else ()),
    records=ELEMENTS,
    inner_records="",
    columns=(
        Column(name="id", type="integer", required=True),
        Column(name="name", path="localizedName"),
        Column(name="vanity_name", path="vanityName", about="The last part of the Page's address."),
        Column(name="description", path="localizedDescription"),
        Column(name="website", path="localizedWebsite"),
        Column(name="organization_type", path="organizationType"),
        Column(name="primary_organization_type", path="primaryOrganizationType"),
        Column(name="staff_count_range", path="staffCountRange"),
        Column(name="industries", type="json"),
        Column(name="specialties", path="localizedSpecialties", type="json"),
        Column(name="locations", type="json"),
        Column(name="country", path="defaultLocale/country"),
        Column(name="language", path="defaultLocale/language"),
        Column(name="founded_year", path="foundedOn/year", type="integer"),
        Column(name="created_at", path="created/time", type="epoch_ms"),
        Column(name="last_modified_at", path="lastModified/time", type="epoch_ms"),
        Column(name="version_tag", path="versionTag"),
    ),
    next_token=next_start,
    token_param="start",
    sweep=True,
    scopes=(ADMIN,),
    about="The Pages on which the member is an administrator or content administrator.",
)


# Posts, comments, reactions


def _posts(context: Context, order: str) -> Request:
    return finder(POSTS, "author", {"author": organization_of(context), "sortBy": order}, paged=True)


def _moment(*names: str) -> Callable[[bytes], datetime]:
    """The first of these times that a post tells; one that tells none is never too old."""

    def moment(post: bytes) -> datetime:
        told = next((found for name in names if (found := value_of(post, name)) is not None), None)
        return datetime.max.replace(tzinfo=UTC) if told is None else datetime.fromtimestamp(int(told) / 1000, UTC)

    return moment


_published: Final = _moment("createdAt", "publishedAt", "firstPublishedAt")


def _inside_post(path: str, urn: str, params: Params) -> Request:
    # A post that was deleted since it was listed is 404.
    return Request(path=path, args={"urn": urn}, params=params, optional=True)


def _marked(record: bytes, asked_by: str) -> Found:
    return [with_members(record, {MARK: asked_by})], ()


def _answered(comment: bytes, asked_by: str) -> Found:
    """The comment, and the URN by which answers to it are asked for, where it has any."""
    urn = value_of(comment, "commentUrn")
    answered = urn and int(value_of(comment, "commentsSummary/aggregatedTotalComments") or 0)
    return _marked(comment, asked_by)[0], [str(urn)] if answered else ()


def _hardly_moves(post: bytes, context: Context) -> bool:
    return _published(post) < context.now - _COUNTED


POST_STREAM: Final = recent_first(
    name="posts",
    ask=lambda context: _posts(context, "LAST_MODIFIED"),
    records=ELEMENTS,
    columns=POST_COLUMNS,
    time=_moment("lastModifiedAt", "createdAt", "publishedAt"),
    next_token=next_start,
    token_param="start",
    settles=timedelta(hours=1),
    forget_after=_WEEK,  # nothing tells that a post is gone
    sweep=True,
    parent=_ORGANIZATION,
    scopes=(POSTS_SCOPE,),
    write=POST_WRITE,
    about="What the Pages published.",
)


def _post_by_post(name: str, **more: Any) -> Stream:
    """What is told of each post apart, those published last first."""
    return inlined_stream(
        name=name,
        ask=lambda context: _posts(context, "CREATED"),
        inside=lambda post: ((), [str(value_of(post, "id"))]),
        records=ELEMENTS,
        next_token=next_start,
        token_param="start",
        parent=_ORGANIZATION,
        scopes=(POSTS_SCOPE, FEED_SCOPE),
        **more,
    )


COMMENT_STREAM: Final = _post_by_post(
    "comments",
    ask_inside=lambda urn, context: _inside_post(COMMENTS, urn, {"count": SIZE, "start": 0}),
    below=_answered,
    columns=COMMENT_COLUMNS,
    key=("object", "id"),
    time=_published,
    recency=Recency(settles=timedelta(days=14), forget_after=_WEEK),
    sweep=True,
    write=COMMENT_WRITE,
    about="Comments and answers to them: of the posts of two weeks at each sync, of all posts once a week.",
)
SOCIAL_METADATA: Final = _post_by_post(
    "social_metadata",
    ask_inside=lambda urn, context: _inside_post("/rest/socialMetadata/{urn}", urn, {}),
    inner_records="",
    below=_marked,
    columns=(
        Column(name="post_id", path=MARK, required=True),
        Column(name="organization_id", path="@parent/id", type="integer"),
        Column(name="entity", about="The post, as LinkedIn names it here."),
        Column(name="comments_state", path="commentsState", about="OPEN or CLOSED."),
        Column(name="comment_count", path="commentSummary/count", type="integer", minimum=0),
        Column(name="top_level_comment_count", path="commentSummary/topLevelCount", type="integer", minimum=0),
        *(
            Column(name=f"{kind.lower()}_count", path=f"reactionSummaries/{kind}/count", type="integer", minimum=0)
            for kind in ("LIKE", "PRAISE", "EMPATHY", "INTEREST", "APPRECIATION", "ENTERTAINMENT")
        ),
        Column(name="reaction_summaries", path="reactionSummaries", type="json"),
    ),
    key=("post_id",),
    enough=_hardly_moves,
    mode="snapshot",
    about="Reactions and comments of the posts of three months, counted day by day.",
)


# Figures. https://learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations


def _statistics(path: str, name: str, context: Context) -> Request:
    return finder(f"/rest/{path}", name, {name: organization_of(context)})


def _days(response: Response, context: Context) -> list[bytes]:
    """The figures of each day, which may write a name in the plural."""
    odd, usual = b'"uniqueImpressionsCounts"', b'"uniqueImpressionsCount"'
    return [one if usual in one else one.replace(odd, usual) for one in present_records(response, ELEMENTS)]


def _more_days(response: Response, records: Sequence[bytes], asked: Request) -> JSON:
    """Each window is one reply, unless it leads on to another."""
    return linked_start(response) if records else None


def _figures_by_day(name: str, path: str, found_by: str, columns: tuple[Column, ...], about: str) -> Stream:
    day = Column(name="day", path="timeRange/start", type="epoch_ms", required=True, about="Its beginning, in UTC.")
    return window_stream(
        name=name,
        ask=lambda context, begin, end: replace(_statistics(path, found_by, context), query=by_day(begin, end)),
        cut=_days,
        columns=(_ORGANIZATION_ID, day, *columns),
        key=("organization_id", "day"),
        days=30,
        still_changing=3,
        next_token=_more_days,
        token_param="start",
        today=lambda context: today_in_utc(context) - timedelta(days=1),  # today is not over
        reach=_REACH,
        parent=_ORGANIZATION,
        scopes=(ADMIN,),
        about=about,
    )


def _figures_so_far(name: str, path: str, found_by: str, columns: tuple[Column, ...], about: str) -> Stream:
    return object_stream(
        name=name,
        ask=lambda context: _statistics(path, found_by, context),
        record=ELEMENTS,
        columns=(_ORGANIZATION_ID, *columns),
        key=("organization_id",),
        parent=_ORGANIZATION,
        scopes=(ADMIN,),
        about=about,
    )


def _snake(name: str) -> str:
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _counts(under: str, **paths: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, path=f"{under}/{path}", type="integer") for name, path in paths.items())


_SHARE_FIGURES: Final = (
    Column(name="organization", path="organizationalEntity"),
    *_counts(
        "totalShareStatistics",
        impressions="impressionCount",
        unique_impressions="uniqueImpressionsCount",
        clicks="clickCount",
        likes="likeCount",
        comments="commentCount",
        shares="shareCount",
        share_mentions="shareMentionsCount",
        comment_mentions="commentMentionsCount",
    ),
    Column(name="engagement", path="totalShareStatistics/engagement", type="number", about="A share of impressions."),
)
_PAGE: Final = "totalPageStatistics"
_PARTS: Final = ("all", "overview", "about", "careers", "jobs", "people", "products", "insights", "lifeAt")
_VIEWED: Final = {_snake(part): f"{part}PageViews" for part in _PARTS} | {
    "desktop": "allDesktopPageViews",
    "mobile": "allMobilePageViews",
}
_PAGE_FIGURES: Final = tuple(
    column
    for name, path in _VIEWED.items()
    for column in _counts(
        f"{_PAGE}/views/{path}", **{f"{name}_views": "pageViews", f"{name}_unique_views": "uniquePageViews"}
    )
)
_SHARES: Final = ("organizationalEntityShareStatistics", "organizationalEntity")
_FOLLOWERS: Final = ("organizationalEntityFollowerStatistics", "organizationalEntity")
_FACETS: Final = ("Function", "Seniority", "Industry", "StaffCountRange", "AssociationType", "GeoCountry", "Geo")

STREAMS: Final = (
    ORGANIZATIONS,
    POST_STREAM,
    COMMENT_STREAM,
    SOCIAL_METADATA,
    _figures_by_day(
        "share_statistics", *_SHARES, _SHARE_FIGURES, "How the posts of each Page did, day by day, for a year at most."
    ),
    _figures_so_far("share_totals", *_SHARES, _SHARE_FIGURES, "How the posts of each Page did so far, told each day."),
    _figures_by_day(
        "follower_statistics",
        *_FOLLOWERS,
        (
            Column(name="organization", path="organizationalEntity"),
            *_counts("followerGains", organic_gain="organicFollowerGain", paid_gain="paidFollowerGain"),
        ),
        "Followers that came, less those that left, day by day.",
    ),
    _figures_so_far(
        "follower_demographics",
        *_FOLLOWERS,
        (
            Column(name="organization", path="organizationalEntity"),
            *(Column(name=f"by_{_snake(facet)}", path=f"followerCountsBy{facet}", type="json") for facet in _FACETS),
        ),
        "Who follows each Page: functions, seniority, industries and the like.",
    ),
    object_stream(
        name="followers",
        ask=lambda context: Request(
            path="/rest/networkSizes/{urn}",
            args={"urn": organization_of(context)},
            params={"edgeType": "COMPANY_FOLLOWED_BY_MEMBER"},
        ),
        record="",
        columns=(_ORGANIZATION_ID, Column(name="followers", path="firstDegreeSize", type="integer", minimum=0)),
        key=("organization_id",),
        parent=_ORGANIZATION,
        scopes=(ADMIN,),
        about="How many follow each Page, day by day.",
    ),
    _figures_by_day(
        "page_statistics",
        "organizationPageStatistics",
        "organization",
        (Column(name="organization"), *_PAGE_FIGURES, Column(name="clicks", path=f"{_PAGE}/clicks", type="json")),
        "Views of each Page and its parts, day by day.",
    ),
)
