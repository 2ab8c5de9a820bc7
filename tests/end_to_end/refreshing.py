"""Opens the credential of x three hours from now, when it has to be refreshed: run by test_refresh.py.

    python -m tests.end_to_end.refreshing FOLDER SANDBOX

Says that it is ready, waits for a line on standard input, and answers with a digest of the token it got.
"""

from __future__ import annotations

import hashlib
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tasks.credentials import open_credential
from tests.end_to_end.killing import open_place


def later() -> datetime:
    return datetime.now(UTC) + timedelta(hours=3)


if __name__ == "__main__":
    place = open_place(Path(sys.argv[1]), sys.argv[2])
    place.clock = later
    integration = place.scope.integration("x")
    place.vault.get("x", "x")  # so that its key is derived
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    token = open_credential(place, integration).values["access_token"].reveal()
    sys.stdout.write(hashlib.sha256(token.encode()).hexdigest() + "\n")
