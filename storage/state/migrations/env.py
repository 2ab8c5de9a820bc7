"""What Alembic runs: the revisions, on the connection it was given, inside the transaction that is open there."""

from __future__ import annotations

from alembic import context

from storage.state.models import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
