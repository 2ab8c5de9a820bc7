"""The schema's revisions, oldest first, as Alembic scripts in `versions`.

Belongs here: how the schema changes from release to release. May import alembic; this file itself imports
nothing, so that a schema that is up to date costs no import.
"""

from __future__ import annotations

from typing import Final

REVISIONS: Final = ("0001",)
HEAD: Final = REVISIONS[-1]
