"""What a reply means for the call: a closed list of dispositions, and rules that choose one.

Platforms add rules as data. A rule can look inside a 200 as well (several platforms hide errors there) and
inside arrays. The first rule that fits decides; the platform's rules come before the rules of HTTP.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from typing import Any, Final
from zoneinfo import ZoneInfo

from core.http import Response


class Disposition(Enum):
    """What to do about a reply."""

    OK = "ok"
    RETRY = "retry"
    RATE_LIMITED = "rate limited"
    REFRESH_TOKEN = "refresh token"
    RESET_STATE = "reset state"
    SKIP = "skip"
    QUOTA_EXHAUSTED = "quota exhausted"
    CREDENTIAL_REJECTED = "credential rejected"
    SCOPE_MISSING = "scope missing"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """`disposition`, for a reply whose status and body fit.

    `status`: one, several, or None for any. `path` steps through the JSON body; `*` stands for every element
    of an array. `equals` (exactly), `among` (one of these), `contains` (text within) or `unless` (anything but this)
    must hold for a value found there; a rule with a path alone asks only that something stands there. `header` (lower
    case) is looked at in place of the body.
    `not_json` asks that the body is no JSON at all.
    `advice` tells the person what to do; where the reply names no wait, it is `retry_in` seconds, or until the next
    midnight of the time zone `until_midnight` (an IANA name), for quotas that are counted by the day.
    """

    disposition: Disposition
    status: int | tuple[int, ...] | None = None
    path: str = ""
    header: str = ""
    equals: Any = None
    among: Container[Any] | None = None
    contains: str = ""
    unless: Any = None
    not_json: bool = False
    advice: str = ""
    retry_in: float | None = None
    until_midnight: str = ""

    def wait(self, now: float) -> float | None:
        """The seconds to wait that this rule knows of; None where it knows none. `now` is in seconds since 1970."""
        return seconds_to_midnight(now, self.until_midnight) if self.until_midnight else self.retry_in

    def fits(self, response: Response) -> bool:
        if self.status is not None:
            statuses = (self.status,) if isinstance(self.status, int) else self.status
            if response.status not in statuses:
                return False
        if self.not_json:
            return response.body.lstrip()[:1] not in (b"{", b"[")
        if self.header:
            return self._value_fits(response.headers.get(self.header))
        if not self.path:
            return True
        return any(self._value_fits(value) for value in values_at(response, self.path))

    def _value_fits(self, value: Any) -> bool:
        if self.equals is not None:
            # True is not 1 in JSON.
            return bool(value == self.equals) and isinstance(value, bool) == isinstance(self.equals, bool)
        if self.among is not None:
            return value is not None and not isinstance(value, bool | list | dict) and value in self.among
        if self.unless is not None:
            return value is not None and value != self.unless
        if self.contains:
            return self.contains.lower() in str(value).lower()
        return value is not None


def seconds_to_midnight(now: float, zone: str) -> float:
    """The seconds from now (seconds since 1970) to the end of the day in this time zone (an IANA name)."""
    here = datetime.fromtimestamp(now, ZoneInfo(zone))
    return datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo).timestamp() - now


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The disposition of a reply, and the rule that gave it (None for a plain success)."""

    disposition: Disposition
    rule: ErrorRule | None = None


def classify(response: Response, rules: Sequence[ErrorRule] = ()) -> Verdict:
    """What a reply means: the first fitting rule of the platform, then of HTTP."""
    for rule in rules:
        if rule.fits(response):
            return Verdict(disposition=rule.disposition, rule=rule)
    if 200 <= response.status < 300:
        return Verdict(disposition=Disposition.OK)
    for rule in HTTP_RULES:
        if rule.fits(response):
            return Verdict(disposition=rule.disposition, rule=rule)
    return Verdict(disposition=Disposition.FAIL)


# RFC 9110 (15), RFC 6585 (429), and the statuses that Cloudflare adds (520 to 527, 530).
HTTP_RULES: Final[Sequence[ErrorRule]] = (
    ErrorRule(disposition=Disposition.REFRESH_TOKEN, status=401),
    ErrorRule(disposition=Disposition.QUOTA_EXHAUSTED, status=402),
    ErrorRule(disposition=Disposition.SCOPE_MISSING, status=403),
    ErrorRule(disposition=Disposition.RATE_LIMITED, status=429),
    ErrorRule(
        disposition=Disposition.RETRY,
        status=(408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 529),
    ),
)

# What a call that is `optional` means by it: no such path (404, 405), or not made (501). RFC 9110, 15.
ABSENT: Final[Sequence[ErrorRule]] = (ErrorRule(disposition=Disposition.SKIP, status=(404, 405, 501)),)


def values_at(response: Response, path: str) -> Iterator[Any]:
    """The values at a path in which `*` stands for every element of an array."""
    if "*" not in path:
        yield response.get(path)
        return
    head, _, tail = path.partition("*")
    found = response.get(head.strip("/")) if head.strip("/") else response.get("")
    yield from _spread(found, [step for step in tail.split("/") if step])


def _spread(found: Any, steps: Sequence[str]) -> Iterator[Any]:
    for element in found if isinstance(found, list) else ():
        value, rest = element, list(steps)
        while rest and isinstance(value, dict):
            step = rest.pop(0)
            if step == "*":
                yield from _spread(value, rest)
                break
            value = value.get(step)
        else:
            if rest and rest[0] == "*":
                yield from _spread(value, rest[1:])
            elif not rest:
                yield value
