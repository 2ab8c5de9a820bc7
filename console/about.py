"""`integrations version`."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from console.render import table
from console.work import show, write_json
from storage.home import Home

_STANDS_ON: Final = ("prefect", "duckdb", "sqlmodel", "httpx", "great-expectations", "pandas", "typer")


def show_version(as_json: bool) -> None:
    versions = {"integration-manager": _version("integration-manager"), "python": platform.python_version()}
    versions |= {package: _version(package) for package in _STANDS_ON}
    folder = str(Home.from_env().folder)
    if as_json:
        write_json({"versions": versions, "home": folder})
    else:
        show(table(("", ""), [*versions.items(), ("home", folder)]))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "run from its folder, not installed"
