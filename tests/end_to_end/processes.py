"""Processes of the whole: the sandbox as a server, spoken to over its control addresses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """Ours, without what would point to somebody's own home, server or accounts."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("INTEGRATIONS_", "PREFECT_", "PYTEST_"))
    }
    return {**kept, "PYTHONPATH": str(ROOT), **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSandbox:
    """The sandbox's server. Its clock goes as ours does, and further where it is told."""

    address: str
    process: subprocess.Popen[str]

    def get(self, what: str) -> Any:
        return httpx.get(f"{self.address}/_sandbox/{what}", timeout=30, trust_env=False).raise_for_status().json()

    def post(self, what: str, **told: Any) -> Any:
        reply = httpx.post(f"{self.address}/_sandbox/{what}", json=told, timeout=30, trust_env=False)
        return reply.raise_for_status().json()

    def now(self) -> datetime:
        return datetime.fromisoformat(self.get("now")["now"])

    def samples(self, platform: str, method: str) -> Mapping[str, str]:
        found: Mapping[str, str] = self.get("credentials")[platform][method]
        return found

    def consent(self, url: str) -> dict[str, str]:
        """Opens the consent page as a browser would, and gives what it sends back: code and state."""
        parts = urlsplit(url)
        page = f"{self.address}/_host/{parts.netloc}{parts.path}?{parts.query}"
        answer = httpx.get(page, timeout=30, trust_env=False)
        return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


@contextmanager
def running_sandbox(*options: str, start: datetime | None = None) -> Iterator[RunningSandbox]:
    """The sandbox as a process of its own, on a free port of loopback."""
    command = [sys.executable, "-m", "sandbox", *options, *(("--start", start.isoformat()) if start else ())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment())
    try:
        assert process.stdout is not None
        yield RunningSandbox(address=json.loads(process.stdout.readline())["address"], process=process)
    finally:
        process.terminate()
        process.wait(timeout=15)
