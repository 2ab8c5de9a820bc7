"""Sends a connector's requests: the only file that calls httpx.

For every platform alike: rate budgets, authorization (only to declared hosts), time limits, a bounded body,
classification of the reply, retries with backoff, one refresh of the token, the circuit breaker, and a record of
each call. A wait longer than LONGEST_SLEEP is not slept but raised as ComeBackLater.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

import httpx

from connectors.sdk.base import Connector, Settings
from connectors.sdk.credential import Credential
from connectors.sdk.verdicts import failure
from core.budgets import MemoryBreakers, MemoryBudgets
from core.classify import Disposition, Verdict, classify
from core.errors import BadReply, CircuitOpen, ComeBackLater, HostNotAllowed, IntegrationError, PlatformUnavailable
from core.http import Request, Response
from core.pacing import Breaker, Breakers, Budgets, backoff, retry_after

LONGEST_SLEEP: Final = 60.0
MAX_ATTEMPTS: Final = 5
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
CALL_DEADLINE: Final = 120.0
TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0, pool=60.0)
SANDBOX_VARIABLE: Final = "INTEGRATIONS_SANDBOX"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_AGENT: Final = "integration-manager/0.1"


@dataclass(slots=True, kw_only=True)
class CallRecord:
    """One attempt of a call, for the metrics: `path` is the template, `ms` milliseconds, `bytes` of the body.

    `status` is 0 where no reply came. `purpose` is what the caller said it is for (a stream, a check); `rows` is
    filled in by whoever parses the reply.
    """

    number: int
    at: datetime
    method: str
    path: str
    status: int
    disposition: str
    ms: float
    bytes: int
    attempt: int
    purpose: str = ""
    rows: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the client takes from the world, so that tests can give it another. Times are seconds since 1970."""

    transport: httpx.BaseTransport | None = None
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
        self._http = httpx.Client(
            transport=self._world.transport or transport_from_environment(),
            timeout=TIMEOUT,
            follow_redirects=False,
            headers={"User-Agent": _AGENT},
            trust_env=False,
        )
        self._slots = threading.BoundedSemaphore(connector.rate_limit.concurrency)
        self._lock = threading.Lock()
        self._breaker = self._world.breakers.load(integration)
        self._calls = 0

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

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
            credential = self._credential
            try:
                response, verdict = self._attempt(request, url, credential, attempt, purpose)
            except (httpx.TransportError, BadReply) as error:
                if attempt >= MAX_ATTEMPTS:
                    raise self._gave_up(request, _cause(error)) from error
                self._world.sleep(backoff(attempt, self._world.chance()))
                continue
            match verdict.disposition:
                case Disposition.OK:
                    self._remember(self._breaker.succeeded())
                    return response
                case Disposition.REFRESH_TOKEN if self._can_refresh(request, credential) and not refreshed:
                    self._renew(credential)
                    refreshed = True
                case Disposition.RATE_LIMITED:
                    self._wait_for(self._told_wait(response, verdict, attempt), "the platform's rate limit is reached")
                    if attempt >= MAX_ATTEMPTS:
                        raise self._later(LONGEST_SLEEP, "the platform's rate limit is still reached")
                case Disposition.RETRY:
                    if attempt >= MAX_ATTEMPTS:
                        raise self._gave_up(request, f"it answered {response.status}")
                    self._wait_for(self._told_wait(response, verdict, attempt), "the platform asks to wait")
                case _:
                    self._remember(self._breaker.succeeded())
                    raise failure(self.connector, self.integration, request, response, verdict, credential)

    def _address(self, request: Request) -> str:
        try:
            base = request.base or self.connector.base_url.format_map(self._settings)
        except KeyError as error:
            raise HostNotAllowed(
                f"{self.integration}: the address of {self.connector.title} needs the setting {error.args[0]}, "
                "which is not known yet",
                advice=f"Connect it again: integrations connect {self.connector.name}",
            ) from error
        url = base.rstrip("/") + request.filled_path
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or parts.username is not None or not self.connector.allows(host):
            raise HostNotAllowed(
                f"{self.integration}: a request to {parts.scheme}://{host} was stopped, which is not a declared "
                f"host of {self.connector.title}",
                advice="Nothing was sent. If the platform has moved, the connector's hosts need that name.",
            )
        return url

    def _attempt(
        self, request: Request, url: str, credential: Credential | None, attempt: int, purpose: str
    ) -> tuple[Response, Verdict]:
        headers = {**self.connector.headers, **request.headers}
        if request.authorized and credential is not None:
            headers |= self.connector.method(credential.method).authorize(credential.reveal(), request)
        self._pace(request)
        started = time.perf_counter()
        status, size, disposition = 0, 0, "no reply"
        number = self._next_number()
        try:
            with self._slots:
                response = self._exchange(request, url, headers, number)
            status, size = response.status, len(response.body)
            verdict = classify(response, self.connector.errors)
            disposition = verdict.disposition.value
            for observation in self.connector.rate_limit.dialect(request, response, self._world.clock()):
                self._world.budgets.observe(self.integration, observation, self._world.clock())
            return response, verdict
        finally:
            if self._on_call is not None:
                record = CallRecord(
                    number=number,
                    at=datetime.fromtimestamp(self._world.clock(), UTC),
                    method=request.method,
                    path=request.path,
                    status=status,
                    disposition=disposition,
                    ms=round((time.perf_counter() - started) * 1000, 3),
                    bytes=size,
                    attempt=attempt,
                    purpose=purpose,
                )
                self._on_call(record)

    def _exchange(self, request: Request, url: str, headers: dict[str, str], number: int) -> Response:
        outgoing = self._http.build_request(
            request.method,
            url,
            params=dict(request.params) or None,
            json=request.json,
            data=dict(request.form) if request.form is not None else None,
            content=request.content,
            headers=headers,
        )
        deadline = time.monotonic() + CALL_DEADLINE
        reply = self._http.send(outgoing, stream=True)
        try:
            body = bytearray()
            for chunk in reply.iter_bytes():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise BadReply(f"the reply is larger than {MAX_BODY_BYTES // 1024 // 1024} MiB")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the reply took too long", request=outgoing)
        finally:
            reply.close()
        return Response(
            status=reply.status_code,
            headers={name.lower(): value for name, value in reply.headers.items()},
            body=bytes(body),
            call=number,
        )

    def _pace(self, request: Request) -> None:
        for limit in self.connector.rate_limit.covering(request):
            while (wait := self._world.budgets.reserve(self.integration, limit, self._world.clock())) > 0:
                self._wait_for(wait, "the rate budget is used up")

    def _told_wait(self, response: Response, verdict: Verdict, attempt: int) -> float:
        told = retry_after(response.headers, self._world.clock())
        if told is None and verdict.rule is not None:
            told = verdict.rule.retry_in
        drawn = backoff(attempt, self._world.chance())
        return drawn if told is None else max(told, drawn / 4)

    def _wait_for(self, seconds: float, why: str) -> None:
        if seconds > LONGEST_SLEEP:
            raise self._later(seconds, why)
        self._world.sleep(seconds)

    def _later(self, seconds: float, why: str) -> ComeBackLater:
        at = datetime.fromtimestamp(self._world.clock() + seconds, UTC)
        return ComeBackLater(
            f"{self.integration}: {why}; it goes on from {at:%Y-%m-%d %H:%M} UTC",
            at=at,
            advice="Nothing is lost: the sync continues from where it stopped.",
        )

    def _hold_while_open(self) -> None:
        wait = self._breaker.wait(self._world.clock())
        if wait > 0:
            at = datetime.fromtimestamp(self._world.clock() + wait, UTC)
            raise CircuitOpen(
                f"{self.integration}: calls are held back until {at:%Y-%m-%d %H:%M} UTC, because "
                f"{self.connector.title} kept failing",
                at=at,
                advice="It is tried again by itself then; `integrations check` shows whether it is back.",
            )

    def _gave_up(self, request: Request, cause: str) -> IntegrationError:
        self._remember(self._breaker.failed(self._world.clock()))
        return PlatformUnavailable(
            f"{self.integration}: {self.connector.title} failed {MAX_ATTEMPTS} times at {request.method} "
            f"{request.path}: {cause}",
            advice="Usually it passes: the next scheduled run continues from where this one stopped.",
        )

    def _remember(self, breaker: Breaker) -> None:
        with self._lock:
            changed, self._breaker = breaker != self._breaker, breaker
        if changed:
            self._world.breakers.save(self.integration, breaker)

    def _can_refresh(self, request: Request, credential: Credential | None) -> bool:
        return request.authorized and credential is not None and self._refresh is not None and credential.refreshable

    def _renew(self, refused: Credential | None) -> None:
        with self._lock:
            if self._credential is refused and self._refresh is not None and refused is not None:
                self._credential = self._refresh(refused)

    def _next_number(self) -> int:
        with self._lock:
            self._calls += 1
            return self._calls


def _cause(error: Exception) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it did not answer in time"
    if isinstance(error, httpx.TransportError):
        return f"the connection failed ({type(error).__name__})"
    return str(error)


class LoopbackTransport(httpx.BaseTransport):
    """Sends every call to a sandbox on this machine, telling it the host that was meant.

    Raises HostNotAllowed for an address that is not loopback: credentials never leave by this door.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.hostname not in _LOOPBACK or parts.scheme != "http":
            raise HostNotAllowed(
                f"{SANDBOX_VARIABLE} must be an http address on this machine, and is not",
                advice=f"Unset {SANDBOX_VARIABLE} to talk to the real platforms.",
            )
        self._address = httpx.URL(address)
        self._wire = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["X-Sandbox-Host"] = request.url.host
        request.headers["Host"] = self._address.netloc.decode()
        request.url = request.url.copy_with(
            scheme=self._address.scheme, host=self._address.host, port=self._address.port
        )
        return self._wire.handle_request(request)

    def close(self) -> None:
        self._wire.close()


def transport_from_environment() -> httpx.BaseTransport | None:
    """The sandbox's transport where INTEGRATIONS_SANDBOX names its address, else None (the real network)."""
    address = os.environ.get(SANDBOX_VARIABLE)
    return LoopbackTransport(address) if address else None
