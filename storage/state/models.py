"""The tables of the state database.

Every row belongs to an owner: each table is `Owner` itself or derives from `Owned`. Rows about an integration
name it by owner and name, so a row can never point at another owner's integration. Moments are in UTC.
There are no relationships: rows are plain values once their session has ended.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Literal

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, Integer, MetaData, String, UniqueConstraint
from sqlmodel import Field, SQLModel

from storage.state.types import UtcDateTime

Status = Literal["active", "paused", "attention", "removed"]
"""`attention`: the person must act (the credential was refused, a quota is used up) before syncs go on."""

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key is a plain INTEGER.
_RowNumber: Final = BigInteger().with_variant(Integer, "sqlite")


class Base(SQLModel):
    """What all tables share: one catalogue of names. Models are built when first used, which keeps imports short."""

    metadata: ClassVar[MetaData] = METADATA
    model_config = {"defer_build": True}


class Owner(Base, table=True):
    """A user. `salt` (base64) makes the key that seals this user's credentials differ from everybody else's."""

    __tablename__ = "owner"
    __table_args__ = (UniqueConstraint("name"),)

    id: str = Field(primary_key=True)
    name: str
    salt: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class Owned(Base):
    """A row of one owner. A scope fills `owner` in when the row is written."""

    owner: str = Field(default="", foreign_key="owner.id", ondelete="CASCADE")


class OwnedKey(Owned):
    """A row whose key begins with its owner."""

    owner: str = Field(default="", foreign_key="owner.id", ondelete="CASCADE", primary_key=True)


def _of_integration() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["owner", "integration"], ["integration.owner", "integration.name"], ondelete="CASCADE")


class Integration(Owned, table=True):
    """A connected account of a platform. `name` identifies it for people; `id` for good, as a name can be given anew.

    `block_name`: the Prefect block document that holds the envelope. `account_label`: whom the platform says the
    credential belongs to. `next_due_at`: when the schedule wants it, None for at once. `paused_until`: the
    platform asked to come back then. `key_version`: of the app secret that the credential is sealed with.
    """

    __tablename__ = "integration"
    __table_args__ = (UniqueConstraint("owner", "name"), Index(None, "owner", "platform", "next_due_at"))

    id: str = Field(primary_key=True)
    name: str
    platform: str
    auth_method: str
    block_name: str = ""
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    account_label: str = ""
    status: Status = Field(default="active", sa_type=String)
    status_reason: str = ""
    schedule_minutes: int = 60
    next_due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    paused_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    last_sync_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_success_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str = ""
    credential_sealed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    credential_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    key_version: int | None = None
    scopes: list[str] = Field(default_factory=list, sa_type=JSON)


class HealthNow(OwnedKey, table=True):
    """What a health check of an integration said last. History is in the warehouse."""

    __tablename__ = "health_now"
    __table_args__ = (_of_integration(),)

    integration: str = Field(primary_key=True)
    check_name: str = Field(primary_key=True)
    status: str
    value: float | None = None
    unit: str = ""
    message: str = ""
    at: datetime = Field(sa_type=UtcDateTime)


class FindingNow(Owned, table=True):
    """What a security rule found and, once it no longer does, when that ended.

    `integration` is None for a finding about the installation itself.
    """

    __tablename__ = "finding_now"
    __table_args__ = (_of_integration(), UniqueConstraint("owner", "integration", "rule"))

    id: int | None = Field(default=None, primary_key=True, sa_type=_RowNumber)
    integration: str | None = None
    rule: str
    severity: str
    title: str
    detail: str = ""
    remedy: str = ""
    first_seen: datetime = Field(sa_type=UtcDateTime)
    last_seen: datetime = Field(sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Lease(OwnedKey, table=True):
    """Who may work on `name` until `expires_at`. A free lease has no holder; `fence` grows with every holder."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    acquired_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    fence: int = Field(sa_type=BigInteger)


class RateBudget(OwnedKey, table=True):
    """The calls granted lately to the processes of this installation, and what the platform told.

    `granted` and `remaining` are `taken` and `left` of a `core.budgets.Window`; times are seconds since 1970.
    """

    __tablename__ = "rate_budget"

    account: str = Field(primary_key=True)
    bucket: str = Field(primary_key=True)
    granted: list[list[float]] = Field(default_factory=list, sa_type=JSON)
    remaining: int | None = None
    resets_at: float = 0.0


class BreakerRow(OwnedKey, table=True):
    """A circuit breaker that is not simply closed. `open_until` is in seconds since 1970."""

    __tablename__ = "breaker"

    integration: str = Field(primary_key=True)
    failures: int = 0
    openings: int = 0
    open_until: float = 0.0


class AuditEntry(Owned, table=True):
    """What was done to a credential or an integration, by whom. Written once, never changed."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "owner", "at"), Index(None, "owner", "integration", "at"))

    id: int | None = Field(default=None, primary_key=True, sa_type=_RowNumber)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str
    action: str
    integration: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class Rotation(Owned, table=True):
    """One owner's way from older app secrets to `to_version`. `last_done` is the last integration id re-sealed."""

    __tablename__ = "rotation"
    __table_args__ = (Index(None, "owner", "to_version"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=_RowNumber)
    from_version: int
    to_version: int
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_done: str = ""
