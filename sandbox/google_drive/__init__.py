"""Google Drive v3: My Drive, shared drives, their logs of changes, writes with ids made before, push messages.

Sources: the discovery document drive v3 (20261106), developers.google.com/workspace/drive/api/guides (search, changes,
errors, push), and recorded replies. Rates, and which files change, are ours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from sandbox.google import ACCOUNTS, TOKENS, google_oauth, problems, service_account
from sandbox.google_drive.calls import Calls
from sandbox.platform import Call, Delivery, Platform, Route, answering
from sandbox.ratelimits import Window
from sandbox.samples import letters, uuid
from sandbox.world import World

API = "www.googleapis.com"
_PREFIX = "https://www.googleapis.com/auth/"
READ = f"{_PREFIX}drive.readonly"
ALL = f"{_PREFIX}drive"
SCOPES = (READ, ALL, *(f"{_PREFIX}drive.{one}" for one in ("metadata.readonly", "metadata", "file", "appdata")))


def build(world: World) -> Platform:
    drive = Calls(world)
    read, write = (READ,), (ALL,)
    table = (
        ("GET", "about", drive.about, read),
        ("GET", "changes/startPageToken", drive.start, read),
        ("GET", "changes", drive.changes, read),
        ("POST", "changes/watch", drive.watch, read),
        ("POST", "channels/stop", drive.stop, read),
        ("GET", "drives", drive.list_drives, read),
        ("GET", "files", drive.list_files, read),
        ("POST", "files", drive.create, write),
        ("GET", "files/generateIds", drive.generate, write),
        ("GET", "files/{id}", drive.one, read),
        ("PATCH", "files/{id}", drive.update, write),
        ("DELETE", "files/{id}", drive.delete, write),
        ("GET", "files/{id}/permissions", drive.permissions, read),
    )
    return Platform(
        slug="google_drive",
        hosts=(API, TOKENS, ACCOUNTS),
        routes=tuple(
            Route(method, f"/drive/v3/{path}", answering(answer), scopes=scopes, host=API)
            for method, path, answer, scopes in table
        ),
        problems=problems,
        credentials=(service_account("google_drive", *SCOPES),),
        oauth=google_oauth("google_drive", "Google Drive", SCOPES, "06212537884430925573"),
        windows=_windows,
        records=("files", "changes", "drives", "permissions"),
        deliver=_delivers(world, drive),
    )


def _windows(call: Call) -> tuple[Window, ...]:
    if call.credential is None:
        return ()
    return (Window(name="queries", key=call.credential.account, limit=12_000, seconds=60),)


def _delivers(world: World, drive: Calls) -> Callable[[str, str], Delivery]:
    def deliver(url: str, secret: str) -> Delivery:
        """A message of a channel on the log of changes. Its token is what the channel's owner chose: a digest of the
        channel's id under a secret of his."""
        drive.mine.settle()
        channel = uuid(7)
        headers = {
            "content-length": "0",
            "x-goog-channel-id": channel,
            "x-goog-channel-token": hmac.new(secret.encode(), channel.encode(), hashlib.sha256).hexdigest(),
            "x-goog-channel-expiration": f"{world.clock.now():%a, %d %b %Y} 23:59:59 GMT",
            "x-goog-message-number": str(1 + len(drive.mine.log)),
            "x-goog-resource-id": letters(27, 1),
            "x-goog-resource-state": "change",
            "x-goog-resource-uri": "https://www.googleapis.com/drive/v3/changes?alt=json",
        }
        return Delivery(method="POST", url=url, headers=headers, body=b"")

    return deliver
