"""The clock, the population, tables of records, rate limits, samples, and how calls find their platform."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import people
from sandbox.credentials import Credential
from sandbox.platform import Call, Platform, Problems, Reply, Route, json_reply, text_reply
from sandbox.ratelimits import RateLimits, Window
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.table import WRITTEN, Table
from sandbox.world import Clock, World
from tests.sandbox.rig import client_of, make_sandbox

START = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)


def _refusal(status: int, title: str) -> Reply:
    return json_reply({"error": title}, status=status)


def toy(world: World, slug: str = "toy", *, connections: int | None = None) -> Platform:
    """The smallest platform there can be."""
    return Platform(
        slug=slug,
        hosts=("api.toy.example",),
        routes=(
            Route("GET", f"/{slug}/things/{{id}}", lambda call: json_reply({"id": call.args["id"]}), scopes=("read",)),
            Route("GET", f"/{slug}/files/{{path:rest}}", lambda call: text_reply(call.args["path"])),
            Route("GET", f"/{slug}/open", lambda call: text_reply("open"), open=True),
            Route("POST", f"/{slug}/things", lambda call: json_reply(call.json(), status=201)),
        ),
        problems=Problems(
            unauthorized=lambda call, why: _refusal(401, why),
            forbidden=lambda call, lacking: _refusal(403, " ".join(lacking)),
            not_found=lambda call: _refusal(404, "nowhere"),
            throttled=lambda call, taken: _refusal(429, "slower"),
            failed=lambda call, status: _refusal(status, "failed"),
            stale_cursor=lambda call: _refusal(400, "stale"),
            bad_body=lambda call, why: _refusal(400, "body"),
        ),
        credentials=(Credential(platform=slug, kind="key", secret=f"{slug}-key", scopes=("read",)),),
        windows=lambda call: (Window(name="minute", key="all", limit=3, seconds=60),) if slug == "limited" else (),
        connections=connections,
    )


def asked(path: str, *, key: str = "toy-key", method: str = "GET", body: bytes = b"") -> Call:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return Call(method=method, host="api.toy.example", path=path, headers=headers, body=body)


def test_a_clock_stands_still_unless_it_is_moved_or_ticks() -> None:
    still = Clock(START)
    still.advance(days=1, hours=2)
    assert still.now() == START + timedelta(days=1, hours=2)
    seconds = iter((100.0, 107.5))
    assert Clock(START, tick=lambda: next(seconds)).now() == START + timedelta(seconds=7.5)


def test_a_clock_never_goes_back_and_needs_a_time_zone() -> None:
    with pytest.raises(ValueError, match="back"):
        Clock(START).advance(days=-1)
    with pytest.raises(ValueError, match="time zone"):
        Clock(START.replace(tzinfo=None))


def snapshot(world: World, kind: str) -> list[object]:
    population = world.population(kind)
    return [population.life(index) for index in range(population.size)]


@given(seed=st.integers(0, 2**32), steps=st.lists(st.floats(0, 3), max_size=5))
def test_what_happened_hangs_on_seed_and_day_only_not_on_how_one_got_there(seed: int, steps: Sequence[float]) -> None:
    one, other = World(seed=seed, scale=20), World(seed=seed, scale=20)
    for step in steps:
        one.clock.advance(days=step)
        snapshot(one, "things")
    other.clock.advance(seconds=(one.clock.now() - other.clock.now()).total_seconds())
    assert snapshot(one, "things") == snapshot(other, "things")


def test_a_day_brings_births_changes_and_deletions() -> None:
    world = World(scale=500)
    things = world.population("things")
    before = [things.life(index) for index in range(things.size)]
    world.clock.advance(days=1)
    after = [things.life(index) for index in range(things.size)]
    assert len(after) > len(before) == 500
    assert things.deleted()
    assert any(a != b and a and not a.deleted for a, b in zip(after, before, strict=False))


def test_lives_are_in_order_of_birth_and_never_in_the_future() -> None:
    world = World(scale=300)
    world.clock.advance(days=5)
    lives = [life for life in snapshot(world, "things") if life is not None]
    births = [life.created for life in lives]  # type: ignore[attr-defined]
    now = world.clock.ms()
    assert births == sorted(births)
    assert all(life.created <= life.changed <= now for life in lives)  # type: ignore[attr-defined]


def test_a_person_keeps_name_and_address_while_job_and_phone_change() -> None:
    world = World()
    young, old = people.person(world, 5), people.person(world, 5, version=3)
    assert (young.email, young.name) == (old.email, old.name)
    assert young.phone != old.phone
    assert len({people.person(world, index).email for index in range(2000)}) == 2000


def test_a_counter_only_rises_and_rests_at_weekends() -> None:
    world = World()
    seen = []
    for _ in range(30):
        seen.append(world.total("followers", base=1000, level=50))
        world.clock.advance(days=1)
    assert seen[0] >= 1000
    assert seen == sorted(seen)
    weekdays = [world.daily("followers", day, level=50) for day in (0, 1, 2, 7, 8, 9)]
    weekends = [world.daily("followers", day, level=50) for day in (5, 6, 12, 13)]
    assert sum(weekdays) / 6 > sum(weekends) / 4


def test_what_is_written_is_kept_over_what_was_born() -> None:
    world = World(scale=10)
    table = Table(world, world.population("things"))
    world.clock.advance(seconds=5)
    made = table.create({"name": "new"})
    table.change(3, {"name": "renamed"})
    table.delete(4)
    assert made.index >= WRITTEN
    assert table.indices() == [0, 1, 2, 3, 5, 6, 7, 8, 9, made.index]
    assert table.indices(deleted=True) == [4]
    changed = table.row(3)
    assert changed is not None
    assert changed.fields == {"name": "renamed"}
    assert changed.changed == world.clock.ms()
    assert set(table.by_change()[-2:]) == {3, made.index}
    table.restore(4, {})
    assert 4 in table.indices()


def test_a_rolling_window_refuses_until_its_oldest_call_is_a_window_ago() -> None:
    now = [0.0]
    limits = RateLimits(lambda: now[0])
    window = Window(name="w", key="k", limit=2, seconds=10)
    assert [limits.take((window,))[0].remaining for _ in range(2)] == [1, 0]
    now[0] = 4.0
    refused = limits.take((window,))[0]
    assert (refused.allowed, refused.wait) == (False, 6.0)
    now[0] = 10.0
    assert limits.take((window,))[0].allowed


def test_a_fixed_window_begins_anew_at_its_boundary() -> None:
    now = [59.0]
    limits = RateLimits(lambda: now[0])
    window = Window(name="w", key="k", limit=1, seconds=60, rolling=False)
    assert limits.take((window,))[0].allowed
    assert not limits.take((window,))[0].allowed
    now[0] = 60.0
    assert limits.take((window,))[0].allowed


def test_a_call_that_one_window_refuses_costs_nothing_in_the_others() -> None:
    limits = RateLimits(lambda: 0.0)
    tight, wide = (Window(name=name, key="k", limit=size, seconds=9) for name, size in (("tight", 1), ("wide", 5)))
    limits.take((tight, wide))
    assert [taken.allowed for taken in limits.take((tight, wide))] == [False, True]
    assert limits.take((wide,))[0].remaining == 3


def test_relaxed_limits_let_everything_pass() -> None:
    limits = RateLimits(lambda: 0.0, relaxed=True)
    window = Window(name="w", key="k", limit=1, seconds=10)
    assert all(limits.take((window,))[0].allowed for _ in range(5))


def test_routes_fill_their_arguments_percent_decoded() -> None:
    sandbox = make_sandbox(toy(World()))
    assert sandbox.handle(asked("/toy/things/a%2Fb%20c")).body == b'{"id":"a/b c"}'
    assert sandbox.handle(asked("/toy/files/deep/er.txt")).body == b"deep/er.txt"
    assert sandbox.handle(asked("/toy/elsewhere")).status == 404
    assert sandbox.handle(asked("/toy/things/1", method="DELETE")).status == 404


def test_only_open_routes_answer_without_a_credential() -> None:
    sandbox = make_sandbox(toy(World()))
    assert sandbox.handle(asked("/toy/open", key="")).status == 200
    assert sandbox.handle(asked("/toy/things/1", key="")).body == b'{"error":"missing"}'
    assert sandbox.handle(asked("/toy/things/1", key="other")).body == b'{"error":"unknown"}'


def test_a_missing_scope_is_named() -> None:
    sandbox = make_sandbox(toy(World()))
    sandbox.accepted.remove_scope("toy", "read")
    assert sandbox.handle(asked("/toy/things/1")).body == b'{"error":"read"}'


def test_a_body_that_is_no_json_is_answered_in_the_platforms_words() -> None:
    sandbox = make_sandbox(toy(World()))
    assert sandbox.handle(asked("/toy/things", method="POST", body=b"{")).body == b'{"error":"body"}'
    assert sandbox.handle(asked("/toy/things", method="POST", body=b'{"a":1}')).status == 201


def test_platforms_that_share_a_host_are_told_apart_by_path_and_credential() -> None:
    world = World()
    sandbox = make_sandbox(toy(world, "toy"), toy(world, "other"))
    assert sandbox.handle(asked("/other/things/1", key="other-key")).status == 200
    assert sandbox.handle(asked("/other/things/1", key="toy-key")).status == 401


def test_limits_of_a_platform_answer_in_its_own_words_and_refill_with_the_clock() -> None:
    sandbox = make_sandbox(toy(World(), "limited"))
    statuses = [sandbox.handle(asked("/limited/things/1", key="limited-key")).status for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    sandbox.advance(seconds=60)
    assert sandbox.handle(asked("/limited/things/1", key="limited-key")).status == 200


def test_more_calls_in_flight_than_a_platform_takes_are_refused() -> None:
    waits: list[float] = []
    inner: list[Reply] = []

    def while_it_waits(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 1:
            inner.append(sandbox.handle(asked("/toy/open")))

    sandbox = Sandbox(World(), platforms=[toy(World(), connections=1)], latency=0.1, sleep=while_it_waits)
    assert sandbox.handle(asked("/toy/open")).status == 200
    assert inner[0].status == 429
    assert sandbox.handle(asked("/toy/open")).status == 200


def test_every_call_is_logged_with_names_of_headers_but_without_their_values() -> None:
    sandbox = make_sandbox(toy(World()))
    client_of(sandbox, "https://api.toy.example", token="toy-key").get("/toy/things/7", params={"a": "1"})
    call = sandbox.calls[-1]
    assert (call.method, call.path, call.template, call.status) == ("GET", "/toy/things/7", "/toy/things/{id}", 200)
    assert call.params == (("a", "1"),)
    assert "authorization" in call.headers
    assert "toy-key" not in repr(list(sandbox.calls))


def test_a_host_that_nobody_simulates_cannot_be_connected_to() -> None:
    with pytest.raises(httpx.ConnectError):
        client_of(make_sandbox(toy(World())), "https://elsewhere.example").get("/")


# The forms that vendors and leak scanners publish.
FORMS = {
    (
        "hubspot",
        "service_key",
        "token",
    ): r"pat-(?:na|eu|ap)\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    ("mailchimp", "api_key", "token"): r"[0-9a-f]{32}-us\d{1,2}",
    ("openai", "api_key", "token"): r"sk-proj-[A-Za-z0-9_-]{74}T3BlbkFJ[A-Za-z0-9_-]{74}",
    ("openai", "admin_key", "token"): r"sk-admin-[A-Za-z0-9_-]{58}T3BlbkFJ[A-Za-z0-9_-]{58}",
    ("claude", "api_key", "token"): r"sk-ant-api03-[A-Za-z0-9_\-]{93}AA",
    ("claude", "admin_key", "token"): r"sk-ant-admin01-[A-Za-z0-9_\-]{93}AA",
    ("sendgrid", "api_key", "token"): r"SG\.[\w-]{22}\.[\w-]{43}",
    ("youtube", "api_key", "api_key"): r"AIza[0-9A-Za-z_-]{35}",
    ("youtube", "oauth2", "client_id"): r"\d+-[a-z0-9]{32}\.apps\.googleusercontent\.com",
    ("youtube", "oauth2", "client_secret"): r"GOCSPX-[A-Za-z0-9_-]{28}",
    ("facebook", "oauth2", "client_id"): r"\d{13,17}",
    ("facebook", "oauth2", "client_secret"): r"[a-f0-9]{32}",
    ("linkedin", "oauth2", "client_id"): r"[a-z0-9]{14}",
    ("linkedin", "oauth2", "client_secret"): r"[A-Za-z0-9]{16}",
    ("salesforce", "oauth2", "client_id"): r"3MVG9[0-9A-Za-z._+/=]{80,251}",
    ("salesforce", "oauth2", "client_secret"): r"[0-9A-F]{64}",
    ("dropbox", "oauth2", "client_id"): r"[a-z0-9]{15}",
}


@pytest.mark.parametrize(("place", "form"), FORMS.items(), ids=[" ".join(place) for place in FORMS])
def test_a_sample_has_the_form_that_its_vendor_publishes(place: tuple[str, str, str], form: str) -> None:
    slug, kind, field = place
    assert re.fullmatch(form, SAMPLES[slug][kind][field])
