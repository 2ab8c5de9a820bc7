from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.classify import Disposition, ErrorRule, classify
from core.http import Response


def reply(document: Any = None, status: int = 200) -> Response:
    return Response(status=status, body=b"" if document is None else json.dumps(document).encode())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Disposition.OK),
        (201, Disposition.OK),
        (204, Disposition.OK),
        (301, Disposition.FAIL),
        (302, Disposition.FAIL),
        (400, Disposition.FAIL),
        (401, Disposition.REFRESH_TOKEN),
        (402, Disposition.QUOTA_EXHAUSTED),
        (403, Disposition.SCOPE_MISSING),
        (404, Disposition.FAIL),
        (408, Disposition.RETRY),
        (410, Disposition.FAIL),
        (425, Disposition.RETRY),
        (429, Disposition.RATE_LIMITED),
        (500, Disposition.RETRY),
        (501, Disposition.FAIL),
        (502, Disposition.RETRY),
        (503, Disposition.RETRY),
        (504, Disposition.RETRY),
        (522, Disposition.RETRY),
        (529, Disposition.RETRY),
    ],
)
def test_a_status_of_http_means_what_its_rfc_says(status: int, expected: Disposition) -> None:
    assert classify(reply(status=status)).disposition is expected


def test_the_platforms_rule_comes_first_and_is_told() -> None:
    rule = ErrorRule(disposition=Disposition.RETRY, status=404, retry_in=2)
    verdict = classify(reply({}, 404), [rule])
    assert (verdict.disposition, verdict.rule) == (Disposition.RETRY, rule)


def test_of_the_platforms_rules_the_first_that_fits_decides() -> None:
    rules = [
        ErrorRule(disposition=Disposition.SKIP, status=404, path="code", equals=7),
        ErrorRule(disposition=Disposition.RETRY, status=(404, 409)),
    ]
    assert classify(reply({"code": 7}, 404), rules).disposition is Disposition.SKIP
    assert classify(reply({"code": 8}, 404), rules).disposition is Disposition.RETRY
    assert classify(reply({"code": 7}, 409), rules).disposition is Disposition.RETRY


def test_an_error_inside_a_200_is_seen() -> None:
    rule = ErrorRule(disposition=Disposition.QUOTA_EXHAUSTED, path="error/code", equals="quota")
    assert classify(reply({"error": {"code": "quota"}}), [rule]).disposition is Disposition.QUOTA_EXHAUSTED
    assert classify(reply({"error": None}), [rule]).disposition is Disposition.OK
    assert classify(reply({"data": []}), [rule]).disposition is Disposition.OK


def test_a_rule_looks_at_every_element_of_an_array() -> None:
    rule = ErrorRule(disposition=Disposition.RATE_LIMITED, path="errors/*/code", equals=88)
    assert classify(reply({"errors": [{"code": 1}, {"code": 88}]}, 400), [rule]).disposition is Disposition.RATE_LIMITED
    assert classify(reply({"errors": [{"code": 1}]}, 400), [rule]).disposition is Disposition.FAIL
    assert classify(reply({"errors": {"code": 88}}, 400), [rule]).disposition is Disposition.FAIL


def test_a_rule_looks_into_an_array_at_the_top_and_into_arrays_of_arrays() -> None:
    top = ErrorRule(disposition=Disposition.RETRY, path="*/errorCode", equals="UNABLE_TO_LOCK_ROW")
    deep = ErrorRule(disposition=Disposition.RETRY, path="errors/*/parts/*/code", equals=5)
    assert classify(reply([{"errorCode": "UNABLE_TO_LOCK_ROW"}], 400), [top]).disposition is Disposition.RETRY
    document = {"errors": [{"parts": []}, {"parts": [{"code": 4}, {"code": 5}]}]}
    assert classify(reply(document, 400), [deep]).disposition is Disposition.RETRY


def test_text_within_a_value_is_found_whatever_its_case() -> None:
    rule = ErrorRule(disposition=Disposition.RESET_STATE, path="error_summary", contains="reset/")
    assert classify(reply({"error_summary": "Reset/.."}, 409), [rule]).disposition is Disposition.RESET_STATE
    assert classify(reply({"error_summary": "path/not_found"}, 409), [rule]).disposition is Disposition.FAIL


def test_false_and_zero_can_be_asked_for() -> None:
    assert classify(reply({"ok": False}), [ErrorRule(disposition=Disposition.FAIL, path="ok", equals=False)]).rule
    assert not classify(reply({"ok": True}), [ErrorRule(disposition=Disposition.FAIL, path="ok", equals=False)]).rule


def test_true_is_not_one_and_false_is_not_zero() -> None:
    rule = ErrorRule(disposition=Disposition.FAIL, path="code", equals=0)
    assert classify(reply({"code": False}), [rule]).disposition is Disposition.OK
    assert classify(reply({"code": 0}), [rule]).disposition is Disposition.FAIL


@pytest.mark.parametrize("body", [b"<html>", b"", b"Not found", b"  <p>"])
def test_what_is_no_json_can_be_asked_for(body: bytes) -> None:
    rule = ErrorRule(disposition=Disposition.RETRY, status=403, not_json=True)
    assert classify(Response(status=403, body=body), [rule]).disposition is Disposition.RETRY
    assert classify(Response(status=403, body=b' {"a": 1}'), [rule]).disposition is Disposition.SCOPE_MISSING


RULES = st.builds(
    ErrorRule,
    disposition=st.sampled_from(Disposition),
    status=st.sampled_from([None, 200, 404, (500, 503)]),
    path=st.sampled_from(["", "a", "a/b", "*", "*/a", "a/*", "a/*/b", "a/*/*"]),
    equals=st.sampled_from([None, 1, "x", False]),
    contains=st.sampled_from(["", "x"]),
    not_json=st.booleans(),
)
BODIES = st.one_of(
    st.binary(max_size=20),
    st.recursive(
        st.sampled_from([None, 1, "x", False]),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    ).map(lambda document: json.dumps(document).encode()),
)


@given(status=st.sampled_from([200, 404, 500, 503]), body=BODIES, rules=st.lists(RULES, max_size=4))
def test_every_reply_gets_a_verdict_and_it_is_the_first_fitting_rules(
    status: int, body: bytes, rules: list[ErrorRule]
) -> None:
    response = Response(status=status, body=body)
    verdict = classify(response, rules)
    fitting = next((rule for rule in rules if rule.fits(response)), None)
    if fitting is not None:
        assert verdict.rule is fitting
        assert verdict.disposition is fitting.disposition
    else:
        assert verdict.rule not in rules or verdict.rule is None
        assert (verdict.disposition is Disposition.OK) == (status == 200)


@pytest.mark.parametrize(
    ("code", "fits"), [(200, True), (250, True), (299, True), (300, False), ("200", False), (True, False), ([], False)]
)
def test_a_rule_may_name_several_values(code: Any, fits: bool) -> None:
    rule = ErrorRule(disposition=Disposition.SCOPE_MISSING, path="error/code", among=range(200, 300))
    assert rule.fits(reply({"error": {"code": code}})) is fits
