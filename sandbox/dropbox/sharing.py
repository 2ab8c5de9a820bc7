"""Shared links and shared folders, and the webhook that says whose files changed.

Sources: dropbox-sdk-python (sharing routes and types), replies recorded in 2026 by public projects, and
dropbox.com/developers/reference/webhooks. The sharing namespace of the specification is not at hand.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from sandbox.dropbox.dialect import (
    ACCOUNT,
    READ_PATH,
    SHARED,
    UID,
    EndpointError,
    between,
    flag,
    matching,
    text,
)
from sandbox.dropbox.files import Args, Files, id_of, stamp, tagged
from sandbox.dropbox.tree import ROOT, Node
from sandbox.platform import Call, Delivery, Reply
from sandbox.samples import letters

EVERY = 7  # every so many files have a link
LINKS_PAGE = 10
_CURSOR = "AAsharing"
_LINK_FIELDS = {"path": matching(READ_PATH), "cursor": text, "direct_only": flag}
_FOLDER_FIELDS = {"limit": between(1, 1000), "actions": lambda value: isinstance(value, list)}


def _place(cursor: str, problem: str) -> int:
    """How far a list was read. Raises EndpointError with this tag for what is no cursor of ours."""
    number = cursor.removeprefix(_CURSOR).partition("-")[0]
    if not cursor.startswith(_CURSOR) or not number.isdigit():
        raise EndpointError(problem)
    return int(number)


class Sharing:
    def __init__(self, files: Files) -> None:
        self.files = files

    def links(self, args: Args) -> dict[str, Any]:
        after = _place(args["cursor"], "reset") if "cursor" in args else ROOT
        wanted = self.files.found(args["path"], "path").key if "path" in args else None
        nodes = [node for node in self.files.tree.walk(after) if node.key % EVERY == 0 and wanted in (None, node.key)]
        page = nodes[:LINKS_PAGE]
        told: dict[str, Any] = {"links": [self._link(node) for node in page], "has_more": len(nodes) > LINKS_PAGE}
        return told | ({"cursor": f"{_CURSOR}{page[-1].key}"} if page else {})

    def _link(self, node: Node) -> dict[str, Any]:
        shown = tagged(node, self.files.shown(node))
        public = node.key % 2 == 0
        visibility = {".tag": "public" if public else "password"}
        kind = "fo" if node.folder else "fi"
        link = {name: shown[name] for name in (".tag", "id", "name", "path_lower")} | {
            "url": f"https://www.dropbox.com/scl/{kind}/{letters(21, node.key)}/x?rlkey={letters(25, node.key)}&dl=0",
            "link_permissions": {
                "resolved_visibility": visibility,
                "requested_visibility": visibility,
                "can_revoke": True,
                "effective_audience": {".tag": "public"},
                "link_access_level": {".tag": "viewer"},
                "visibility_policies": [
                    {"policy": visibility, "resolved_policy": visibility, "allowed": True},
                ],
                "can_set_expiry": True,
                "can_remove_expiry": True,
                "allow_download": True,
                "can_allow_download": True,
                "can_disallow_download": False,
                "allow_comments": False,
                "team_restricts_comments": False,
                "require_password": not public,
            },
            "created_timestamp": stamp(node.client),
        }
        if node.folder:
            return link
        link |= {name: shown[name] for name in ("client_modified", "server_modified", "rev", "size")}
        return link if public else link | {"expires": stamp(node.client + 90 * 86_400_000)}

    def folders(self, args: Args) -> dict[str, Any]:
        return self._folders(0, args.get("limit", 1000))

    def more_folders(self, args: Args) -> dict[str, Any]:
        begin = _place(args["cursor"], "invalid_cursor")
        return self._folders(begin, int(args["cursor"].rpartition("-")[2]))

    def _folders(self, begin: int, limit: int) -> dict[str, Any]:
        standing = [(path, node) for path in SHARED if (node := self.files.tree.at(path)) is not None and node.folder]
        end = begin + limit
        told: dict[str, Any] = {"entries": [self._folder(path, node) for path, node in standing[begin:end]]}
        return told | ({"cursor": f"{_CURSOR}{end}-{limit}"} if end < len(standing) else {})

    def _folder(self, path: str, node: Node) -> dict[str, Any]:
        shown = self.files.shown(node)
        return {
            "access_type": {".tag": "owner"},
            "is_inside_team_folder": False,
            "is_team_folder": False,
            "path_display": shown,
            "path_lower": path,
            "name": node.name,
            "policy": {
                "member_policy": {".tag": "anyone"},
                "acl_update_policy": {".tag": "editors"},
                "shared_link_policy": {".tag": "anyone"},
                "viewer_info_policy": {".tag": "enabled"},
            },
            "preview_url": f"https://www.dropbox.com/scl/fo/{letters(21, node.key)}/h?dl=0",
            "shared_folder_id": SHARED[path],
            "time_invited": stamp(self.files.tree.began),
            "access_inheritance": {".tag": "inherit"},
            "folder_id": id_of(node.key),
            "owner_display_names": ["Sandbox"],
        }

    def table(self) -> tuple[tuple[str, Callable[[Call], Reply]], ...]:
        """Path below /2/sharing and handler."""
        rpc = self.files.rpc
        return (
            ("list_shared_links", rpc(self.links, _LINK_FIELDS)),
            ("list_folders", rpc(self.folders, _FOLDER_FIELDS)),
            ("list_folders/continue", rpc(self.more_folders, {"cursor": text}, "cursor")),
        )


def delivers(url: str, secret: str) -> Delivery:
    """A notification as the app's address gets it: hexadecimal HMAC-SHA256 of the body with the app secret."""
    told = {"list_folder": {"accounts": [ACCOUNT]}, "delta": {"users": [int(UID)]}}
    body = json.dumps(told, separators=(",", ":")).encode()
    headers = {
        "content-type": "application/json",
        "x-dropbox-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }
    return Delivery(method="POST", url=url, headers=headers, body=body)
