"""Google Drive, API version 3.

Quirks, and where they are told:
- What is not named in `fields` does not come. https://developers.google.com/workspace/drive/api/guides/fields-parameter
- Changes are told by a log whose place must be taken before the first listing. The person has one log, each shared
  drive has its own. Gone is what a change says is removed; what is in the trash is a file with a mark.
  https://developers.google.com/workspace/drive/api/guides/manage-changes
- A listing may say that it is incomplete: then it cannot tell what is gone, and is refused.
- Rate limits, missing rights and used-up room are all 403, told apart by `reason`.
  https://developers.google.com/workspace/drive/api/guides/handle-errors
- Numbers of 64 bits are texts; folders and Google's own documents have no size.
- Shared drives can only be listed with the right to read all files, so that is what is asked for.
- Revisions, and permissions of single files, would take a call per file at each sync: they are not read.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from connectors.google_drive.streams import (
    DRIVE_FILES,
    DRIVE_PERMISSIONS,
    DRIVES,
    FILES,
    READ_SCOPE,
    STORAGE_QUOTA,
    about_request,
)
from connectors.google_drive.webhooks import INBOUND
from connectors.sdk.auth import Settings
from connectors.sdk.base import Connector, Version
from connectors.sdk.google import TOKEN_HOST, by_reason, google_errors, google_oauth2, service_account
from core.classify import Disposition, ErrorRule
from core.http import Response
from core.pacing import Limit, RateLimit

VERSION: Final = Version(name="v3", read=date(2026, 11, 23))


def _discover(response: Response) -> Settings:
    return {
        "account": response.get("user/emailAddress") or response.get("user/displayName") or "",
        "permission_id": response.get("user/permissionId"),
    }


CONNECTOR: Final = Connector(
    name="google_drive",
    title="Google Drive",
    category="storage",
    base_url="https://www.googleapis.com",
    hosts=("www.googleapis.com", TOKEN_HOST),
    auth=(
        google_oauth2(READ_SCOPE),
        service_account(
            READ_SCOPE,
            delegated=True,
            help="It sees only what is shared with its address, and shared drives that it is a member of; or what the "
            "person sees for whom it may act.",
        ),
    ),
    probe=lambda method, settings: about_request(),
    discover=_discover,
    streams=(FILES, DRIVES, DRIVE_FILES, DRIVE_PERMISSIONS, STORAGE_QUOTA),
    rate_limit=RateLimit(
        # Projects of before May 2026 have 12,000 queries a minute per user; later ones are counted in units, whose
        # number per call is not published: 403 tells. https://developers.google.com/workspace/drive/api/guides/limits
        limits=(Limit(bucket="queries", requests=12_000, seconds=60),),
        concurrency=8,
    ),
    # https://developers.google.com/workspace/drive/api/guides/handle-errors
    errors=(
        *by_reason(
            Disposition.QUOTA_EXHAUSTED,
            "storageQuotaExceeded",
            "quotaExceeded",
            "downloadQuotaExceeded",
            "teamDriveFileLimitExceeded",
            "teamDrivesStorageQuotaExceeded",
            advice="Make room in the Drive (a shared drive holds a limited number of files), or wait a day where a "
            "download quota is meant. The sync stops until then, and goes on from where it was.",
        ),
        *by_reason(Disposition.RATE_LIMITED, "sharingRateLimitExceeded"),
        *google_errors("Google Drive API"),
        *by_reason(
            Disposition.SCOPE_MISSING,
            "appNotAuthorizedToFile",
            "insufficientFilePermissions",
            "cannotDownloadFile",
            advice="Share the file or folder with this account (a service account has an address of its own), with the "
            "role that the call needs.",
        ),
        *by_reason(
            Disposition.SCOPE_MISSING,
            "domainPolicy",
            advice="The administrator of the Google Workspace domain does not let apps in: ask to trust this app.",
        ),
        # A log's place or a channel that is no longer kept.
        ErrorRule(disposition=Disposition.RESET_STATE, status=410),
        *by_reason(
            Disposition.FAIL,
            "notFound",
            advice="It is gone, or no longer shared with this account: the next sync leaves it out.",
        ),
        *by_reason(
            Disposition.FAIL,
            "conflict",
            "fileIdInUse",
            "conditionNotMet",
            advice="It was written before, or by somebody else meanwhile: look at it again before writing.",
        ),
    ),
    version=VERSION,
    inbound=INBOUND,
    unverified=(
        "How many quota units a call costs; refusals are backed off from.",
        "That places in the log of changes do not expire: 410, and 400 for a page token, begin the listing again.",
        "The lifetimes of refresh tokens, and seven days for apps whose consent screen is in Testing.",
        "The headers of push messages, and that nothing but the channel's token authenticates them.",
        "That a second create with the same generated id answers 409.",
    ),
    docs="https://developers.google.com/workspace/drive/api/reference/rest/v3",
)
