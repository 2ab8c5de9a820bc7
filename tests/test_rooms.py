"""The plan of the house, kept by reading the syntax trees: who imports whom, what of the outside, and how early."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Each room, and the rooms it may import besides itself.
ROOMS: Mapping[str, frozenset[str]] = {
    "core": frozenset(),
    "connectors": frozenset({"core"}),
    "storage": frozenset({"core"}),
    "tasks": frozenset({"core", "connectors", "storage"}),
    "flows": frozenset({"core", "connectors", "storage", "tasks"}),
    "deployments": frozenset({"core", "connectors", "storage", "tasks", "flows"}),
    "console": frozenset({"core", "connectors", "storage", "tasks", "flows", "deployments"}),
    "sandbox": frozenset({"core"}),
}
FREE = frozenset({"benchmarks", "tests"})
# Of the outside, only these: in a whole room, or in one file of it. Packages that come with another are beside it.
OUTSIDE: Mapping[str, frozenset[str]] = {
    "core": frozenset({"msgspec", "cryptography"}),
    "connectors": frozenset({"msgspec"}),
    "connectors/sdk/client.py": frozenset({"httpx"}),
    "connectors/sdk/transport.py": frozenset({"httpx"}),
    "connectors/sdk/vault.py": frozenset({"prefect", "pydantic"}),
    "storage": frozenset({"msgspec", "sqlmodel", "sqlalchemy", "alembic", "duckdb", "pandas", "filelock"}),
    "storage/quality.py": frozenset({"great_expectations"}),
    "tasks": frozenset({"msgspec", "prefect"}),
    "flows": frozenset({"prefect"}),
    "deployments": frozenset({"prefect"}),
    "console": frozenset(
        {"msgspec", "typer", "click", "rich", "starlette", "fastapi", "uvicorn", "prefect", "plotext"}
    ),
    "sandbox": frozenset({"starlette", "uvicorn"}),
    "sandbox/transport.py": frozenset({"httpx"}),
}
# Importing these takes seconds: only inside the function that needs them.
LATE = frozenset({"pandas", "pyarrow", "great_expectations"})
# Rooms that another may import only inside the function that needs them (docs/decisions/0002).
LATE_ROOMS: Mapping[str, frozenset[str]] = {"console": frozenset({"flows", "deployments"})}
LONGEST_FILE = 350
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """One import statement's package; `late`: inside a function, `typing_only`: never at run time."""

    name: str
    line: int
    late: bool
    typing_only: bool


def imports_of(source: str) -> Iterator[Import]:
    yield from _imports(ast.parse(source), late=False, typing_only=False)


def _imports(node: ast.AST, *, late: bool, typing_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(name=alias.name, line=child.lineno, late=late, typing_only=typing_only)
        elif isinstance(child, ast.ImportFrom):
            name = "." * child.level + (child.module or "")
            yield Import(name=name, line=child.lineno, late=late, typing_only=typing_only)
        elif isinstance(child, ast.Call) and _name(child.func) in ("import_module", "__import__"):
            target = child.args[0] if child.args else None
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                yield Import(name=target.value, line=child.lineno, late=late, typing_only=typing_only)
        if isinstance(child, ast.If) and _name(child.test) == "TYPE_CHECKING":
            for kept in child.body:
                yield from _imports(ast.Module([kept], []), late=late, typing_only=True)
            for kept in child.orelse:
                yield from _imports(ast.Module([kept], []), late=late, typing_only=typing_only)
            continue
        within = late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _imports(child, late=within, typing_only=typing_only)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def broken_rules(path: str, source: str) -> list[str]:
    """What a file of a room, at this path from the root, does against the plan."""
    room = path.partition("/")[0]
    allowed = OUTSIDE[room] | OUTSIDE.get(path, frozenset())
    broken = []
    for found in imports_of(source):
        package = found.name.partition(".")[0]
        where = f"{path}:{found.line}"
        if not package:
            broken.append(f"{where} imports relatively ({found.name}): name the room")
        elif package in FREE or (package in ROOMS and package != room and package not in ROOMS[room]):
            broken.append(f"{where} imports {found.name}: {room} may not know {package}")
        elif package not in ROOMS and package not in sys.stdlib_module_names and package not in allowed:
            broken.append(f"{where} imports {found.name}: not among the packages of {room}")
        dear = package in LATE or package in LATE_ROOMS.get(room, frozenset())
        if dear and not found.late and not found.typing_only:
            broken.append(f"{where} imports {found.name} at the top: import it where it is used")
    lines = source.splitlines()
    if len(lines) > LONGEST_FILE:
        broken.append(f"{path} has {len(lines)} lines: at most {LONGEST_FILE}, one idea each")
    broken += [
        f"{path}:{n} is unfinished: {line.strip()}" for n, line in enumerate(lines, 1) if UNFINISHED.search(line)
    ]
    if path.endswith("__init__.py") and not ast.get_docstring(ast.parse(source)):
        broken.append(f"{path} does not say what belongs there")
    return broken


def files() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", [room for room in ROOMS if (ROOT / room).is_dir()])
def test_a_room_keeps_to_the_plan(room: str) -> None:
    broken = [
        rule
        for path in sorted((ROOT / room).rglob("*.py"))
        for rule in broken_rules(path.relative_to(ROOT).as_posix(), path.read_text())
    ]
    assert not broken, "\n".join(broken)


def test_each_folder_says_what_belongs_there() -> None:
    silent = {path.parent for path in files() if not (path.parent / "__init__.py").exists()}
    # Alembic loads its folder of versions by path: it is no package.
    assert not {folder for folder in silent if folder.name not in ("versions", "migrations")}


def test_the_vendors_are_called_from_one_place_only() -> None:
    callers = {
        path.relative_to(ROOT).as_posix()
        for path in files()
        for found in imports_of(path.read_text())
        if found.name.partition(".")[0] in ("httpx", "requests", "aiohttp", "urllib3")
    }
    assert callers <= {"connectors/sdk/client.py", "connectors/sdk/transport.py", "sandbox/transport.py"}


@pytest.mark.parametrize(
    ("path", "source", "told"),
    [
        ("core/a.py", "import httpx", "not among the packages of core"),
        ("core/a.py", "from connectors.sdk import base", "core may not know connectors"),
        ("connectors/a.py", "from storage import warehouse", "connectors may not know storage"),
        ("connectors/a.py", "import httpx", "not among"),
        ("connectors/sdk/oauth2.py", "def f():\n    import prefect", "not among"),
        ("storage/a.py", "from connectors.catalog import connector", "storage may not know connectors"),
        ("storage/a.py", "def f():\n    import great_expectations", "not among"),
        ("storage/quality.py", "import great_expectations", "at the top"),
        ("storage/a.py", "import pandas as pd", "at the top"),
        ("storage/a.py", "if True:\n    import pandas", "at the top"),
        ("storage/a.py", "class A:\n    import pandas", "at the top"),
        ("console/a.py", "from flows.sync import sync", "import it where it is used"),
        ("sandbox/a.py", "import connectors.hubspot", "sandbox may not know connectors"),
        ("sandbox/a.py", "import importlib\nimportlib.import_module('connectors.x')", "may not know connectors"),
        ("flows/a.py", "from tests import contract", "flows may not know tests"),
        ("tasks/a.py", "from . import b", "relatively"),
        ("core/a.py", "x = 1\n" * 351, "351 lines"),
        ("core/a.py", "x = 1  # TODO later", "unfinished"),
        ("core/__init__.py", "x = 1", "does not say"),
    ],
)
def test_a_broken_rule_is_noticed(path: str, source: str, told: str) -> None:
    broken = broken_rules(path, source)
    assert len(broken) == 1
    assert told in broken[0]


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("core/a.py", "import msgspec\nfrom core.http import Request\nimport hashlib"),
        ("connectors/sdk/client.py", "import httpx"),
        ("connectors/sdk/vault.py", "from prefect.blocks.core import Block"),
        ("storage/quality.py", "def f():\n    import great_expectations"),
        ("storage/a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas"),
        ("flows/a.py", "from tasks.sync import sync\nfrom prefect import flow"),
        ("console/a.py", "from connectors.catalog import connector"),
        ("console/a.py", "def f():\n    from flows.sync import sync"),
    ],
)
def test_what_the_plan_allows_passes(path: str, source: str) -> None:
    assert broken_rules(path, source) == []


def test_reading_and_landing_never_load_heavy_packages() -> None:
    paths = [p.relative_to(ROOT) for p in files() if p.parts[len(ROOT.parts)] in ("core", "connectors", "storage")]
    names = [".".join(p.with_suffix("").parts) for p in paths if "vault" not in p.name and "migrations" not in p.parts]
    program = (
        "import sys, importlib\n"
        f"for name in {names!r}: importlib.import_module(name.removesuffix('.__init__'))\n"
        f"print([p for p in {sorted(LATE | {'prefect'})!r} if p in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "[]"
