"""What the contract is checked on: a connector, connected to a sandbox of its platform as a person would connect it.

The sandbox's clock stands still unless a check moves it. The client sleeps on a clock of its own, so that waiting
changes nothing in the sandbox and costs no time.
"""

from __future__ import annotations

import base64
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx

from connectors.sdk.auth import ApiKey, OAuth2, TokenGrant
from connectors.sdk.base import Connector, Stream
from connectors.sdk.calls import CallRecord
from connectors.sdk.client import Client, Surroundings
from connectors.sdk.credential import Credential
from connectors.sdk.driver import Step, walk
from connectors.sdk.oauth2 import (
    code_request,
    consent_url,
    granted,
    new_verifier,
    obtain,
    refresh_request,
    replaceable,
)
from core.budgets import MemoryBreakers, MemoryBudgets
from core.http import JSON, Request, Response
from core.model import EMPTY_STATE, Context, State
from core.secrets import Secret
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from sandbox.transport import SandboxTransport
from sandbox.world import World
from tests.contract.rows import Parent, Rows
from tests.platforms.told import told

REDIRECT: Final = "http://127.0.0.1:8765/callback"
PAGE: Final = 5
_LIMITS: Final = re.compile(r"\.limit\((\d+)\)")
_SIZES: Final = ("limit", "max_results", "page_size", "pageSize", "maxResults", "per_page", "first", "count")


class Tap(httpx.BaseTransport):
    """Between client and sandbox: whatever was sent, and what platforms might do that the sandbox does not.

    With `echo`, whatever of these secrets came along is repeated in every text of an error's body.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = SandboxTransport(sandbox)
        self.sent: list[httpx.Request] = []
        self.echo: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        response = self._inner.handle_request(request)
        came = f"{request.url} {list(request.headers.values())} {request.content.decode(errors='replace')}"
        scheme, _, packed = request.headers.get("authorization", "").partition(" ")
        came += base64.b64decode(packed).decode() if scheme == "Basic" else ""
        echo = " ".join(secret for secret in self.echo if secret in came)
        if not echo or response.status_code < 400:
            return response
        body = response.read()
        try:
            told = json.dumps(_echoing(json.loads(body), echo)).encode()
        except ValueError:
            told = body + echo.encode()
        return httpx.Response(response.status_code, content=told)


def _echoing(value: Any, echo: str) -> Any:
    if isinstance(value, dict):
        return {name: _echoing(inner, echo) for name, inner in value.items()}
    if isinstance(value, list):
        return [_echoing(inner, echo) for inner in value]
    return f"{value} ({echo})" if isinstance(value, str) else value


def sandbox_of(platform: str, scale: int) -> Sandbox:
    """The platform alone, at any number of calls a second."""
    return Sandbox(
        World(scale=scale), platforms=[platform], relaxed=True, auto_approve=True, sleep=lambda seconds: None
    )


@dataclass
class Rig:
    """One connected integration. `calls`, `slept` and `replies` (by stream) are what its client did."""

    connector: Connector
    method: str
    sandbox: Sandbox
    settings: dict[str, JSON] = field(default_factory=dict)
    calls: list[CallRecord] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    replies: defaultdict[str, list[Response]] = field(default_factory=lambda: defaultdict(list))
    refreshed: int = 0
    small_pages: bool = True
    credential: Credential = field(init=False)
    client: Client = field(init=False)
    name: str = "shop"

    def __post_init__(self) -> None:
        self._ahead = 0.0
        self.tap = Tap(self.sandbox)
        self._surroundings = Surroundings(
            transport=self.tap,
            budgets=MemoryBudgets(),
            breakers=MemoryBreakers(),
            clock=lambda: self.sandbox.now().timestamp() + self._ahead,
            sleep=self._sleep,
            chance=random.Random(1).random,
        )
        self.use(self._connect())

    # Connecting

    def _connect(self) -> Credential:
        method = self.connector.method(self.method)
        typed = SAMPLES[self.connector.name][self.method]
        values = {f.name: f.check(typed.get(f.name, "")) for f in method.fields}
        self.settings = {f.name: values[f.name] for f in method.fields if not f.secret and values[f.name]}
        secrets = {name: Secret(value, name) for name, value in values.items() if value}
        credential = Credential(method=self.method, values=secrets)
        if isinstance(method, OAuth2):
            credential = self._consent(method, credential)
        elif isinstance(method, TokenGrant):
            credential = self._renewed(method, credential)
        self.settings |= method.learn(credential.reveal())
        self.settings |= self.connector.guesses(self.settings)[0]
        with self._client(credential) as client:
            self.settings |= self.connector.discover(
                client.send(self.connector.probe(self.method, self.settings), purpose="probe")
            )
            for request in self.connector.details(self.method, self.settings):
                self.settings |= self.connector.discover(client.send(request, purpose="probe"))
        return credential

    def _consent(self, method: OAuth2, app: Credential) -> Credential:
        values, verifier = app.reveal(), new_verifier(random.Random(2).randbytes)
        address = consent_url(method, values, redirect_uri=REDIRECT, state="s", verifier=verifier)
        with httpx.Client(transport=SandboxTransport(self.sandbox)) as browser:
            answer = dict(parse_qsl(urlsplit(browser.get(address).headers["location"]).query))
        assert "code" in answer, f"the consent page refused: {answer}"
        asked = code_request(method, values, code=answer["code"], redirect_uri=REDIRECT, verifier=verifier)
        with self._client(None) as client:
            send = partial(client.send, purpose="token")
            return obtain(method, app, asked, send, self.settings, self.sandbox.now())

    def _renewed(self, method: OAuth2 | TokenGrant, stale: Credential) -> Credential:
        asked = refresh_request(method, stale, self.settings, self.sandbox.now())
        with self._client(None) as client:
            reply = client.send(asked, purpose="token")
        return granted(method, reply, stale, self.settings, self.sandbox.now())

    def _refresh(self, stale: Credential) -> Credential:
        method = self.connector.method(self.method)
        assert not isinstance(method, ApiKey)
        self.credential = self._renewed(method, stale)
        self.refreshed += 1
        return self.credential

    def _client(
        self, credential: Credential | None, refresh: Callable[[Credential], Credential] | None = None
    ) -> Client:
        return Client(
            self.connector,
            self.name,
            credential,
            settings=self.settings,
            surroundings=self._surroundings,
            refresh=refresh,
            on_call=self.calls.append,
        )

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._ahead += seconds

    @property
    def refreshable(self) -> bool:
        return replaceable(self.connector.method(self.method), self.credential)

    def use(self, credential: Credential) -> None:
        """Goes on with another credential."""
        self.credential = credential
        self.client = self._client(credential, refresh=self._refresh)

    # Reading

    def context(self, parent: Parent | None = None) -> Context:
        return Context(now=self.sandbox.now(), settings=self.settings, parent=parent)

    def walk(
        self, stream: Stream, state: State = EMPTY_STATE, parent: Parent | None = None, *, width: int = 1
    ) -> Iterator[Step]:
        # Each walk comes an hour after the one before, so that budgets have refilled.
        self._ahead += 3600
        return walk(stream, partial(self._send, stream), state, self.context(parent), width=width)

    def _send(self, stream: Stream, request: Request) -> Response:
        # Who follows what replies tell must do so at any page size; who counts for itself keeps its own.
        asked = (
            with_smaller_pages(request, told(self.connector.name).least.get(request.path, PAGE))
            if self.small_pages and not stream.ahead
            else request
        )
        response = self.client.send(asked, purpose=stream.name)
        self.replies[stream.name].append(response)
        return response

    def parents(self, stream: Stream) -> Sequence[Parent | None]:
        """For whom a stream is read: the live rows of its parent stream, read anew, or nobody."""
        if stream.parent is None:
            return [None]
        return self.read(self.connector.stream(stream.parent.stream)).parents(stream.parent.columns)

    def sync(self, stream: Stream, rows: Rows, *, width: int = 1, between: Callable[[], None] = lambda: None) -> None:
        """Brings the rows up to date, for each parent from its own state. `between` is called after every page."""
        parents = self.parents(stream)
        rows.keep_only(parents)
        for parent in parents:
            rows.begin(parent)
            for step in self.walk(stream, rows.state(parent), parent, width=width):
                rows.take(step, self.sandbox.now())
                between()

    def read(self, stream: Stream, *, width: int = 1) -> Rows:
        """A fresh full read."""
        rows = Rows(stream)
        self.sync(stream, rows, width=width)
        return rows

    def calls_of(self, stream: Stream) -> int:
        return sum(call.purpose == stream.name for call in self.calls)

    def secrets(self) -> set[str]:
        """Every value that must show nowhere: of the credential, and whatever the sandbox ever handed out."""
        public = {str(value) for value in self.settings.values()}
        own = {value for value in self.credential.reveal().values() if value not in public}
        return own | {credential.secret for credential in self.sandbox.accepted.of(self.connector.name)}


def only_leads(rig: Rig, stream: Stream, step: Step) -> bool:
    """Whether this step's call is one of those that lead to records elsewhere."""
    leading = told(rig.connector.name).leading.get(stream.name)
    if leading is None:
        return False
    return any(call.path.startswith(leading) for call in rig.calls if call.number == step.call)


def with_smaller_pages(request: Request, size: int = PAGE) -> Request:
    """The same question for pages of `size` records, where it names a size in parameters, in the fields that a Graph
    API is to expand, or in the body."""
    fields = request.params.get("fields")
    if isinstance(fields, str):
        request = request.with_params(fields=_LIMITS.sub(lambda found: f".limit({min(size, int(found[1]))})", fields))
    sizes = {n: size for n, v in request.params.items() if n in _SIZES and isinstance(v, int) and v > size}
    if sizes:
        request = replace(request, params={**request.params, **sizes})
    if isinstance(request.json, dict):
        body = request.json
        sizes = {n: size for n in _SIZES if isinstance(v := body.get(n), int) and v > size}
        request = replace(request, json={**body, **sizes}) if sizes else request
    return request
