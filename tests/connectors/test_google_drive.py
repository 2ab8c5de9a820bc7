"""Google Drive: the log's place before the listing, gone or in the trash, channels by their tokens, ids made before."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.google_drive import CONNECTOR
from connectors.google_drive.streams import DRIVE_FILES, FILE_FIELDS, FILES
from connectors.google_drive.webhooks import INBOUND
from connectors.google_drive.writes import FILE_WRITE, WRITE_SCOPE
from connectors.sdk.driver import walk
from connectors.sdk.inbound import Delivery
from core.classify import Disposition
from core.errors import BadReply, RequestRefused, SignatureRefused, UsageError
from core.http import Request, Response
from core.model import Context, Deletion
from core.signing import hmac_hex
from tests.columns import rows
from tests.connectors.replies import CONTEXT, NOW, meant, reply
from tests.connectors.writing import written_and_gone
from tests.contract.rig import Rig
from tests.contract.rows import Rows
from tests.platforms.google_drive import TOLD
from tests.shared import needs_shared
from tests.spec.test_connector_requests import Listening

LOG = "/drive/v3/changes"
DRIVE = Context(now=NOW, parent={"id": "0ADrive"})


def file(number: str, **members: Any) -> dict[str, Any]:
    return {"kind": "drive#file", "id": number, "name": f"File {number}", "mimeType": "text/plain", **members}


def change(number: str, **members: Any) -> dict[str, Any]:
    return {"changeType": "file", "fileId": number, "removed": False, "file": file(number), **members}


def removed(number: str) -> dict[str, Any]:
    return {"changeType": "file", "fileId": number, "removed": True}


class Drive:
    """Files in order of their ids, told three a page, with a log; `meanwhile` happens between pages of the listing."""

    def __init__(self, files: set[str], meanwhile: list[tuple[bool, str]]) -> None:
        self.files, self.meanwhile, self.log = set(files), list(meanwhile), list[tuple[bool, str]]()
        self.asked: list[Request] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        if request.path.endswith("startPageToken"):
            return reply({"startPageToken": str(len(self.log))})
        if request.path == LOG:
            return self._changes(int(str(request.params["pageToken"])))
        there = sorted(one for one in self.files if one > str(request.params.get("pageToken", "")))
        body: dict[str, Any] = {"files": [file(one) for one in there[:3]], "incompleteSearch": False}
        if there[3:]:
            body["nextPageToken"] = there[2]
        if self.meanwhile:
            self.happen(*self.meanwhile.pop(0))
        return reply(body)

    def happen(self, stays: bool, number: str) -> None:
        self.files = self.files | {number} if stays else self.files - {number}
        self.log.append((stays, number))

    def _changes(self, since: int) -> Response:
        page = [change(number) if stays else removed(number) for stays, number in self.log[since : since + 2]]
        after = since + len(page)
        return reply({"changes": page, ("nextPageToken" if after < len(self.log) else "newStartPageToken"): str(after)})


NUMBERS = st.sampled_from([f"{n:02d}" for n in range(12)])


@given(files=st.sets(NUMBERS), meanwhile=st.lists(st.tuples(st.booleans(), NUMBERS), max_size=8))
def test_whatever_happens_during_the_listing_the_next_walk_has_it_right(
    files: set[str], meanwhile: list[tuple[bool, str]]
) -> None:
    drive, found = Drive(files, meanwhile), Rows(FILES)
    for _ in range(2):
        found.begin(None)
        for step in walk(FILES, drive.send, found.state(None), CONTEXT):
            found.take(step, NOW)
    assert {str(row["id"]) for row in found.live.values()} == drive.files


def test_the_place_in_the_log_is_taken_before_the_listing() -> None:
    drive = Drive({"1"}, [])
    *_, last = walk(FILES, drive.send, {}, CONTEXT)
    assert [one.path for one in drive.asked] == [f"{LOG}/startPageToken", "/drive/v3/files"]
    assert last.page.state == {"since": "0"}
    list(walk(FILES, drive.send, last.page.state, CONTEXT))
    assert drive.asked[-1].path == LOG


def test_gone_is_not_in_the_trash() -> None:
    told = [
        change("1", file=file("1", trashed=True)),
        removed("2"),
        change("3"),
        {"changeType": "drive", "driveId": "d"},
    ]
    page = FILES.parse(Request(path=LOG), reply({"changes": told, "newStartPageToken": "9"}), {"since": "5"}, CONTEXT)
    assert [json.loads(one)["id"] for one in page.records] == ["1", "3"]
    assert [row["trashed"] for row in rows(FILES.columns, page.records)] == [True, None]
    assert (page.deleted, page.deleted_at) == ([Deletion(match={"id": "2"})], [1])
    assert (page.state, page.next) == ({"since": "9"}, None)


def test_a_shared_drive_has_a_log_of_its_own() -> None:
    begun = DRIVE_FILES.request({}, DRIVE)
    listing = DRIVE_FILES.request({"start": "7", "page": "p"}, DRIVE)
    changes = DRIVE_FILES.request({"since": "7"}, DRIVE)
    for asked in (begun, listing, changes):
        assert (asked.params["driveId"], asked.params["supportsAllDrives"]) == ("0ADrive", "true")
    assert (listing.params["corpora"], listing.params["includeItemsFromAllDrives"]) == ("drive", "true")
    assert (listing.params["pageToken"], changes.params["pageToken"]) == ("p", "7")
    assert "driveId" not in FILES.request({}, CONTEXT).params


def test_a_listing_that_is_not_complete_takes_nothing_away() -> None:
    with pytest.raises(BadReply, match="not complete"):
        FILES.parse(Request(path="x"), reply({"files": [], "incompleteSearch": True}), {"start": "1"}, CONTEXT)


@pytest.mark.parametrize(
    ("state", "body"), [({}, {}), ({"since": "1"}, {"changes": []}), ({"start": "1"}, {"kind": "x"})]
)
def test_a_reply_without_what_it_is_for_is_refused(state: Any, body: Any) -> None:
    with pytest.raises(BadReply):
        FILES.parse(Request(path="x"), reply(body), state, CONTEXT)


def test_a_file_is_typed_though_its_numbers_are_texts_and_folders_have_no_size() -> None:
    told = [file("1", size="7", version="12", owners=[{"emailAddress": "a@example.com"}]), file("2")]
    one, other = rows(FILES.columns, [json.dumps(each).encode() for each in told])
    assert (one["size"], one["version"], other["size"]) == (7, 12, None)


def test_every_column_of_a_file_is_asked_for() -> None:
    asked = {name.partition("(")[0] for name in re.sub(r"\([^)]*\)", "", FILE_FIELDS).split(",")}
    assert {column.source.partition("/")[0] for column in FILES.columns} == asked


# Errors


def problem(status: int, reason: str, **more: str) -> dict[str, Any]:
    error = {"domain": "global", "reason": reason, "message": "x", **more}
    return {"error": {"code": status, "message": "x", "errors": [error]}}


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (401, "authError", Disposition.REFRESH_TOKEN),
        (403, "insufficientPermissions", Disposition.SCOPE_MISSING),
        (403, "appNotAuthorizedToFile", Disposition.SCOPE_MISSING),
        (403, "insufficientFilePermissions", Disposition.SCOPE_MISSING),
        (403, "domainPolicy", Disposition.SCOPE_MISSING),
        (403, "accessNotConfigured", Disposition.SCOPE_MISSING),
        (403, "rateLimitExceeded", Disposition.RATE_LIMITED),
        (403, "userRateLimitExceeded", Disposition.RATE_LIMITED),
        (403, "sharingRateLimitExceeded", Disposition.RATE_LIMITED),
        (429, "rateLimitExceeded", Disposition.RATE_LIMITED),
        (403, "dailyLimitExceeded", Disposition.RATE_LIMITED),
        (403, "quotaExceeded", Disposition.QUOTA_EXHAUSTED),
        (403, "storageQuotaExceeded", Disposition.QUOTA_EXHAUSTED),
        (403, "downloadQuotaExceeded", Disposition.QUOTA_EXHAUSTED),
        (403, "teamDriveFileLimitExceeded", Disposition.QUOTA_EXHAUSTED),
        (404, "notFound", Disposition.FAIL),
        (400, "badRequest", Disposition.FAIL),
        (400, "invalid", Disposition.FAIL),
        (409, "conflict", Disposition.FAIL),
        (409, "fileIdInUse", Disposition.FAIL),
        (412, "conditionNotMet", Disposition.FAIL),
        (413, "uploadTooLarge", Disposition.FAIL),
        (410, "gone", Disposition.RESET_STATE),
        (500, "backendError", Disposition.RETRY),
        (502, "backendError", Disposition.RETRY),
        (503, "backendError", Disposition.RETRY),
        (504, "backendError", Disposition.RETRY),
    ],
)
def test_each_row_of_the_error_table(status: int, reason: str, expected: Disposition) -> None:
    assert meant(CONNECTOR, status, problem(status, reason)) is expected


def test_a_page_token_that_is_refused_begins_the_listing_again() -> None:
    assert meant(CONNECTOR, 400, problem(400, "invalid", location="pageToken")) is Disposition.RESET_STATE


# Webhooks

CHANNEL = "4ba78bf0-6a47-11e2-bcfd-0800200c9a77"
SECRET = "im-channel-secret"
TOKEN = "aa629b8606dee14cd34a0761068707212c94f9cfe6800418ac29b9ee52456d09"


def message(
    state: str = "change", uri: str = "https://www.googleapis.com/drive/v3/changes?alt=json", **more: str
) -> Delivery:
    headers = {
        "x-goog-channel-id": CHANNEL,
        "x-goog-channel-token": TOKEN,
        "x-goog-message-number": "10",
        "x-goog-resource-id": "ret08u3rv24htgh289g",
        "x-goog-resource-state": state,
        "x-goog-resource-uri": uri,
        **more,
    }
    return Delivery(method="POST", url="https://hooks.example.com/in/drive", headers=headers)


def test_the_worked_example_of_a_channels_token() -> None:
    INBOUND.verify(message(), {"channel_secret": SECRET}, NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-goog-channel-token": ""},
        {"x-goog-channel-token": TOKEN[:-1] + "8"},
        {"x-goog-channel-id": ""},
        {"x-goog-channel-id": "another", "x-goog-channel-token": TOKEN},
    ],
)
def test_a_token_of_nobody_or_of_another_channel_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused) as refused:
        INBOUND.verify(message(**headers), {"channel_secret": SECRET}, NOW)
    assert SECRET not in str(refused.value)
    assert TOKEN not in str(refused.value)


def test_each_channel_has_another_token() -> None:
    other = message(**{"x-goog-channel-id": "b", "x-goog-channel-token": hmac_hex(SECRET.encode(), b"b")})
    INBOUND.verify(other, {"channel_secret": SECRET}, NOW)


def test_a_message_about_the_log_says_to_look_and_its_token_is_not_kept() -> None:
    (event,) = INBOUND.events(message())
    assert (event.id, event.kind, event.stream, event.key, event.deleted) == (
        f"{CHANNEL}-10",
        "change",
        "files",
        {},
        False,
    )
    assert TOKEN.encode() not in event.data


def test_a_message_about_one_file_names_it() -> None:
    uri = "https://www.googleapis.com/drive/v3/files/1AbC_d-e?alt=json"
    (event,) = INBOUND.events(message("remove", uri))
    assert (event.key, event.deleted) == ({"id": "1AbC_d-e"}, True)


def test_the_first_message_of_a_channel_is_no_event() -> None:
    assert INBOUND.events(message("sync")) == []


# Writes


def test_a_create_with_an_id_made_before_can_be_repeated_and_one_without_cannot() -> None:
    assert FILE_WRITE.create is not None
    record: dict[str, Any] = {
        "name": "Plan",
        "mime_type": "text/plain",
        "parents": ["root"],
        "app_properties": {"im_id": "7"},
    }
    blind = FILE_WRITE.create(record, CONTEXT)
    assert (blind.method, blind.path, blind.params["supportsAllDrives"]) == ("POST", "/drive/v3/files", "true")
    assert blind.json == {
        "name": "Plan",
        "mimeType": "text/plain",
        "parents": ["root"],
        "appProperties": {"im_id": "7"},
    }
    assert not blind.repeatable
    assert FILE_WRITE.create({**record, "id": "1G"}, CONTEXT).repeatable


def test_an_update_names_what_changes_and_never_moves() -> None:
    assert FILE_WRITE.update is not None
    asked = FILE_WRITE.update({"id": "1/x"}, {"name": "New", "trashed": True}, "7", CONTEXT)
    assert (asked.method, asked.filled_path, asked.json) == (
        "PATCH",
        "/drive/v3/files/1%2Fx",
        {"name": "New", "trashed": True},
    )
    with pytest.raises(UsageError, match="parents"):
        FILE_WRITE.update({"id": "1"}, {"parents": ["a"]}, "7", CONTEXT)


def writing_rig(sandbox: Any) -> Rig:
    """Connected with the right to write as well."""
    rig = Rig(connector=CONNECTOR, method="oauth2", sandbox=sandbox, small_pages=False)
    for one in rig.sandbox.accepted.of("google_drive"):
        if one.kind == "access":
            rig.sandbox.accepted.add(replace(one, scopes=(*one.scopes, WRITE_SCOPE)))
    return rig


@needs_shared
def test_a_file_is_made_changed_and_deleted_as_the_specification_has_it() -> None:
    sandbox = Listening("google_drive")
    rig = writing_rig(sandbox)
    assert FILE_WRITE.reserve is not None
    assert FILE_WRITE.create is not None
    ids = FILE_WRITE.reserved(rig.client.send(FILE_WRITE.reserve(2)))
    assert len(set(ids)) == 2
    record: dict[str, Any] = {"id": ids[0], "name": "Plan", "mime_type": "application/vnd.google-apps.folder"}
    written_and_gone(rig, FILE_WRITE, record, {"name": "Another"})
    rig.client.send(FILE_WRITE.create({**record, "id": ids[1]}, CONTEXT))
    with pytest.raises(RequestRefused, match="409"):
        rig.client.send(FILE_WRITE.create({**record, "id": ids[1]}, CONTEXT))
    assert TOLD.judge is not None
    assert sandbox.complaints(TOLD.judge) == []
