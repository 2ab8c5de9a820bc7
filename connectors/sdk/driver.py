"""Walks a stream: ask, send, parse, hand the page on, go on from its `next`.

Pages come in order, each with the state to save if we stop after it. Where the stream can tell requests ahead,
they are sent in parallel and still handed on in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from connectors.sdk.base import Stream
from core.errors import BadReply, ConnectorDefect, Skipped, StateReset
from core.http import Request, Response
from core.model import EMPTY_STATE, Context, Page, State

Send = Callable[[Request], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A page of a walk. `begins`: it is the first of a walk that began from empty state, so a full one.

    `call` is the number of the client's call that brought it; 0 where there was nothing, and it was passed over.
    """

    page: Page
    begins: bool
    call: int


def walk(stream: Stream, send: Send, state: State, context: Context, *, width: int = 1) -> Iterator[Step]:
    """Reads a stream from `state` to its end; at most `width` requests are in flight.

    A platform that no longer knows the cursor (StateReset) makes the walk begin again, once, from empty state.
    A reply that means "nothing here" (Skipped) ends it, unless the stream passes over it. One that cannot be read is
    asked for once more. Raises ConnectorDefect where a question is asked twice, and whatever `send` raises: the pages
    handed on until then stand.
    """
    remembers = bool(state)
    try:
        try:
            for step in _walk(stream, send, state, context, width):
                yield step
                remembers = True
        except StateReset:
            if not remembers:
                raise
            yield from _walk(stream, send, EMPTY_STATE, context, width)
    except Skipped:
        return


def _walk(stream: Stream, send: Send, state: State, context: Context, width: int) -> Iterator[Step]:
    asked: set[str] = set()
    begins = not state
    replies = _Replies(stream, send, width)
    try:
        request: Request | None = stream.request(state, context)
        while request is not None:
            fingerprint = request.fingerprint()
            if fingerprint in asked:
                raise ConnectorDefect(
                    f"the stream {stream.name} asked the same question twice in one walk: {request!r}",
                    advice="This is a defect of the connector: please report it.",
                )
            asked.add(fingerprint)
            try:
                response = replies.to(request, fingerprint)
            except Skipped:
                passed = stream.pass_over(state, context) if stream.pass_over else None
                if passed is None:
                    raise
                page, call = passed, 0
            else:
                page, call = _parsed(stream, send, request, response, state, context)
            yield Step(page=page, begins=begins, call=call)
            begins, state, request = False, page.state, page.next
    finally:
        replies.close()


def _parsed(
    stream: Stream, send: Send, request: Request, response: Response, state: State, context: Context
) -> tuple[Page, int]:
    """What the reply means, and the number of the call that brought it."""
    try:
        return stream.parse(request, response, state, context), response.call
    except BadReply:
        # Proxies in trouble answer 200 with a page of their own, seldom twice.
        again = send(request)
        return stream.parse(request, again, state, context), again.call


class _Replies:
    """Answers requests in the order asked, having sent ahead those that the first reply lets us tell.

    The hint is only trusted as far as it is borne out: at the first request that differs from it, what was sent
    ahead is dropped and the walk goes on one by one.
    """

    def __init__(self, stream: Stream, send: Send, width: int) -> None:
        self._ahead, self._send, self._width = stream.ahead, send, width
        self._flying: deque[tuple[str, Future[Response]]] = deque()
        self._coming: Iterator[Request] | None = None
        self._pool: ThreadPoolExecutor | None = None

    def to(self, request: Request, fingerprint: str) -> Response:
        if self._coming is None:
            response = self._send(request)
            looks_ahead = self._ahead is not None and self._width > 1
            self._coming = self._ahead(request, response) if self._ahead and looks_ahead else iter(())
            self._fill(self._coming)
            return response
        if self._flying and self._flying[0][0] == fingerprint:
            _, future = self._flying.popleft()
            response = future.result()
            self._fill(self._coming)
            return response
        self._drop()
        return self._send(request)

    def _fill(self, coming: Iterator[Request]) -> None:
        while len(self._flying) < self._width and (request := next(coming, None)) is not None:
            self._pool = self._pool or ThreadPoolExecutor(self._width, thread_name_prefix="read-ahead")
            self._flying.append((request.fingerprint(), self._pool.submit(self._send, request)))

    def _drop(self) -> None:
        self._coming = iter(())
        while self._flying:
            self._flying.popleft()[1].cancel()

    def close(self) -> None:
        self._drop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
