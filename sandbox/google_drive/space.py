"""One log of changes with the files in it: My Drive, or one shared drive.

Files come from a population; what is written stands over it. Whatever happens is a line of the log, by the key of the
file; of several lines about one file only the last is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import md5, sha256
from typing import Any

from sandbox import people
from sandbox.samples import letters
from sandbox.table import WRITTEN, Row, Table
from sandbox.world import World, from_ms, mix, number_of

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
_FOLDERS = ("Verträge", "Marketing & PR", "2026", "Rechnungen", "議事録", "Archiv")
_KINDS = (
    ("Report", "application/pdf", "pdf"),
    ("Angebot für Müller", "application/pdf", "pdf"),
    ("Budget", "application/vnd.google-apps.spreadsheet", ""),
    ("Notes", "application/vnd.google-apps.document", ""),
    ("Logo", "image/png", "png"),
    ("Link to report", SHORTCUT, ""),
)


def moment(ms: int) -> str:
    return f"{from_ms(ms):%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


class Space:
    """`drive_id` is empty for My Drive. Ids of files are those of their space alone."""

    def __init__(self, world: World, number: int, drive_id: str = "") -> None:
        self._world = world
        self.number, self.drive_id = number, drive_id
        kind = f"google_drive documents of {number}" if drive_id else "google_drive documents"
        self._seed = (world.seed, number_of(kind))
        share = 0.4 if drive_id else 1.5
        self._births = world.population(kind, per_person=share, least=12, births=0.01, changes=0.02, deaths=0.004)
        self.table = Table(world, self._births)
        self.root = drive_id or "0A" + letters(17, number)
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._writes: dict[int, int] = {}
        self._seen = 0
        self.log: list[int] = []
        self.last: dict[int, int] = {}
        self.folders = [
            self.create({"name": name, "mimeType": FOLDER, "parents": [self.root]}, at=world.start_ms).index
            for name in _FOLDERS
        ]

    def settle(self) -> None:
        """Lets happen what the clock has brought since the last time."""
        for _, _, index in self._births.happened(self._seen):
            self._seen += 1
            self._tell(index)

    def indices(self) -> list[int]:
        self.settle()
        return self.table.indices()

    def changes(self, since: int) -> Iterator[tuple[int, int]]:
        """Place after it, and index, of each file that changed after that place of the log."""
        self.settle()
        for place in range(since, len(self.log)):
            if self.last[self.log[place]] == place:
                yield place + 1, self.log[place]

    # Ids

    def id_of(self, index: int) -> str:
        return self._names.get(index) or f"1{letters(20, self.number)}x{index:011d}"

    def index_of(self, number: str) -> int | None:
        """The index of an id that is or was of this space."""
        if number in self._ids:
            return self._ids[number]
        head, _, tail = number.rpartition("x")
        if head != f"1{letters(20, self.number)}" or not tail.isdigit():
            return None
        return int(tail) if self.table.row(int(tail)) is not None else None

    # Writing

    def create(self, fields: Mapping[str, Any], *, number: str = "", at: int | None = None) -> Row:
        row = self.table.create({**fields, "_at": at if at is not None else self._world.clock.ms()})
        if number:
            self._ids[number], self._names[row.index] = row.index, number
        if at is None:
            self._tell(row.index)
        return row

    def change(self, index: int, fields: Mapping[str, Any]) -> Row:
        self._writes[index] = self._writes.get(index, 0) + 1
        row = self.table.change(index, fields)
        self._tell(index)
        return row

    def delete(self, index: int) -> None:
        self.table.delete(index)
        self._tell(index)

    def _tell(self, index: int) -> None:
        self.last[index] = len(self.log)
        self.log.append(index)

    # What a file looks like

    def file(self, row: Row) -> dict[str, Any]:
        """All that there is to tell of a file."""
        owner, other = people.person(self._world, 0), people.person(self._world, 1 + row.index % 7)
        changed = moment(row.changed if row.index < WRITTEN or row.changed > row.created else row.fields["_at"])
        found: dict[str, Any] = {
            "kind": "drive#file",
            "id": self.id_of(row.index),
            "starred": row.index % 9 == 4,
            "trashed": False,
            "explicitlyTrashed": False,
            "parents": [self.root],
            "createdTime": moment(row.fields.get("_at", row.created)),
            "modifiedTime": changed,
            "version": str(2 + row.version + self._writes.get(row.index, 0)),
            "quotaBytesUsed": "0",
            "shared": bool(self.drive_id) or row.index % 4 == 1,
            "writersCanShare": True,
            "copyRequiresWriterPermission": row.index % 11 == 3,
            "lastModifyingUser": _user(other),
            "spaces": ["drive"],
            "webViewLink": f"https://drive.google.com/file/d/{self.id_of(row.index)}/view?usp=drivesdk",
        }
        if self.drive_id:
            found |= {"driveId": self.drive_id, "ownedByMe": False}
        else:
            mine = row.index % 5 != 2
            found |= {"owners": [_user(owner if mine else other)], "ownedByMe": mine}
            found["permissionIds"] = [_user(owner)["permissionId"]]
            if not mine:
                found["sharedWithMeTime"] = moment(row.created)
        if not row.written:
            found |= self._born(row)
        found |= {name: value for name, value in row.fields.items() if name[:1] != "_"}
        if found["trashed"]:
            found["explicitlyTrashed"] = True
            if self.drive_id:
                found["trashedTime"] = changed
        return found

    def _born(self, row: Row) -> dict[str, Any]:
        stem, kind, extension = _KINDS[mix(*self._seed, row.index) % len(_KINDS)]
        folder = mix(*self._seed, row.index, 2) % (len(self.folders) + 1)
        found: dict[str, Any] = {
            "name": f"{stem} {row.index}" + (f".{extension}" if extension else ""),
            "mimeType": kind,
            "parents": [self.id_of(self.folders[folder]) if folder < len(self.folders) else self.root],
            "trashed": row.version % 3 == 2,
        }
        if row.index % 6 == 0:
            found |= {"description": f"Größe {row.version}", "properties": {"project": "Ω"}}
            found["appProperties"] = {"im_id": str(row.index)}
        if kind == SHORTCUT:
            target = self.id_of(self.folders[0])
            found["shortcutDetails"] = {"targetId": target, "targetMimeType": FOLDER}
        if extension:
            content = f"{self._seed} {row.index} {row.version}".encode()
            size = str(200 + mix(*self._seed, row.index, row.version) % 5_000_000)
            found |= {
                "size": size,
                "quotaBytesUsed": size,
                "md5Checksum": md5(content, usedforsecurity=False).hexdigest(),
                "sha256Checksum": sha256(content).hexdigest(),
                "headRevisionId": f"0B{sha256(content).hexdigest()[:40]}",
                "originalFilename": found["name"],
                "fileExtension": extension,
            }
        return found


def _user(person: people.Person) -> dict[str, Any]:
    return {
        "kind": "drive#user",
        "displayName": person.name,
        "me": person.index == 0,
        "permissionId": f"{6_212_537_884_430_925_573 + person.index:020d}",
        "emailAddress": person.email,
    }


def me(world: World) -> dict[str, Any]:
    return _user(people.person(world, 0))


def is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return False
    return True
