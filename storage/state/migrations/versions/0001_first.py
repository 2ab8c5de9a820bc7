"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "owner",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_owner"),
        sa.UniqueConstraint("name", name="uq_owner_name"),
    )
    op.create_table(
        "audit_entry",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("id", _ROW_NUMBER, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["owner.id"], name="fk_audit_entry_owner_owner", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
    )
    op.create_index("ix_audit_entry_owner_at", "audit_entry", ["owner", "at"])
    op.create_index("ix_audit_entry_owner_integration_at", "audit_entry", ["owner", "integration", "at"])
    op.create_table(
        "breaker",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("open_until", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["owner.id"], name="fk_breaker_owner_owner", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "integration", name="pk_breaker"),
    )
    op.create_table(
        "integration",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("auth_method", sa.String(), nullable=False),
        sa.Column("block_name", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("account_label", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_reason", sa.String(), nullable=False),
        sa.Column("schedule_minutes", sa.Integer(), nullable=False),
        sa.Column("next_due_at", _MOMENT, nullable=True),
        sa.Column("paused_until", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.Column("last_sync_at", _MOMENT, nullable=True),
        sa.Column("last_success_at", _MOMENT, nullable=True),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("credential_sealed_at", _MOMENT, nullable=True),
        sa.Column("credential_expires_at", _MOMENT, nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["owner.id"], name="fk_integration_owner_owner", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_integration"),
        sa.UniqueConstraint("owner", "name", name="uq_integration_owner_name"),
    )
    op.create_index("ix_integration_owner_platform_next_due_at", "integration", ["owner", "platform", "next_due_at"])
    op.create_table(
        "lease",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("acquired_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["owner.id"], name="fk_lease_owner_owner", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "name", name="pk_lease"),
    )
    op.create_table(
        "rate_budget",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("granted", sa.JSON(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=True),
        sa.Column("resets_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["owner.id"], name="fk_rate_budget_owner_owner", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "account", "bucket", name="pk_rate_budget"),
    )
    op.create_table(
        "rotation",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("id", _ROW_NUMBER, nullable=False),
        sa.Column("from_version", sa.Integer(), nullable=False),
        sa.Column("to_version", sa.Integer(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.Column("last_done", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["owner"], ["owner.id"], name="fk_rotation_owner_owner", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_rotation"),
    )
    op.create_index("ix_rotation_owner_to_version", "rotation", ["owner", "to_version"])
    op.create_table(
        "finding_now",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("id", _ROW_NUMBER, nullable=False),
        sa.Column("integration", sa.String(), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("remedy", sa.String(), nullable=False),
        sa.Column("first_seen", _MOMENT, nullable=False),
        sa.Column("last_seen", _MOMENT, nullable=False),
        sa.Column("resolved_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["owner", "integration"],
            ["integration.owner", "integration.name"],
            name="fk_finding_now_owner_integration_integration",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["owner"], ["owner.id"], name="fk_finding_now_owner_owner", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_finding_now"),
        sa.UniqueConstraint("owner", "integration", "rule", name="uq_finding_now_owner_integration_rule"),
    )
    op.create_table(
        "health_now",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("integration", sa.String(), nullable=False),
        sa.Column("check_name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["owner", "integration"],
            ["integration.owner", "integration.name"],
            name="fk_health_now_owner_integration_integration",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["owner"], ["owner.id"], name="fk_health_now_owner_owner", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "integration", "check_name", name="pk_health_now"),
    )


def downgrade() -> None:
    op.drop_table("health_now")
    op.drop_table("finding_now")
    op.drop_table("rotation")
    op.drop_table("rate_budget")
    op.drop_table("lease")
    op.drop_table("integration")
    op.drop_table("breaker")
    op.drop_table("audit_entry")
    op.drop_table("owner")
