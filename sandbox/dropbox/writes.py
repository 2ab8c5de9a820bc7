"""The routes that change files. Every write is in the journal, told by the next list_folder/continue.

Conflicts follow WriteMode and strict_conflict as files.stone tells them: identical content is no conflict and writes
nothing, a folder in the way always is one, `update` compares the rev.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sandbox.dropbox.dialect import (
    READ_PATH,
    WRITE_PATH,
    Check,
    EndpointError,
    checked,
    flag,
    header_of,
    matching,
    of_union,
    text,
)
from sandbox.dropbox.files import Args, Files, local, metadata, rev_of, tagged
from sandbox.dropbox.tree import FileInTheWay, Node
from sandbox.platform import Call, Reply
from sandbox.samples import letters
from sandbox.world import to_ms

BLOCK = 4 * 1024 * 1024
MOST = 150 * 1024 * 1024
_UPLOAD_FIELDS: Mapping[str, Check] = {
    "path": matching(WRITE_PATH),
    "mode": of_union("add", "overwrite", "update"),
    "autorename": flag,
    "client_modified": lambda value: isinstance(value, str) and _instant(value) is not None,
    "mute": flag,
    "property_groups": lambda value: isinstance(value, list),
    "strict_conflict": flag,
    "content_hash": lambda value: isinstance(value, str) and len(value) == 64,
}
_MOVE_FIELDS: Mapping[str, Check] = {
    "from_path": matching(WRITE_PATH),
    "to_path": matching(WRITE_PATH),
    "allow_shared_folder": flag,
    "autorename": flag,
    "allow_ownership_transfer": flag,
}


def content_hash(content: bytes) -> str:
    """dropbox.com/developers/reference/content-hash: SHA-256 over the SHA-256 of each block of 4 MiB."""
    blocks = (content[begin : begin + BLOCK] for begin in range(0, len(content), BLOCK))
    return sha256(b"".join(sha256(block).digest() for block in blocks)).hexdigest()


def _instant(text: str) -> int | None:
    try:
        return to_ms(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC))
    except ValueError:
        return None


class Writes:
    def __init__(self, files: Files) -> None:
        self.files = files
        self.tree = files.tree

    def upload(self, call: Call) -> Reply:
        args = checked(header_of(call), _UPLOAD_FIELDS, ("path",))
        return self.files.answered(lambda: self._upload(args, call.body))

    def _upload(self, args: Args, content: bytes) -> dict[str, Any]:
        digest = content_hash(content)
        if len(content) > MOST:
            raise EndpointError("payload_too_large")
        if args.get("content_hash", digest) != digest:
            raise EndpointError("content_hash_mismatch")
        path, standing = self._target(args["path"])
        mode = args.get("mode", "add")
        rev = mode.get("update") if isinstance(mode, dict) else None
        clash = self._clash(standing, digest, rev, mode, args.get("strict_conflict", False))
        if clash:
            if not args.get("autorename"):
                raise _unsaved("conflict", clash)
            path, standing = self._free(path, " (conflicted copy)" if rev else ""), None
        elif standing is not None and standing.content_hash == digest and rev is None:
            return metadata(standing, self.files.shown(standing))
        try:
            node = self.tree.save(
                path,
                size=len(content),
                content_hash=digest,
                client=_instant(args.get("client_modified", "")),
                over=standing,
            )
        except FileInTheWay as error:
            raise _unsaved("conflict", "file_ancestor") from error
        return metadata(node, self.files.shown(node))

    def _clash(self, standing: Node | None, digest: str, rev: str | None, mode: Any, strict: bool) -> str:
        """What is in the way: "file", "folder", or nothing."""
        if standing is None:
            return "file" if rev and strict else ""
        if standing.folder:
            return "folder"
        same = standing.content_hash == digest and not strict
        if rev is not None:
            return "" if same or rev_of(standing) == rev else "file"
        tag = mode.get(".tag") if isinstance(mode, dict) else mode
        return "file" if tag == "add" and not same else ""

    def create_folder(self, args: Args) -> dict[str, Any]:
        path, standing = self._target(args["path"])
        if standing is not None:
            if not args.get("autorename"):
                raise EndpointError("path", "conflict", "folder" if standing.folder else "file")
            path = self._free(path)
        try:
            key = self.tree.ensure_folder(path)
        except FileInTheWay as error:
            raise EndpointError("path", "conflict", "file_ancestor") from error
        return {"metadata": self._told(key, metadata)}

    def delete(self, args: Args) -> dict[str, Any]:
        node = self.files.found(args["path"], "path_lookup")
        if args.get("parent_rev") and (node.folder or rev_of(node) != args["parent_rev"]):
            raise EndpointError("path_write", "conflict", "folder" if node.folder else "file")
        told = tagged(node, self.files.shown(node))
        self.tree.delete(node)
        return {"metadata": told}

    def move(self, args: Args) -> dict[str, Any]:
        node = self.files.found(args["from_path"], "from_lookup")
        source = self.files.shown(node).lower()
        path, standing = self._target(args["to_path"])
        if path.lower() == source:
            raise EndpointError("duplicated_or_nested_paths")
        if path.lower().startswith(f"{source}/"):
            raise EndpointError("cant_move_folder_into_itself" if node.folder else "duplicated_or_nested_paths")
        if standing is not None:
            if not args.get("autorename"):
                raise EndpointError("to", "conflict", "folder" if standing.folder else "file")
            path = self._free(path)
        try:
            moved = self.tree.move(node, path)
        except FileInTheWay as error:
            raise EndpointError("to", "conflict", "file_ancestor") from error
        return {"metadata": self._told(moved.key, tagged)}

    def _told(self, key: int, form: Callable[[Node, str], dict[str, Any]]) -> dict[str, Any]:
        node = self.tree.node(key)
        assert node is not None
        return form(node, self.files.shown(node))

    def _target(self, path: str) -> tuple[str, Node | None]:
        """The path to write to, and what stands there."""
        if path.startswith("id:"):
            node = self.files.found(path, "path")
            return self.files.shown(node), node
        path = local(path)
        return path, self.tree.at(path)

    def _free(self, path: str, mark: str = "") -> str:
        """The path with a mark or a number before its extension, so that nothing stands there."""
        folder, slash, name = path.rpartition("/")
        stem, dot, kind = name.rpartition(".") if "." in name else (name, "", "")
        number = 0
        while True:
            number += 1
            inserted = mark if mark and number == 1 else f"{mark} ({number})"
            candidate = f"{folder}{slash}{stem}{inserted}{dot}{kind}"
            if self.tree.at(candidate) is None:
                return candidate

    def table(self) -> tuple[tuple[str, Callable[[Call], Reply]], ...]:
        """Path below /2/files and handler of every writing route of the api host."""
        rpc = self.files.rpc
        folder = {"path": matching(WRITE_PATH), "autorename": flag}
        return (
            ("create_folder_v2", rpc(self.create_folder, folder, "path")),
            ("delete_v2", rpc(self.delete, {"path": matching(READ_PATH), "parent_rev": text}, "path")),
            ("move_v2", rpc(self.move, _MOVE_FIELDS, "from_path", "to_path")),
        )


def _unsaved(*tags: str) -> EndpointError:
    """UploadError.path holds a struct: the reason, and the session that holds the content."""
    return EndpointError("path", *tags, fields={"upload_session_id": "pid_upload_session:" + letters(40)})
