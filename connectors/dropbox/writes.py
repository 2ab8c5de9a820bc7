"""How files and folders are written. https://www.dropbox.com/developers/documentation/http/documentation#files-upload

An upload and a deletion name the revision that they take the place of, and are refused where it is another by now. A
move names none: the revision is compared before. Folders have no revision at all. What goes into a file is no column:
`upload` is asked for it, up to the size that one call may have.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from connectors.sdk.writing import Key, Record, Write
from core.errors import UsageError
from core.http import Request, Response
from core.model import Context

CONTENT_HOST: Final = "content.dropboxapi.com"
LARGEST_UPLOAD: Final = 150 * 1024 * 1024
_BLOCK: Final = 4 * 1024 * 1024
_SCOPE: Final = "files.content.write"


def rooted(context: Context) -> Mapping[str, str]:
    """The header that names the root, where it is another than the home."""
    root = context.settings.get("root_namespace_id")
    if not root or root == context.settings.get("home_namespace_id"):
        return {}
    return {"Dropbox-API-Path-Root": msgspec.json.encode({".tag": "root", "root": root}).decode()}


def content_hash(content: bytes) -> str:
    """https://www.dropbox.com/developers/reference/content-hash"""
    digests = hashlib.sha256()
    for begin in range(0, len(content), _BLOCK):
        digests.update(hashlib.sha256(content[begin : begin + _BLOCK]).digest())
    return digests.hexdigest()


def upload(path: str, content: bytes, rev: str | None, context: Context) -> Request:
    """Writes a file: a new one, or (with `rev`) the next revision of that one, which must still be the current one.

    A new file may be sent again: the same content at the same path is no conflict. Raises UsageError where it is too
    large for one call.
    """
    if len(content) > LARGEST_UPLOAD:
        raise UsageError(
            f"{path} has more than the {LARGEST_UPLOAD} bytes that one upload may have",
            advice="Put it there with Dropbox's own app: the next sync finds it.",
        )
    argument: dict[str, Any] = {
        "path": path,
        "mode": {".tag": "update", "update": rev} if rev else {".tag": "add"},
        "autorename": False,
        "strict_conflict": bool(rev),
        "content_hash": content_hash(content),
    }
    # A header is ASCII, and has no room for DEL.
    packed = json.dumps(argument).replace("\x7f", "\\u007f")
    return Request(
        method="POST",
        base=f"https://{CONTENT_HOST}",
        path="/2/files/upload",
        headers={"Dropbox-API-Arg": packed, "Content-Type": "application/octet-stream", **rooted(context)},
        content=content,
        repeatable=not rev,
    )


def _create(record: Record, context: Context) -> Request:
    if record.get("kind") != "folder":
        raise UsageError("only folders are created without content", advice="A file is made by uploading it.")
    body = {"path": record["path_display"], "autorename": False}
    return _call("create_folder_v2", body, context, repeatable=False)


def _update(key: Key, changes: Record, version: str | None, context: Context) -> Request:
    if set(changes) != {"path_display"}:
        raise UsageError("of an entry only the path can be written", advice="Its content is written by uploading it.")
    body = {"from_path": key["path_lower"], "to_path": changes["path_display"], "autorename": False}
    return _call("move_v2", body, context, repeatable=False)


def _delete(key: Key, version: str | None, context: Context) -> Request:
    body = {"path": key["path_lower"], **({"parent_rev": version} if version else {})}
    return _call("delete_v2", body, context, repeatable=False)


def _read(key: Key, context: Context) -> Request:
    return _call("get_metadata", {"path": key["path_lower"]}, context, repeatable=True)


def _call(route: str, body: dict[str, Any], context: Context, *, repeatable: bool) -> Request:
    return Request(method="POST", path=f"/2/files/{route}", json=body, headers=rooted(context), repeatable=repeatable)


def _rev(response: Response) -> str | None:
    found = response.get("rev")
    return str(found) if found else None


ENTRY_WRITE: Final = Write(
    writable=("path_display", "kind"),
    create=_create,
    update=_update,
    delete=_delete,
    read=_read,
    created=lambda response: {"path_lower": str(response.get("metadata/path_lower"))},
    version_of=_rev,
    control="compare",
    scopes=(_SCOPE,),
    about="Creates folders, moves and deletes; a moved entry has another key. Files are uploaded.",
)
