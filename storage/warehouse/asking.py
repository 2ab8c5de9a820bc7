"""Questions in SQL, one a file in `storage/questions`, and SQL of a person's own: read-only, about the warehouse alone.

A question's file begins with comment lines: title, about, parameters (`days=30 integration=`), needs (tables), chart
(the columns for x, y and, if there are several lines, the series).
"""

from __future__ import annotations

import difflib
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import duckdb

from core.errors import UsageError
from storage.home import Home
from storage.warehouse.connection import Warehouse
from storage.warehouse.names import literal
from storage.warehouse.schema import exists

if TYPE_CHECKING:
    import pandas

_T = TypeVar("_T")
Value: TypeAlias = str | int | float
FOLDER = Path(__file__).parent.parent / "questions"
_HEADER = re.compile(r"^-- (title|about|parameters|needs|chart): *(.*)$")
_READS = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question that comes with the product. `needs` are the tables ("schema.name") without which it has no answer."""

    name: str
    title: str
    about: str
    sql: str
    parameters: Mapping[str, Value] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    chart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Columns with their DuckDB types, and rows. `truncated`: there are more. `note`: why there may be none."""

    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    truncated: bool = False
    note: str = ""


def questions(folder: Path = FOLDER) -> dict[str, Question]:
    """All questions, by name."""
    return {path.stem: _read(path) for path in sorted(folder.glob("*.sql"))}


def run_question(
    warehouse: Warehouse,
    question: str,
    parameters: Mapping[str, Value | str] | None = None,
    *,
    limit: int | None = 1000,
    seconds: float = 60.0,
) -> Answer:
    """Answers a question by its name, or a single reading statement of SQL.

    `limit` bounds the rows, `seconds` the time. Raises UsageError for a name or parameter that does not exist, SQL
    that is wrong, changes something or takes too long, and Busy where the warehouse is not free.
    """

    def fetch(result: duckdb.DuckDBPyConnection) -> Answer:
        described = result.description or []
        rows = result.fetchall() if limit is None else result.fetchmany(limit + 1)
        return Answer(
            columns=tuple(column[0] for column in described),
            types=tuple(str(column[1]) for column in described),
            rows=tuple(rows[:limit]),
            truncated=limit is not None and len(rows) > limit,
        )

    return _answer(warehouse, question, parameters or {}, seconds, fetch, lambda note: Answer(note=note))


def ask(question: str, *, warehouse: Warehouse | None = None, **parameters: Value) -> pandas.DataFrame:
    """The answer as a pandas DataFrame: `ask("rows_by_platform_and_day", days=7)`, or `ask("select …")`.

    The warehouse is that of the folder named by INTEGRATIONS_HOME unless given. Raises as `run_question` does.
    """
    import pandas

    if warehouse is None:
        home = Home.from_env()
        warehouse = Warehouse(home.warehouse_file, lock=home.warehouse_lock)
    return _answer(warehouse, question, parameters, 600.0, lambda result: result.df(), lambda _: pandas.DataFrame())


def _answer(
    warehouse: Warehouse,
    question: str,
    parameters: Mapping[str, Value | str],
    seconds: float,
    fetch: Callable[[duckdb.DuckDBPyConnection], _T],
    nothing: Callable[[str], _T],
) -> _T:
    known = _named(question)
    values = _values(known, parameters)
    with warehouse.reading() as connection, _explained(connection, seconds):
        missing = [need for need in known.needs if not exists(connection, *need.split("."))]
        if missing:
            return nothing(f"nothing has landed yet in {', '.join(missing)}")
        statements = connection.extract_statements(known.sql)
        if len(statements) != 1 or statements[0].type not in _READS:
            raise UsageError(
                "only one statement at a time can be asked, and one that reads",
                advice="Begin it with SELECT, WITH, FROM, DESCRIBE, SHOW or EXPLAIN.",
            )
        used = [f"{name} := {_literal(values[name])}" for name in statements[0].named_parameters if name in values]
        if not used:
            return fetch(connection.execute(statements[0]))
        connection.execute(f"PREPARE question AS {known.sql}")  # not bound in Python: see storage.warehouse.names
        return fetch(connection.execute(f"EXECUTE question({', '.join(used)})"))


def _literal(value: Value) -> str:
    return literal(value) if isinstance(value, str) else str(value)


def _named(question: str) -> Question:
    known = questions()
    if question in known:
        return known[question]
    if re.search(r"\s", question.strip()):
        return Question(name="", title="", about="", sql=question)
    near = difflib.get_close_matches(question, known, n=3, cutoff=0.4) or sorted(known)
    raise UsageError(f"there is no question {question!r}", advice=f"Did you mean: {', '.join(near)}?")


def _values(question: Question, given: Mapping[str, Value | str]) -> dict[str, Value]:
    if not question.name:
        return dict(given)
    unknown = sorted(given.keys() - question.parameters.keys())
    if unknown:
        can = ", ".join(question.parameters) or "none"
        raise UsageError(f"{question.name} has no parameter {', '.join(unknown)}", advice=f"It has: {can}.")
    return {name: _like(default, given.get(name, default), name) for name, default in question.parameters.items()}


def _like(default: Value, value: Value | str, name: str) -> Value:
    """A value given as text (on a command line) becomes what the parameter's default is."""
    try:
        return type(default)(value)
    except ValueError as error:
        kind = "a whole number" if isinstance(default, int) else "a number"
        raise UsageError(f"the parameter {name} must be {kind}, not {value!r}") from error


@contextmanager
def _explained(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Stops what takes too long, and tells DuckDB's errors as the person's."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as error:
        raise UsageError(
            f"the question took longer than {seconds:g} seconds and was stopped",
            advice="Ask about fewer days or rows, or give it more time.",
        ) from error
    except duckdb.Error as error:
        raise UsageError(f"the question cannot be answered: {error}") from error
    finally:
        timer.cancel()


def _read(path: Path) -> Question:
    text = path.read_text(encoding="utf-8")
    told = {match[1]: match[2].strip() for match in map(_HEADER.match, text.splitlines()) if match}
    return Question(
        name=path.stem,
        title=told["title"],
        about=told.get("about", ""),
        sql=text,
        parameters=dict(_parameter(part) for part in told.get("parameters", "").split()),
        needs=tuple(told.get("needs", "").replace(",", " ").split()),
        chart=tuple(told.get("chart", "").split()),
    )


def _parameter(text: str) -> tuple[str, Value]:
    name, _, default = text.partition("=")
    for kind in (int, float):
        try:
            return name, kind(default)
        except ValueError:
            continue
    return name, default
