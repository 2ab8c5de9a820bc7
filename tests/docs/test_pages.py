"""What the pages show exists: links, anchors, commands and their options, make targets; generated pages are true."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from console.cli import app
from console.platforms_page import PAGE, page
from sandbox.sandbox import Sandbox
from sandbox.world import World
from tasks.engine import sync
from tests.tasks.connected import connect_sample
from tests.tasks.places import open_place
from tests.test_rooms import files

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# Code in the running text, and the lines that a person types.
_INLINE = re.compile(r"`([^`\n]+)`")
_TYPED = re.compile(r"^\$ (.+)$", re.M)
_FENCED = re.compile(r"^```.*?^```", re.M | re.S)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_SEPARATORS = {"&&", "||", "|", ";"}


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    text = _FENCED.sub("", path.read_text())
    headings = re.findall(r"^#+ +(.+?) *$", text, flags=re.M)
    plain = [re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", PAGES, ids=_id)
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = []
    for target in _LINK.findall(_FENCED.sub("", path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (path.parent / place).resolve() if place else path
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


def commands_of(text: str) -> Iterator[list[str]]:
    """Every command that a page shows, as words: typed lines whole, inline code only where it is a command."""
    shown = [*_TYPED.findall(text), *_INLINE.findall(_FENCED.sub("", text))]
    for line in shown:
        if not re.search(r"\b(integrations|make)\b", line):
            continue
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        command: list[str] = []
        for word in [*words, ";"]:
            if word in _SEPARATORS:
                while command and re.fullmatch(r"[A-Z_]+=.*", command[0]):
                    command = command[1:]
                if command:
                    yield command
                command = []
            else:
                command.append(word)


@cache
def _program() -> Any:
    return typer.main.get_command(app)


def wrong_with(words: list[str]) -> str:
    """What is wrong with a command of `integrations`; empty where it exists with these options."""
    command, at, told = _program(), 1, "integrations"
    arguments = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word in ("<", ">", "--help", "-h"):
            break
        if word.startswith("-"):
            name = word.partition("=")[0]
            option = next((o for o in command.params if name in (*o.opts, *o.secondary_opts)), None)
            if option is None:
                return f"{told} has no option {name}"
            if not option.is_flag and "=" not in word:
                at += 1
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return f"{told} has no command {word}"
            command, told = command.commands[word], f"{told} {word}"
        else:
            arguments += 1
    takes = [param for param in command.params if param.param_type_name == "argument"]
    if arguments > len(takes) and not any(param.nargs == -1 for param in takes):
        return f"{told} takes {len(takes)} arguments"
    return ""


@pytest.mark.parametrize("path", PAGES, ids=_id)
def test_every_command_shown_exists_with_its_options(path: Path) -> None:
    text = path.read_text()
    shown = [words for words in commands_of(text) if words[0].endswith("integrations")]
    wrong = {" ".join(words): wrong_with(words) for words in shown if wrong_with(words)}
    assert not wrong


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("integrations sink hubspot", "no command sink"),
        ("integrations sync hubspot --slowly", "no option --slowly"),
        ("integrations keys turn", "no command turn"),
        ("integrations list one two three", "takes"),
        ("integrations --home /srv sync hubspot --full", ""),
        ("A=1 integrations check && integrations scan | head", ""),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(line: str, complaint: str) -> None:
    wrong = [wrong_with(words) for words in commands_of(f"$ {line}") if words[0] == "integrations"]
    assert any(complaint in one for one in wrong) if complaint else not any(wrong)


def test_every_make_target_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    shown = {
        (_id(path), words[1])
        for path in PAGES
        for words in commands_of(path.read_text())
        if words[0] == "make" and len(words) > 1 and words[1].isascii()
    }
    assert shown
    assert not {(where, target) for where, target in shown if target not in targets}


def _advised(path: Path) -> Iterator[str]:
    """Commands that a text of the program tells people to type. What a text is filled with stands as `…`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        yield from re.findall(r"`(integrations [a-z][^`\n]*)`", text)
        yield from re.findall(r": (integrations [a-z]+(?: (?:-?-?[a-z]+|[…<{][^\s]*))*)", text)


def test_what_the_program_tells_people_to_type_exists() -> None:
    advised = {(_id(path), line) for path in files() for line in _advised(path)}
    assert len(advised) > 20
    wrong = {(where, line): wrong_with(shlex.split(line.rstrip("."))) for where, line in advised}
    assert not {shown: complaint for shown, complaint in wrong.items() if complaint}


@pytest.mark.slow
def test_the_python_of_the_readme_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.M | re.S)
    sandbox = Sandbox(World(scale=40), relaxed=True)
    place = open_place(tmp_path / "home", sandbox)
    connect_sample(place, "hubspot", "service_key")
    sync(place, "hubspot", run="for the readme")
    place.close()
    monkeypatch.setenv("INTEGRATIONS_HOME", str(tmp_path / "home"))
    names: dict[str, Any] = {}
    exec(block, names)
    assert len(names["frame"]) > 0
    assert "hubspot" in names["frame"].to_string()


def test_the_page_of_platforms_is_what_the_catalog_says() -> None:
    assert PAGE.read_text() == page(), "write it anew: python -m console.platforms_page"
