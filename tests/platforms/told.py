"""The words in which a platform's file tells the tests what they cannot know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from core.http import JSON
from core.model import State
from tests.spec.judging import Judge


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`unresolved`: by stream and column, why no record of the sandbox fills it; any other is a typo.

    Of recordings, by their path below the platform's folder: `paths` is the address that one without any answers,
    `records` the stream whose records one shows, though no stream makes that call, and where they stand, `unread` why
    nobody reads one, `refused` are errors, with the disposition they are classified as. `states` are the states that
    a walk of some stream may go on from (the calls then are others), `settings` and `parent` what streams need to ask.
    `moving`: by stream that sweeps, why figures of its older rows are read again only now and then. `leading`: by
    stream, how the address of calls begins whose replies may only lead to its records. `endless`: by stream, why its
    replies lead on beyond what is wanted. `least`: by path template, the smallest page that may be asked for. `webhook`
    are the values that check a call of the sandbox, where one made-up secret will not do; `_secret` among them is what
    the sandbox signs with, where that is something else. `secret_addresses`: by path, why the platform wants secrets in
    the address there. `judge` is the vendor's specification; `no_judge` says why there is none.
    """

    unresolved: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    states: tuple[State, ...] = ({},)
    settings: Mapping[str, JSON] = field(default_factory=dict)
    parent: Mapping[str, JSON] = field(default_factory=lambda: {"id": "16ed227135"})
    moving: Mapping[str, str] = field(default_factory=dict)
    leading: Mapping[str, str] = field(default_factory=dict)
    endless: Mapping[str, str] = field(default_factory=dict)
    least: Mapping[str, int] = field(default_factory=dict)
    webhook: Mapping[str, str] = field(default_factory=dict)
    secret_addresses: Mapping[str, str] = field(default_factory=dict)
    judge: Judge | None = None
    no_judge: str = ""


def told(platform: str) -> Told:
    """What the tests are told of a platform; nothing where it has no file here (as in the guide's example)."""
    try:
        found: Told = import_module(f"tests.platforms.{platform}").TOLD
    except ModuleNotFoundError:
        return Told(no_judge="no specification is at hand")
    return found
