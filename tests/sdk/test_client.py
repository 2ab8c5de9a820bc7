from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.client import LONGEST_SLEEP, MAX_ATTEMPTS
from connectors.sdk.credential import Credential
from connectors.sdk.limits import counted_headers
from core.classify import Disposition, ErrorRule
from core.errors import (
    CircuitOpen,
    ComeBackLater,
    CredentialRejected,
    PlatformUnavailable,
    QuotaExhausted,
    RequestRefused,
    ScopeMissing,
    Skipped,
    StateReset,
)
from core.http import Request
from core.pacing import FAILURES_TO_OPEN, FIRST_OPENING, RETRY_AFTER_FLOOR, Limit, RateLimit, backoff
from tests.sdk.parts import ACME, KEY, START, THINGS, TOKEN, World, oauth, ok, status


def test_a_good_reply_comes_back_and_is_recorded() -> None:
    world = World([ok({"things": [{"id": 1}]})])
    response = world.client().send(Request(path="/v1/lists/{id}", args={"id": "a b"}), purpose="things")
    assert response.records("things") == [b'{"id":1}']
    (call,) = world.calls
    assert (call.method, call.path, call.status, call.disposition) == ("GET", "/v1/lists/{id}", 200, "ok")
    assert (call.number, call.attempt, call.purpose, call.bytes) == (response.call, 1, "things", len(response.body))
    assert call.at == datetime.fromtimestamp(START, UTC)


def test_what_is_asked_arrives_as_it_was_meant() -> None:
    world = World()
    client = world.client(replace(ACME, headers={"X-Version": "7", "Accept": "application/json"}))
    client.send(
        Request(
            method="POST",
            path="/v1/lists/{id}",
            args={"id": "a/b?c"},
            params={"q": "ä&b=c", "flag": True, "tag": ["x", "y"], "n": 5},
            json={"name": "ä", "n": None},
            headers={"x-request": "1"},
        )
    )
    (sent,) = world.seen
    assert str(sent.url).startswith("https://api.acme.example/v1/lists/a%2Fb%3Fc?")
    assert sent.url.params.multi_items() == [("q", "ä&b=c"), ("flag", "true"), ("tag", "x"), ("tag", "y"), ("n", "5")]
    assert sent.content == '{"name":"ä","n":null}'.encode()
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["accept"] == "application/json"
    assert (sent.headers["x-version"], sent.headers["x-request"]) == ("7", "1")
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["accept-encoding"] == "gzip"
    assert sent.headers["host"] == "api.acme.example"


def test_forms_and_bytes_are_sent_with_their_types() -> None:
    world = World()
    world.client().send(Request(method="POST", path="/token", form={"a": "1 2", "b": "ä"}))
    world.client().send(Request(method="POST", path="/up", content=b"\x00", headers={"Content-Type": "image/png"}))
    form, upload = world.seen
    assert (form.content, form.headers["content-type"]) == (b"a=1+2&b=%C3%A4", "application/x-www-form-urlencoded")
    assert (upload.content, upload.headers["content-type"]) == (b"\x00", "image/png")


def test_an_unauthorized_request_carries_no_credential() -> None:
    world = World()
    world.client().send(replace(THINGS, authorized=False))
    assert "authorization" not in world.seen[0].headers


def test_no_cookie_is_kept_from_one_call_to_the_next() -> None:
    world = World([httpx.Response(200, json={}, headers={"set-cookie": "session=1; path=/"})])
    client = world.client()
    client.send(THINGS)
    client.send(THINGS)
    assert "cookie" not in world.seen[1].headers


# Waiting


@pytest.mark.parametrize("code", [429, 503])
@pytest.mark.parametrize(
    ("told", "least"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0"}, RETRY_AFTER_FLOOR),
        ({"retry_after": format_datetime(datetime.fromtimestamp(START + 9, UTC), usegmt=True)}, 9.0),
        ({"retry_after_ms": "250"}, 0.25),
    ],
)
def test_what_the_platform_asks_to_wait_is_the_floor_with_a_drawn_part_on_top(
    code: int, told: dict[str, str], least: float
) -> None:
    for chance in (0.0, 1.0):
        world = World([status(code, **told), ok()], chance=chance)
        world.client().send(THINGS)
        assert world.slept == [pytest.approx(least + backoff(1, chance) / 4)]


def test_without_a_word_the_waits_double_and_are_drawn() -> None:
    waits = []
    for chance in (0.0, 1.0):
        world = World([status(503)] * (MAX_ATTEMPTS - 1) + [ok()], chance=chance)
        world.client().send(THINGS)
        waits.append(world.slept)
    assert waits == [[0.25, 0.5, 1, 2], [0.5, 1, 2, 4]]


def test_a_long_wait_is_not_slept_but_told_with_its_time() -> None:
    world = World([status(429, retry_after="600")])
    with pytest.raises(ComeBackLater, match="shop") as later:
        world.client().send(THINGS)
    assert later.value.at == datetime.fromtimestamp(START + 600, UTC)
    assert world.slept == []
    assert later.value.advice


def test_a_wait_of_exactly_a_minute_is_slept() -> None:
    world = World([status(429, retry_after=str(int(LONGEST_SLEEP))), ok()])
    world.client().send(THINGS)
    assert world.slept[0] >= LONGEST_SLEEP


@pytest.mark.parametrize("told", ["1e300", "99999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_wait_is_cut_to_a_month_and_not_a_crash(told: str) -> None:
    world = World([status(429, retry_after=told)])
    with pytest.raises(ComeBackLater) as later:
        world.client().send(THINGS)
    assert (later.value.at.timestamp() - START) / 86400 == pytest.approx(31)


def test_a_rate_limit_that_stays_is_left_for_later_and_does_not_open_the_breaker() -> None:
    world = World([status(429)])
    with pytest.raises(ComeBackLater):
        world.client().send(THINGS)
    assert len(world.seen) == MAX_ATTEMPTS
    assert len(world.slept) == MAX_ATTEMPTS - 1
    assert world.breakers.load("shop").failures == 0


def test_a_wait_that_the_rule_tells_serves_where_the_reply_tells_none() -> None:
    rule = ErrorRule(disposition=Disposition.RATE_LIMITED, status=429, path="policy", equals="TEN", retry_in=10)
    connector = replace(ACME, errors=(rule,))
    world = World([status(429, {"policy": "TEN"}), ok()], chance=0)
    world.client(connector).send(THINGS)
    assert world.slept[0] == pytest.approx(10 + backoff(1, 0) / 4)
    world = World([status(429, {"policy": "TEN"}, retry_after="3"), ok()], chance=0)
    world.client(connector).send(THINGS)
    assert world.slept[0] == pytest.approx(3 + backoff(1, 0) / 4)


def test_whoever_shares_the_budget_waits_after_one_was_refused() -> None:
    connector = replace(ACME, rate_limit=RateLimit(limits=(Limit(bucket="all", requests=100, seconds=1),)))
    first = World([status(429, retry_after="600")])
    with pytest.raises(ComeBackLater):
        first.client(connector).send(THINGS)
    second = World(budgets=first.budgets)
    with pytest.raises(ComeBackLater):
        second.client(connector).send(THINGS)
    assert second.seen == []


def test_a_used_up_budget_is_waited_for_before_asking() -> None:
    limits = (Limit(bucket="all", requests=2, seconds=10),)
    world = World()
    client = world.client(replace(ACME, rate_limit=RateLimit(limits=limits)))
    for _ in range(5):
        client.send(THINGS)
    assert len(world.seen) == 5
    assert world.now - START == pytest.approx(20, abs=0.1)


def test_a_budget_of_a_day_is_not_waited_for() -> None:
    limits = (Limit(bucket="all", requests=1, seconds=86400),)
    world = World()
    client = world.client(replace(ACME, rate_limit=RateLimit(limits=limits)))
    client.send(THINGS)
    with pytest.raises(ComeBackLater) as later:
        client.send(THINGS)
    assert later.value.at == datetime.fromtimestamp(START + 86400, UTC)
    assert len(world.seen) == 1


def test_what_the_replies_tell_of_the_budget_is_believed() -> None:
    dialect = counted_headers(remaining="x-left", reset="x-reset", form="seconds", bucket=lambda request: "all")
    rate = RateLimit(limits=(Limit(bucket="all", requests=100, seconds=10),), dialect=dialect)
    world = World([httpx.Response(200, json={}, headers={"x-left": "0", "x-reset": "30"})])
    client = world.client(replace(ACME, rate_limit=rate))
    client.send(THINGS)
    client.send(THINGS)
    assert world.slept == [pytest.approx(30)]


def test_no_more_than_the_declared_calls_are_in_flight() -> None:
    inside, most, lock, full = [0], [0], threading.Lock(), threading.Semaphore(0)

    def answer(request: httpx.Request) -> httpx.Response:
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            if inside[0] == 4:
                for _ in range(12):
                    full.release()
        full.acquire(timeout=5)
        with lock:
            inside[0] -= 1
        return ok()

    client = World([answer]).client()
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(client.send, [THINGS] * 12))
    assert most[0] == 4


# What replies mean


@pytest.mark.parametrize(
    ("disposition", "error"),
    [
        (Disposition.FAIL, RequestRefused),
        (Disposition.SKIP, Skipped),
        (Disposition.RESET_STATE, StateReset),
        (Disposition.QUOTA_EXHAUSTED, QuotaExhausted),
        (Disposition.CREDENTIAL_REJECTED, CredentialRejected),
        (Disposition.SCOPE_MISSING, ScopeMissing),
    ],
)
def test_a_final_disposition_is_raised_at_once(disposition: Disposition, error: type[Exception]) -> None:
    world = World([ok({"error": {"code": 7, "message": "Because of seven"}})])
    rule = ErrorRule(disposition=disposition, path="error/code", equals=7)
    with pytest.raises(error, match=r"shop: Acme .*\(200 at GET /v1/things\): Because of seven"):
        world.client(replace(ACME, errors=(rule,))).send(THINGS)
    assert len(world.seen) == 1
    assert world.slept == []


def test_the_rules_own_advice_is_given_with_names_filled_in() -> None:
    rule = ErrorRule(disposition=Disposition.FAIL, status=400, advice="Ask {platform} about {name}")
    with pytest.raises(RequestRefused) as refused:
        World([status(400)]).client(replace(ACME, errors=(rule,))).send(THINGS)
    assert refused.value.advice == "Ask acme about shop"


def test_a_quota_that_is_used_up_is_not_asked_again() -> None:
    world = World([status(402)])
    with pytest.raises(QuotaExhausted):
        world.client().send(THINGS)
    assert len(world.seen) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int) -> None:
    world = World([status(code, location="https://evil.example/steal"), ok()])
    with pytest.raises(RequestRefused):
        world.client().send(THINGS)
    assert [request.url.host for request in world.seen] == ["api.acme.example"]


# Refreshing the token


def renewing(world: World, credential: Credential, *fresh: Any) -> tuple[list[Credential], Any]:
    asked: list[Credential] = []
    given = list(fresh)

    def refresh(stale: Credential) -> Credential:
        asked.append(stale)
        answer = given.pop(0) if given else oauth(f"fresh-{len(asked)}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    return asked, world.client(credential=credential, refresh=refresh)


def expired(request: httpx.Request) -> httpx.Response:
    return ok() if request.headers["authorization"].startswith("Bearer fresh") else status(401)


def test_an_expired_token_is_refreshed_once_and_kept() -> None:
    world = World([expired])
    asked, client = renewing(world, oauth())
    client.send(THINGS)
    client.send(THINGS)
    assert len(asked) == 1
    assert [r.headers["authorization"] for r in world.seen] == [f"Bearer {TOKEN}", "Bearer fresh-1", "Bearer fresh-1"]
    assert world.slept == []


def test_a_host_that_is_told_with_the_new_token_is_called_at_once() -> None:
    oauth2 = replace(ACME.auth[1], learn=lambda values: {"shop": values["access_token"].replace("fresh-1", "new")})
    moving = replace(ACME, base_url="https://{shop}.shops.acme.example", auth=(oauth2,))
    world = World([expired])
    client = world.client(moving, oauth(), settings={"shop": "old"}, refresh=lambda stale: oauth("fresh-1"))
    for _ in range(2):
        client.send(THINGS)
    assert [request.url.host.partition(".")[0] for request in world.seen] == ["old", "new", "new"]


def test_many_threads_share_one_refresh() -> None:
    barrier = threading.Barrier(4)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"].startswith("Bearer fresh"):
            return ok()
        barrier.wait(5)
        return status(401)

    asked, client = renewing(World([answer]), oauth())
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(client.send, [THINGS] * 4))
    assert len(asked) == 1
    assert [reply.status for reply in replies] == [200] * 4


def test_other_calls_go_on_while_one_refreshes() -> None:
    world, done = World([expired]), threading.Event()

    def refresh(stale: Credential) -> Credential:
        # The client is not locked meanwhile: the refresh itself may send by it.
        client.send(replace(THINGS, authorized=False, headers={"Authorization": "Bearer fresh"}))
        done.set()
        return oauth("fresh")

    client = world.client(credential=oauth(), refresh=refresh)
    thread = threading.Thread(target=client.send, args=(THINGS,), daemon=True)
    thread.start()
    thread.join(5)
    assert done.is_set()
    assert not thread.is_alive()


def test_a_refreshed_token_that_is_refused_too_is_rejected() -> None:
    world = World([status(401)])
    asked, client = renewing(world, oauth())
    with pytest.raises(CredentialRejected, match="shop: Acme refused the credential") as rejected:
        client.send(THINGS)
    assert (len(asked), len(world.seen)) == (1, 2)
    assert "integrations connect acme --name shop" in rejected.value.advice


def test_a_refused_refresh_is_not_tried_again_by_the_threads_that_wait() -> None:
    barrier = threading.Barrier(4)

    def answer(request: httpx.Request) -> httpx.Response:
        if not barrier.broken and barrier.n_waiting < 4:
            barrier.wait(5)
            barrier.abort()
        return status(401)

    asked, client = renewing(World([answer]), oauth(), CredentialRejected("the grant is gone"))
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(client.send, THINGS) for _ in range(4)]
        errors = [future.exception() for future in futures]
    assert len(asked) == 1
    assert all(isinstance(error, CredentialRejected | threading.BrokenBarrierError) for error in errors)


def test_a_key_that_cannot_be_refreshed_is_rejected_at_once() -> None:
    world = World([status(401)])
    asked, client = renewing(world, KEY)
    with pytest.raises(CredentialRejected):
        client.send(THINGS)
    assert (len(asked), len(world.seen)) == (0, 1)


def test_an_unauthorized_call_never_refreshes() -> None:
    asked, client = renewing(World([status(401)]), oauth())
    with pytest.raises(CredentialRejected):
        client.send(replace(THINGS, authorized=False))
    assert asked == []


# Giving up and the breaker


@pytest.mark.parametrize(
    "error",
    [
        httpx.ConnectError("[Errno 111] Connection refused"),
        httpx.ReadError("reset"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.PoolTimeout("busy"),
    ],
)
def test_a_failing_connection_is_tried_again_and_then_given_up(error: Exception) -> None:
    world = World([error, ok()])
    world.client().send(THINGS)
    assert [call.disposition for call in world.calls] == ["no reply", "ok"]
    assert [call.status for call in world.calls] == [0, 200]
    world = World([error])
    with pytest.raises(PlatformUnavailable, match=rf"shop: Acme failed {MAX_ATTEMPTS} times at GET /v1/things: ."):
        world.client().send(THINGS)
    assert [call.attempt for call in world.calls] == list(range(1, MAX_ATTEMPTS + 1))


def test_the_breaker_opens_after_repeated_failures_and_survives_the_client() -> None:
    world = World([status(500)])
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(PlatformUnavailable, match="it answered 500"):
            world.client().send(THINGS)
    sent = len(world.seen)
    with pytest.raises(CircuitOpen, match="Acme kept failing") as held:
        world.client().send(THINGS)
    assert len(world.seen) == sent
    assert held.value.at == datetime.fromtimestamp(world.now + FIRST_OPENING, UTC)


def test_after_its_time_one_good_trial_closes_the_breaker() -> None:
    world = World([status(500)] * MAX_ATTEMPTS * FAILURES_TO_OPEN + [ok()])
    client = world.client()
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(PlatformUnavailable):
            client.send(THINGS)
    with pytest.raises(CircuitOpen):
        client.send(THINGS)
    world.now += FIRST_OPENING
    client.send(THINGS)
    assert world.breakers.load("shop").failures == 0


def test_a_failed_trial_opens_it_for_longer() -> None:
    world = World([status(500)])
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(PlatformUnavailable):
            world.client().send(THINGS)
    world.now += FIRST_OPENING
    with pytest.raises(PlatformUnavailable):
        world.client().send(THINGS)
    with pytest.raises(CircuitOpen) as held:
        world.client().send(THINGS)
    assert held.value.at.timestamp() == pytest.approx(world.now + 2 * FIRST_OPENING)


def test_a_refusal_is_no_failure_of_the_platform() -> None:
    world = World([status(404)])
    for _ in range(FAILURES_TO_OPEN + 1):
        with pytest.raises(RequestRefused):
            world.client().send(THINGS)
    assert world.breakers.load("shop").failures == 0


@given(codes=st.lists(st.sampled_from([200, 204, 301, 400, 401, 403, 404, 429, 500, 503]), min_size=1, max_size=8))
def test_whatever_is_answered_the_attempts_are_bounded_and_each_is_recorded(codes: list[int]) -> None:
    world = World([status(code) if code != 204 else httpx.Response(204) for code in codes])
    try:
        response = world.client().send(THINGS)
    except (ComeBackLater, PlatformUnavailable, RequestRefused, CredentialRejected, ScopeMissing):
        pass
    else:
        assert response.status in (200, 204)
    assert 1 <= len(world.seen) == len(world.calls) <= MAX_ATTEMPTS
    assert sum(world.slept) < 60
