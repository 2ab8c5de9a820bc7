"""The calls of Drive v3: who one is, files and their changes, shared drives and their members, channels."""

from __future__ import annotations

from typing import Any

from sandbox import people
from sandbox.google import not_found, problem, stale_token
from sandbox.google_drive.dialect import answered, invalid, query_of, size_of, token_of
from sandbox.google_drive.space import Space, me, moment
from sandbox.platform import BadBody, Call, Refused, Reply, empty_reply, json_reply
from sandbox.samples import digits, letters
from sandbox.table import Row, Table
from sandbox.world import World, from_ms

_BEGIN = 2280  # where the first log begins
_USUAL = "kind,id,name,mimeType"
_QUOTA = 37_383_395_344_384
_SETTABLE = {
    "name",
    "mimeType",
    "description",
    "starred",
    "trashed",
    "parents",
    "properties",
    "appProperties",
    "writersCanShare",
    "copyRequiresWriterPermission",
    "createdTime",
    "modifiedTime",
    "originalFilename",
    "folderColorRgb",
    "id",
}


class Calls:
    def __init__(self, world: World) -> None:
        self._world = world
        self.mine = Space(world, 0)
        ids = [f"0A{letters(14, number)}Uk9PVA" for number in (1, 2)]
        self.shared = {one: Space(world, number, one) for number, one in enumerate(ids, 1)}
        drives = world.population("google_drive drives", per_person=0, least=2, births=0, changes=0.1, deaths=0)
        self._drives = Table(world, drives)
        self._reserved: set[str] = set()
        self._serial = 0

    # Who one is

    def about(self, call: Call) -> Reply:
        if not call.param("fields"):
            return invalid("The 'fields' parameter is required for this method.", "fields", "required")
        used = 1000 * len(self.mine.indices())
        quota = {
            "limit": str(_QUOTA),
            "usage": str(used + 5_000_000),
            "usageInDrive": str(used),
            "usageInDriveTrash": "0",
        }
        return answered({"kind": "drive#about", "user": me(self._world), "storageQuota": quota}, call)

    # Files

    def start(self, call: Call) -> Reply:
        space = self._space(call)
        space.settle()
        return answered({"kind": "drive#startPageToken", "startPageToken": str(_BEGIN + len(space.log))}, call)

    def changes(self, call: Call) -> Reply:
        token = call.param("pageToken")
        if not token:
            return invalid("Required parameter: pageToken", "pageToken", "required")
        space, size = self._space(call), size_of(call, 100, 1000)
        since = int(token) - _BEGIN if token.isdigit() else -1
        space.settle()
        if not 0 <= since <= len(space.log):
            return stale_token(call)
        page: list[tuple[int, int]] = []
        more = False
        for place, index in space.changes(since):
            if len(page) == size:
                more = True
                break
            page.append((place, index))
        body: dict[str, Any] = {"kind": "drive#changeList", "changes": [self._change(space, one) for _, one in page]}
        if more:
            body["nextPageToken"] = str(_BEGIN + page[-1][0])
        else:
            body["newStartPageToken"] = str(_BEGIN + len(space.log))
        usual = f"kind,nextPageToken,newStartPageToken,changes(kind,type,changeType,time,removed,fileId,file({_USUAL}))"
        return answered(body, call, usual)

    def _change(self, space: Space, index: int) -> dict[str, Any]:
        row = space.table.row(index)
        assert row is not None
        change: dict[str, Any] = {
            "kind": "drive#change",
            "type": "file",
            "changeType": "file",
            "time": moment(row.deleted or row.changed),
            "removed": row.deleted is not None,
            "fileId": space.id_of(index),
        }
        return change if row.deleted is not None else {**change, "file": space.file(row)}

    def list_files(self, call: Call) -> Reply:
        space, size = self._space(call), size_of(call, 100, 1000)
        if call.param("corpora") == "drive" and not space.drive_id:
            return invalid("The driveId parameter must be specified if corpora is drive.", "corpora")
        after = token_of(call)
        if after is None:
            return stale_token(call)
        keep = query_of(call.param("q"))
        indices = [index for index in space.indices() if index > after]
        files: list[dict[str, Any]] = []
        last = after
        for index in indices:
            row = space.table.row(index)
            if row is None:
                continue
            file = space.file(row)
            if not keep(file):
                continue
            if len(files) == size:
                return self._listed(call, files, f"~!!~{last}")
            files.append(file)
            last = index
        return self._listed(call, files, "")

    def _listed(self, call: Call, files: list[dict[str, Any]], token: str) -> Reply:
        body: dict[str, Any] = {"kind": "drive#fileList", "incompleteSearch": False, "files": files}
        if token:
            body["nextPageToken"] = token
        return answered(body, call, f"kind,nextPageToken,incompleteSearch,files({_USUAL})")

    def one(self, call: Call) -> Reply:
        space, row = self._found(call)
        return answered(space.file(row), call, _USUAL)

    # Writing

    def generate(self, call: Call) -> Reply:
        count = int(call.param("count", "10")) if call.param("count", "10").isdigit() else 0
        if not 1 <= count <= 1000:
            return invalid("Invalid value. Values must be within the range: [1, 1000]", "count", "invalidParameter")
        made = []
        for _ in range(count):
            self._serial += 1
            made.append(f"1G{digits(31, self._serial)}")
        self._reserved |= set(made)
        return answered({"kind": "drive#generatedIds", "space": "drive", "ids": made}, call)

    def create(self, call: Call) -> Reply:
        body = _written(call)
        number = str(body.pop("id", ""))
        if number and any(space.index_of(number) is not None for space in self._spaces()):
            return problem(409, "A file already exists with the provided ID.", reason="fileIdInUse")
        if number and number not in self._reserved:
            return invalid("The provided file ID is not usable.", "id", "fileIdNotUsable")
        parents = body.get("parents", [self.mine.root])
        space = next(
            (one for one in self._spaces() if parents[0] in ("root", one.root) or self._in(one, parents[0])), None
        )
        if space is None or len(parents) != 1:
            return not_found(call)
        fields = {"name": "Untitled", "mimeType": "application/octet-stream", **body}
        fields["parents"] = [space.root if parents[0] == "root" else parents[0]]
        return answered(space.file(space.create(fields, number=number)), call, _USUAL)

    def update(self, call: Call) -> Reply:
        space, row = self._found(call)
        body = _written(call)
        for name in ("id", "parents"):
            if name in body:
                return problem(
                    403,
                    "The resource body includes fields which are not directly writable.",
                    reason="fieldNotWritable",
                )
        parents = [one for one in call.param("addParents").split(",") if one]
        if parents:
            body["parents"] = parents
        return answered(space.file(space.change(row.index, body)), call, _USUAL)

    def delete(self, call: Call) -> Reply:
        space, row = self._found(call)
        space.delete(row.index)
        return empty_reply(204)

    # Shared drives

    def list_drives(self, call: Call) -> Reply:
        size, after = size_of(call, 10, 100), token_of(call)
        if after is None:
            return stale_token(call)
        rows = [self._drives.row(index) for index in self._drives.indices() if index > after]
        body: dict[str, Any] = {"kind": "drive#driveList", "drives": [self._drive(row) for row in rows[:size] if row]}
        if len(rows) > size:
            body["nextPageToken"] = f"~!!~{after + size}"
        return answered(body, call, "kind,nextPageToken,drives(kind,id,name)")

    def _drive(self, row: Row) -> dict[str, Any]:
        return {
            "kind": "drive#drive",
            "id": list(self.shared)[row.index],
            "name": f"{people.company(self._world, row.index).name} {row.version}",
            "createdTime": moment(self._world.start_ms),
            "hidden": row.index == 1,
            "colorRgb": "#0f9d58",
            "themeId": "abacus",
            "orgUnitId": "03ph8a2z1",
            "restrictions": {"domainUsersOnly": row.version % 2 == 1, "driveMembersOnly": False},
        }

    def permissions(self, call: Call) -> Reply:
        space = next((one for one in self.shared.values() if one.root == call.args["id"]), None)
        if space is None:
            space, _ = self._found(call)
        members = [self._permission(space, index) for index in range(7)]
        size, after = size_of(call, 100, 100), token_of(call)
        if after is None:
            return stale_token(call)
        body: dict[str, Any] = {"kind": "drive#permissionList", "permissions": members[after + 1 : after + 1 + size]}
        if after + 1 + size < len(members):
            body["nextPageToken"] = f"~!!~{after + size}"
        return answered(body, call, "kind,nextPageToken,permissions(kind,id,type,role)")

    def _permission(self, space: Space, index: int) -> dict[str, Any]:
        person = people.person(self._world, index)
        found: dict[str, Any] = {
            "kind": "drive#permission",
            "id": f"{index + space.number * 100:020d}",
            "role": "reader",
        }
        if index == 6:
            return found | {"type": "domain", "domain": person.company.domain, "displayName": person.company.name}
        found |= {"type": "user", "emailAddress": person.email, "displayName": person.name, "deleted": index == 5}
        found["role"] = ("organizer", "fileOrganizer", "writer")[index % 3]
        if index == 4:
            found["expirationTime"] = f"{from_ms(self._world.start_ms).year + 1}-01-01T00:00:00.000Z"
        return found

    # Channels

    def watch(self, call: Call) -> Reply:
        body = call.json()
        if not isinstance(body, dict) or body.get("type") != "web_hook" or not body.get("id"):
            return invalid("A channel has an id, the type web_hook and an address.", "type", "required")
        if not str(body.get("address", "")).startswith("https://"):
            return problem(400, "WebHook callback must be HTTPS", reason="push.webhookUrlNotHttps")
        most = (self._world.clock.ms() // 1000 + 7 * 86_400) * 1000
        channel = {"kind": "api#channel", "id": body["id"], "resourceId": letters(27, 1)}
        channel["resourceUri"] = "https://www.googleapis.com/drive/v3/changes?alt=json"
        channel |= {name: body[name] for name in ("token",) if name in body}
        return json_reply(channel | {"expiration": str(min(most, int(body.get("expiration") or most)))})

    def stop(self, call: Call) -> Reply:
        body = call.json()
        return empty_reply(204) if isinstance(body, dict) and body.get("resourceId") else not_found(call)

    # How things are found

    def _spaces(self) -> list[Space]:
        return [self.mine, *self.shared.values()]

    def _space(self, call: Call) -> Space:
        number = call.param("driveId")
        if not number:
            return self.mine
        space = self.shared.get(number)
        if space is None:
            raise Refused(problem(404, f"Shared drive not found: {number}", reason="notFound", location="driveId"))
        if call.param("supportsAllDrives") != "true":
            raise Refused(invalid("The supportsAllDrives parameter must be true.", "supportsAllDrives"))
        return space

    def _found(self, call: Call) -> tuple[Space, Row]:
        number = call.args["id"]
        for space in self._spaces():
            space.settle()
            index = space.index_of(number)
            row = space.table.existing(index) if index is not None else None
            if row is not None and (not space.drive_id or call.param("supportsAllDrives") == "true"):
                return space, row
        raise Refused(problem(404, f"File not found: {number}.", reason="notFound", location="fileId"))

    def _in(self, space: Space, number: str) -> bool:
        index = space.index_of(number)
        return index is not None and space.table.existing(index) is not None


def _written(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise BadBody("Root element must be a message.")
    unknown = sorted(set(body) - _SETTABLE)
    if unknown:
        raise BadBody(f'Unknown name "{unknown[0]}": Cannot find field.')
    return body
