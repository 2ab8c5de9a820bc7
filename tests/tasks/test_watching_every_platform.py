"""Over the catalogue: whatever platform has just been connected, in whatever way, is healthy and has no findings."""

from __future__ import annotations

import pytest

from connectors.catalog import PLATFORMS, connector
from connectors.sdk.auth import OAuth2
from sandbox import catalog
from sandbox.samples import SAMPLES
from sandbox.sandbox import Sandbox
from tasks.health import check, overall
from tasks.security import scan
from tasks.workspace import Workspace
from tests.tasks.connected import connect_by_consent, connect_sample

WAYS = [
    pytest.param(platform, method.name, marks=[pytest.mark.slow] if number else [])
    for platform in PLATFORMS
    if platform in catalog.MODULES
    for number, method in enumerate(connector(platform).auth)
    if method.name in SAMPLES[platform]
]


@pytest.mark.parametrize(("platform", "method"), WAYS)
def test_a_fresh_connection_is_healthy_and_has_no_findings(
    empty_workspace: Workspace, sandbox: Sandbox, platform: str, method: str
) -> None:
    if isinstance(connector(platform).method(method), OAuth2):
        connect_by_consent(empty_workspace, sandbox, platform)
    else:
        connect_sample(empty_workspace, platform, method)
    readings = check(empty_workspace, platform, run="r")
    assert overall(readings) == "healthy", readings
    assert scan(empty_workspace, platform, run="r") == []
