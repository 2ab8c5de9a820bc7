"""Sends a connector's requests: the only file that calls httpx.

For every platform alike: rate budgets, authorization (only to declared hosts), time limits, a bounded body,
classification of the reply, retries with backoff, one refresh of the token, the circuit breaker, and a record of
each call. A wait longer than LONGEST_SLEEP is not slept but raised as ComeBackLater.

Requests go to httpx's transport, past its Client: there they are followed by no redirect, cookie, proxy setting or
log line with addresses, and cost half as much.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final

import httpx

from connectors.sdk.addresses import address, guard, in_private_network, judge
from connectors.sdk.auth import Settings
from connectors.sdk.base import Connector
from connectors.sdk.bodies import BrokenOff, incoming, outgoing
from connectors.sdk.calls import CallRecord
from connectors.sdk.credential import Credential
from connectors.sdk.oauth2 import replaceable
from connectors.sdk.transport import JudgedTransport, look_up, network, transport_from_environment
from connectors.sdk.verdicts import failure, gave_up, held_back, later
from core.budgets import MemoryBreakers, MemoryBudgets
from core.classify import ABSENT, Disposition, Verdict, classify
from core.errors import (
    BadReply,
    ComeBackLater,
    CredentialError,
    CredentialMalformed,
    IntegrationError,
)
from core.http import Request, Response
from core.pacing import Breaker, Breakers, Budgets, Observation, backoff, retry_after

LONGEST_SLEEP: Final = 60.0
MAX_ATTEMPTS: Final = 5
CALL_DEADLINE: Final = 120.0
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0, pool=60.0)
_EXTENSIONS: Final = {"timeout": TIMEOUT.as_dict()}
LATEST_RETURN: Final = 31 * 86400.0
# Only the one coding that is decoded within bounds.
_HEADERS: Final = {"user-agent": "integration-manager/0.1", "accept": "*/*", "accept-encoding": "gzip"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the client takes from the world, so that tests can give it another. Times are seconds since 1970.

    `resolve` gives the addresses of a name: asked where a person says which server is meant, and no transport is given.
    """

    transport: httpx.BaseTransport | None = None
    resolve: Callable[[str], Sequence[str]] = look_up
    budgets: Budgets = field(default_factory=MemoryBudgets)
    breakers: Breakers = field(default_factory=MemoryBreakers)
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Client:
    """Sends requests of one integration. Safe to use from several threads; close it after use.

    `refresh(credential)` gives a newer credential after the platform refused this one as expired; it must have
    been saved before it is returned. `on_call` receives a record of every attempt.
    """

    def __init__(
        self,
        connector: Connector,
        integration: str,
        credential: Credential | None,
        *,
        settings: Settings | None = None,
        surroundings: Surroundings | None = None,
        refresh: Callable[[Credential], Credential] | None = None,
        on_call: Callable[[CallRecord], None] | None = None,
    ) -> None:
        self.connector, self.integration = connector, integration
        self._credential, self._settings = credential, dict(settings or {})
        self._world = surroundings or Surroundings()
        self._refresh, self._on_call = refresh, on_call
        width = connector.rate_limit.concurrency
        self._own = None if self._world.transport else transport_from_environment() or self._network(width)
        self._slots = threading.BoundedSemaphore(width)
        self._lock, self._renewing = threading.Lock(), threading.Lock()
        self._breaker = self._world.breakers.load(integration)
        self._calls = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._own is not None:
            self._own.close()

    def send(self, request: Request, *, purpose: str = "") -> Response:
        """The reply, once it is a good one.

        Raises what `connectors.sdk.verdicts` makes of a bad one, ComeBackLater (CircuitOpen) where the wait is
        long, HostNotAllowed before anything leaves, PlatformUnavailable when retries ran out.
        """
        url = self._address(request)
        self._hold_while_open()
        refreshed = False
        attempt = 0
        while True:
            attempt += 1
            last = attempt >= MAX_ATTEMPTS
            credential = self._credential
            response, verdict, cause = self._attempt(request, url, credential, attempt, purpose)
            match verdict.disposition:
                case Disposition.OK:
                    self._remember(self._breaker.succeeded())
                    return response
                case Disposition.REFRESH_TOKEN if self._can_refresh(request, credential) and not refreshed:
                    self._renew(credential)
                    url, refreshed = self._address(request), True
                case Disposition.RATE_LIMITED:
                    told = self._told(response, verdict)
                    if last:
                        raise self._later(told or LONGEST_SLEEP, "the platform's rate limit is still reached")
                    self._close_budgets(request, told)
                    self._wait(told, attempt, "the platform's rate limit is reached")
                case Disposition.RETRY:
                    if last or not request.repeatable:
                        raise self._gave_up(request, attempt, cause or f"it answered {response.status}")
                    self._wait(self._told(response, verdict), attempt, "the platform asks to wait")
                case _:
                    self._remember(self._breaker.succeeded())
                    raise failure(self.connector, self.integration, request, response, verdict, credential)

    def _network(self, width: int) -> httpx.BaseTransport:
        if not self.connector.own_server:
            return network(width)
        private = in_private_network(self.connector, self._settings)
        return JudgedTransport(network(width), self._world.resolve, partial(judge, self.integration, private=private))

    def _address(self, request: Request) -> httpx.URL:
        text = address(self.connector, self.integration, self._settings, request)
        # What is checked is what httpx will use: two readings of one address could differ.
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            url = httpx.URL("")
        guard(
            self.connector,
            self.integration,
            self._settings,
            scheme=url.scheme,
            host=url.raw_host.decode(),
            port=url.port,
            userinfo=bool(url.userinfo),
        )
        return url

    def _attempt(
        self, request: Request, url: httpx.URL, credential: Credential | None, attempt: int, purpose: str
    ) -> tuple[Response, Verdict, str]:
        """The reply (status 0 for none), what it means, and why there is none."""
        headers = _HEADERS | _lower(self.connector.headers) | _lower(request.headers)
        if request.authorized and credential is not None:
            headers |= self._authorization(request, credential)
            proof = self._proof(request, credential)
            # What httpx merges it encodes anew, brackets too.
            url = url.copy_merge_params(proof) if proof else url
        self._pace(request)
        started = time.perf_counter()
        number = self._next_number()
        response, verdict, cause, told = Response(status=0, call=number), _NO_REPLY, "", "no reply"
        try:
            with self._slots:
                response = self._exchange(request, url, headers, number)
            absent = (*ABSENT, *self.connector.absent) if request.optional else ()
            verdict = classify(response, (*absent, *self.connector.errors))
            told = verdict.disposition.value
        except (httpx.TransportError, BrokenOff) as error:
            # Not chained: httpx's errors hold the request, and with it the credential.
            cause = _cause(error)
        except BadReply as error:
            raise BadReply(f"{self.integration}: {error} ({request.method} {request.path})", advice=_ODD) from error
        finally:
            if self._on_call is not None:
                record = CallRecord(
                    number=number,
                    at=datetime.fromtimestamp(self._world.clock(), UTC),
                    method=request.method,
                    path=request.path,
                    status=response.status,
                    disposition=told,
                    ms=round((time.perf_counter() - started) * 1000, 3),
                    bytes=len(response.body),
                    attempt=attempt,
                    purpose=purpose,
                )
                self._on_call(record)
        if response.status:
            self._observe(*self.connector.rate_limit.dialect(request, response, self._world.clock()))
        return response, verdict, cause

    def _authorization(self, request: Request, credential: Credential) -> dict[str, str]:
        headers = _lower(self.connector.method(credential.method).authorize(credential.reveal(), request))
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise CredentialMalformed(
                f"{self.integration}: the credential holds characters that no header can carry",
                advice=f"Connect it again: integrations connect {self.connector.name} --name {self.integration}",
            )
        return headers

    def _proof(self, request: Request, credential: Credential) -> Mapping[str, str]:
        return self.connector.method(credential.method).proof(credential.reveal(), request)

    def _exchange(self, request: Request, url: httpx.URL, headers: dict[str, str], number: int) -> Response:
        content, kind = outgoing(request)
        if kind:
            headers.setdefault("content-type", kind)
        asked = httpx.Request(request.method, url, headers=headers, content=content, extensions=_EXTENSIONS)
        transport = self._own or self._world.transport
        assert transport is not None
        deadline = time.monotonic() + CALL_DEADLINE
        reply = transport.handle_request(asked)
        assert isinstance(reply.stream, httpx.SyncByteStream)
        try:
            coding = reply.headers.get("content-encoding", "").strip().lower()
            body = incoming(reply.stream, coding, lambda: time.monotonic() > deadline)
        finally:
            reply.close()
        return Response(status=reply.status_code, headers=dict(reply.headers), body=body, call=number)

    def _pace(self, request: Request) -> None:
        for limit in self.connector.rate_limit.covering(request):
            while (wait := self._world.budgets.reserve(self.integration, limit, self._world.clock())) > 0:
                self._sleep(wait, "the rate budget is used up")

    def _observe(self, *observations: Observation) -> None:
        for observation in observations:
            self._world.budgets.observe(self.integration, observation, self._world.clock())

    def _close_budgets(self, request: Request, told: float | None) -> None:
        """Whoever shares the budget waits too, and does not run into the same refusal.

        Of several it is the shortest: it holds back as well as all of them, and what is known of the longer ones, which
        may reset much later than the wait that was told, stays as it is.
        """
        limits = self.connector.rate_limit.covering(request)
        if told is not None and limits:
            bucket = min(limits, key=lambda limit: limit.seconds).bucket
            self._observe(Observation(bucket=bucket, remaining=0, resets_at=self._world.clock() + told))

    def _told(self, response: Response, verdict: Verdict) -> float | None:
        told = retry_after(response.headers, self._world.clock())
        return verdict.rule.wait(self._world.clock()) if told is None and verdict.rule is not None else told

    def _wait(self, told: float | None, attempt: int, why: str) -> None:
        """What was told is a floor; a drawn part on top spreads those that were told the same."""
        drawn = backoff(attempt, self._world.chance())
        self._sleep(drawn if told is None else told, why, spread=0.0 if told is None else drawn / 4)

    def _sleep(self, seconds: float, why: str, *, spread: float = 0.0) -> None:
        if seconds > LONGEST_SLEEP:
            raise self._later(seconds, why)
        self._world.sleep(seconds + spread)

    def _later(self, seconds: float, why: str) -> ComeBackLater:
        return later(self.integration, self._world.clock() + min(seconds, LATEST_RETURN), why)

    def _hold_while_open(self) -> None:
        now = self._world.clock()
        if self._breaker.wait(now) > 0:
            raise held_back(self.connector, self.integration, self._breaker.open_until)

    def _gave_up(self, request: Request, attempts: int, cause: str) -> IntegrationError:
        self._remember(self._breaker.failed(self._world.clock()))
        return gave_up(self.connector, self.integration, request, attempts, cause)

    def _remember(self, breaker: Breaker) -> None:
        with self._lock:
            changed, self._breaker = breaker != self._breaker, breaker
        if changed:
            self._world.breakers.save(self.integration, breaker)

    def _can_refresh(self, request: Request, credential: Credential | None) -> bool:
        return (
            request.authorized
            and credential is not None
            and self._refresh is not None
            and replaceable(self.connector.method(credential.method), credential)
        )

    def _renew(self, refused: Credential | None) -> None:
        """One thread refreshes, the others find that it is done; a refused refresh is not tried again.

        With the new credential the platform may tell another host.
        """
        with self._renewing:
            if self._credential is refused and self._refresh is not None and refused is not None:
                try:
                    renewed = self._refresh(refused)
                except CredentialError:
                    self._refresh = None
                    raise
                self._settings |= self.connector.method(renewed.method).learn(renewed.reveal())
                self._credential = renewed

    def _next_number(self) -> int:
        with self._lock:
            self._calls += 1
            return self._calls


_ODD: Final = "If it stays so, the platform has changed: please report it."
_NO_REPLY: Final = Verdict(disposition=Disposition.RETRY)


def _cause(error: Exception) -> str:
    if isinstance(error, BrokenOff):
        return str(error)
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({error})"
    return f"the connection failed ({type(error).__name__})"


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
