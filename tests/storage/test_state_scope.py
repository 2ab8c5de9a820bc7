"""Nobody reads or writes another owner's rows, whichever way they try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, exists, func, insert, literal_column, text, union, update
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, select

from core.health import HealthReading
from storage.state import guard
from storage.state.engine import State
from storage.state.guard import OwnedSession, ScopeViolation
from storage.state.models import METADATA, AuditEntry, Integration, Lease, Owned, Owner
from storage.state.scope import Scope
from tests.states import new_state

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> State:
    return new_state(tmp_path / "state.db", clock=lambda: NOW)


@pytest.fixture
def mine(state: State) -> Scope:
    return furnished(state, "mine", ["crm", "files"])


@pytest.fixture
def theirs(state: State) -> Scope:
    return furnished(state, "theirs", ["crm", "mail", "posts"])


def furnished(state: State, owner: str, names: list[str]) -> Scope:
    scope = state.scope(state.ensure_owner(owner))
    for name in names:
        scope.add_integration(name=name, platform="hubspot", auth_method="api_key")
        with scope.writing() as session:
            session.add(Lease(name=name, holder="", acquired_at=NOW, expires_at=NOW, fence=1))
    return scope


def lease(owner: str, name: str = "new") -> Lease:
    return Lease(owner=owner, name=name, holder="", acquired_at=NOW, expires_at=NOW, fence=1)


def test_every_table_is_the_owner_or_belongs_to_one() -> None:
    def descendants(model: type[SQLModel]) -> set[type[SQLModel]]:
        return {model}.union(*(descendants(child) for child in model.__subclasses__()))

    owned = {str(model.__tablename__) for model in descendants(Owned) if hasattr(model, "__table__")}
    assert owned | {"owner"} == set(METADATA.tables)


def _names(session: OwnedSession) -> set[Any]:
    return {row.name for row in session.exec(select(Integration))}


def _columns(session: OwnedSession) -> set[Any]:
    return set(session.exec(select(Integration.name)))


def _alias(session: OwnedSession) -> set[Any]:
    return set(session.exec(select(aliased(Integration).name)))


def _subquery(session: OwnedSession) -> set[Any]:
    inner = aliased(Integration, select(Integration).subquery())
    return set(session.exec(select(inner.name)))


def _column_of_a_subquery(session: OwnedSession) -> set[Any]:
    return set(session.exec(select(select(Integration.name).subquery().c.name)))


def _in_subquery(session: OwnedSession) -> set[Any]:
    return set(session.exec(select(Integration.name).where(col(Integration.name).in_(select(Lease.name)))))


def _scalar_subquery(session: OwnedSession) -> set[Any]:
    other = aliased(Integration)
    counted = select(func.group_concat(other.name)).scalar_subquery()
    [names] = set(session.exec(select(counted).select_from(Integration)))
    return set(names.split(","))


def _exists(session: OwnedSession) -> set[Any]:
    held = exists(select(Lease.name).where(Lease.name == Integration.name))
    return set(session.exec(select(Integration.name).where(held)))


def _common_table(session: OwnedSession) -> set[Any]:
    everything = aliased(Integration, select(Integration).cte())
    return set(session.exec(select(everything.name)))


def _join(session: OwnedSession) -> set[Any]:
    joined = select(Lease.name).select_from(Integration).join(Lease, col(Lease.name) == col(Integration.name))
    return set(session.exec(joined))


def _outer_join_without_relation(session: OwnedSession) -> set[Any]:
    both = select(Integration.name, Lease.name).outerjoin(Lease, col(Lease.fence) == 1)
    return {name for row in session.exec(both) for name in row if name}


def _join_of_aliases(session: OwnedSession) -> set[Any]:
    other = aliased(Integration)
    joined = select(Integration.name, other.name).join(other, col(other.status) == col(Integration.status))
    return {name for row in session.exec(joined) for name in row}


def _mentioned_in_the_criterion_only(session: OwnedSession) -> set[Any]:
    return set(session.exec(select(Lease.name).where(Lease.name == Integration.name)))


def _nested_criterion_only(session: OwnedSession) -> set[Any]:
    other = aliased(Integration)
    joined = select(func.group_concat(other.name)).where(other.platform == Integration.platform).scalar_subquery()
    [names] = set(session.exec(select(joined).select_from(Integration)))
    return set(names.split(","))


def _old_query(session: OwnedSession) -> set[Any]:
    return {row.name for row in session.query(Integration)}


def _all_but_the_filter(session: OwnedSession) -> set[Any]:
    return set(session.exec(select(Integration.name).where(col(Integration.owner) != "nobody")))


READS: list[Callable[[OwnedSession], set[Any]]] = [
    _names,
    _columns,
    _alias,
    _subquery,
    _column_of_a_subquery,
    _in_subquery,
    _scalar_subquery,
    _exists,
    _common_table,
    _join,
    _outer_join_without_relation,
    _join_of_aliases,
    _mentioned_in_the_criterion_only,
    _nested_criterion_only,
    _old_query,
    _all_but_the_filter,
]


@pytest.mark.parametrize("read", READS, ids=lambda read: read.__name__.strip("_"))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_read_sees_ones_own_rows_only(mine: Scope, theirs: Scope, read: Callable[[OwnedSession], set[Any]]) -> None:
    with mine.reading() as session:
        assert read(session) == {"crm", "files"}
    with theirs.reading() as session:
        assert read(session) == {"crm", "mail", "posts"}


def test_counting_counts_ones_own_rows_only(mine: Scope, theirs: Scope) -> None:
    with mine.reading() as session:
        assert session.exec(select(func.count()).select_from(Integration)).one() == 2
        assert session.exec(select(func.count(col(Lease.name)))).one() == 2


def test_only_oneself_is_seen_among_the_owners(mine: Scope, theirs: Scope) -> None:
    with mine.reading() as session:
        assert [owner.id for owner in session.exec(select(Owner))] == [mine.owner]
        assert session.get(Owner, theirs.owner) is None


def test_get_finds_no_row_of_another_owner(mine: Scope, theirs: Scope) -> None:
    stranger = theirs.integration("mail")
    with mine.reading() as session:
        assert session.get(Integration, stranger.id) is None
        assert session.get(Lease, (theirs.owner, "mail")) is None
        assert session.get(Integration, mine.integration("crm").id) is not None


IN_STEP: dict[str, Any] = {"synchronize_session": False}
UNCONFINED: list[Any] = [
    text("SELECT name FROM integration"),
    select(Integration.__table__),  # type: ignore[attr-defined]
    select(METADATA.tables["integration"].c.name),
    select(Integration.name, METADATA.tables["lease"].c.name),
    select(Integration).where(text("1 = 1) OR (1 = 1")),
    select(Integration.name).where(col(Integration.id).in_(select(METADATA.tables["integration"].c.id))),
    select(Integration).join(METADATA.tables["lease"], METADATA.tables["lease"].c.name == Integration.name),
    select(Integration.name, literal_column("(SELECT group_concat(name) FROM integration)")),
    select(Integration).from_statement(text("SELECT * FROM integration")),
    select(func.count()).select_from(METADATA.tables["integration"]),
    select(Lease.name, select(func.count()).select_from(METADATA.tables["integration"]).scalar_subquery()),
    select(Lease.name, select(func.count()).select_from(METADATA.tables["lease"].alias()).scalar_subquery()),
    select(Lease.name).where(col(Lease.name).in_(union(select(Integration.name), select(Lease.name)))),
    union(select(Integration.name), select(Lease.name)),
    insert(Lease).values(owner="x", name="y", holder="", acquired_at=NOW, expires_at=NOW, fence=1),
    update(METADATA.tables["lease"]).values(fence=9),
    delete(METADATA.tables["lease"]),
    update(Lease).where(col(Lease.name) == Integration.name).values(fence=9).execution_options(**IN_STEP),
    update(Lease)
    .where(col(Lease.name) == METADATA.tables["integration"].c.name)
    .values(fence=9)
    .execution_options(**IN_STEP),
    delete(Lease).where(col(Lease.name) == Integration.name).execution_options(**IN_STEP),
]


@pytest.mark.parametrize("statement", UNCONFINED, ids=lambda statement: type(statement).__name__)
def test_what_cannot_be_confined_is_refused(mine: Scope, theirs: Scope, statement: Any) -> None:
    with pytest.raises(ScopeViolation), mine.writing() as session:
        session.execute(statement).all()


def test_a_row_that_slips_through_the_filter_is_refused(
    mine: Scope, theirs: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_criteria", lambda owner: ())
    refused(mine, lambda session: session.exec(select(Integration)).all())


def test_the_ways_around_the_session_are_closed(mine: Scope) -> None:
    with mine.writing() as session:
        for way in ("connection", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings"):
            with pytest.raises(ScopeViolation):
                getattr(session, way)()


def test_a_bulk_update_reaches_ones_own_rows_only(mine: Scope, theirs: Scope) -> None:
    with mine.writing() as session:
        result: Any = session.exec(update(Integration).values(status="paused"))
        assert result.rowcount == 2
    assert {row.status for row in mine.integrations()} == {"paused"}
    assert {row.status for row in theirs.integrations()} == {"active"}


def test_a_bulk_update_that_asks_for_another_owner_changes_nothing(mine: Scope, theirs: Scope) -> None:
    with mine.writing() as session:
        aimed = update(Integration).where(col(Integration.owner) == theirs.owner).values(status="paused")
        result: Any = session.exec(aimed)
        assert result.rowcount == 0
    assert {row.status for row in theirs.integrations()} == {"active"}


def test_a_bulk_delete_reaches_ones_own_rows_only(mine: Scope, theirs: Scope) -> None:
    with mine.writing() as session:
        session.exec(delete(Lease))
    with mine.reading() as session:
        assert session.exec(select(Lease)).all() == []
    with theirs.reading() as session:
        assert len(session.exec(select(Lease)).all()) == 3


def test_deleting_all_owners_deletes_oneself_only(state: State, mine: Scope, theirs: Scope) -> None:
    with mine.writing() as session:
        session.exec(delete(Owner))
    assert state.owners() == [theirs.owner]
    assert len(theirs.integrations()) == 3


@pytest.mark.parametrize("synchronize", ["auto", "evaluate", False])
def test_bulk_writes_are_confined_however_the_session_is_kept_in_step(
    mine: Scope, theirs: Scope, synchronize: Any
) -> None:
    with mine.writing() as session:
        session.exec(update(Lease).values(fence=7), execution_options={"synchronize_session": synchronize})
    with theirs.reading() as session:
        assert set(session.exec(select(Lease.fence))) == {1}


def test_a_row_cannot_be_given_away_in_bulk(mine: Scope, theirs: Scope) -> None:
    for statement, parameters in (
        (update(Lease).values(owner=theirs.owner), None),
        (update(Lease).values({Lease.owner: theirs.owner}), None),
        (update(Lease), {"owner": theirs.owner}),
        (update(Lease).ordered_values((col(Lease.owner), theirs.owner)), None),
        (update(Lease), [{"owner": theirs.owner, "name": "mail", "fence": 9}]),
        (update(Integration), [{"id": theirs.integration("mail").id, "status": "paused"}]),
    ):
        with pytest.raises(ScopeViolation), mine.writing() as session:
            session.execute(statement, parameters)
    assert theirs.integration("mail").status == "active"


def test_a_new_row_gets_the_scopes_owner(mine: Scope) -> None:
    with mine.writing() as session:
        session.add(Lease(name="new", holder="", acquired_at=NOW, expires_at=NOW, fence=1))
    with mine.reading() as session:
        assert session.get(Lease, (mine.owner, "new")) is not None


def test_a_new_row_of_another_owner_is_refused(mine: Scope, theirs: Scope) -> None:
    with pytest.raises(ScopeViolation), mine.writing() as session:
        session.add(lease(theirs.owner))
    with theirs.reading() as session:
        assert session.get(Lease, (theirs.owner, "new")) is None


def test_a_new_owner_is_not_created_from_within_anothers_scope(mine: Scope) -> None:
    with pytest.raises(ScopeViolation), mine.writing() as session:
        session.add(Owner(id="intruder", name="intruder", salt="", created_at=NOW))


def refused(scope: Scope, write: Callable[[OwnedSession], object]) -> None:
    with pytest.raises(ScopeViolation), scope.writing() as session:
        write(session)


def test_a_row_cannot_be_given_away(mine: Scope, theirs: Scope) -> None:
    def give(session: OwnedSession) -> None:
        session.exec(select(Integration).where(Integration.name == "files")).one().owner = theirs.owner

    refused(mine, give)
    assert "files" in {row.name for row in mine.integrations()}


def test_another_owners_row_cannot_be_taken_over(mine: Scope, theirs: Scope) -> None:
    stranger = theirs.integration("mail")
    stranger.owner = mine.owner
    with pytest.raises(ScopeViolation), mine.writing() as session:
        session.add(stranger)
    assert theirs.integration("mail").owner == theirs.owner


def test_another_owners_row_cannot_be_changed_or_deleted_when_brought_along(mine: Scope, theirs: Scope) -> None:
    def change(session: OwnedSession) -> None:
        stranger = theirs.integration("mail")
        session.add(stranger)
        stranger.status = "paused"

    refused(mine, change)
    refused(mine, lambda session: session.delete(theirs.integration("mail")))
    assert theirs.integration("mail").status == "active"


def test_merging_another_owners_row_changes_nothing(mine: Scope, theirs: Scope) -> None:
    stranger = theirs.integration("mail")
    stranger.status = "paused"
    with pytest.raises(ScopeViolation), mine.writing() as session:
        session.merge(stranger)
    forged = theirs.integration("mail").model_copy(update={"owner": mine.owner, "status": "paused"})
    with pytest.raises(Exception, match=r"UNIQUE|owner"), mine.writing() as session:
        session.merge(Integration(**forged.model_dump()))
    assert theirs.integration("mail").status == "active"


def test_merging_ones_own_row_works(mine: Scope) -> None:
    row = mine.integration("crm")
    row.account_label = "Ada"
    with mine.writing() as session:
        session.merge(row)
    assert mine.integration("crm").account_label == "Ada"


def test_a_refused_write_leaves_nothing_of_its_transaction(mine: Scope, theirs: Scope) -> None:
    def write(session: OwnedSession) -> None:
        session.add(lease(mine.owner, "first"))
        session.flush()
        session.add(lease(theirs.owner, "second"))

    refused(mine, write)
    with mine.reading() as session:
        assert session.get(Lease, (mine.owner, "first")) is None


def test_a_reading_session_refuses_to_write(mine: Scope) -> None:
    writes: list[Callable[[OwnedSession], object]] = [
        lambda session: session.add(lease(mine.owner)),
        lambda session: session.exec(delete(Lease)),
        lambda session: session.delete(session.exec(select(Lease)).first()),
    ]

    def attempt(write: Callable[[OwnedSession], object]) -> None:
        with mine.reading() as session:
            write(session)
            session.flush()

    for write in writes:
        with pytest.raises(ScopeViolation):
            attempt(write)


def test_audit_lines_are_neither_changed_nor_deleted(mine: Scope) -> None:
    with mine.writing() as session:
        session.add(AuditEntry(at=NOW, actor="ada", action="credential opened"))

    def change(session: OwnedSession) -> None:
        session.exec(select(AuditEntry)).one().actor = "nobody"

    def drop(session: OwnedSession) -> None:
        session.delete(session.exec(select(AuditEntry)).one())

    refused(mine, change)
    refused(mine, drop)
    refused(mine, lambda session: session.exec(update(AuditEntry).values(actor="nobody")))
    refused(mine, lambda session: session.exec(delete(AuditEntry)))
    with mine.reading() as session:
        assert session.exec(select(AuditEntry.actor)).all() == ["ada"]


def test_a_row_about_an_integration_of_another_owner_cannot_be_written(mine: Scope, theirs: Scope) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"):
        mine.save_health("mail", [HealthReading(check_name="latency", status="healthy", message="")], NOW)
