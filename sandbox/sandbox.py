"""All simulated platforms behind one door: `handle(Call) -> Reply`."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase

from sandbox import catalog
from sandbox.credentials import STANDS, Accepted
from sandbox.faults import Fault, FaultPlan, spoil, strike
from sandbox.oauth import OAuthServer
from sandbox.platform import BadBody, Call, Delivery, Platform, Reply, Route, Unreachable
from sandbox.ratelimits import RateLimits, Taken
from sandbox.world import World

LOGGED_CALLS = 100_000


class UnknownHost(Exception):
    """No simulated platform answers at this address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One call as it was answered. `params` may hold tokens, hence no repr; of the headers only the names are kept.

    `status` is 0 where the connection broke instead of an answer.
    """

    method: str
    host: str
    path: str
    template: str
    params: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]
    status: int
    at: datetime

    def __repr__(self) -> str:
        return f"<{self.method} {self.host}{self.path} {self.status}>"


class Sandbox:
    """`platforms` are slugs or platforms ready made (all of the catalogue by default).

    `latency` is what every call takes, in seconds, slept by `sleep`; calls overlap while they sleep. Rate limits
    are counted on the world's clock, or on `monotonic` where the clock stands still and real time should count;
    `relaxed` counts none. `auto_approve` answers every consent page by itself.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        platforms: Iterable[str | Platform] | None = None,
        relaxed: bool = False,
        auto_approve: bool = False,
        latency: float = 0.0,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self.world = world or World()
        self.sleep = sleep
        self.latency = latency
        self.limits = RateLimits(monotonic or self.world.clock.seconds, relaxed=relaxed)
        self.accepted = Accepted()
        self.faults = FaultPlan()
        self.calls: deque[Logged] = deque(maxlen=LOGGED_CALLS)
        self.platforms: dict[str, Platform] = {}
        self.oauth: dict[str, OAuthServer] = {}
        self._lock = threading.RLock()
        self._flying: dict[str, int] = {}
        for item in platforms if platforms is not None else catalog.MODULES:
            self._add(catalog.build(self.world, [item])[0] if isinstance(item, str) else item, auto_approve)

    def _add(self, platform: Platform, auto_approve: bool) -> None:
        self.platforms[platform.slug] = platform
        for credential in platform.credentials:
            self.accepted.add(credential)
        dialects = (*([platform.oauth] if platform.oauth is not None else ()), *platform.further_oauth)
        for number, dialect in enumerate(dialects):
            server = OAuthServer(platform.slug, dialect, self.accepted, self.world.clock)
            server.auto_approve = auto_approve
            self.oauth[f"{platform.slug} {number + 1}" if number else platform.slug] = server

    def plan(self, *faults: Fault) -> None:
        """Plans these failures, after those that still wait. Counting begins now."""
        self.faults.add(*faults)

    def advance(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """Moves the clock on: records are born, change and go; tokens expire; rate limits refill."""
        self.world.clock.advance(days=days, hours=hours, seconds=seconds)

    def deliver(self, slug: str, url: str, secret: str) -> Delivery:
        """A webhook call as this platform would make it now. Raises KeyError where it makes none."""
        deliver = self.platforms[slug].deliver
        if deliver is None:
            raise KeyError(f"{slug} has no webhooks here")
        with self._lock:
            return deliver(url, secret)

    def now(self) -> datetime:
        return self.world.clock.now()

    def platforms_at(self, host: str) -> list[Platform]:
        """Who answers at this host, in the order they were added: products of one vendor share theirs."""
        name = host.partition(":")[0].lower()
        return [p for p in self.platforms.values() if any(fnmatchcase(name, pattern) for pattern in p.hosts)]

    def handle(self, call: Call) -> Reply:
        """The platform's answer, faults included. Raises UnknownHost, and Unreachable for a broken connection."""
        call = replace(call, host=call.host.partition(":")[0].lower())
        platforms = self.platforms_at(call.host)
        if not platforms:
            raise UnknownHost(call.host)
        platform, route, call = self._routed(platforms, call)
        template = route.template if route else call.path
        with self._in_flight(platform, call) as crowded:
            try:
                reply = self._answer(platform, route, call, crowded)
            except Unreachable:
                self._log(call, template, 0)
                raise
            self._log(call, template, reply.status)
            if reply.wait or self.latency:
                self.sleep(reply.wait + self.latency)
        return reply

    def _answer(self, platform: Platform, route: Route | None, call: Call, crowded: bool) -> Reply:
        with self._lock:
            faults = self.faults.due(call)
            reply = None
            for fault in faults:
                reply = reply or strike(fault, platform, call, self.accepted, self.world.clock)
            if reply is None:
                reply = self._asked(platform, route, call, crowded)
            for fault in faults:
                reply = spoil(fault, platform, reply)
            return reply.with_headers(platform.headers(call))

    def _asked(self, platform: Platform, route: Route | None, call: Call, crowded: bool) -> Reply:
        problems = platform.problems
        if crowded:
            return problems.throttled(call, None)
        for server in self._servers(platform):
            granted = server.answer(call) if server.serves(call) else None
            if granted is not None:
                return granted
        if route is None:
            return problems.not_found(call)
        if not route.open:
            found, why = self.accepted.judge(platform.slug, platform.secret(call), self.world.clock.seconds())
            call = replace(call, credential=found)
            if why != STANDS or found is None:
                return problems.unauthorized(call, why)
            objection = platform.check(call)
            if objection is not None:
                return objection
            lacking = [scope for scope in route.needs(call) if scope not in found.scopes]
            if lacking:
                return problems.forbidden(call, lacking)
        taken = self.limits.take(platform.windows(call))
        refused = next((window for window in taken if not window.allowed), None)
        if refused is not None:
            return problems.throttled(call, refused).with_headers(platform.window_headers(call, taken))
        return self._handled(platform, route, call, taken)

    def _handled(self, platform: Platform, route: Route, call: Call, taken: tuple[Taken, ...]) -> Reply:
        try:
            reply = route.answer(call)
        except BadBody as error:
            reply = platform.problems.bad_body(call, str(error))
        return reply.with_headers(platform.window_headers(call, taken))

    def _routed(self, platforms: list[Platform], call: Call) -> tuple[Platform, Route | None, Call]:
        """Where several platforms share a host, the credential tells which one is meant, else the first that can."""
        asked = [(p, server) for p in platforms for server in self._servers(p) if server.serves(call)]
        if asked:
            knowing = (p for p, server in asked if server.knows(call))
            return next(knowing, asked[0][0]), None, call
        able: list[tuple[Platform, Route, Call]] = []
        for platform in platforms:
            for route in platform.routes:
                args = route.match(call) if route.method == call.method else None
                if args is not None:
                    able.append((platform, route, replace(call, args=args)))
                    break
        for platform, route, routed in able:
            secret = platform.secret(call)
            if secret and self.accepted.get(platform.slug, secret):
                return platform, route, routed
        return able[0] if able else (platforms[0], None, call)

    def _servers(self, platform: Platform) -> list[OAuthServer]:
        return [server for server in self.oauth.values() if server.slug == platform.slug]

    @contextmanager
    def _in_flight(self, platform: Platform, call: Call) -> Iterator[bool]:
        key = f"{platform.slug} {platform.secret(call)}"
        with self._lock:
            self._flying[key] = self._flying.get(key, 0) + 1
            crowded = platform.connections is not None and self._flying[key] > platform.connections
        try:
            yield crowded
        finally:
            with self._lock:
                self._flying[key] -= 1
                if not self._flying[key]:
                    del self._flying[key]

    def _log(self, call: Call, template: str, status: int) -> None:
        self.calls.append(
            Logged(
                method=call.method,
                host=call.host,
                path=call.path,
                template=template,
                params=call.params,
                headers=tuple(sorted(call.headers)),
                status=status,
                at=self.now(),
            )
        )
