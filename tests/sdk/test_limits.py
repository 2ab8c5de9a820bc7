"""What reply headers tell of a rate budget, in the dialects of the platforms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.sdk.limits import ResetForm, counted_headers, duration, path_limit, per_path
from core.http import Request, Response
from core.pacing import Observation

NOW = 1_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0.0),
        ("2ms", 0.002),
        ("120ms", 0.12),
        ("1s", 1.0),
        ("1.5s", 1.5),
        ("6m0s", 360.0),
        ("1h0m0s", 3600.0),
        ("2d", 172800.0),
        ("1m12ms", 60.012),
    ],
)
def test_durations_are_read_in_the_form_of_go(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "s", "5", "5x", "1s1h", "-1s", " 1s", "1 s", "ms", "1.2.3s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        duration(text)


@given(
    hours=st.integers(0, 99), minutes=st.integers(0, 59), seconds=st.integers(0, 59), milliseconds=st.integers(0, 999)
)
def test_a_duration_written_is_the_duration_read(hours: int, minutes: int, seconds: int, milliseconds: int) -> None:
    written = f"{hours}h{minutes}m{seconds}.{milliseconds:03d}s"
    assert duration(written) == pytest.approx(hours * 3600 + minutes * 60 + seconds + milliseconds / 1000)


@given(st.text(alphabet="0123456789dhms. ", max_size=12))
def test_any_text_is_a_duration_or_refused(text: str) -> None:
    try:
        assert duration(text) >= 0
    except ValueError:
        return


def observed(form: ResetForm, remaining: str, reset: str) -> list[Observation]:
    dialect = counted_headers(remaining="left", reset="reset", form=form, bucket=per_path)
    response = Response(status=200, headers={"left": remaining, "reset": reset})
    return list(dialect(Request(path="/a/{id}"), response, NOW))


@pytest.mark.parametrize(
    ("form", "reset", "at"),
    [
        ("epoch seconds", "1234", 1234.0),
        ("seconds", "7", 1007.0),
        ("milliseconds", "10000", 1010.0),
        ("duration", "6m0s", 1360.0),
    ],
)
def test_each_form_of_reset_is_an_instant(form: ResetForm, reset: str, at: float) -> None:
    assert observed(form, "3", reset) == [Observation(bucket="GET /a/{id}", remaining=3, resets_at=at)]


@pytest.mark.parametrize(("remaining", "reset"), [("three", "7"), ("3", "soon"), ("", ""), ("3", "")])
def test_a_header_that_cannot_be_read_tells_nothing(remaining: str, reset: str) -> None:
    assert observed("seconds", remaining, reset) == []


def test_a_reply_without_the_headers_tells_nothing() -> None:
    dialect = counted_headers(remaining="left", reset="reset", form="seconds", bucket=per_path)
    assert dialect(Request(path="/a"), Response(status=200, headers={"left": "3"}), NOW) == ()


def test_the_limit_of_a_path_is_counted_in_the_bucket_that_replies_name() -> None:
    request = Request(path="/2/users/{user_id}/tweets", args={"user_id": "1"})
    limit = path_limit("GET /2/users/{user_id}/tweets", requests=900, seconds=900)
    assert limit.bucket == per_path(request)
    assert limit.covers(request)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/2/users/{user_id}/tweets"),
        ("GET", "/2/users/{user_id}/tweets/more"),
        ("GET", "/v/2/users/{user_id}/tweets"),
        ("GET", "/2/users/me"),
    ],
)
def test_the_limit_of_a_path_covers_no_other(method: str, path: str) -> None:
    limit = path_limit("GET /2/users/{user_id}/tweets", requests=1, seconds=1)
    assert not limit.covers(Request(method=method, path=path))
