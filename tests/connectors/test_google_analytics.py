"""Google Analytics: rows by their headers, days of the property, tokens in the body, one property of several."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.google_analytics import CONNECTOR
from connectors.google_analytics.streams import (
    CUSTOM_DIMENSIONS,
    DAILY_OVERVIEW,
    EVENTS,
    KEY_EVENTS,
    PROPERTIES,
    REALTIME,
    property_of,
)
from connectors.google_analytics.writes import DIMENSION_WRITE, EDIT_SCOPE, KEY_EVENT_WRITE, PROPERTY_WRITE
from connectors.sdk.driver import walk
from core.classify import Disposition, classify
from core.errors import BadReply, CredentialMalformed, UsageError
from core.http import Request, Response
from core.model import Context, Deletion
from tests.columns import rows
from tests.connectors.replies import NOW, meant, reply
from tests.connectors.writing import written_and_gone
from tests.contract.rig import Rig, sandbox_of
from tests.platforms.google_analytics import TOLD
from tests.shared import needs_shared, spec
from tests.spec.test_connector_requests import Listening

SETTINGS = {"found_property_id": "213025502", "account_id": "accounts/1", "time_zone": "Europe/Berlin"}
CONTEXT = Context(now=NOW, settings=SETTINGS)
RUN = Request(method="POST", path="/v1beta/properties/{property_id}:runReport", json={"offset": "0"})


def report(
    found: list[list[str]],
    *,
    names: tuple[str, ...] = ("date", "eventName"),
    metrics: tuple[str, ...] = ("eventCount",),
    **more: Any,
) -> Response:
    """A report whose rows hold first the dimensions, then the metrics."""
    body: dict[str, Any] = {
        "dimensionHeaders": [{"name": name} for name in names],
        "metricHeaders": [{"name": name, "type": "TYPE_INTEGER"} for name in metrics],
        "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Berlin"},
        "kind": "analyticsData#runReport",
        **more,
    }
    if found:
        body["rows"] = [
            {
                "dimensionValues": [{"value": value} if value else {} for value in row[: len(names)]],
                "metricValues": [{"value": value} for value in row[len(names) :]],
            }
            for row in found
        ]
        body.setdefault("rowCount", len(found))
    return reply(body)


def read(response: Response) -> list[dict[str, Any]]:
    page = EVENTS.parse(RUN, response, {}, CONTEXT)
    return rows(EVENTS.columns, page.records)


def test_values_are_texts_told_in_the_order_of_the_headers() -> None:
    (row,) = read(report([["page_view", "20261101", "12"]], names=("eventName", "date")))
    assert (row["date"].isoformat(), row["event_name"], row["event_count"]) == ("2026-11-01", "page_view", 12)
    assert row["property_id"] == "213025502"


def test_an_empty_report_has_neither_rows_nor_their_count() -> None:
    assert read(report([])) == []
    page = EVENTS.parse(RUN, report([]), {"next": "2026-11-23", "since": "2026-11-21"}, CONTEXT)
    assert (page.state, page.next) == ({"since": "2026-11-22"}, None)


def test_a_value_that_is_empty_is_left_out_of_its_object() -> None:
    (row,) = read(report([["20261101", "", "1"]]))
    assert row["event_name"] == ""


@pytest.mark.parametrize("body", [{}, {"error": "x"}, {"items": []}])
def test_what_is_no_report_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadReply, match="no report"):
        EVENTS.parse(RUN, reply(body), {}, CONTEXT)


def test_a_row_that_does_not_fit_its_headers_is_refused() -> None:
    with pytest.raises(BadReply, match="headers"):
        read(report([["20261101", "page_view"]]))


def test_circumstances_of_a_report_stay_with_its_rows() -> None:
    told = {"subjectToThresholding": True, "samplingMetadatas": [{"samplesReadCount": "1"}], "timeZone": "UTC"}
    (row,) = read(report([["20261101", "(other)", "1"]], metadata=told))
    assert (row["subject_to_thresholding"], row["sampled"], row["data_loss_from_other_row"]) == (True, True, False)


@given(days=st.integers(1, 6), events=st.integers(1, 9), size=st.integers(1, 7))
def test_however_rows_are_paged_each_comes_once(days: int, events: int, size: int) -> None:
    there = [[f"202611{day:02d}", f"e{event}", "1"] for day in range(1, days + 1) for event in range(events)]

    def send(request: Request) -> Response:
        assert isinstance(request.json, dict)
        (period,) = json.loads(json.dumps(request.json["dateRanges"]))
        begin, end = (period[name].replace("-", "") for name in ("startDate", "endDate"))
        meant_ = [row for row in there if begin <= row[0] <= end]
        offset = int(str(request.json["offset"]))
        return report(meant_[offset : offset + size], rowCount=len(meant_)) if meant_ else report([])

    found = [json.loads(one) for step in walk(EVENTS, send, {}, CONTEXT) for one in step.page.records]
    assert sorted((one["date"].replace("-", ""), one["eventName"]) for one in found) == sorted(
        (row[0], row[1]) for row in there
    )


def test_a_page_without_the_rows_that_it_counts_is_refused() -> None:
    with pytest.raises(BadReply, match="more rows"):
        EVENTS.parse(RUN, report([], rowCount=7), {}, CONTEXT)


def dates_of(request: Request) -> tuple[str, str]:
    assert isinstance(request.json, dict)
    (period,) = json.loads(json.dumps(request.json["dateRanges"]))
    return period["startDate"], period["endDate"]


@pytest.mark.parametrize(
    ("zone", "today"),
    [("Europe/Berlin", "2026-11-24"), ("America/New_York", "2026-11-23"), ("Nowhere/Land", "2026-11-23")],
)
def test_days_are_those_of_the_property(zone: str, today: str) -> None:
    late = Context(now=datetime(2026, 11, 23, 23, 30, tzinfo=UTC), settings={**SETTINGS, "time_zone": zone})
    assert dates_of(DAILY_OVERVIEW.request({"since": "2026-11-22"}, late)) == ("2026-11-15", today)


def test_a_day_that_is_read_again_replaces_what_was_known_of_it() -> None:
    state = {"since": "2026-11-22"}
    page = EVENTS.parse(RUN, report([["20261116", "click", "3"]]), state, CONTEXT)
    days = [one.match["date"] for one in page.deleted]
    assert days == [f"2026-11-{day}" for day in range(15, 24)]
    assert page.deleted[0] == Deletion(match={"date": "2026-11-15"})
    assert set(page.deleted_at) == {0}
    assert page.state == {"since": "2026-11-22"}


def test_reports_ask_what_is_left_of_the_quota() -> None:
    for stream in (DAILY_OVERVIEW, EVENTS, REALTIME):
        body = stream.request({}, CONTEXT).json
        assert isinstance(body, dict)
        assert body["returnPropertyQuota"] is True


# Which property


def test_the_chosen_property_comes_before_the_found_one() -> None:
    assert property_of({"property_id": "1", "found_property_id": "2"}) == "1"
    assert property_of({"found_property_id": "2"}) == "2"
    with pytest.raises(UsageError) as none:
        property_of({})
    assert "Property access" in none.value.advice


def test_the_first_property_that_is_seen_is_found() -> None:
    told = {
        "accountSummaries": [
            {"account": "accounts/1", "displayName": "Empty"},
            {
                "account": "accounts/2",
                "displayName": "Full",
                "propertySummaries": [{"property": "properties/7", "displayName": "Web"}, {"property": "properties/8"}],
            },
        ]
    }
    assert CONNECTOR.discover(reply(told)) == {
        "account": "Web",
        "account_id": "accounts/2",
        "found_property_id": "7",
    }


def test_an_account_without_properties_is_an_empty_object() -> None:
    assert CONNECTOR.discover(reply({})) == {"account": ""}
    for stream in (PROPERTIES, KEY_EVENTS, CUSTOM_DIMENSIONS):
        assert stream.parse(stream.request({}, CONTEXT), reply({}), {}, CONTEXT).records == []


def test_a_property_tells_its_time_zone() -> None:
    told = {"name": "properties/7", "displayName": "Web", "account": "accounts/2", "timeZone": "Asia/Tokyo"}
    assert CONNECTOR.discover(reply(told)) == {
        "account": "Web",
        "account_id": "accounts/2",
        "time_zone": "Asia/Tokyo",
    }


def test_with_a_property_the_admin_api_is_not_needed_to_connect() -> None:
    asked = CONNECTOR.probe("oauth2", {"property_id": "7"})
    assert (asked.base, asked.filled_path) == (None, "/v1beta/properties/7/metadata")
    assert CONNECTOR.discover(reply({"name": "properties/7/metadata", "dimensions": []})) == {"account": "properties/7"}


def test_the_number_of_a_stream_of_data_is_no_property() -> None:
    field = next(one for one in CONNECTOR.auth[0].fields if one.name == "property_id")
    assert field.check("213025502") == "213025502"
    assert field.check("") == ""
    for wrong in ("G-ABCDEF1234", "UA-1234-5", "properties/7"):
        with pytest.raises(CredentialMalformed):
            field.check(wrong)


# Limits and errors


def observed(quota: dict[str, Any], path: str = RUN.path) -> dict[str, int]:
    now = NOW.timestamp()
    found = CONNECTOR.rate_limit.dialect(replace(RUN, path=path), report([], propertyQuota=quota), now)
    assert all(one.resets_at > now for one in found)
    return {one.bucket: one.remaining for one in found}


def test_tokens_that_are_left_are_told_as_calls_of_what_this_one_cost() -> None:
    quota = {
        "tokensPerDay": {"consumed": 20, "remaining": 199_900},
        "tokensPerHour": {"consumed": 20, "remaining": 39},
        "tokensPerProjectPerHour": {"consumed": 20},
        "concurrentRequests": {"remaining": 10},
        "serverErrorsPerProjectPerHour": {"remaining": 10},
    }
    assert observed(quota) == {
        "core tokensPerDay": 9995,
        "core tokensPerHour": 1,
        "core tokensPerProjectPerHour": 0,
    }
    realtime = observed({"tokensPerDay": {"remaining": 7}}, "/v1beta/properties/{property_id}:runRealtimeReport")
    assert realtime == {"realtime tokensPerDay": 7}
    assert observed({}) == {}


def test_server_errors_that_are_left_hold_nothing_back_until_there_are_none() -> None:
    name = "serverErrorsPerProjectPerHour"
    assert observed({name: {"consumed": 9, "remaining": 1}}) == {}
    assert observed({name: {"consumed": 10}}) == {f"core {name}": 0}


def test_one_sync_reads_all_reports_within_what_is_left() -> None:
    rig = Rig(connector=CONNECTOR, method="service_account", sandbox=sandbox_of("google_analytics", 20))
    for stream in CONNECTOR.streams:
        assert list(walk(stream, rig.client.send, {}, rig.context())), stream.name
    assert rig.slept == []


def test_every_observed_bucket_is_a_limit_of_its_calls() -> None:
    for path, category in ((RUN.path, "core"), ("/v1beta/properties/{property_id}:runRealtimeReport", "realtime")):
        buckets = {one.bucket for one in CONNECTOR.rate_limit.covering(replace(RUN, path=path))}
        assert {f"{category} tokensPerDay", f"{category} tokensPerHour", "data"} <= buckets
        assert "admin" not in buckets
    (admin,) = CONNECTOR.rate_limit.covering(PROPERTIES.request({}, CONTEXT))
    assert admin.bucket == "admin"


def test_the_quota_of_a_day_resets_at_midnight_in_california() -> None:
    quota = report([], propertyQuota={"tokensPerDay": {"remaining": 7}})
    (found,) = CONNECTOR.rate_limit.dialect(RUN, quota, NOW.timestamp())
    assert datetime.fromtimestamp(found.resets_at, UTC) == datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def problem(status: int, canonical: str, message: str = "x", *, info: str = "", reason: str = "") -> dict[str, Any]:
    error: dict[str, Any] = {"code": status, "message": message, "status": canonical}
    if info:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": info}]
    if reason:
        error["errors"] = [{"reason": reason, "domain": "global", "message": message}]
    return {"error": error}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, problem(401, "UNAUTHENTICATED", info="ACCESS_TOKEN_EXPIRED"), Disposition.REFRESH_TOKEN),
        (401, problem(401, "UNAUTHENTICATED", info="CREDENTIALS_MISSING"), Disposition.REFRESH_TOKEN),
        (400, {"error": "invalid_grant"}, Disposition.CREDENTIAL_REJECTED),
        (401, {"error": "invalid_client"}, Disposition.CREDENTIAL_REJECTED),
        (
            403,
            problem(403, "PERMISSION_DENIED", "User does not have sufficient permissions"),
            Disposition.SCOPE_MISSING,
        ),
        (403, problem(403, "PERMISSION_DENIED", info="ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Disposition.SCOPE_MISSING),
        (403, problem(403, "PERMISSION_DENIED", info="SERVICE_DISABLED"), Disposition.SCOPE_MISSING),
        (403, problem(403, "RESOURCE_EXHAUSTED"), Disposition.RATE_LIMITED),
        (403, problem(403, "", reason="rateLimitExceeded"), Disposition.RATE_LIMITED),
        (429, problem(429, "RESOURCE_EXHAUSTED"), Disposition.RATE_LIMITED),
        (400, problem(400, "INVALID_ARGUMENT", "Field x is not a valid metric"), Disposition.FAIL),
        (404, problem(404, "NOT_FOUND"), Disposition.FAIL),
        (500, problem(500, "INTERNAL"), Disposition.RETRY),
        (503, problem(503, "UNAVAILABLE"), Disposition.RETRY),
    ],
)
def test_each_row_of_the_error_table(status: int, body: dict[str, Any], expected: Disposition) -> None:
    assert meant(CONNECTOR, status, body) is expected


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Exhausted concurrent requests quota. Please wait.", 30),
        ("Exhausted property tokens for a project per hour. These quota tokens will return.", 1800),
        ("Exhausted potentially thresholded requests quota.", 1800),
        ("Exhausted property tokens per day. These quota tokens will return.", 20 * 3600),
    ],
)
def test_how_long_an_exhausted_quota_is_waited_for(message: str, seconds: float) -> None:
    found = classify(reply(problem(429, "RESOURCE_EXHAUSTED", message), 429), CONNECTOR.errors)
    assert found.disposition is Disposition.RATE_LIMITED
    assert found.rule is not None
    assert found.rule.wait(NOW.timestamp()) == seconds  # noon in UTC: 20 hours before midnight in California


def test_who_lacks_access_to_the_property_is_told_where_to_give_it() -> None:
    rule = classify(reply(problem(403, "PERMISSION_DENIED"), 403), CONNECTOR.errors).rule
    assert rule is not None
    assert "Viewer" in rule.advice


@needs_shared
@pytest.mark.parametrize(
    ("stream", "schema"),
    [
        (PROPERTIES, "GoogleAnalyticsAdminV1betaProperty"),
        (KEY_EVENTS, "GoogleAnalyticsAdminV1betaKeyEvent"),
        (CUSTOM_DIMENSIONS, "GoogleAnalyticsAdminV1betaCustomDimension"),
    ],
)
def test_columns_are_members_of_the_specification(stream: Any, schema: str) -> None:
    document = json.loads(spec("google_analytics", "analyticsadmin.v1beta.discovery.json"))
    members = set(document["schemas"][schema]["properties"])
    assert {column.source.partition("/")[0] for column in stream.columns} == members


# Writes


def test_an_update_names_the_members_that_it_changes() -> None:
    assert PROPERTY_WRITE.update is not None
    asked = PROPERTY_WRITE.update({"name": "properties/7"}, {"time_zone": "UTC", "display_name": "Web"}, None, CONTEXT)
    assert (asked.method, asked.base, asked.filled_path) == (
        "PATCH",
        "https://analyticsadmin.googleapis.com",
        "/v1beta/properties/7",
    )
    assert asked.params == {"updateMask": "displayName,timeZone"}
    assert asked.json == {"displayName": "Web", "timeZone": "UTC"}


def test_what_only_a_create_sets_is_not_changed() -> None:
    assert KEY_EVENT_WRITE.update is not None
    with pytest.raises(UsageError, match="event_name"):
        KEY_EVENT_WRITE.update({"name": "properties/7/keyEvents/1"}, {"event_name": "x"}, None, CONTEXT)


@pytest.mark.parametrize("name", ["", "keyEvents/1", "properties/7/../8/9", "properties/7/keyEvents/1/2"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    assert KEY_EVENT_WRITE.read is not None
    with pytest.raises(UsageError):
        KEY_EVENT_WRITE.read({"name": name}, CONTEXT)


def test_custom_dimensions_are_archived() -> None:
    assert DIMENSION_WRITE.delete is not None
    asked = DIMENSION_WRITE.delete({"name": "properties/7/customDimensions/2"}, None, CONTEXT)
    assert (asked.method, asked.filled_path) == ("POST", "/v1beta/properties/7/customDimensions/2:archive")


@needs_shared
@pytest.mark.parametrize(
    ("write", "record", "changes"),
    [
        (
            KEY_EVENT_WRITE,
            {
                "event_name": "booked",
                "counting_method": "ONCE_PER_EVENT",
                "default_value": 2.5,
                "default_currency": "EUR",
            },
            {"counting_method": "ONCE_PER_SESSION"},
        ),
        (
            DIMENSION_WRITE,
            {"parameter_name": "tier", "display_name": "Tier", "scope": "EVENT"},
            {"display_name": "Plan"},
        ),
    ],
)
def test_the_set_up_is_written_as_the_specification_has_it(write: Any, record: Any, changes: Any) -> None:
    sandbox = Listening("google_analytics")
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox, small_pages=False)
    for one in rig.sandbox.accepted.of("google_analytics"):
        if one.kind == "access":
            rig.sandbox.accepted.add(replace(one, scopes=(*one.scopes, EDIT_SCOPE)))
    written_and_gone(rig, write, record, changes)
    rename = PROPERTY_WRITE.update
    assert rename is not None
    rig.client.send(rename({"name": "properties/213025502"}, {"display_name": "Renamed"}, None, rig.context()))
    assert {row["display_name"] for row in rig.read(PROPERTIES).live.values()} >= {"Renamed"}
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []
