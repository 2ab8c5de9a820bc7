"""Connectors broken on purpose: the check that stands beside each defect must notice it.

That the same checks pass on the connectors as they are is the matter of `test_contract.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from connectors.catalog import connector
from connectors.sdk.auth import OAuth2
from connectors.sdk.base import Connector, Stream
from core.classify import Disposition
from core.http import Request, Response
from core.model import Context, Page, State
from sandbox.samples import SAMPLES
from tests.contract import failing, guarding, reading, wording
from tests.contract.case import Case, Check, Inapplicable

Parse = Callable[[Page, Request, State, Context], Page]


def with_stream(original: Connector, name: str, **changes: Any) -> Connector:
    changed = replace(original.stream(name), **changes)
    return replace(original, streams=tuple(changed if stream.name == name else stream for stream in original.streams))


def with_pages(name: str, change: Parse) -> Callable[[Connector], Connector]:
    """The connector whose stream's pages are changed so."""

    def mutate(original: Connector) -> Connector:
        stream = original.stream(name)

        def parse(asked: Request, response: Response, state: State, context: Context) -> Page:
            return change(stream.parse(asked, response, state, context), asked, state, context)

        return with_stream(original, name, parse=parse)

    return mutate


def with_column(name: str, column: str, **changes: Any) -> Callable[[Connector], Connector]:
    def mutate(original: Connector) -> Connector:
        stream = original.stream(name)
        columns = tuple(replace(c, **changes) if c.name == column else c for c in stream.columns)
        return with_stream(original, name, columns=columns)

    return mutate


def with_rules(of: Disposition, /, **changes: Any) -> Callable[[Connector], Connector]:
    """The connector whose rules of that disposition are changed so; without changes they are left out."""

    def mutate(original: Connector) -> Connector:
        kept = [replace(r, **changes) if r.disposition is of else r for r in original.errors]
        rules = kept if changes else [rule for rule in original.errors if rule.disposition is not of]
        return replace(original, errors=tuple(rules))

    return mutate


def asking(name: str, change: Callable[[Request], Request]) -> Callable[[Connector], Connector]:
    def mutate(original: Connector) -> Connector:
        stream = original.stream(name)
        return with_stream(original, name, request=lambda state, context: change(stream.request(state, context)))

    return mutate


def _one_page(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, next=None)


def _ends_when_empty(page: Page, asked: Request, state: State, context: Context) -> Page:
    return page if page.records else replace(page, next=None)


def _forgets(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, state={} if page.next is not None else page.state)


def _drops_the_last(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, records=page.records[:-1])


def _tells_no_deletions(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, deleted=(), deleted_at=())


def _repeats(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, records=[*page.records, *page.records], deleted_at=())


def _asks_again(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, next=asked)


def _hurries(page: Page, asked: Request, state: State, context: Context) -> Page:
    if "since" not in page.state:
        return page
    return replace(page, state={**page.state, "since": int(str(page.state["since"])) + 2 * 86_400_000})


def _never_moves(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, state={**page.state, "since": 0}) if "since" in page.state else page


def _keeps_bytes(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, state={**page.state, "last": page.records[-1] if page.records else b""})  # type: ignore[dict-item]


def _skips_a_page_when_resumed(page: Page, asked: Request, state: State, context: Context) -> Page:
    return replace(page, state={**page.state, "offset": 10_000}) if page.next else page


def _newest_too_soon(page: Page, asked: Request, state: State, context: Context) -> Page:
    if page.next is None or "newest" not in page.state:
        return page
    return replace(page, state={**page.state, "since": page.state["newest"]})


def _not_rotating(original: Connector) -> Connector:
    return replace(
        original, auth=tuple(replace(m, rotates=False) if isinstance(m, OAuth2) else m for m in original.auth)
    )


def _without_scopes(original: Connector) -> Connector:
    return replace(original, auth=tuple(replace(m, scopes=()) if isinstance(m, OAuth2) else m for m in original.auth))


def _token_in_the_address(original: Connector) -> Connector:
    """The platform gets it twice: where it belongs, and where every log on the way keeps it."""
    secret = SAMPLES["hubspot"]["service_key"]["token"]
    return asking("contacts", lambda request: request.with_params(hapikey=secret))(original)


def _a_wide_host(original: Connector) -> Connector:
    return replace(original, hosts=(*original.hosts, "*.com"))


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """What is broken, in which stream, and the check that must notice."""

    name: str
    platform: str
    stream: str
    mutate: Callable[[Connector], Connector]
    noticed_by: Check | Callable[[Connector], None]

    def case(self) -> Case:
        broken = self.mutate(connector(self.platform))
        stream: Stream = broken.stream(self.stream)
        method = next(m.name for m in broken.auth if not stream.methods or m.name in stream.methods)
        return Case(connector=broken, method=method, name=self.stream)


def _mutant(name: str, place: str, mutate: Callable[[Connector], Connector], noticed_by: Any) -> Mutant:
    platform, _, stream = place.partition(".")
    return Mutant(name=name, platform=platform, stream=stream, mutate=mutate, noticed_by=noticed_by)


EVIL = "https://evil.example"
MUTANTS = (
    _mutant("stops after a page", "hubspot.contacts", with_pages("contacts", _one_page), reading.everything_is_read),
    _mutant("stops after a page", "dropbox.entries", with_pages("entries", _one_page), reading.everything_is_read),
    _mutant(
        "stops after a page",
        "mailchimp.members",
        with_pages("members", _one_page),
        reading.everything_is_read,
    ),
    _mutant(
        "drops the last", "hubspot.companies", with_pages("companies", _drops_the_last), reading.everything_is_read
    ),
    _mutant("drops the last", "dropbox.entries", with_pages("entries", _drops_the_last), reading.everything_is_read),
    _mutant("drops the last", "openai.costs", with_pages("costs", _drops_the_last), reading.everything_is_read),
    _mutant("asks again", "x.followers", with_pages("followers", _asks_again), reading.everything_is_read),
    _mutant(
        "wrong type", "hubspot.deals", with_column("deals", "dealname", type="integer"), reading.everything_is_read
    ),
    _mutant(
        "wrong bound", "x.account", with_column("account", "followers_count", maximum=1), reading.everything_is_read
    ),
    _mutant("repeats a page", "x.posts", with_pages("posts", _repeats), reading.each_row_has_one_key),
    _mutant(
        "wrong key",
        "mailchimp.members",
        lambda c: with_stream(c, "members", key=("status",)),
        reading.each_row_has_one_key,
    ),
    _mutant(
        "null in the key",
        "x.posts",
        lambda c: with_stream(c, "posts", key=("id", "repost_count")),
        reading.each_row_has_one_key,
    ),
    _mutant(
        "key too fine",
        "hubspot.contacts",
        lambda c: with_stream(c, "contacts", key=("id", "updated_at")),
        reading.what_changed_is_found,
    ),
    _mutant(
        "wrong path",
        "hubspot.owners",
        with_column("owners", "first_name", path="firstname"),
        reading.every_column_resolves,
    ),
    _mutant("loses its place", "x.followers", with_pages("followers", _forgets), reading.a_walk_goes_on_from_any_page),
    _mutant(
        "keeps bytes", "hubspot.contacts", with_pages("contacts", _keeps_bytes), reading.a_walk_goes_on_from_any_page
    ),
    _mutant(
        "skips when resumed",
        "mailchimp.members",
        with_pages("members", _skips_a_page_when_resumed),
        reading.a_walk_goes_on_from_any_page,
    ),
    _mutant("newest too soon", "x.posts", with_pages("posts", _newest_too_soon), reading.a_walk_goes_on_from_any_page),
    _mutant(
        "since never moves", "hubspot.contacts", with_pages("contacts", _never_moves), reading.an_idle_sync_is_cheap
    ),
    _mutant("since too far", "hubspot.contacts", with_pages("contacts", _hurries), reading.what_changed_is_found),
    _mutant(
        "since too far",
        "hubspot.contacts",
        with_pages("contacts", _hurries),
        reading.what_changes_during_a_walk_is_not_missed,
    ),
    _mutant(
        "no deletions", "dropbox.entries", with_pages("entries", _tells_no_deletions), reading.what_changed_is_found
    ),
    _mutant(
        "no deletions", "hubspot.contacts", with_pages("contacts", _tells_no_deletions), reading.what_changed_is_found
    ),
    _mutant(
        "empty is the end",
        "x.posts",
        with_pages("posts", _ends_when_empty),
        failing.an_empty_page_in_the_middle_is_no_end,
    ),
    _mutant(
        "rate limit is a failure",
        "mailchimp.audiences",
        with_rules(Disposition.RATE_LIMITED, disposition=Disposition.FAIL, status=429, not_json=False),
        failing.failures_that_pass_lose_nothing,
    ),
    _mutant(
        "reset is unknown",
        "dropbox.entries",
        with_rules(Disposition.RESET_STATE, equals="reboot"),
        failing.a_forgotten_cursor_is_noticed,
    ),
    _mutant(
        "scope is a rejection",
        "dropbox.entries",
        with_rules(Disposition.SCOPE_MISSING),
        failing.a_missing_scope_is_told,
    ),
    _mutant(
        "scope is another",
        "x.followers",
        lambda c: with_stream(c, "followers", scopes=("space.read",)),
        failing.a_missing_scope_is_told,
    ),
    _mutant(
        "rejection is a failure",
        "hubspot.contacts",
        with_rules(Disposition.CREDENTIAL_REJECTED, disposition=Disposition.FAIL),
        guarding.a_refused_credential_says_to_connect_again,
    ),
    _mutant("does not rotate", "x.account", _not_rotating, guarding.an_expired_token_is_refreshed_or_rejected),
    _mutant(
        "another host",
        "hubspot.contacts",
        asking("contacts", lambda r: replace(r, base=EVIL)),
        guarding.only_declared_hosts_get_the_credential,
    ),
    _mutant(
        "token in the address",
        "hubspot.contacts",
        _token_in_the_address,
        guarding.only_declared_hosts_get_the_credential,
    ),
    _mutant("host too wide", "hubspot.contacts", _a_wide_host, wording.hosts_cover_every_address),
    _mutant("scopes not asked for", "hubspot.contacts", _without_scopes, wording.what_streams_need_is_asked_for),
    _mutant(
        "key that is no column",
        "hubspot.contacts",
        lambda c: with_stream(c, "contacts", key=("uuid",)),
        wording.keys_and_parents_exist,
    ),
)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: f"{m.platform}.{m.stream} {m.name} {m.noticed_by.__name__}")
def test_a_defect_is_noticed(mutant: Mutant) -> None:
    case = mutant.case()
    subject: Any = case.connector if mutant.noticed_by in wording.WORDING else case
    with pytest.raises((Exception, pytest.fail.Exception)) as noticed:
        mutant.noticed_by(subject)
    assert not isinstance(noticed.value, Inapplicable | TypeError | KeyError | AttributeError | NameError)


def test_every_check_has_a_defect_that_it_notices() -> None:
    checks = {*reading.READING, *failing.FAILING, *guarding.GUARDING, *wording.WORDING}
    idle = checks - {mutant.noticed_by for mutant in MUTANTS}
    # Those rest on the client and the driver, whose own tests break them.
    assert {check.__name__ for check in idle} <= {
        "reading_in_parallel_changes_nothing",
        "a_failing_platform_is_given_up",
        "a_long_wait_is_left_for_later",
        "pages_before_a_failure_stand",
        "a_redirect_takes_nothing_along",
        "no_secret_shows_anywhere",
        "what_cannot_be_a_credential_is_refused_unseen",
        "names_are_unique_and_plain",
        "people_are_told",
        "patterns_and_bounds_make_sense",
    }
