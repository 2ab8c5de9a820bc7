"""A small platform and a small world for the tests of the client: real parts, with a clock that sleeping moves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from connectors.sdk.auth import ApiKey, Field, OAuth2
from connectors.sdk.base import Connector
from connectors.sdk.calls import CallRecord
from connectors.sdk.client import Client, Surroundings
from connectors.sdk.credential import Credential
from core.budgets import MemoryBreakers, MemoryBudgets
from core.http import Request
from core.pacing import RateLimit
from core.secrets import Secret

TOKEN = "the-hidden-token-0123456789"
START = 1_790_000_000.0
THINGS = Request(path="/v1/things")

ACME = Connector(
    name="acme",
    title="Acme",
    category="crm",
    base_url="https://api.acme.example",
    hosts=("api.acme.example", "*.shops.acme.example", "token.acme.example"),
    auth=(
        ApiKey(name="api_key", title="Key", fields=(Field(name="token", title="Token"),)),
        OAuth2(
            authorize_url="https://token.acme.example/authorize",
            token_url="https://token.acme.example/token",
            fields=(Field(name="client_id", title="Client", secret=False),),
        ),
    ),
    probe=lambda method, settings: THINGS,
    streams=(),
    rate_limit=RateLimit(concurrency=4),
    docs="https://acme.example",
)
KEY = Credential(method="api_key", values={"token": Secret(TOKEN, "token")})


def oauth(access: str = TOKEN, refresh: str = "the-hidden-refresh-token") -> Credential:
    return Credential(
        method="oauth2",
        values={"access_token": Secret(access, "access_token"), "refresh_token": Secret(refresh, "refresh_token")},
    )


@dataclass
class World:
    """Answers from a list (the last goes on for ever), a clock that only sleeping moves, and what was seen."""

    answers: Sequence[Callable[[httpx.Request], httpx.Response] | httpx.Response | Exception] = ()
    chance: float = 0.5
    now: float = START
    slept: list[float] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    calls: list[CallRecord] = field(default_factory=list)
    breakers: MemoryBreakers = field(default_factory=MemoryBreakers)
    budgets: MemoryBudgets = field(default_factory=MemoryBudgets)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.now += seconds

    def surroundings(self, transport: httpx.BaseTransport | None = None) -> Surroundings:
        return Surroundings(
            transport=transport or httpx.MockTransport(self._answer),
            budgets=self.budgets,
            breakers=self.breakers,
            clock=lambda: self.now,
            sleep=self.sleep,
            chance=lambda: self.chance,
        )

    def client(
        self,
        connector: Connector = ACME,
        credential: Credential | None = KEY,
        *,
        transport: httpx.BaseTransport | None = None,
        **more: Any,
    ) -> Client:
        return Client(
            connector,
            "shop",
            credential,
            surroundings=self.surroundings(transport),
            on_call=self.calls.append,
            **more,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.seen.append(request)
            answer = self.answers[min(len(self.seen), len(self.answers)) - 1] if self.answers else ok()
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)


def ok(document: Any = None) -> httpx.Response:
    return httpx.Response(200, json={"things": []} if document is None else document)


def status(code: int, document: Any = None, **headers: str) -> httpx.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(code, json={} if document is None else document, headers=told)
