"""Reference material beside the repository: recorded replies and vendors' specifications, read in place.

Their licences keep them out of this repository. INTEGRATIONS_SHARED names the folder, `../shared` by default; tests
that need what is not there are skipped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


def shared_folder() -> Path:
    """The folder, which may be absent."""
    named = os.environ.get("INTEGRATIONS_SHARED")
    return Path(named) if named else Path(__file__).resolve().parents[2] / "shared"


needs_shared = pytest.mark.skipif(
    not shared_folder().is_dir(), reason="the reference material is not here (set INTEGRATIONS_SHARED)"
)


def recorded(slug: str, name: str) -> Any:
    """A recording such as ("hubspot", "nango/contacts"), decoded. Skips the test where it is absent."""
    path = shared_folder() / "recorded" / slug / (name if Path(name).suffix else f"{name}.json")
    return json.loads(_text(path))


def recorded_bodies(slug: str, name: str) -> list[Any]:
    """The bodies of a recording's exchanges, in order."""
    return [exchange["response"]["body"] for exchange in recorded(slug, name)["exchanges"]]


def recordings(slug: str) -> list[str]:
    """The names of all recordings of a platform; none where the folder is absent."""
    folder = shared_folder() / "recorded" / slug
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.json")) if folder.is_dir() else []


def spec(slug: str, name: str) -> str:
    """The text of a vendor's specification. Skips the test where it is absent."""
    return _text(shared_folder() / "specs" / slug / name)


def _text(path: Path) -> str:
    if not path.is_file():
        pytest.skip(f"{path.name} of {path.parent.name} is not here (set INTEGRATIONS_SHARED)")
    return path.read_text(encoding="utf-8")
