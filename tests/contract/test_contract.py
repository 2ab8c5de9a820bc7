"""Every connector of the catalog against its sandbox. A platform added to both is tested without a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from _pytest.mark import ParameterSet

from connectors.catalog import PLATFORMS, connectors
from connectors.sdk.base import Connector
from sandbox.catalog import MODULES
from tests.contract.case import Case, Check, Inapplicable, cases
from tests.contract.checks import OF_EVERY_PLATFORM, OF_EVERY_STREAM, OF_METHODS, OF_STREAMS, OF_WORDS

CONNECTORS = connectors()
STREAMS = list(cases(CONNECTORS))
METHODS = [
    Case(connector=connector, method=method.name, name=connector.streams_for(method.name)[0].name)
    for connector in CONNECTORS
    for method in connector.auth
]


def _id(value: Case | Connector | Callable[..., None]) -> str:
    if isinstance(value, Connector):
        return value.name
    return f"{value.connector.name}-{value.method}-{value.name}" if isinstance(value, Case) else value.__name__


def _run(check: Check, case: Case) -> None:
    try:
        check(case)
    except Inapplicable as reason:
        pytest.skip(f"{_id(case)}: {reason}")


def test_every_connector_has_a_sandbox() -> None:
    assert set(PLATFORMS) <= set(MODULES)


@pytest.mark.parametrize("connector", CONNECTORS, ids=_id)
@pytest.mark.parametrize("check", OF_WORDS, ids=_id)
def test_the_words_of_a_connector(check: Callable[[Connector], None], connector: Connector) -> None:
    check(connector)


def _on_methods() -> Iterator[ParameterSet]:
    """Every check on every way to authenticate; of those of one kind a platform has, the fast suite tries the first."""
    for check in OF_METHODS:
        tried: set[tuple[str, object]] = set()
        for case in METHODS:
            kind = (case.connector.name, type(case.connector.method(case.method)))
            marks = [pytest.mark.slow] if kind in tried else []
            tried.add(kind)
            yield pytest.param(check, case, id=f"{_id(check)}-{_id(case)}", marks=marks)


@pytest.mark.parametrize(("check", "case"), list(_on_methods()))
def test_a_way_to_authenticate(check: Check, case: Case) -> None:
    _run(check, case)


def _on_streams() -> Iterator[ParameterSet]:
    """Every check on every stream; what stands for others in the fast suite leaves those to the slower one."""
    for check in OF_STREAMS:
        built: set[tuple[str, object]] = set()
        for case in STREAMS:
            builder = (case.connector.name if check in OF_EVERY_PLATFORM else "", case.stream.parse.__code__)
            marks = [pytest.mark.slow] if builder in built and check not in OF_EVERY_STREAM else []
            built.add(builder)
            yield pytest.param(check, case, id=f"{_id(check)}-{_id(case)}", marks=marks)


@pytest.mark.parametrize(("check", "case"), list(_on_streams()))
def test_a_stream(check: Check, case: Case) -> None:
    _run(check, case)
