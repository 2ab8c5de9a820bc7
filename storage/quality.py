"""Quality: Great Expectations suites made from the columns that streams declare, run over what landed lately.

The row checks of the drain keep bad records out one by one; these look at the table from outside, by other means
(pandas and Python's regular expressions instead of DuckDB), and at what no single row can tell: keys, volume,
freshness. Two suites a table: `<platform>.<stream>` over a sample of the rows seen lately, and
`<platform>.<stream> as a whole` over one row an integration. Importing great_expectations takes seconds, so only the
function that needs it does.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from core.health import VERY_LATE_INTERVALS
from core.model import Column, Table
from storage.warehouse.connection import Warehouse
from storage.warehouse.metrics import SYNCS
from storage.warehouse.names import quoted, table_name, utc
from storage.warehouse.schema import exists

if TYPE_CHECKING:
    import duckdb
    import pandas

SAMPLE_ROWS: Final = 10_000
LIVE_ROWS: Final = "live_rows"
INTERVALS_LATE: Final = "intervals_since_success"
_INTEGRATION: Final = "_integration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One expectation, by the name and with the arguments that Great Expectations gives it."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def column(self) -> str:
        """The column it is about, several joined by commas; empty for one about the table."""
        several: Sequence[str] = self.arguments.get("column_list", ())
        return str(self.arguments.get("column", ", ".join(several)))


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityResult:
    """What came of one expectation. `checked` and `unexpected` count rows; `observed` never repeats a value."""

    suite: str
    platform: str
    stream: str
    expectation: str
    column: str
    success: bool
    observed: str
    unexpected: int
    checked: int


def row_expectations(table: Table) -> tuple[Expectation, ...]:
    """What the table's columns promise of its rows."""
    return (*(each for column in table.columns for each in _of_column(column, table)), *_of_key(table))


def whole_expectations() -> tuple[Expectation, ...]:
    """What any table promises of each integration: what once had rows still has some, and syncs go on."""
    between = "expect_column_values_to_be_between"
    return (
        Expectation(name=between, arguments={"column": LIVE_ROWS, "min_value": 1}),
        Expectation(name=between, arguments={"column": INTERVALS_LATE, "max_value": VERY_LATE_INTERVALS}),
    )


def _of_column(column: Column, table: Table) -> Iterator[Expectation]:
    if column.required or column.name in table.key:
        yield Expectation(name="expect_column_values_to_not_be_null", arguments={"column": column.name})
    if column.type == "text" and column.pattern is not None:
        # Great Expectations looks for the pattern anywhere in the value; a column's pattern is for the whole.
        whole = rf"\A(?:{column.pattern})\Z"
        yield Expectation(name="expect_column_values_to_match_regex", arguments={"column": column.name, "regex": whole})
    if column.type in ("integer", "number") and (column.minimum is not None or column.maximum is not None):
        bounds = {"min_value": column.minimum, "max_value": column.maximum}
        given = {name: value for name, value in bounds.items() if value is not None}
        yield Expectation(name="expect_column_values_to_be_between", arguments={"column": column.name, **given})
    if column.type == "text" and column.choices:
        yield Expectation(
            name="expect_column_values_to_be_in_set",
            arguments={"column": column.name, "value_set": list(column.choices)},
        )


def _of_key(table: Table) -> Iterator[Expectation]:
    if table.key and table.mode != "append":
        day = ("_day",) if table.mode == "snapshot" else ()
        columns = [_INTEGRATION, *table.key, *day]
        yield Expectation(name="expect_compound_columns_to_be_unique", arguments={"column_list": columns})


def check_tables(
    warehouse: Warehouse,
    tables: Iterable[Table],
    *,
    owner: str,
    intervals: Mapping[str, timedelta | None],
    since: datetime,
    now: datetime,
    sample: int = SAMPLE_ROWS,
) -> list[QualityResult]:
    """Runs the suites over the owner's rows of the tables that have landed.

    `intervals`: how often each connected integration is synced, None for those without schedule; others are left
    out of volume and freshness. Rows count as landed lately where they were seen at or after `since`.
    Raises Busy where the warehouse is not free.
    """
    checker: _Checker | None = None
    results: list[QualityResult] = []
    for table in tables:
        with warehouse.reading() as connection:
            if not exists(connection, table.schema, table.name):
                continue
            present = _columns_of(connection, table)
            rows = _sample(connection, table, present, owner, since, sample)
            whole = _whole(connection, table, owner, intervals, now)
        checker = checker or _Checker()
        promised = [each for each in row_expectations(table) if _needs(each) <= present]
        if len(rows):
            results += checker.run(table, f"{table.schema}.{table.name}", promised, rows)
        if len(whole):
            results += checker.run(table, f"{table.schema}.{table.name} as a whole", whole_expectations(), whole)
    return results


def _needs(expectation: Expectation) -> set[str]:
    arguments = expectation.arguments
    return set(arguments.get("column_list", ())) or {arguments["column"]}


def _columns_of(connection: duckdb.DuckDBPyConnection, table: Table) -> set[str]:
    """The columns that the table has by now: one declared since the last drain is still to come."""
    return {row[0] for row in connection.execute(f"DESCRIBE {table_name(table)}").fetchall()}


def _sample(
    connection: duckdb.DuckDBPyConnection, table: Table, present: set[str], owner: str, since: datetime, rows: int
) -> pandas.DataFrame:
    """The columns that promise something, of at most so many rows; the same ones whenever it is asked."""
    promised = (_needs(expectation) for expectation in row_expectations(table))
    wanted = sorted({_INTEGRATION}.union(*promised) & present)
    return connection.execute(
        f"SELECT {', '.join(map(quoted, wanted))} FROM"  # noqa: S608 -- names are quoted, values are bound
        f" (SELECT * FROM {table_name(table)} WHERE _owner = ? AND _last_seen >= ? AND _deleted_at IS NULL)"
        f" USING SAMPLE reservoir({rows:d} ROWS) REPEATABLE (1)",
        [owner, utc(since)],
    ).df()


def _whole(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    owner: str,
    intervals: Mapping[str, timedelta | None],
    now: datetime,
) -> pandas.DataFrame:
    """One row an integration: how many live rows it has, and how many intervals ago it was last synced well."""
    import pandas

    counts = connection.execute(
        "SELECT _integration, count(*) FILTER (WHERE _deleted_at IS NULL)"  # noqa: S608 -- a quoted name
        f" FROM {table_name(table)} WHERE _owner = ? GROUP BY ALL ORDER BY ALL",
        [owner],
    ).fetchall()
    successes = _last_successes(connection, table, owner)
    rows = [
        {_INTEGRATION: name, LIVE_ROWS: live, INTERVALS_LATE: _late(successes.get(name), intervals[name], now)}
        for name, live in counts
        if name in intervals
    ]
    return pandas.DataFrame(rows).astype({INTERVALS_LATE: "float64"}) if rows else pandas.DataFrame()


def _last_successes(connection: duckdb.DuckDBPyConnection, table: Table, owner: str) -> dict[str, datetime]:
    if not exists(connection, SYNCS.schema, SYNCS.name):
        return {}
    return dict(
        connection.execute(
            f"SELECT integration, max(finished_at) FROM {table_name(SYNCS)}"  # noqa: S608 -- a name of ours
            " WHERE _owner = ? AND platform = ? AND stream = ? AND outcome = 'ok' GROUP BY ALL",
            [owner, table.schema, table.name],
        ).fetchall()
    )


def _late(success: datetime | None, interval: timedelta | None, now: datetime) -> float | None:
    if success is None or not interval:
        return None
    return (now - success.replace(tzinfo=UTC)) / interval


class _Checker:
    """Great Expectations, held in memory: it writes no file, sends no statistics, draws no progress bars."""

    def __init__(self) -> None:
        os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read when it is imported
        import great_expectations
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )

        config = DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        )
        self._source = great_expectations.get_context(mode="ephemeral", project_config=config).data_sources.add_pandas(
            "warehouse"
        )

    def run(
        self, table: Table, suite: str, expectations: Iterable[Expectation], frame: pandas.DataFrame
    ) -> Iterator[QualityResult]:
        """The results of the expectations over the frame, in no order of their own."""
        from great_expectations import ExpectationSuite
        from great_expectations.expectations.registry import get_expectation_impl

        made = [get_expectation_impl(each.name)(**each.arguments) for each in expectations]
        asset = self._source.add_dataframe_asset(suite)
        batch = asset.add_batch_definition_whole_dataframe("whole").get_batch({"dataframe": frame})
        counted = {"result_format": "BASIC", "partial_unexpected_count": 0}  # counts, not values
        validated = batch.validate(ExpectationSuite(name=suite, expectations=made), result_format=counted)
        self._source.delete_asset(suite)
        for result in validated.results:
            yield _result(table, suite, result, len(frame))


def _result(table: Table, suite: str, result: Any, rows: int) -> QualityResult:
    config, found = result.expectation_config, result.result
    expectation = Expectation(name=config.type, arguments=config.kwargs)
    unexpected = int(found.get("unexpected_count", 0))
    asked = int(found.get("element_count", rows)) - int(found.get("missing_count") or 0)
    evaluated = "unexpected_count" in found
    return QualityResult(
        suite=suite,
        platform=table.schema,
        stream=table.name,
        expectation=expectation.name,
        column=expectation.column,
        success=bool(result.success),
        observed=f"{unexpected} of {asked} unexpected" if evaluated else "it could not be evaluated",
        unexpected=unexpected,
        checked=rows,
    )
