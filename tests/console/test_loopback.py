"""The callback of the consent page: one answer, of this attempt, from this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count

import httpx
import pytest

from console.loopback import Answer, Callback, callback
from core.errors import CredentialRejected, UsageError

STATE = "state-of-this-attempt"


@pytest.fixture
def waiting() -> Iterator[tuple[Callback, Future[Answer]]]:
    """A callback that waits, at most some seconds, in a thread of its own."""
    with callback(0) as back, ThreadPoolExecutor(1) as pool:
        future = pool.submit(back.wait, STATE, seconds=8.0)
        yield back, future


def test_the_code_of_this_attempt_ends_the_wait(waiting: tuple[Callback, Future[Answer]]) -> None:
    back, future = waiting
    page = httpx.get(back.redirect_uri, params={"code": "c0de", "state": STATE})
    assert page.status_code == 200
    assert "close this window" in page.text
    assert future.result().code == "c0de"


def test_the_page_that_holds_the_code_is_neither_kept_nor_passed_on(
    waiting: tuple[Callback, Future[Answer]],
) -> None:
    back, future = waiting
    headers = httpx.get(back.redirect_uri, params={"code": "c", "state": STATE}).headers
    future.result()
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_another_attempts_answer_is_turned_away_and_the_wait_goes_on(
    waiting: tuple[Callback, Future[Answer]],
) -> None:
    back, future = waiting
    assert httpx.get(back.redirect_uri, params={"code": "theirs", "state": "other"}).status_code == 400
    assert httpx.get(back.redirect_uri, params={"code": "theirs"}).status_code == 400
    assert httpx.get(back.redirect_uri.replace("/callback", "/favicon.ico")).status_code == 404
    assert httpx.post(back.redirect_uri).status_code == 501
    assert not future.done()
    httpx.get(back.redirect_uri, params={"code": "ours", "state": STATE})
    assert future.result().code == "ours"


def test_a_connection_that_breaks_is_survived(waiting: tuple[Callback, Future[Answer]]) -> None:
    back, future = waiting
    port = httpx.URL(back.redirect_uri).port
    assert port is not None
    for sent in (b"", b"nonsense\r\n\r\n", b"GET /callback?state=%FF%FE HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as broken:
            broken.sendall(sent)
    httpx.get(back.redirect_uri, params={"code": "c", "state": STATE})
    assert future.result().code == "c"


@pytest.mark.parametrize(
    ("error", "told"), [("access_denied", "denied"), ("invalid_scope", "invalid_scope"), ("", "no code")]
)
def test_an_error_of_the_platform_ends_the_wait_with_a_sentence(
    waiting: tuple[Callback, Future[Answer]], error: str, told: str
) -> None:
    back, future = waiting
    page = httpx.get(back.redirect_uri, params={"error": error, "state": STATE})
    assert "Not connected" in page.text
    with pytest.raises(CredentialRejected, match=told):
        future.result()


def test_nobody_waits_for_ever() -> None:
    ticks = count(0, 400)
    with callback(0) as back, pytest.raises(UsageError, match="in time") as caught:
        back.wait(STATE, seconds=300, clock=lambda: next(ticks))
    assert back.redirect_uri in caught.value.advice


def test_a_port_that_is_taken_says_so() -> None:
    with callback(0) as first:
        port = httpx.URL(first.redirect_uri).port
        assert port is not None
        with pytest.raises(UsageError, match="is taken"), callback(port):
            pass


def test_only_this_machine_can_reach_it() -> None:
    with callback(0) as back:
        assert back.redirect_uri.startswith("http://127.0.0.1:")


def test_an_answer_has_no_text_form_that_shows_the_code() -> None:
    assert "c0de" not in repr(Answer(code="c0de", state="s", error=""))
