"""What the errors of X mean, for all its platforms.

https://docs.x.com/x-api/fundamentals/response-codes-and-errors. The kind of a problem is the last part of the address
in `type`, whose host is x.com or twitter.com; older endpoints tell numbers. A 200 may carry errors about single records
and fields beside its data: only an error about what was asked for itself fails the call.
"""

from __future__ import annotations

from typing import Final

from connectors.sdk.oauth2 import TOKEN_ERRORS
from core.classify import Disposition, ErrorRule

_RECONNECT: Final = "Connect again: integrations connect {platform} --name {name}"


def _problem(
    disposition: Disposition, *kinds: str, status: int | tuple[int, ...] | None = None, advice: str = ""
) -> tuple[ErrorRule, ...]:
    return tuple(
        ErrorRule(disposition=disposition, status=status, path="type", contains=f"/{kind}", advice=advice)
        for kind in kinds
    )


def _numbered(disposition: Disposition, number: int, advice: str = "") -> tuple[ErrorRule, ...]:
    """Both forms in which older endpoints tell a number."""
    return tuple(
        ErrorRule(disposition=disposition, path=path, equals=number, advice=advice)
        for path in ("errors/*/code", "code")
    )


_CREDITS: Final = "The credits are used up: add some in X's developer console, or wait for the next billing cycle."
_ENROL: Final = "The app is not enrolled: attach it to a project in X's developer console."
_RIGHTS: Final = (
    "The app or the account has no right to this: look at the app's permissions and the plan. " + _RECONNECT
)
_USER: Final = "A bearer token of an app cannot read this: connect with OAuth 2.0 instead."
_TAKEN_BACK: Final = "The access was taken back, or has expired. " + _RECONNECT

X_ERRORS: Final[tuple[ErrorRule, ...]] = (
    *TOKEN_ERRORS,
    # The token endpoint answers so to a refresh token that was used before.
    ErrorRule(
        disposition=Disposition.CREDENTIAL_REJECTED,
        status=400,
        path="error",
        equals="invalid_request",
        advice=_TAKEN_BACK,
    ),
    # Money: waiting does not help. https://docs.x.com/x-api/getting-started/pricing
    *_problem(
        Disposition.QUOTA_EXHAUSTED,
        "usage-capped",
        advice="The plan's posts are used up until its next cycle: see Usage in X's developer console.",
    ),
    ErrorRule(disposition=Disposition.QUOTA_EXHAUSTED, status=402, advice=_CREDITS),
    *_problem(Disposition.QUOTA_EXHAUSTED, "credits", advice=_CREDITS),
    ErrorRule(disposition=Disposition.QUOTA_EXHAUSTED, path="title", equals="CreditsDepleted", advice=_CREDITS),
    ErrorRule(
        disposition=Disposition.QUOTA_EXHAUSTED,
        status=(403, 429),
        path="title",
        contains="SpendCap",
        advice="The spending limit is reached until the next cycle: raise it in X's developer console.",
    ),
    *_numbered(Disposition.RATE_LIMITED, 88),
    *_problem(Disposition.RATE_LIMITED, "rate-limit-exceeded"),
    *_numbered(Disposition.REFRESH_TOKEN, 89, advice=_TAKEN_BACK),
    *_numbered(Disposition.SCOPE_MISSING, 220, advice=_RIGHTS),
    ErrorRule(
        disposition=Disposition.FAIL,
        status=403,
        path="detail",
        contains="duplicate content",
        advice="The account has said the same before: change the text.",
    ),
    ErrorRule(
        disposition=Disposition.FAIL,
        status=403,
        path="detail",
        contains="not permitted to perform",
        advice="X does not allow it: self-serve apps answer only those who mention or quote the account, and do not "
        "quote, like or follow.",
    ),
    *_problem(Disposition.SCOPE_MISSING, "unsupported-authentication", status=403, advice=_USER),
    *_problem(Disposition.SCOPE_MISSING, "client-forbidden", "client-not-enrolled", status=403, advice=_ENROL),
    ErrorRule(
        disposition=Disposition.SCOPE_MISSING, status=403, path="reason", equals="client-not-enrolled", advice=_ENROL
    ),
    *_problem(
        Disposition.SCOPE_MISSING,
        "oauth1-permissions",
        "not-authorized-for-resource",
        "not-authorized-for-field",
        "field-unauthorized",
        "disallowed-resource",
        status=403,
        advice=_RIGHTS,
    ),
    # A page token or an id that X does not take any more.
    ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="errors/*/parameters/pagination_token"),
    ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="errors/*/parameters/next_token"),
    ErrorRule(disposition=Disposition.RESET_STATE, status=400, path="errors/*/parameters/since_id"),
    # Errors about the one thing that was asked for; those about others name other parameters.
    ErrorRule(
        disposition=Disposition.FAIL,
        status=200,
        path="errors/*/parameter",
        equals="username",
        advice="There is no account of that name: connect {name} again with the right one.",
    ),
    ErrorRule(
        disposition=Disposition.FAIL,
        status=200,
        path="errors/*/parameter",
        equals="id",
        advice="It is protected, suspended or gone.",
    ),
    ErrorRule(disposition=Disposition.FAIL, status=(404, 410), advice="It is not there, or no longer."),
    ErrorRule(
        disposition=Disposition.FAIL, status=409, advice="It is at odds with what stands at X: look there first."
    ),
    *_problem(Disposition.RETRY, "internal-error"),
)
