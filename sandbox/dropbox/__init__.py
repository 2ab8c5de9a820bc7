"""Dropbox API v2: account, files with a change journal behind the cursors, uploads, offline tokens.

Sources: dropbox/dropbox-api-spec at 2026-08 (Stone), dropbox-sdk-python for what the specification leaves out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox import people
from sandbox.credentials import Credential
from sandbox.dropbox.dialect import (
    ACCOUNT,
    ALL_SCOPES,
    API,
    CONTENT,
    NOTIFY,
    insist_on_void,
    oauth,
    problems_of,
    request_ids,
    root_check,
    root_info,
    text,
    windows,
)
from sandbox.dropbox.files import Files
from sandbox.dropbox.sharing import Sharing, delivers
from sandbox.dropbox.tree import Tree
from sandbox.dropbox.writes import Writes
from sandbox.platform import Call, Platform, Reply, Route, json_reply
from sandbox.samples import SAMPLES
from sandbox.world import World

ALLOCATED = 2 * 1024**4


def build(world: World) -> Platform:
    files = Files(Tree(world))
    writes = Writes(files)
    account = ("account_info.read",)
    routes = [
        Route("POST", "/2/users/get_current_account", _void(lambda: _account(world)), scopes=account, host=API),
        Route("POST", "/2/users/get_space_usage", _void(lambda: _space(files)), scopes=account, host=API),
        Route("POST", "/2/check/user", files.rpc(_echo, {"query": text}), scopes=account, host=API),
        Route("POST", "/2/files/list_folder/longpoll", files.longpoll, open=True, host=NOTIFY),
        Route("POST", "/2/files/upload", writes.upload, scopes=("files.content.write",), host=CONTENT),
    ]
    routes += [
        Route("POST", f"/2/sharing/{path}", answer, scopes=("sharing.read",), host=API)
        for path, answer in Sharing(files).table()
    ]
    for scope, table in (("files.metadata.read", files.table()), ("files.content.write", writes.table())):
        routes += [Route("POST", f"/2/files/{path}", answer, scopes=(scope,), host=API) for path, answer in table]
    token = Credential(
        platform="dropbox",
        kind="access_token",
        secret=SAMPLES["dropbox"]["access_token"]["token"],
        account=ACCOUNT,
        scopes=ALL_SCOPES,
    )
    return Platform(
        slug="dropbox",
        hosts=(API, CONTENT, NOTIFY, "api.dropbox.com", "www.dropbox.com"),
        routes=tuple(routes),
        problems=problems_of(),
        credentials=(token,),
        oauth=oauth,
        windows=windows,
        headers=request_ids(),
        check=root_check,
        records=("entries", "links"),
        deliver=delivers,
    )


def _void(answer: Callable[[], Any]) -> Callable[[Call], Reply]:
    """A route without argument."""

    def handle(call: Call) -> Reply:
        insist_on_void(call)
        return json_reply(answer())

    return handle


def _echo(args: Any) -> dict[str, Any]:
    return {"result": args.get("query", "")}


def _account(world: World) -> dict[str, Any]:
    owner = people.person(world, 0)
    return {
        "account_id": ACCOUNT,
        "name": {
            "given_name": owner.first,
            "surname": owner.last,
            "familiar_name": owner.first,
            "display_name": owner.name,
            "abbreviated_name": owner.first[0] + owner.last[0],
        },
        "email": owner.email,
        "email_verified": True,
        "disabled": False,
        "country": owner.company.country,
        "locale": owner.language,
        "referral_link": "https://www.dropbox.com/referrals/sandbox",
        "is_paired": False,
        "account_type": {".tag": "pro"},
        "root_info": root_info(),
    }


def _space(files: Files) -> dict[str, Any]:
    files.tree.settle()
    return {"used": files.tree.bytes_used(), "allocation": {".tag": "individual", "allocated": ALLOCATED}}
