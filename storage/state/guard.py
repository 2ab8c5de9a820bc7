"""The session that sees one owner only.

Reads, bulk updates and bulk deletes get the owner's criterion added, whatever they join, alias or nest; rows
are checked when they are loaded and before they are written. What cannot be confined (SQL text, tables instead of
models, INSERT statements, the connection itself) is refused, so a forgotten filter is an empty result or an
error, never another owner's row.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NoReturn

from sqlalchemy import Alias, Column, CompoundSelect, Delete, Engine, Select, Table, TextClause, Update, event, inspect
from sqlalchemy.orm import LoaderCriteriaOption, ORMExecuteState, UOWTransaction, with_loader_criteria
from sqlalchemy.sql.elements import ColumnClause
from sqlmodel import Session

from core.errors import IntegrationError
from storage.state.models import METADATA, AuditEntry, Owned, Owner

_PRUNING: Final = "pruning"
_GETTING: Final = "getting"


class ScopeViolation(IntegrationError):
    """Code tried to reach beyond its owner, or around the scope: a defect of ours, not of the person's."""


class OwnedSession(Session):
    """A session of one owner. A read-only one refuses writes, which would be lost when it ends."""

    def __init__(self, engine: Engine, owner: str, *, writes: bool, pruning: bool = False) -> None:
        super().__init__(engine, expire_on_commit=False)
        self.info["owner"] = owner
        self.info["writes"] = writes
        self.info[_PRUNING] = pruning

    def get(self, *arguments: Any, **options: Any) -> Any:
        """The row of a key, or None where it is not there or not the owner's."""
        self.info[_GETTING] = True
        try:
            return super().get(*arguments, **options)
        finally:
            self.info[_GETTING] = False

    def connection(self, *_: Any, **__: Any) -> NoReturn:
        raise ScopeViolation("the connection below a scope is not given away")

    def bulk_save_objects(self, *_: Any, **__: Any) -> NoReturn:
        raise ScopeViolation("bulk_save_objects goes around the owner's check: use add_all")

    bulk_insert_mappings = bulk_save_objects
    bulk_update_mappings = bulk_save_objects


@event.listens_for(OwnedSession, "do_orm_execute")
def _confine(state: ORMExecuteState) -> None:
    # A reload of columns concerns a row that was checked when it was loaded.
    if state.is_column_load:
        return
    owner: str = state.session.info["owner"]
    statement = state.statement
    if not state.is_orm_statement or not isinstance(statement, Select | Update | Delete):
        raise ScopeViolation("a scope runs select, update and delete of its models, nothing else")
    # SQLAlchemy itself writes the statement of `get`, with the model as its entity but bare columns in its criterion.
    if not state.session.info.get(_GETTING):
        _refuse_what_cannot_be_confined(statement)
    if not isinstance(statement, Select):
        _refuse_bulk_write(state, statement)
    state.statement = statement.options(*_criteria(owner))


@lru_cache(maxsize=64)
def _criteria(owner: str) -> tuple[LoaderCriteriaOption, ...]:
    # Model by model, as SQLAlchemy cannot read a criterion from the common base, whose fields are no columns; and as
    # functions, as a finished expression is not carried over to an alias that is joined.
    owned = [mapper.class_ for mapper in inspect(Owner).registry.mappers if issubclass(mapper.class_, Owned)]
    return (
        with_loader_criteria(Owner, lambda model: model.id == owner, include_aliases=True),
        *(with_loader_criteria(model, lambda model: model.owner == owner, include_aliases=True) for model in owned),
    )


def _refuse_what_cannot_be_confined(statement: Any) -> None:
    """Refuses SQL text, and tables that no model of the same SELECT stands for: nothing would filter those."""
    confined: set[Any] = set()
    bare: set[Any] = set()
    models: set[Any] = set()
    pending = list(statement.get_children())
    while pending:
        element = pending.pop()
        if isinstance(element, Select):
            _refuse_what_cannot_be_confined(element)
            continue
        if isinstance(element, CompoundSelect | TextClause) or (
            isinstance(element, ColumnClause) and element.is_literal and element.name != "*"
        ):
            raise ScopeViolation("a scope runs neither SQL text nor set operations: write it with the models")
        if "parententity" in element._annotations:
            models.add(element._annotations["parententity"])
            if isinstance(element, Column):
                confined.add(element.table)
        elif isinstance(element, Column):
            _refuse_if_ours(element.table)
        elif isinstance(element, Table | Alias):
            bare.add(element)
        else:
            pending.extend(element.get_children())
    for table in bare - confined:
        _refuse_if_ours(table)
    if isinstance(statement, Update | Delete) and len(models) > 1:
        raise ScopeViolation("an update or delete names other models in subqueries only: it would not filter them")


def _refuse_if_ours(table: Any) -> None:
    while isinstance(table, Alias):
        table = table.element
    if isinstance(table, Table) and table.metadata is METADATA:
        raise ScopeViolation(f"the table {table.name} cannot be confined to an owner: use its model")


def _refuse_bulk_write(state: ORMExecuteState, statement: Update | Delete) -> None:
    if not state.session.info["writes"]:
        raise ScopeViolation("this session is for reading")
    if (
        state.bind_mapper is not None
        and state.bind_mapper.class_ is AuditEntry
        and not (state.is_delete and state.session.info[_PRUNING])
    ):
        raise ScopeViolation("audit lines are never changed, and removed only by pruning")
    if state.parameters and not isinstance(state.parameters, Mapping):
        raise ScopeViolation("a bulk update by key goes around the owner's filter: update in a loop, or by criteria")
    if isinstance(statement, Update):
        names = {getattr(column, "key", column) for column in statement.compile().params} | set(state.parameters or ())
        if "owner" in names:
            raise ScopeViolation("a row never changes its owner")


@event.listens_for(OwnedSession, "loaded_as_persistent")
def _check_loaded(session: Any, row: object) -> None:
    if _owner_of(row) != session.info["owner"]:
        raise ScopeViolation("a row of another owner came into the scope")


@event.listens_for(OwnedSession, "before_flush")
def _check_written(session: Any, context: UOWTransaction, instances: object) -> None:
    owner: str = session.info["owner"]
    changed = [row for row in session.dirty if session.is_modified(row)]
    if not session.info["writes"] and (session.new or session.deleted or changed):
        raise ScopeViolation("this session is for reading")
    for row in session.new:
        if isinstance(row, Owned) and not row.owner:
            row.owner = owner
    for row in (*session.new, *changed, *session.deleted):
        history = inspect(row).attrs["id" if isinstance(row, Owner) else "owner"].history
        if _owner_of(row) != owner or any(was != owner for was in history.deleted):
            raise ScopeViolation("a scope writes rows of its own owner only")
    if any(isinstance(row, AuditEntry) for row in (*changed, *session.deleted)):
        raise ScopeViolation("audit lines are never changed, and removed only by pruning")


def _owner_of(row: object) -> str | None:
    if isinstance(row, Owned):
        return row.owner
    return row.id if isinstance(row, Owner) else None
