from __future__ import annotations

import copy
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from core.secrets import Secret

VALUE = "the-hidden-value"


@dataclass
class Holder:
    token: Secret


SHOWN: Mapping[str, Callable[[Secret], str]] = {
    "repr": lambda secret: repr(secret),
    "str": lambda secret: str(secret),
    "format": lambda secret: f"{secret}",
    "format with a spec": lambda secret: f"{secret:>60}",
    "format with a conversion": lambda secret: f"{secret!r} {secret!s} {secret!a}",
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
    "str.format": lambda secret: "{} {0}".replace("{}", "{0}").format(secret),
    "a dataclass's repr": lambda secret: repr(Holder(secret)),
    "a dict's repr": lambda secret: repr({"token": secret}),
    "a pretty print": lambda secret: pprint.pformat({"token": [secret]}),
    "an exception": lambda secret: str(ValueError(secret)) + repr(ValueError(secret)),
    "its members": lambda secret: repr(dir(secret)),
}


@pytest.mark.parametrize("way", SHOWN)
def test_a_secret_has_no_text_form(way: str) -> None:
    text = SHOWN[way](Secret(VALUE, "token"))
    assert VALUE not in text


def test_its_text_is_its_name() -> None:
    assert repr(Secret(VALUE, "client_secret")) == "<client_secret>"


REFUSED: Mapping[str, Callable[[Secret], Any]] = {
    "pickle": lambda secret: pickle.dumps(secret),
    "pickle, old protocol": lambda secret: pickle.dumps(secret, protocol=0),
    "pickle inside another": lambda secret: pickle.dumps(Holder(secret)),
    "deepcopy": lambda secret: copy.deepcopy(secret),
    "copy": lambda secret: copy.copy(secret),
    "json": lambda secret: json.dumps({"token": secret}),
    "msgspec": lambda secret: msgspec.json.encode({"token": secret}),
    "vars": lambda secret: vars(secret),
}


@pytest.mark.parametrize("way", REFUSED)
def test_a_secret_is_not_serialised_or_copied(way: str) -> None:
    with pytest.raises(TypeError) as refused:
        REFUSED[way](Secret(VALUE, "token"))
    assert VALUE not in "".join(traceback.format_exception(refused.value))


def test_a_log_of_it_shows_its_name(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("sending %s", Secret(VALUE, "token"))
    assert "<token>" in caplog.text
    assert VALUE not in caplog.text


def test_it_is_revealed_only_when_asked() -> None:
    assert Secret(VALUE).reveal() == VALUE


def test_equal_secrets_are_equal_and_texts_are_not() -> None:
    assert Secret(VALUE, "a") == Secret(VALUE, "b")
    assert hash(Secret(VALUE, "a")) == hash(Secret(VALUE, "b"))
    assert Secret(VALUE) != Secret("another")
    assert Secret(VALUE) != VALUE


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret(VALUE)
