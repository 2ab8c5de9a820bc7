"""How Dropbox speaks: arguments and their complaints, error bodies, OAuth, rate limits.

Sources: dropbox/dropbox-api-spec (auth, common, files), dropbox-sdk-python. What no document says is the author's
knowledge of the live service: the text/plain complaints about a request, and the 400 for a call without a token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

from sandbox.credentials import EXPIRED, MISSING
from sandbox.oauth import Dialect, Grant, client_of
from sandbox.platform import BadBody, Call, Problems, Reply, json_reply, text_reply
from sandbox.ratelimits import Taken, Window
from sandbox.samples import SAMPLES, hexes, letters

API, CONTENT, NOTIFY = "api.dropboxapi.com", "content.dropboxapi.com", "notify.dropboxapi.com"
ACCOUNT = "dbid:AAC" + letters(32, 1)
UID = "13902009"
NAMESPACE = "13902009075"
ALL_SCOPES = (
    "account_info.read",
    "files.metadata.read",
    "files.metadata.write",
    "files.content.read",
    "files.content.write",
    "sharing.read",
)
# The folders that are shared, by their path in lower case, and the numbers of what they share.
SHARED = {"/marketing": "84528192421", "/finance": "84528192422", "/verträge": "84528192423"}
JSON_TYPES = ("application/json", "text/plain; charset=dropbox-cors-hack")
OCTET_TYPES = ("application/octet-stream", "text/plain; charset=dropbox-cors-hack")


class EndpointError(Exception):
    """The 409 of a route, by its tags from the outermost: ("path", "not_found").

    `fields` are those of the struct that the first tag holds, where the rest of the tags is its `reason`.
    """

    def __init__(self, *tags: str, fields: Mapping[str, Any] | None = None) -> None:
        super().__init__("/".join(tags))
        self.tags = tags
        self.fields = fields

    def reply(self) -> Reply:
        inner = union(*self.tags)
        if self.fields is not None:
            inner = {".tag": self.tags[0], "reason": union(*self.tags[1:]), **self.fields}
        return problem(409, "/".join(self.tags), inner)


def union(*tags: str) -> dict[str, Any]:
    """A tagged union that holds another, and so on (Stone's JSON)."""
    made: dict[str, Any] = {}
    for tag in reversed(tags):
        made = {".tag": tag, tag: made} if made else {".tag": tag}
    return made


def problem(status: int, summary: str, error: Mapping[str, Any]) -> Reply:
    return json_reply({"error_summary": f"{summary}/..", "error": error}, status=status)


def complaint(call: Call, why: str) -> Reply:
    """400 in plain text: the request is not what the route takes."""
    return text_reply(f'Error in call to API function "{route_of(call)}": {why}', status=400)


def route_of(call: Call) -> str:
    return call.path.removeprefix("/2/")


# Arguments


Check = Callable[[Any], bool]
READ_PATH = re.compile(r"(/(.|[\r\n])*|id:.*)|(rev:[0-9a-f]{9,})|(ns:[0-9]+(/(.|[\r\n])*)?)")
LIST_PATH = re.compile(r"(/(.|[\r\n])*)?|id:.*|(ns:[0-9]+(/(.|[\r\n])*)?)")
WRITE_PATH = re.compile(r"(/(.|[\r\n])*)|(ns:[0-9]+(/(.|[\r\n])*)?)|(id:.*)")


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def text(value: Any) -> bool:
    return isinstance(value, str)


def between(least: int, most: int) -> Check:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def matching(pattern: re.Pattern[str]) -> Check:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def of_union(*tags: str) -> Check:
    """A union, written as its tag alone or as an object with `.tag`."""
    return lambda value: str(value.get(".tag") if isinstance(value, dict) else value) in tags


def checked(value: Any, fields: Mapping[str, Check], required: Sequence[str]) -> Mapping[str, Any]:
    """The arguments, those given as null left out. Raises BadBody for what the route does not take."""
    if not isinstance(value, dict):
        raise BadBody("request body: expected object")
    given = {name: one for name, one in value.items() if one is not None}
    for name, one in given.items():
        if name not in fields:
            raise BadBody(f"request body: unknown field '{name}'")
        if name == "path" and one == "/":
            raise BadBody('request body: path: Specify the root folder as an empty string rather than as "/".')
        if not fields[name](one):
            raise BadBody(f"request body: {name}: the value does not fit")
    for name in required:
        if name not in given:
            raise BadBody(f"request body: missing required field '{name}'")
    return given


def body_of(call: Call) -> Any:
    """The argument of an rpc route. Raises BadBody for another content type, or for no JSON."""
    _insist(call, JSON_TYPES)
    try:
        return json.loads(call.body)
    except ValueError as error:
        raise BadBody("request body: could not decode input as JSON") from error


def insist_on_void(call: Call) -> None:
    """A route without argument takes `null` as JSON, or no body and no content type, or the CORS type."""
    if not call.body and "json" not in call.headers.get("content-type", ""):
        if call.headers.get("content-type"):
            _insist(call, JSON_TYPES)
        return
    if body_of(call) is not None:
        raise BadBody("request body: expected null, got value")


def header_of(call: Call) -> Any:
    """The argument of an upload route, which travels as ASCII JSON in a header."""
    _insist(call, OCTET_TYPES)
    packed = call.headers.get("dropbox-api-arg") or call.param("arg")
    if not packed:
        raise BadBody('Must provide HTTP header "Dropbox-API-Arg" or URL parameter "arg".')
    try:
        if not packed.isascii():
            raise ValueError("not ASCII")
        return json.loads(packed)
    except ValueError as error:
        raise BadBody('HTTP header "Dropbox-API-Arg": could not decode input as JSON') from error


def _insist(call: Call, kinds: Sequence[str]) -> None:
    kind = call.headers.get("content-type", "")
    if kind.lower().replace("; charset=utf-8", "") not in kinds:
        expected = ", ".join(f'"{one}"' for one in kinds)
        raise BadBody(f'Bad HTTP "Content-Type" header: "{kind}". Expecting one of {expected}.')


# Errors and limits


def _unauthorized(call: Call, why: str) -> Reply:
    if why == MISSING:
        return complaint(call, 'Must provide HTTP header "Authorization" or URL parameter "authorization".')
    tag = "expired_access_token" if why == EXPIRED else "invalid_access_token"
    return problem(401, tag, {".tag": tag})


def _forbidden(call: Call, lacking: Sequence[str]) -> Reply:
    return problem(401, "missing_scope", {".tag": "missing_scope", "required_scope": lacking[0]})


def _writes(call: Call) -> bool:
    return call.host == CONTENT or call.path.endswith(("/delete_v2", "/move_v2", "/create_folder_v2"))


def throttler() -> Callable[[Call, Taken | None], Reply]:
    """The vendor answers 429 in JSON or in plain text; here every second one is plain."""
    served = count(1)

    def throttled(call: Call, taken: Taken | None) -> Reply:
        wait = 1 if taken is None else max(1, round(taken.wait + 0.5))
        headers = {"retry-after": str(wait)}
        reason = "too_many_write_operations" if _writes(call) else "too_many_requests"
        if next(served) % 2:
            body = {"error_summary": f"{reason}/..", "error": {"reason": {".tag": reason}, "retry_after": wait}}
            return json_reply(body, status=429, headers=headers)
        return text_reply("Too many requests", status=429).with_headers(headers)

    return throttled


def windows(call: Call) -> tuple[Window, ...]:
    """The vendor publishes no numbers: these are ours. Writes are counted per namespace, calls per user and app."""
    if call.credential is None:
        return ()
    user = Window(name="user", key=f"{call.credential.account} {call.credential.client_id}", limit=1200, seconds=60)
    writes = Window(name="writes", key=NAMESPACE, limit=240, seconds=60)
    return (user, writes) if _writes(call) else (user,)


def problems_of() -> Problems:
    return Problems(
        unauthorized=_unauthorized,
        forbidden=_forbidden,
        not_found=lambda call: text_reply(f'Unknown API function: "{route_of(call)}"', status=400),
        throttled=throttler(),
        failed=lambda call, status: text_reply("Internal server error", status=status),
        stale_cursor=lambda call: EndpointError("reset").reply(),
        bad_body=complaint,
    )


def root_check(call: Call) -> Reply | None:
    """A Dropbox-API-Path-Root that is not the user's own root is 422 with the root as it is now (PathRootError)."""
    packed = call.headers.get("dropbox-api-path-root")
    if not packed:
        return None
    try:
        root = json.loads(packed)
    except ValueError:
        root = None
    if not isinstance(root, dict):
        return complaint(call, 'HTTP header "Dropbox-API-Path-Root": could not decode input as JSON')
    if root.get(".tag") == "home" or root.get(root.get(".tag")) == NAMESPACE:
        return None
    return problem(422, "invalid_root", {".tag": "invalid_root", "invalid_root": root_info()})


def root_info() -> dict[str, Any]:
    return {".tag": "user", "root_namespace_id": NAMESPACE, "home_namespace_id": NAMESPACE}


# OAuth


def _mint(kind: str, serial: int) -> str:
    if kind == "access":
        return "sl.u." + letters(140, serial)
    if kind == "refresh":
        return letters(11, serial) + "A" * 10 + letters(43, serial)
    return letters(43, serial)


def _granted(grant: Grant) -> dict[str, Any]:
    reply: dict[str, Any] = {
        "access_token": grant.access,
        "expires_in": int(grant.seconds or 0),
        "token_type": "bearer",
    }
    if grant.kind == "refresh_token":
        return reply  # the refresh token stays as it is and is not told again
    reply |= {"scope": " ".join(grant.scopes), "account_id": ACCOUNT, "uid": UID}
    return reply | ({"refresh_token": grant.refresh} if grant.refresh else {})


oauth = Dialect(
    title="Dropbox",
    authorize=("www.dropbox.com", "/oauth2/authorize"),
    token=((API, "/oauth2/token"), ("api.dropbox.com", "/oauth2/token")),
    revoke=(API, "/2/auth/token/revoke"),
    revoked=lambda call: json_reply(None),
    clients=(client_of(SAMPLES["dropbox"]["oauth2"]),),
    mint=_mint,
    scopes=ALL_SCOPES,
    access_seconds=14_400,
    offers_refresh=lambda asked, scopes: asked.get("token_access_type") == "offline",
    account=ACCOUNT,
    reply=_granted,
)


def request_ids() -> Callable[[Call], Mapping[str, str]]:
    served = count(1)
    return lambda call: {"x-dropbox-request-id": hexes(32, next(served)), "cache-control": "no-cache"}
