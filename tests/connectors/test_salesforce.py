"""Salesforce: fields that one may see, changes in the order of their time, deletions from the recycle bin."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.salesforce.streams import ACCOUNTS, CONTACTS, LIMITS, USERS
from connectors.sdk.driver import walk
from core.errors import BadReply
from core.http import Request, Response
from core.model import Context, Deletion, State
from tests.columns import rows
from tests.connectors.replies import CONTEXT, NOW, reply
from tests.shared import recorded, shared_folder

DATE = "Mon, 23 Nov 2026 12:00:00 GMT"
HOUR_AGO = "2026-11-23T11:00:00.000+0000"
FIELDS = ("Id", "IsDeleted", "Name", "SystemModstamp")


def account(number: int, at: str = HOUR_AGO, **more: Any) -> dict[str, Any]:
    attributes = {"type": "Account", "url": f"/services/data/v66.0/sobjects/Account/{number:018d}"}
    return {"attributes": attributes, "Id": f"{number:018d}", "IsDeleted": False, "SystemModstamp": at, **more}


def described(*names: str, **types: str) -> Response:
    fields = [{"name": name, "type": types.get(name, "string")} for name in names]
    return reply({"name": "Account", "fields": fields}, headers={"date": DATE})


def listed(*records: dict[str, Any], more: Any = None) -> Response:
    body = {"totalSize": 99, "done": more is None, "records": list(records)}
    return reply(body if more is None else {**body, "nextRecordsUrl": more}, headers={"date": DATE})


def question(state: State, *fields: str) -> Request:
    """What is asked after a description with these fields."""
    page = ACCOUNTS.parse(ACCOUNTS.request(state, CONTEXT), described(*(fields or FIELDS)), state, CONTEXT)
    assert (list(page.records), dict(page.state)) == ([], dict(state))
    assert page.next is not None
    return page.next


def soql(state: State, *fields: str) -> str:
    return str(question(state, *fields).params["q"])


# Which fields are asked for


def test_a_walk_asks_first_which_fields_there_are() -> None:
    assert ACCOUNTS.request({}, CONTEXT).path == "/services/data/v66.0/sobjects/Account/describe"
    assert soql({}) == "SELECT Id,IsDeleted,SystemModstamp,Name FROM Account ORDER BY SystemModstamp, Id"


def test_fields_that_one_may_not_see_are_not_asked_for_and_custom_ones_are() -> None:
    asked = soql({}, *FIELDS, "Tier__c").split(" ")[1].split(",")
    assert "Rating" not in asked
    assert "Tier__c" in asked


def test_what_is_told_by_its_parts_is_not_asked_for_as_a_whole() -> None:
    fields = described(*FIELDS, "BillingAddress", "Place__c", BillingAddress="address", Place__c="location")
    page = ACCOUNTS.parse(ACCOUNTS.request({}, CONTEXT), fields, {}, CONTEXT)
    assert page.next is not None
    assert "BillingAddress" not in str(page.next.params)
    assert "Place__c" not in str(page.next.params)


def test_of_too_many_fields_those_of_columns_are_asked_for_and_the_address_stays_short() -> None:
    many = [f"Field_number_{number}__c" for number in range(900)]
    asked = soql({}, *many, *(column.source for column in ACCOUNTS.columns))
    names = asked.split(" ")[1].split(",")
    assert {column.source for column in ACCOUNTS.columns} <= set(names)
    assert 300 < len(names) < 900
    assert len(f"{asked.replace(',', '%2C')}{'x' * 600}") < 16_384


def test_without_the_usual_time_of_change_the_next_best_is_taken() -> None:
    asked = soql({"since": "2026-11-01T00:00:00Z", "full": NOW.isoformat()}, "Id", "CreatedDate", "LastModifiedDate")
    assert "WHERE LastModifiedDate >= 2026-11-01T00:00:00Z ORDER BY LastModifiedDate, Id" in asked
    with pytest.raises(BadReply, match="time of change"):
        soql({}, "Id", "Name")


@pytest.mark.parametrize("name", ["nango/describe-sobject.json", "CumulusCI/describe-contact.yaml"])
def test_recorded_descriptions_have_what_columns_need(name: str) -> None:
    if name.endswith(".json"):
        stream, body = ACCOUNTS, recorded("salesforce", name)["exchanges"][0]["response"]["body"]
    else:
        path = shared_folder() / "recorded" / "salesforce" / name
        if not path.is_file():
            pytest.skip("the reference material is not here (set INTEGRATIONS_SHARED)")
        stream = CONTACTS
        body = json.loads(yaml.safe_load(path.read_text(encoding="utf-8"))["response"]["body"]["string"])
    fields = {one["name"]: one for one in body["fields"]}
    # The one organization has one currency, the user of the other does not see what people want not to receive.
    beyond = {"HasOptedOutOfEmail", "DoNotCall"} if stream is CONTACTS else {"CurrencyIsoCode"}
    assert {column.source for column in stream.columns} - fields.keys() == beyond
    assert stream.write is not None
    for column in stream.columns:
        if column.source in fields:
            may = fields[column.source]["createable"] or fields[column.source]["updateable"]
            assert may == (column.name in stream.write.writable), column.name
    page = stream.parse(stream.request({}, CONTEXT), reply(body), {}, CONTEXT)
    assert page.next is not None
    assert len(str(page.next.params["q"])) < 12_000


# What changed


def test_deleted_records_are_deletions_in_their_place() -> None:
    gone = account(2) | {"IsDeleted": True}
    page = ACCOUNTS.parse(question({}), listed(account(1), gone, account(3)), {}, CONTEXT)
    assert [json.loads(record)["Id"] for record in page.records] == [f"{1:018d}", f"{3:018d}"]
    assert page.deleted == [Deletion(match={"id": f"{2:018d}"})]
    assert page.deleted_at == [1]
    assert page.next is None


def test_users_who_are_never_deleted_have_no_mark_for_it() -> None:
    fields = described("Id", "Username", "SystemModstamp")
    asked = USERS.parse(USERS.request({}, CONTEXT), fields, {}, CONTEXT).next
    assert asked is not None
    assert "IsDeleted" not in str(asked.params["q"])
    one = {"Id": "005dM00000aYaE4QAK", "Username": "a@b", "SystemModstamp": HOUR_AGO}
    assert len(USERS.parse(asked, listed(one), {}, CONTEXT).records) == 1


def test_a_walk_goes_on_after_the_last_record_by_a_question_of_its_own() -> None:
    page = ACCOUNTS.parse(question({}), listed(account(7), more="/services/data/v66.0/query/0r8x-2000"), {}, CONTEXT)
    began = "2026-11-23T12:00:00Z"
    assert page.state == {"since": "2026-11-23T11:00:00Z", "id": f"{7:018d}", "began": began, "full": began}
    assert soql(page.state).endswith(
        f"WHERE SystemModstamp >= 2026-11-23T11:00:00Z AND (SystemModstamp > 2026-11-23T11:00:00Z OR Id > '{7:018d}') "
        "ORDER BY SystemModstamp, Id"
    )


def test_what_changed_around_the_question_is_asked_for_again() -> None:
    for at in ("2026-11-23T11:55:00.000+0000", "2026-11-23T13:30:00.000+0000"):
        page = ACCOUNTS.parse(question({}), listed(account(7, at)), {}, CONTEXT)
        assert page.state == {"since": "2026-11-23T11:50:00Z", "id": "", "full": "2026-11-23T12:00:00Z"}
        assert "Id >" not in soql(page.state)


def test_the_platform_s_clock_counts_where_a_reply_tells_it_and_ours_where_not() -> None:
    late = Context(now=NOW + timedelta(hours=5))
    page = ACCOUNTS.parse(question({}), listed(account(7)), {}, late)
    assert page.state["full"] == "2026-11-23T12:00:00Z"
    silent = Response(status=200, body=listed(account(7)).body)
    assert ACCOUNTS.parse(question({}), silent, {}, late).state["full"] == "2026-11-23T17:00:00Z"


def test_an_empty_answer_keeps_what_is_known() -> None:
    state = {"since": "2026-11-20T00:00:00Z", "id": "001", "full": "2026-11-20T00:00:00Z"}
    assert ACCOUNTS.parse(question(state), listed(), state, CONTEXT).state == state


def test_everything_is_read_anew_before_the_recycle_bin_has_forgotten() -> None:
    for days, forgotten in ((13, False), (14, True)):
        state = {"since": "2026-11-01T00:00:00Z", "id": "", "full": (NOW - timedelta(days=days)).isoformat()}
        page = ACCOUNTS.parse(question(state), listed(account(1)), state, CONTEXT)
        assert (dict(page.state) == {}) is forgotten


def test_the_next_page_is_followed_under_the_organization_s_own_host_alone() -> None:
    asked, more = question({}), "/services/data/v66.0/query/0r8xx5R2yF2gs3VASQ-2000"
    following = ACCOUNTS.parse(asked, listed(account(1), more=more), {}, CONTEXT).next
    assert following is not None
    assert (following.base, following.filled_path, following.params) == (None, more, {})
    for elsewhere in (
        "https://evil.example/services/data/v66.0/query/0r8-1",
        "//evil.example/services/data/v66.0/query/0r8-1",
        "/services/data/v66.0/../../apexrest/x-1",
        "/services/data/v66.0/query/0r8-1?q=SELECT",
        "/services/oauth2/revoke",
        "",
        7,
    ):
        with pytest.raises(BadReply, match="next page"):
            ACCOUNTS.parse(asked, listed(account(1), more=elsewhere), {}, CONTEXT)


@pytest.mark.parametrize("body", [{"done": True}, {"records": []}, {"done": "true", "records": []}, [], {}])
def test_an_answer_that_is_no_list_does_not_end_a_walk(body: Any) -> None:
    with pytest.raises(BadReply):
        ACCOUNTS.parse(question({}), reply(body), {}, CONTEXT)


class Organization:
    """Accounts with the second of their last change; it may change one after any reply. Pages are small ones."""

    def __init__(self, changed: dict[int, int]) -> None:
        self.changed, self.seconds, self.pages = changed, 10_000, dict[str, list[int]]()

    def at(self, second: int) -> datetime:
        return datetime(2026, 11, 23, 6, tzinfo=UTC) + timedelta(seconds=second)

    def send(self, request: Request) -> Response:
        if request.path.endswith("/describe"):
            return self._answered(described(*FIELDS))
        if request.args:
            return self._page(request.args["locator"])
        asked = str(request.params["q"])
        since = datetime.min.replace(tzinfo=UTC)
        after = ""
        if " WHERE " in asked:
            condition = asked.partition(" WHERE ")[2].partition(" ORDER ")[0]
            since = datetime.fromisoformat(condition.split()[2])
            after = condition.rpartition("'")[0].rpartition("'")[2]
        order = sorted(self.changed, key=lambda number: (self.changed[number], number))
        name = f"cursor{len(self.pages)}"
        self.pages[name] = [
            number
            for number in order
            if self.at(self.changed[number]) > since
            or (self.at(self.changed[number]) == since and f"{number:018d}" > after)
        ]
        return self._page(f"{name}-0")

    def _page(self, locator: str) -> Response:
        name, _, offset = locator.partition("-")
        end = int(offset) + 2
        found = [
            account(
                number, self.at(self.changed[number]).strftime("%Y-%m-%dT%H:%M:%S.000+0000"), Name=str(self.seconds)
            )
            for number in self.pages[name][int(offset) : end]
        ]
        more = f"/services/data/v66.0/query/{name}-{end}" if end < len(self.pages[name]) else None
        return self._answered(listed(*found, more=more))

    def _answered(self, response: Response) -> Response:
        told = self.at(self.seconds).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return Response(status=200, headers={"date": told}, body=response.body)

    def sync(self, kept: dict[str, str], state: State, *, pages: int = 1000, touch: Sequence[int] = ()) -> State:
        """Reads on from a state, at most so many pages; after each one a record changes."""
        left = list(touch)
        context = Context(now=self.at(self.seconds))
        for number, step in enumerate(walk(ACCOUNTS, self.send, state, context), 1):
            for record in step.page.records:
                kept[json.loads(record)["Id"]] = json.loads(record)["SystemModstamp"]
            state = json.loads(json.dumps(dict(step.page.state)))
            self.seconds += 400
            if left:
                self.changed[left.pop()] = self.seconds - 7
            if number == pages:
                break
        return state


NUMBERS = st.integers(1, 9)


@pytest.mark.slow
@example(changed={1: 5, 2: 5, 3: 5, 4: 9000, 5: 5, 6: 9000}, stops=[3], touch=[[1, 1]] * 4 + [[4, 1]])
@given(
    changed=st.dictionaries(NUMBERS, st.sampled_from([5, 9000, 9990]), min_size=5),
    stops=st.lists(st.integers(1, 4), max_size=4),
    touch=st.lists(st.lists(NUMBERS, min_size=2, max_size=6), min_size=5, max_size=5),
)
def test_no_change_is_missed_whatever_stops_and_changes(
    changed: dict[int, int], stops: list[int], touch: list[list[int]]
) -> None:
    organization, kept, state = Organization(dict(changed)), dict[str, str](), dict[str, Any]()
    touched = [[number for number in one if number in changed] for one in touch]
    for stop in stops:
        state = dict(organization.sync(kept, state, pages=stop, touch=touched.pop()))
    state = dict(organization.sync(kept, state, touch=touched.pop()))
    organization.sync(kept, state)
    there = {
        f"{number:018d}": organization.at(second).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        for number, second in organization.changed.items()
    }
    assert kept == there


def test_times_without_a_colon_in_their_offset_are_times() -> None:
    one = account(1, "2026-05-01T07:25:37.000+0000", AnnualRevenue=139000000, NumberOfEmployees=None)
    (row,) = rows(ACCOUNTS.columns, [json.dumps(one).encode()])
    assert row["system_modstamp"] == datetime(2026, 5, 1, 7, 25, 37, tzinfo=UTC)
    assert (row["annual_revenue"], row["number_of_employees"]) == (139000000.0, None)


def test_limits_are_a_row_each() -> None:
    told = {"DailyApiRequests": {"Max": 15000, "Remaining": 14976, "Some App": {"Max": 0, "Remaining": 0}}, "x": None}
    page = LIMITS.parse(LIMITS.request({}, CONTEXT), reply(told), {}, CONTEXT)
    (row,) = rows(LIMITS.columns, page.records)
    assert row == {"name": "DailyApiRequests", "maximum": 15000.0, "remaining": 14976.0}
    with pytest.raises(BadReply):
        LIMITS.parse(LIMITS.request({}, CONTEXT), reply([]), {}, CONTEXT)
