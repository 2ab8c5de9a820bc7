"""The simulated Google: assertions that are checked, masks that cut, reports that add up and cost tokens."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.signing import jwt_rs256
from sandbox.assertions import sample_key, signed_by, unverified_claims
from sandbox.faults import Fault
from sandbox.google import JWT_BEARER
from sandbox.google_drive.masks import BadMask, parsed, partial
from sandbox.platform import Call, Reply
from sandbox.samples import SAMPLES
from tests.platforms.told import told
from tests.sandbox.rig import differences, make_sandbox
from tests.shared import needs_shared, recorded_bodies

DATA, API, TOKENS = "analyticsdata.googleapis.com", "www.googleapis.com", "oauth2.googleapis.com"
PROPERTY = "213025502"
READ = {
    "google_analytics": "https://www.googleapis.com/auth/analytics.readonly",
    "google_drive": "https://www.googleapis.com/auth/drive.readonly",
}


class Google:
    """A client that signs in as the service account of one product."""

    def __init__(self, slug: str, **options: Any) -> None:
        self.slug = slug
        self.sandbox = make_sandbox(*options.pop("platforms", (slug,)), **options)
        self.key = json.loads(SAMPLES[slug]["service_account"]["key"])
        self.token = str(self.sign_in()["access_token"])

    def sign_in(self, **claims: Any) -> dict[str, Any]:
        now = int(self.sandbox.now().timestamp())
        said = {
            "iss": self.key["client_email"],
            "scope": READ[self.slug],
            "aud": f"https://{TOKENS}/token",
            "iat": now,
            "exp": now + 3600,
            **claims,
        }
        body = f"grant_type={JWT_BEARER}&assertion={jwt_rs256(self.key['private_key'], said)}".replace(":", "%3A")
        headers = {"content-type": "application/x-www-form-urlencoded"}
        call = Call(method="POST", host=TOKENS, path="/token", headers=headers, body=body.encode())
        found: dict[str, Any] = json.loads(self.sandbox.handle(call).body)
        return found

    def call(self, method: str, host: str, path: str, body: Any = None, **params: str) -> Reply:
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        packed = b"" if body is None else json.dumps(body).encode()
        return self.sandbox.handle(
            Call(method=method, host=host, path=path, params=tuple(params.items()), headers=headers, body=packed)
        )

    def report(self, *dimensions: str, days: int = 7, metrics: tuple[str, ...] = ("sessions",), **more: Any) -> Any:
        body = {
            "dateRanges": [{"startDate": f"{days}daysAgo", "endDate": "yesterday"}],
            "dimensions": [{"name": name} for name in dimensions],
            "metrics": [{"name": name} for name in metrics],
            **more,
        }
        return self.call("POST", DATA, f"/v1beta/properties/{PROPERTY}:runReport", body)


def test_a_sample_key_signs_what_only_it_signs() -> None:
    signed = jwt_rs256(sample_key(1).pem, {"iss": "x"})
    head, claims, signature = signed.split(".")
    assert signed_by(signed, sample_key(1))
    assert not signed_by(signed, sample_key(2))
    assert not signed_by(f"{head}.{claims}A.{signature}", sample_key(1))
    assert not signed_by(f"{head}.{claims}.", sample_key(1))
    assert unverified_claims(signed) == {"iss": "x"}
    assert unverified_claims("no assertion") == {}


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"aud": "https://elsewhere.example"}, "audience"),
        ({"exp": 1}, "reasonable timeframe"),
        ({"iat": 1}, "reasonable timeframe"),
        ({"scope": "everything"}, "Invalid OAuth scope"),
    ],
)
def test_an_assertion_is_looked_at_closely(claims: dict[str, Any], said: str) -> None:
    assert said in Google("google_drive").sign_in(**claims)["error_description"]


def test_an_assertion_signed_by_another_key_is_refused() -> None:
    google = Google("google_drive")
    google.key["private_key"] = sample_key(3).pem
    assert google.sign_in()["error"] == "invalid_grant"


def test_products_that_share_a_token_endpoint_are_told_apart_by_who_signs() -> None:
    both = ("google_analytics", "google_drive")
    drive, analytics = Google("google_drive", platforms=both), Google("google_analytics", platforms=both)
    assert drive.call("GET", API, "/drive/v3/about", fields="user").status == 200
    assert analytics.report("date").status == 200
    assert drive.call("POST", DATA, f"/v1beta/properties/{PROPERTY}:runReport", {}).status == 401


def test_token_information_ends_with_the_token() -> None:
    google = Google("google_drive")
    ask = Call(method="GET", host=TOKENS, path="/tokeninfo", params=(("access_token", google.token),))
    assert json.loads(google.sandbox.handle(ask).body)["scope"] == READ["google_drive"]
    google.sandbox.advance(hours=1)
    assert google.sandbox.handle(ask).status == 400


@pytest.mark.parametrize(
    ("slug", "host", "path"),
    [("google_drive", API, "/drive/v3/files"), ("google_analytics", DATA, f"/v1beta/properties/{PROPERTY}/metadata")],
)
@needs_shared
def test_refusals_have_the_shape_of_googles_errors(slug: str, host: str, path: str) -> None:
    judge = told(slug).judge
    assert judge is not None
    call = Call(method="GET", host=host, path=path)
    google, statuses = Google(slug), []
    faults: tuple[tuple[str, dict[str, Any]], ...] = (
        ("rate_limited", {}),
        ("stale_cursor", {}),
        *(("status", {"status": one}) for one in (404, 500, 503)),
    )
    for kind, args in (*faults, ("remove_scope", {"scope": READ[slug]}), ("revoke", {})):
        google.sandbox.plan(Fault(kind=kind, args=args))
        reply = google.call("GET", host, path)
        assert judge.document.reply_complaints(call, reply) == []
        statuses.append(reply.status)
    assert statuses[1:] == [400, 404, 500, 503, 403, 401]
    assert statuses[0] in (403, 429)


# Analytics


def rows(reply: Reply) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    assert reply.status == 200, reply.body
    return [
        (
            tuple(one["value"] for one in row.get("dimensionValues", [])),
            tuple(int(one["value"]) for one in row["metricValues"]),
        )
        for row in json.loads(reply.body).get("rows", [])
    ]


def test_parts_add_up_to_the_whole_as_far_as_rounding_lets_them() -> None:
    google = Google("google_analytics", scale=500)
    ((_, (whole,)),) = rows(google.report())
    by_source = rows(google.report("date", "sessionSource"))
    assert abs(sum(found[0] for _, found in by_source) - whole) <= len(by_source)


def test_days_that_are_over_for_long_do_not_change_and_the_latest_do() -> None:
    google = Google("google_analytics", scale=500)
    before = dict(rows(google.report("date", days=5)))
    google.sandbox.advance(days=1)
    google.token = google.sign_in()["access_token"]
    after = dict(rows(google.report("date", days=6)))
    changed = [day for day in before if before[day] != after[day]]
    yesterday = google.sandbox.now() - timedelta(days=2)
    assert changed == [(f"{yesterday:%Y%m%d}",)]


def test_pages_of_any_size_hold_all_rows_once() -> None:
    google = Google("google_analytics")
    order: dict[str, Any] = {"orderBys": [{"dimension": {"dimensionName": name}} for name in ("date", "eventName")]}
    whole = rows(google.report("date", "eventName", **order))
    paged: list[Any] = []
    while page := rows(google.report("date", "eventName", **order, limit="5", offset=str(len(paged)))):
        assert len(page) <= 5
        paged += page
    assert paged == whole


@pytest.mark.parametrize(
    ("dimensions", "more"),
    [
        (("nothing",), {}),
        (("date",), {"metrics": [{"name": "conversions"}]}),
        (("date",), {"dateRanges": [{"startDate": "2026-09-07", "endDate": "2026-09-01"}]}),
        (("date",), {"dateRanges": [{"startDate": "last week", "endDate": "today"}]}),
        (("date",), {"metrics": []}),
    ],
)
def test_a_report_that_cannot_be_made_is_an_invalid_argument(dimensions: tuple[str, ...], more: dict[str, Any]) -> None:
    reply = Google("google_analytics").report(*dimensions, **more)
    assert (reply.status, json.loads(reply.body)["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_tokens_are_counted_told_and_run_out_for_an_hour() -> None:
    google = Google("google_analytics", scale=20)
    first = json.loads(google.report("date", returnPropertyQuota=True).body)["propertyQuota"]["tokensPerHour"]
    second = json.loads(google.report("date", returnPropertyQuota=True).body)["propertyQuota"]["tokensPerHour"]
    assert second["remaining"] == first["remaining"] - first["consumed"]
    for _ in range(14_000 // first["consumed"]):
        last = google.report("date", days=1)
    assert last.status == 429
    assert "per hour" in json.loads(last.body)["error"]["message"]
    google.sandbox.advance(hours=1)
    google.token = google.sign_in()["access_token"]
    assert google.report("date").status == 200


# Drive


def test_a_mask_lets_through_what_it_names() -> None:
    told = {"a": 1, "b": [{"c": 1, "d": {"e": 1, "f": 2}}], "g": {"h": 1}}
    assert partial(told, parsed("a,b(d/e)")) == {"a": 1, "b": [{"d": {"e": 1}}]}
    assert partial(told, parsed("b/c,g(h)")) == {"b": [{"c": 1}], "g": {"h": 1}}
    assert partial(told, parsed("*")) == told


@given(st.text(alphabet="ab,()/*", max_size=12))
def test_a_mask_is_read_or_refused_and_never_shows_more(text: str) -> None:
    told = {"a": {"b": 1}, "b": [1, 2]}
    try:
        found = partial(told, parsed(text))
    except BadMask:
        return
    assert set(found) <= set(told)


def test_the_account_and_files_without_a_mask() -> None:
    google = Google("google_drive")
    assert google.call("GET", API, "/drive/v3/about").status == 400
    listed = json.loads(google.call("GET", API, "/drive/v3/files", pageSize="3").body)
    assert {name for file in listed["files"] for name in file} == {"kind", "id", "name", "mimeType"}
    found = google.call("GET", API, "/drive/v3/files", q="trashed = false and mimeType = 'application/pdf'")
    assert {file["mimeType"] for file in json.loads(found.body)["files"]} == {"application/pdf"}
    assert google.call("GET", API, "/drive/v3/files", q="whatever").status == 400


def test_a_shared_drive_is_hidden_from_those_who_do_not_support_it() -> None:
    google = Google("google_drive")
    drive = json.loads(google.call("GET", API, "/drive/v3/drives").body)["drives"][0]["id"]
    place = "/drive/v3/changes/startPageToken"
    assert google.call("GET", API, place, driveId=drive).status == 400
    assert google.call("GET", API, place, driveId=drive, supportsAllDrives="true").status == 200
    assert google.call("GET", API, place, driveId="0Anobody", supportsAllDrives="true").status == 404


@pytest.mark.parametrize(
    ("recording", "path", "params", "optional"),
    [
        ("nango/list-drives", "drives", {}, ["nextPageToken"]),
        ("nango/get-changes-start-page-token", "changes/startPageToken", {}, []),
        ("nango/get-about", "about", {"fields": "*"}, None),
    ],
)
def test_replies_have_the_shape_of_recorded_ones(
    recording: str, path: str, params: dict[str, str], optional: list[str] | None
) -> None:
    (theirs, *_) = recorded_bodies("google_drive", recording)
    ours = json.loads(Google("google_drive").call("GET", API, f"/drive/v3/{path}", **params).body)
    if optional is None:
        theirs = {name: theirs[name] for name in ours}
        optional = ["user.photoLink"]
    assert differences(theirs, ours, optional=optional) == []
