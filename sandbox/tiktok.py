"""TikTok, API version 2, simulated: Login Kit, the account, its videos and their counters, posting.

Sources: developers.tiktok.com (login-kit, display-api, content-posting-api, webhooks), as updated in November 2026.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.oauth import Dialect, Grant, client_of
from sandbox.platform import Call, Delivery, Platform, Problems, Reply, Route, json_reply
from sandbox.ratelimits import Taken, Window
from sandbox.samples import SAMPLES, letters
from sandbox.table import Row, Table
from sandbox.world import World, mix, number_of

HOST = "open.tiktokapis.com"
SCOPES = (
    "user.info.basic", "user.info.profile", "user.info.stats", "video.list", "video.publish", "video.upload",
)  # fmt: skip
OPEN_ID = "sandbox-open-id"
FIRST_ID = 7_300_000_000_000_000_000
MOST = 20
USER_FIELDS = {
    "open_id": "user.info.basic", "union_id": "user.info.basic", "avatar_url": "user.info.basic",
    "display_name": "user.info.basic", "username": "user.info.profile", "bio_description": "user.info.profile",
    "profile_deep_link": "user.info.profile", "is_verified": "user.info.profile",
    "follower_count": "user.info.stats", "following_count": "user.info.stats", "likes_count": "user.info.stats",
    "video_count": "user.info.stats",
}  # fmt: skip
PRIVACY = ("PUBLIC_TO_EVERYONE", "MUTUAL_FOLLOW_FRIENDS", "FOLLOWER_OF_CREATOR", "SELF_ONLY")


def problem(status: int, code: str, message: str = "") -> Reply:
    log = f"{number_of(code):016x}"
    return json_reply({"data": {}, "error": {"code": code, "message": message or code, "log_id": log}}, status=status)


def fine(data: dict[str, Any]) -> Reply:
    return json_reply({"data": data, "error": {"code": "ok", "message": "", "log_id": "0"}})


class Account:
    def __init__(self, world: World) -> None:
        self._world = world
        self.videos = Table(world, world.population("tiktok videos", per_person=0.5, least=30, births=0.02))
        self._posted: dict[str, dict[str, Any]] = {}

    def _rows(self) -> list[Row]:
        rows = [row for row in map(self.videos.row, self.videos.indices()) if row is not None]
        return sorted(rows, key=lambda row: (row.created, row.index), reverse=True)

    def user(self, call: Call) -> Reply:
        asked = [name for name in call.param("fields").split(",") if name]
        if not asked or not set(asked) <= USER_FIELDS.keys():
            return problem(400, "invalid_params", "Fields is invalid")
        assert call.credential is not None
        missing = [name for name in asked if USER_FIELDS[name] not in call.credential.scopes]
        if missing:
            return problem(401, "scope_not_authorized", f"The user did not authorize the scope for {missing[0]}")
        told = {
            "open_id": OPEN_ID,
            "union_id": "sandbox-union-id",
            "avatar_url": "https://p16.example/avatar.jpeg",
            "display_name": "Sandbox Labs",
            "username": "sandbox_labs",
            "bio_description": "We simulate.",
            "profile_deep_link": "https://vm.tiktok.com/sandbox/",
            "is_verified": False,
            "follower_count": self._world.total("tiktok followers", base=5200, level=14),
            "following_count": 120,
            "likes_count": self._world.total("tiktok likes", base=91_000, level=300),
            "video_count": len(self.videos.indices()),
        }
        return fine({"user": {name: told[name] for name in asked}})

    def list(self, call: Call) -> Reply:
        body = call.json() if call.body else {}
        most, cursor = body.get("max_count", 10), body.get("cursor")
        if type(most) is not int or not 1 <= most <= MOST or not (cursor is None or type(cursor) is int):
            return problem(400, "invalid_params", "max_count or cursor is invalid")
        rows = [row for row in self._rows() if cursor is None or self._stamp(row) < cursor]
        page = rows[:most]
        shown = [self._shown(row, call) for row in page]
        last = self._stamp(page[-1]) if page else 0
        return fine({"videos": shown, "cursor": last, "has_more": len(rows) > most})

    def query(self, call: Call) -> Reply:
        ids = (call.json().get("filters") or {}).get("video_ids") or []
        if not ids or len(ids) > MOST:
            return problem(400, "invalid_params", "video_ids is invalid")
        found = [row for row in self._rows() if self._id(row) in ids]
        return fine({"videos": [self._shown(row, call) for row in found]})

    def _id(self, row: Row) -> str:
        return str(FIRST_ID + row.index)

    def _stamp(self, row: Row) -> int:
        """Where the row stands in the list: no two at one millisecond."""
        return row.created // 1000 * 1000 + row.index % 1000

    def _shown(self, row: Row, call: Call) -> dict[str, Any]:
        days = max(0, self._world.clock.ms() - row.created) // 86_400_000
        taste = mix(self._world.seed, number_of("tiktok taste"), row.index) % 40 + 5
        views = taste * 100 * min(days + 1, 20)
        told = {
            "id": self._id(row),
            "create_time": row.created // 1000,
            "title": row.fields.get("title") or f"Video {row.index} v{row.version}",
            "video_description": f"Behind the scenes #{row.index}",
            "share_url": f"https://www.tiktok.com/@sandbox_labs/video/{self._id(row)}",
            "embed_link": f"https://www.tiktok.com/player/v1/{self._id(row)}",
            "cover_image_url": f"https://p16.example/{row.index}.jpeg",
            "duration": 15 + row.index % 45,
            "width": 1080,
            "height": 1920,
            "like_count": views // 12,
            "comment_count": views // 150,
            "share_count": views // 200,
            "view_count": views,
        }
        asked = call.param("fields").split(",")
        return {name: value for name, value in told.items() if name in asked}

    def post(self, call: Call) -> Reply:
        body = call.json()
        post, source = body.get("post_info") or {}, body.get("source_info") or {}
        if source.get("source") not in ("PULL_FROM_URL", "FILE_UPLOAD") or post.get("privacy_level") not in PRIVACY:
            return problem(400, "invalid_params", "post_info or source_info is invalid")
        number = f"v_pub_url~v2-1.{len(self._posted) + 1}"
        self._posted[number] = post
        if post["privacy_level"] == "PUBLIC_TO_EVERYONE":
            row = self.videos.create({"title": post.get("title", "")})
            self._posted[number] = {**post, "row": row.index}
        return fine({"publish_id": number})

    def status(self, call: Call) -> Reply:
        post = self._posted.get(call.json().get("publish_id", ""))
        if post is None:
            return problem(400, "invalid_publish_id")
        ids = [FIRST_ID + post["row"]] if "row" in post else []
        return fine({"status": "PUBLISH_COMPLETE", "publicaly_available_post_id": ids, "uploaded_bytes": 0})

    def latest(self) -> Row:
        return self._rows()[0]


def _unauthorized(call: Call, why: str) -> Reply:
    return problem(401, "access_token_invalid", f"The access token is {why}")


def _forbidden(call: Call, scopes: Sequence[str]) -> Reply:
    return problem(401, "scope_not_authorized", "The user did not authorize the scope required for the request.")


def _throttled(call: Call, taken: Taken | None) -> Reply:
    return problem(429, "rate_limit_exceeded", "The API rate limit was exceeded.")


def _windows(call: Call) -> tuple[Window, ...]:
    limit = 6 if call.path == "/v2/post/publish/video/init/" else 600
    who = call.credential.secret if call.credential else ""
    return (Window(name="minute", key=f"{call.path} {who}", limit=limit, seconds=60),)


def _granted(grant: Grant) -> dict[str, Any]:
    return {
        "access_token": grant.access,
        "expires_in": int(grant.seconds or 0),
        "open_id": OPEN_ID,
        "refresh_expires_in": 180 * 86_400,
        "refresh_token": grant.refresh,
        "scope": ",".join(grant.scopes),
        "token_type": "Bearer",
    }


def _refused(code: str, description: str, status: int) -> Reply:
    """Refusals of the token endpoint come with 200 as well."""
    return json_reply({"error": code, "error_description": description, "log_id": "0"}, status=200)


def _mint(kind: str, serial: int) -> str:
    return {"access": "act.", "refresh": "rft."}.get(kind, "") + letters(60, serial) + f"!{serial:04d}.va"


def _delivers(world: World, account: Account) -> Callable[[str, str], Delivery]:
    def deliver(url: str, secret: str) -> Delivery:
        row, now = account.latest(), str(int(world.clock.seconds()))
        content = {"publish_id": f"v_pub_{row.index}", "post_id": str(FIRST_ID + row.index)}
        event = {
            "client_key": SAMPLES["tiktok"]["oauth2"]["client_id"],
            "event": "post.publish.publicly_available",
            "create_time": row.created // 1000,
            "user_openid": OPEN_ID,
            "content": json.dumps(content, separators=(",", ":")),
        }
        body = json.dumps(event, separators=(",", ":")).encode()
        signature = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "tiktok-signature": f"t={now},s={signature}"}
        return Delivery(method="POST", url=url, headers=headers, body=body)

    return deliver


def build(world: World) -> Platform:
    account = Account(world)
    return Platform(
        slug="tiktok",
        hosts=(HOST, "www.tiktok.com"),
        routes=(
            Route("GET", "/v2/user/info/", account.user),
            Route("POST", "/v2/video/list/", account.list, scopes=("video.list",)),
            Route("POST", "/v2/video/query/", account.query, scopes=("video.list",)),
            Route("POST", "/v2/post/publish/video/init/", account.post, scopes=("video.publish",)),
            Route("POST", "/v2/post/publish/status/fetch/", account.status, scopes=("video.publish",)),
        ),
        problems=Problems(
            unauthorized=_unauthorized,
            forbidden=_forbidden,
            not_found=lambda call: problem(404, "invalid_params", "Unsupported path(Janus)"),
            throttled=_throttled,
            failed=lambda call, status: problem(status, "internal_error"),
            stale_cursor=lambda call: problem(400, "invalid_params", "Cursor is invalid"),
            bad_body=lambda call, why: problem(400, "invalid_params", "The body is malformed"),
        ),
        oauth=Dialect(
            title="TikTok",
            authorize=("www.tiktok.com", "/v2/auth/authorize/"),
            token=((HOST, "/v2/oauth/token/"),),
            clients=(client_of(SAMPLES["tiktok"]["oauth2"]),),
            mint=_mint,
            scopes=SCOPES,
            scope_separator=",",
            client_id_param="client_key",
            client_auth=("body",),
            pkce="ignored",
            access_seconds=7200,
            rotates=True,
            reply=_granted,
            error=_refused,
            revoke=(HOST, "/v2/oauth/revoke/"),
        ),
        windows=_windows,
        records=("videos",),
        deliver=_delivers(world, account),
    )
