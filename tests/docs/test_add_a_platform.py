"""The platform of docs/add-a-platform.md is put into place as told there, and keeps the contract."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from connectors import catalog
from connectors.sdk.base import Connector
from sandbox import catalog as sandboxes
from sandbox import samples
from tests.contract.case import Case, Check, Inapplicable
from tests.contract.checks import OF_METHODS, OF_STREAMS, OF_WORDS
from tests.test_rooms import broken_rules

PAGE = Path(__file__).parents[2] / "docs" / "add-a-platform.md"
FILES = ("connectors/acme.py", "sandbox/acme.py")


def blocks() -> dict[str, str]:
    """The page's blocks of Python by their first line, which tells where they belong."""
    found = re.findall(r"^```python\n# ([^\n]+)\n(.*?)^```", PAGE.read_text(), flags=re.M | re.S)
    return dict(found)


def _put_into_place(folder: Path, path: str, source: str) -> ModuleType:
    name = path.removesuffix(".py").replace("/", ".")
    file = folder / f"{name}.py"
    file.write_text(source)
    spec = spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connector]:
    """The help desk of the page, among the other platforms for as long as these tests run."""
    written = blocks()
    with pytest.MonkeyPatch.context() as patch:
        for mapping in (catalog.PLATFORMS, sandboxes.MODULES, samples.SAMPLES):
            patch.setitem(mapping, "acme", None)  # to be taken out at the end
        names = {
            "PLATFORMS": catalog.PLATFORMS,
            "MODULES": sandboxes.MODULES,
            "SAMPLES": samples.SAMPLES,
            "letters": samples.letters,
        }
        for where, lines in written.items():
            if where not in FILES:
                exec(lines, dict(names))
        for path in FILES:
            _put_into_place(tmp_path_factory.mktemp("acme"), path, written[path])
        catalog.connector.cache_clear()
        yield catalog.connector("acme")
        catalog.connector.cache_clear()
        for path in FILES:
            del sys.modules[path.removesuffix(".py").replace("/", ".")]


def test_the_page_has_a_connector_a_sandbox_and_the_lines_of_the_catalogs() -> None:
    assert set(blocks()) == {
        *FILES,
        "a line of connectors/catalog.py",
        "lines of sandbox/catalog.py and sandbox/samples.py",
    }


@pytest.mark.parametrize("path", FILES)
def test_its_files_keep_to_the_plan_of_the_house(path: str) -> None:
    assert broken_rules(path, blocks()[path]) == []


@pytest.mark.parametrize("check", OF_WORDS, ids=lambda check: check.__name__)
def test_its_words_keep_the_contract(acme: Connector, check: Check) -> None:
    check(acme)  # type: ignore[arg-type]


@pytest.mark.parametrize("check", [*OF_STREAMS, *OF_METHODS], ids=lambda check: check.__name__)
def test_it_keeps_the_contract(acme: Connector, check: Check) -> None:
    try:
        check(Case(connector=acme, method="api_key", name="tickets"))
    except Inapplicable as reason:
        pytest.skip(str(reason))
