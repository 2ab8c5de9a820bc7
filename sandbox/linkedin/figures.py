"""What Pages are seen, followed and clicked: so far, or day by day in UTC, for twelve months.

learn.microsoft.com/en-us/linkedin/marketing/community-management/organizations: share-statistics, follower-statistics,
page-statistics, organization-lookup-api (network sizes)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.linkedin.content import Content, organization
from sandbox.linkedin.dialect import asked_structure, bad
from sandbox.platform import Call, Refused, Reply, json_reply
from sandbox.world import DAY_MS

_YEAR = 366 * DAY_MS
_SHARES = {
    "impressionCount": 300.0, "clickCount": 12.0, "likeCount": 9.0, "commentCount": 2.0, "shareCount": 1.5,
    "shareMentionsCount": 0.6, "commentMentionsCount": 0.4,
}  # fmt: skip
_VIEWS = (
    "allPageViews", "overviewPageViews", "aboutPageViews", "careersPageViews", "jobsPageViews", "peoplePageViews",
    "productsPageViews", "insightsPageViews", "lifeAtPageViews", "allDesktopPageViews", "allMobilePageViews",
)  # fmt: skip
_FACETS = {
    "Function": ("function", "urn:li:function:8"), "Seniority": ("seniority", "urn:li:seniority:4"),
    "Industry": ("industry", "urn:li:industry:4"), "StaffCountRange": ("staffCountRange", "SIZE_2_TO_10"),
    "AssociationType": ("associationType", "EMPLOYEE"), "GeoCountry": ("geo", "urn:li:geo:101282230"),
    "Geo": ("geo", "urn:li:geo:106967730"),
}  # fmt: skip

Figures = Callable[[int, int | None], dict[str, Any]]
"""Of a Page, on a day since the start; so far where no day is given."""


class Statistics:
    def __init__(self, content: Content) -> None:
        self._content, self._world = content, content.world

    def shares(self, call: Call) -> Reply:
        return self._answer(call, "organizationalEntity", self._shares)

    def followers(self, call: Call) -> Reply:
        return self._answer(call, "organizationalEntity", self._followers)

    def pages(self, call: Call) -> Reply:
        return self._answer(call, "organization", self._views)

    def size(self, call: Call) -> Reply:
        if call.param("edgeType") != "COMPANY_FOLLOWED_BY_MEMBER":
            raise Refused(bad("Invalid value for param edgeType"))
        page = self._content.owned(call, call.args["urn"])
        return json_reply({"firstDegreeSize": self._figure(page, "followers", 6.0, None)})

    def _answer(self, call: Call, name: str, figures: Figures) -> Reply:
        if call.param("q") != name or not call.param(name):
            raise Refused(bad(f"Parameter {name} is required"))
        page = self._content.owned(call, call.param(name))
        urn, span = organization(page), asked_structure(call, "timeIntervals")
        if span is None:
            elements = [{name: urn, **figures(page, None)}]
        else:
            begin, end = self._span(span)
            elements = [
                {name: urn, "timeRange": {"start": at, "end": at + DAY_MS}, **figures(page, self._day(at))}
                for at in range(begin, min(end, self._world.clock.ms() // DAY_MS * DAY_MS), DAY_MS)
            ]
        return json_reply({"elements": elements, "paging": {"start": 0, "count": 10, "links": []}})

    def _span(self, asked: Any) -> tuple[int, int]:
        span = asked.get("timeRange") if isinstance(asked, dict) else None
        texts = [span.get("start", ""), span.get("end", "")] if isinstance(span, dict) else [""]
        if asked.get("timeGranularityType") != "DAY" or not all(isinstance(t, str) and t.isdigit() for t in texts):
            raise Refused(bad("Invalid value for param timeIntervals"))
        begin, end = (int(text) for text in texts)
        if begin % DAY_MS or end % DAY_MS or begin >= end or begin < self._world.clock.ms() - _YEAR:
            raise Refused(bad("The time range is not one of whole days of the last twelve months"))
        return begin, end

    def _day(self, at: int) -> int:
        return at // DAY_MS - self._world.start_ms // DAY_MS

    def _figure(self, page: int, name: str, level: float, day: int | None) -> int:
        title = f"linkedin {page} {name}"
        if day is None:
            return self._world.total(title, base=level * 400, level=level)
        # The latest day is not counted to its end.
        late = day >= self._day(self._world.clock.ms()) - 1
        return int(self._world.daily(title, day, level=level) * (0.9 if late else 1))

    def _shares(self, page: int, day: int | None) -> dict[str, Any]:
        found: dict[str, Any] = {name: self._figure(page, name, level, day) for name, level in _SHARES.items()}
        unique = "uniqueImpressionsCount" if day is None else "uniqueImpressionsCounts"
        found[unique] = found["impressionCount"] // 2
        found["engagement"] = found["clickCount"] / max(1, found["impressionCount"])
        return {"totalShareStatistics": found}

    def _followers(self, page: int, day: int | None) -> dict[str, Any]:
        if day is not None:
            organic, paid = (self._figure(page, name, 4.0, day) for name in ("organic", "paid"))
            return {"followerGains": {"organicFollowerGain": organic - 2, "paidFollowerGain": paid}}
        counts = {"organicFollowerCount": self._figure(page, "followers", 6.0, None), "paidFollowerCount": 0}
        return {
            f"followerCountsBy{facet}": [{name: value, "followerCounts": counts}]
            for facet, (name, value) in _FACETS.items()
        }

    def _views(self, page: int, day: int | None) -> dict[str, Any]:
        views = {}
        for name in _VIEWS:
            seen = self._figure(page, name, 20.0, day)
            views[name] = {"pageViews": seen, "uniquePageViews": seen // 2}
        clicks = {"careersPageClicks": {"careersPageJobsClicks": self._figure(page, "clicks", 2.0, day)}}
        return {"totalPageStatistics": {"views": views, "clicks": clicks}}
