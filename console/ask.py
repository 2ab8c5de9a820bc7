"""`integrations ask`: ready questions and SQL of one's own, as table, CSV, JSON or chart."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from rich.text import Text

from console.render import as_csv, table
from console.work import note, show, write, write_json
from core.errors import UsageError
from storage.home import Home
from storage.warehouse.asking import Answer, Question, questions, run_question
from storage.warehouse.connection import Warehouse


def answer(question: str | None, parameters: Sequence[str], form: str, limit: int) -> None:
    """Answers, or lists the questions where none is asked."""
    if question is None:
        if parameters:
            raise UsageError("there are parameters, but no question", advice="integrations ask lists the questions.")
        _list(form)
        return
    home = Home.from_env()
    warehouse = Warehouse(home.warehouse_file, lock=home.warehouse_lock)
    told = run_question(warehouse, question, _parameters(parameters), limit=limit)
    known = questions().get(question)
    if form == "csv":
        write(as_csv(told.columns, told.rows))
    elif form == "json":
        write_json([dict(zip(told.columns, row, strict=True)) for row in told.rows])
    elif told.note:
        note(f"There is no answer yet: {told.note}. Sync first: integrations sync --all")
    elif form == "chart":
        _draw(known, told)
    else:
        show(table(told.columns, told.rows, title=known.title if known else ""))
        if not told.rows:
            note("No rows.")
    if told.truncated:
        note(f"There are more than {limit} rows: --limit shows more.")


def _parameters(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    wrong = [name for name, equals, _ in pairs if not equals]
    if wrong:
        raise UsageError(f"--param wants name=value, not {wrong[0]}", advice="For example: --param days=30")
    return {name: value for name, _, value in pairs}


def _list(form: str) -> None:
    known = questions()
    if form == "json":
        write_json(
            [
                {"name": q.name, "title": q.title, "about": q.about, "parameters": dict(q.parameters)}
                for q in known.values()
            ]
        )
        return
    if form == "csv":
        write(as_csv(("name", "title"), [(q.name, q.title) for q in known.values()]))
        return
    rows = [
        (Text(q.name, style="bold"), q.title, " ".join(f"{name}={default}" for name, default in q.parameters.items()))
        for q in known.values()
    ]
    show(table(("question", "what it tells", "parameters"), rows))
    note('\nAsk one: integrations ask NAME --param days=30. Or in SQL: integrations ask "SELECT …"')


def _draw(known: Question | None, told: Answer) -> None:
    from console.charts import chart

    width = min(100, shutil.get_terminal_size((80, 24)).columns)
    hint = known.chart if known else ()
    write(chart(told.columns, told.rows, hint=hint, title=known.title if known else "", width=width))
