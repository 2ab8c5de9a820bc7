"""The routes that read files: listings and their cursors, metadata, revisions.

A cursor holds what was asked, how far the listing has come, and a position in the journal: once the listing is
through, it tells what happened since it began. Deletions are told by path alone, a folder's as one entry.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sandbox.dropbox.dialect import (
    ACCOUNT,
    LIST_PATH,
    NAMESPACE,
    READ_PATH,
    SHARED,
    Check,
    EndpointError,
    between,
    body_of,
    checked,
    complaint,
    flag,
    matching,
    of_union,
    text,
)
from sandbox.dropbox.tree import ROOT, Departed, Node, Tree
from sandbox.platform import BadBody, Call, Reply, json_reply
from sandbox.world import from_ms

DEFAULT_LIMIT = 500
_FOLDER_ACCESS = {"read_only": False, "traverse_only": False, "no_access": False}
Args = Mapping[str, Any]
Answer = Callable[[Args], Any]
LIST_FIELDS: Mapping[str, Check] = {
    "path": matching(LIST_PATH),
    "recursive": flag,
    "include_media_info": flag,
    "include_deleted": flag,
    "include_has_explicit_shared_members": flag,
    "include_mounted_folders": flag,
    "limit": between(1, 2000),
    "shared_link": lambda value: isinstance(value, dict),
    "include_property_groups": lambda value: isinstance(value, dict),
    "include_non_downloadable_files": flag,
    "include_restorable_info": flag,
}
_METADATA_FIELDS: Mapping[str, Check] = {
    "path": matching(READ_PATH),
    "include_media_info": flag,
    "include_deleted": flag,
    "include_has_explicit_shared_members": flag,
    "include_property_groups": lambda value: isinstance(value, dict),
}
_REVISION_FIELDS: Mapping[str, Check] = {
    "path": matching(READ_PATH),
    "mode": of_union("path", "id"),
    "limit": between(1, 100),
    "before_rev": text,
    "include_restorable_info": flag,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """`after` is the key of the last node listed (None: the listing is through), `position` a place in the journal."""

    path: str
    recursive: bool
    deleted: bool
    limit: int
    after: int | None
    position: int

    def packed(self) -> str:
        return "AA" + urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode().rstrip("=")


def unpacked(packed: str) -> Cursor:
    """Raises BadBody for what is no cursor of ours."""
    try:
        text = packed.removeprefix("AA")
        cursor = Cursor(**json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4))))
        if not isinstance(cursor.position, int) or not isinstance(cursor.limit, int):
            raise TypeError(cursor)
        return cursor
    except (Base64Error, ValueError, TypeError) as error:
        raise BadBody('request body: cursor: Invalid "cursor" parameter') from error


def stamp(ms: int) -> str:
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def id_of(key: int) -> str:
    return "id:" + urlsafe_b64encode(b"sandbox\0" + key.to_bytes(8, "big")).decode().rstrip("=")


def key_of(identity: str) -> int:
    """The key in an id; that of nothing (0) where it is no id of ours."""
    try:
        packed = urlsafe_b64decode(identity.removeprefix("id:") + "==")
    except (Base64Error, ValueError):
        return ROOT
    return int.from_bytes(packed[8:], "big") if packed[:8] == b"sandbox\0" else ROOT


def rev_of(node: Node) -> str:
    return f"{node.modified:011x}{node.serial & 0xFFFF:04x}{node.key:07x}{int(NAMESPACE):09x}"


def metadata(node: Node, path: str) -> dict[str, Any]:
    """FileMetadata or FolderMetadata, without the tag."""
    told: dict[str, Any] = {"name": node.name, "path_lower": path.lower(), "path_display": path, "id": id_of(node.key)}
    told |= _shared(node, path.lower())
    if node.folder:
        return told
    return told | {
        "client_modified": stamp(node.client),
        "server_modified": stamp(node.modified),
        "rev": rev_of(node),
        "size": node.size,
        "is_downloadable": True,
        "content_hash": node.content_hash,
    }


def _shared(node: Node, path: str) -> dict[str, Any]:
    """The sharing_info of what is a shared folder, or is in one; else nothing."""
    if node.folder and path in SHARED:
        return {"sharing_info": {**_FOLDER_ACCESS, "shared_folder_id": SHARED[path]}}
    above = SHARED.get("/" + path.split("/")[1])
    if above is None:
        return {}
    if node.folder:
        return {"sharing_info": {**_FOLDER_ACCESS, "parent_shared_folder_id": above}}
    return {"sharing_info": {"read_only": False, "parent_shared_folder_id": above, "modified_by": ACCOUNT}}


def tagged(node: Node, path: str) -> dict[str, Any]:
    return {".tag": "folder" if node.folder else "file", **metadata(node, path)}


def deleted_entry(path: str) -> dict[str, Any]:
    return {".tag": "deleted", "name": path.rpartition("/")[2], "path_lower": path.lower(), "path_display": path}


class Files:
    """Answers from one tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def rpc(self, answer: Answer, fields: Mapping[str, Check], *required: str) -> Callable[[Call], Reply]:
        """A route with an argument in the body."""

        def handle(call: Call) -> Reply:
            return self.answered(lambda: answer(checked(body_of(call), fields, required)))

        return handle

    def answered(self, answer: Callable[[], Any]) -> Reply:
        self.tree.settle()
        try:
            return json_reply(answer())
        except EndpointError as error:
            return error.reply()

    # Finding

    def found(self, path: str, *tags: str) -> Node:
        """The node at a path, id or rev. Raises EndpointError with these tags before `not_found`."""
        if path.startswith("rev:"):
            node = next((one for one in self._revisions_of(path[4:]) if rev_of(one) == path[4:]), None)
        elif path.startswith("id:"):
            node = self.tree.node(key_of(path))
        else:
            node = self.tree.at(local(path))
        if node is None or self.tree.path(node) is None:
            raise EndpointError(*tags, "not_found")
        return node

    def _revisions_of(self, rev: str) -> list[Node]:
        return self.tree.revisions(int(rev[15:22], 16)) if len(rev) == 31 else []

    def shown(self, node: Node) -> str:
        return self.tree.path(node) or ""

    # Listings

    def list_folder(self, args: Args) -> dict[str, Any]:
        return self._page(self._begun(args))

    def latest_cursor(self, args: Args) -> dict[str, Any]:
        return {"cursor": replace(self._begun(args), after=None).packed()}

    def proceed(self, args: Args) -> dict[str, Any]:
        return self._page(unpacked(args["cursor"]))

    def longpoll(self, call: Call) -> Reply:
        """Answers at once: the sandbox's clock does not move while a call waits."""
        if "authorization" in call.headers:
            return complaint(call, "this function does not accept authorization")
        args = checked(body_of(call), {"cursor": text, "timeout": between(30, 480)}, ("cursor",))
        cursor = unpacked(args["cursor"])
        self.tree.settle()
        changed = cursor.after is not None or any(True for _ in self._since(cursor))
        return json_reply({"changes": changed})

    def _begun(self, args: Args) -> Cursor:
        path = args["path"]
        if path:
            node = self.found(path, "path")
            if not node.folder:
                raise EndpointError("path", "not_folder")
            path = self.shown(node).lower()
        return Cursor(
            path=path,
            recursive=args.get("recursive", False),
            deleted=args.get("include_deleted", False),
            limit=args.get("limit", DEFAULT_LIMIT),
            after=ROOT,
            position=len(self.tree.journal),
        )

    def _page(self, cursor: Cursor) -> dict[str, Any]:
        """One page: of the listing while it goes on, then of what happened since."""
        source = self._listed(cursor) if cursor.after is not None else self._since(cursor)
        entries: list[dict[str, Any]] = []
        more = False
        for entry, after in source:
            if len(entries) >= cursor.limit:
                more = True
                break
            entries.append(entry)
            cursor = after
        if not more:
            # A listing hands over to the journal where it began; the journal has been read to its end.
            journal = cursor.position if cursor.after is not None else len(self.tree.journal)
            cursor = replace(cursor, after=None, position=journal)
        return {"entries": entries, "cursor": cursor.packed(), "has_more": more}

    def _listed(self, cursor: Cursor) -> Iterator[tuple[dict[str, Any], Cursor]]:
        after = cursor.after or ROOT
        for node in self.tree.walk(after) if after >= ROOT else ():
            path = self.shown(node)
            if self._within(cursor, path):
                yield tagged(node, path), replace(cursor, after=node.key)
        if not cursor.deleted:
            return
        # Those that were are told last; an `after` below zero counts how many of them have been.
        begin = max(0, -after)
        for number, gone in enumerate(list(self.tree.departed.values())[begin:], start=begin + 1):
            if self._within(cursor, gone.path):
                yield deleted_entry(gone.path), replace(cursor, after=-number)

    def _since(self, cursor: Cursor) -> Iterator[tuple[dict[str, Any], Cursor]]:
        journal = self.tree.journal
        for position in range(cursor.position, len(journal)):
            happening = journal[position]
            step = replace(cursor, position=position + 1)
            if happening.gone:
                if self._within(cursor, happening.gone):
                    yield deleted_entry(happening.gone), step
                continue
            node = self.tree.node(happening.key)
            path = self.tree.path(node) if node is not None else None
            # What changed twice is told once, where it changed last, as it is now.
            if node and path and self.tree.last[node.key] == position and self._within(cursor, path):
                yield tagged(node, path), step

    def _within(self, cursor: Cursor, path: str) -> bool:
        lower = path.lower()
        if cursor.recursive:
            return lower.startswith(f"{cursor.path}/") or lower == cursor.path
        return lower.rpartition("/")[0] == cursor.path

    # One entry

    def get_metadata(self, args: Args) -> dict[str, Any]:
        gone = self._gone(args["path"])
        if gone is not None and args.get("include_deleted"):
            return deleted_entry(gone.path)
        node = self.found(args["path"], "path")
        return tagged(node, self.shown(node))

    def list_revisions(self, args: Args) -> dict[str, Any]:
        gone = self._gone(args["path"])
        if gone is not None:
            revisions, path = self.tree.revisions(gone.key), gone.path
        else:
            node = self.found(args["path"], "path")
            if node.folder:
                raise EndpointError("path", "not_file")
            revisions, path = self.tree.revisions(node.key), self.shown(node)
        before = args.get("before_rev")
        if before is not None:
            place = next((n for n, one in enumerate(revisions) if rev_of(one) == before), None)
            if place is None:
                raise EndpointError("invalid_before_rev")
            revisions = revisions[place + 1 :]
        limit = args.get("limit", 10)
        return {
            "is_deleted": gone is not None,
            **({"server_deleted": stamp(gone.at)} if gone is not None else {}),
            "entries": [metadata(one, path) for one in revisions[:limit]],
            "has_more": len(revisions) > limit,
        }

    def _gone(self, path: str) -> Departed | None:
        return self.tree.departed.get(local(path).lower()) if path.startswith(("/", "ns:")) else None

    def table(self) -> tuple[tuple[str, Callable[[Call], Reply]], ...]:
        """Path below /2/files and handler of every reading route."""
        return (
            ("list_folder", self.rpc(self.list_folder, LIST_FIELDS, "path")),
            ("list_folder/get_latest_cursor", self.rpc(self.latest_cursor, LIST_FIELDS, "path")),
            ("list_folder/continue", self.rpc(self.proceed, {"cursor": text}, "cursor")),
            ("get_metadata", self.rpc(self.get_metadata, _METADATA_FIELDS, "path")),
            ("list_revisions", self.rpc(self.list_revisions, _REVISION_FIELDS, "path")),
        )


def local(path: str) -> str:
    """The path without the namespace before it. Raises EndpointError for another namespace than the user's own."""
    if not path.startswith("ns:"):
        return path.rstrip("/") if len(path) > 1 else path
    name, slash, rest = path[3:].partition("/")
    if name != NAMESPACE:
        raise EndpointError("path", "not_found")
    return slash + rest
